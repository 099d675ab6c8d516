#include "runtime/annotations.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "cgroups/bandwidth.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

#define PREFIX "org.berth."

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#endif
#define CORE_CREATE 1UL
#define CORE_SHARE_FROM 3UL
#define CORE_SCOPE_THREAD 0UL

#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif

/*
 * --- parsing ----------------------------------------------------------------------------------------------------------------
 */

/* Where the values go. */
struct target {
	struct extras *extras;
	struct arena *arena;
};

static int parse_flag(const char *text, bool *flag)
{
	*flag = strcmp(text, "true") == 0;
	return *flag || strcmp(text, "false") == 0 ? 0 : refuse(EINVAL, "\"%s\": must be \"true\" or \"false\"", text);
}

static int parse_ksm(const struct target *to, const char *text)
{
	return parse_flag(text, &to->extras->ksm);
}

static int parse_core_sched(const struct target *to, const char *text)
{
	return parse_flag(text, &to->extras->core_sched);
}

static int parse_emulate(const struct target *to, const char *text)
{
	return parse_flag(text, &to->extras->emulate);
}

static int parse_landlock(const struct target *to, const char *text)
{
	return landlock_parse(&to->extras->landlock, text, to->arena);
}

/* Podman's --group-add keep-groups. */
static int parse_keep_groups(const struct target *to, const char *text)
{
	to->extras->keep_groups = strcmp(text, "1") == 0;
	return to->extras->keep_groups || strcmp(text, "0") == 0 ? 0 : refuse(EINVAL, "\"%s\": must be \"1\" or \"0\"", text);
}

static int parsed_elsewhere(const struct target *to, const char *text)
{
	(void)to;
	(void)text;
	return 0;
}

static const struct {
	const char *key;
	int (*parse)(const struct target *to, const char *text);
} known[] = {
	{ ANNOTATION_KSM, parse_ksm },
	{ ANNOTATION_CORE_SCHED, parse_core_sched },
	{ ANNOTATION_LANDLOCK, parse_landlock },
	{ ANNOTATION_EMULATE, parse_emulate },
	{ ANNOTATION_KEEP_GROUPS, parse_keep_groups },
	{ BANDWIDTH_EGRESS, parsed_elsewhere },
	{ BANDWIDTH_INGRESS, parsed_elsewhere },
};

static int parse_one(const struct target *to, const struct string_pair *annotation)
{
	char names[256] = "";

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(annotation->key, known[i].key) == 0)
			return known[i].parse(to, annotation->value);
		size_t used = strlen(names);

		snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", known[i].key);
	}
	return refuse(EINVAL, "there is no such annotation of this runtime (there are %s)", names);
}

int extras_parse(struct extras *extras, const struct spec *spec, struct arena *arena)
{
	const struct target target = { extras, arena };

	*extras = (struct extras){ 0 };
	for (size_t i = 0; i < spec->annotations.count; i++) {
		const struct string_pair *annotation = &spec->annotations.items[i];

		if (strncmp(annotation->key, PREFIX, strlen(PREFIX)) != 0 && strcmp(annotation->key, ANNOTATION_KEEP_GROUPS) != 0)
			continue;
		int r = parse_one(&target, annotation);

		if (r < 0)
			return context(r, "/annotations/%s", annotation->key);
	}
	if (extras->landlock.set && !spec->process.no_new_privileges)
		return refuse(EINVAL, "/annotations/" ANNOTATION_LANDLOCK ": needs /process/noNewPrivileges to be true");
	/* Registrations are of a user namespace: in another's, they would be another's too, and its before ours. */
	if (extras->emulate && !spec_new_namespace(spec, NS_USER))
		return refuse(EINVAL, "/annotations/" ANNOTATION_EMULATE ": needs a new user namespace in /linux/namespaces");
	return 0;
}

int extras_refuse_criu(const struct extras *extras, const char *what)
{
	const struct {
		bool set;
		const char *key;
	} asked[] = {
		{ extras->ksm, ANNOTATION_KSM },
		{ extras->core_sched, ANNOTATION_CORE_SCHED },
		{ extras->landlock.set, ANNOTATION_LANDLOCK },
		{ extras->emulate, ANNOTATION_EMULATE },
	};

	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		if (asked[i].set)
			return refuse(ENOTSUP, "/annotations/%s: criu cannot %s a container with it: it would be without it then",
			              asked[i].key, what);
	return 0;
}

/*
 * --- memory ------------------------------------------------------------------------------------------------------------------
 */

/* Linux 6.4 to 6.6 have the call and forget it at execve; 6.7 to 6.9 remember, and look for nothing to merge there. */
static bool does_nothing(void)
{
	struct utsname kernel;
	unsigned major = 0, minor = 0;

	return uname(&kernel) == 0 && sscanf(kernel.release, "%u.%u", &major, &minor) == 2 &&
	       (major < 6 || (major == 6 && minor < 10));
}

int extras_share_memory(void)
{
	if (prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) < 0)
		return fail(errno, "/annotations/" ANNOTATION_KSM ": PR_SET_MEMORY_MERGE%s",
		            errno == EINVAL ? " (this kernel cannot: Linux 6.10 with CONFIG_KSM can)" : "");
	if (does_nothing())
		return refuse(ENOTSUP,
		              "/annotations/" ANNOTATION_KSM ": this kernel would not do it after execve, before Linux 6.10");
	return 0;
}

/*
 * --- core scheduling ---------------------------------------------------------------------------------------------------------
 */

/* Without SMT no thread has a sibling: there is nobody to be kept apart from. */
static int core_sched(unsigned long command, pid_t pid)
{
	if (prctl(PR_SCHED_CORE, command, (unsigned long)pid, CORE_SCOPE_THREAD, 0) == 0)
		return 0;
	if (errno == ENODEV) {
		log_debug("core scheduling: this machine runs without SMT");
		return 0;
	}
	return fail(errno, "/annotations/" ANNOTATION_CORE_SCHED ": PR_SCHED_CORE%s",
	            errno == EINVAL ? " (this kernel cannot: it needs CONFIG_SCHED_CORE)" : "");
}

int extras_make_core_cookie(void)
{
	return core_sched(CORE_CREATE, 0);
}

int extras_take_core_cookie(pid_t pid)
{
	return core_sched(CORE_SHARE_FROM, pid);
}
