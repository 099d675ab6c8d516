/* config.md "Process". */
#include "oci/cpus.h"
#include "oci/fields.h"
#include "oci/tables.h"

#include <string.h>

/* Id 4294967295 is -1: setresuid(2) and chown(2) take it for "leave as it is", so the process would stay root. */
#define ID_MAX (UINT32_MAX - 1)

static const struct field console_size_fields[] = {
	F_OPT_UINT64("height", struct spec_process, console_height, 0, UINT64_MAX, .flags = FIELD_REQUIRED),
	F_OPT_UINT64("width", struct spec_process, console_width, 0, UINT64_MAX, .flags = FIELD_REQUIRED),
};
static const struct table console_size = TABLE(console_size_fields, struct spec_process);

static const struct field user_fields[] = {
	F_UINT32("uid", struct spec_user, uid, 0, ID_MAX, .flags = FIELD_REQUIRED),
	F_UINT32("gid", struct spec_user, gid, 0, ID_MAX, .flags = FIELD_REQUIRED),
	F_OPT_UINT64("umask", struct spec_user, umask, 0, 0777, .expected = "must be an integer from 0 to 511 (octal 0777)"),
	FIELD("additionalGids", KIND_UINT32S, .offset = MEMBER(struct spec_user, additional_gids, uint32_t *),
	      .count_offset = MEMBER(struct spec_user, additional_gid_count, size_t), .max = ID_MAX),
	F_STRING("username", struct spec_user, username),
};
static const struct table user = TABLE(user_fields, struct spec_user);

#define F_CAPABILITIES(key, set_)                                                                                          \
	F_NAME_BITS(key, struct spec_capabilities, set_, names_capabilities, .flags = FIELD_KEEP_UNKNOWN,                   \
	            .count_offset = MEMBER(struct spec_capabilities, unknown, struct strings), .expected = "must be a string")
static const struct field capabilities_fields[] = {
	F_CAPABILITIES("bounding", bounding),
	F_CAPABILITIES("effective", effective),
	F_CAPABILITIES("inheritable", inheritable),
	F_CAPABILITIES("permitted", permitted),
	F_CAPABILITIES("ambient", ambient),
};
static const struct table capabilities = TABLE_SET(capabilities_fields, struct spec_capabilities, set);

static bool convert_rlimit(struct arena *arena, void *member, char *text)
{
	struct spec_rlimit *rlimit = member;
	const struct name *name = names_find(&names_rlimits, text, strlen(text));

	(void)arena;
	if (!name)
		return false;
	rlimit->resource = (int)name->value;
	rlimit->name = name->text;
	return true;
}

static const struct field rlimit_fields[] = {
	F_TEXT("type", struct spec_rlimit, resource, convert_rlimit, .names = &names_rlimits, .flags = FIELD_REQUIRED),
	F_UINT64("hard", struct spec_rlimit, hard, 0, UINT64_MAX, .flags = FIELD_REQUIRED),
	F_UINT64("soft", struct spec_rlimit, soft, 0, UINT64_MAX, .flags = FIELD_REQUIRED),
};
_Static_assert(offsetof(struct spec_rlimit, resource) == 0, "convert_rlimit() takes the struct for its first member");
static const struct table rlimit = TABLE(rlimit_fields, struct spec_rlimit);

static const struct field scheduler_fields[] = {
	F_NAME("policy", struct spec_scheduler, policy, names_sched_policies, .flags = FIELD_REQUIRED),
	F_INT32("nice", struct spec_scheduler, nice, -20, 19),
	F_INT32("priority", struct spec_scheduler, priority, 0, 99),
	F_NAME_BITS("flags", struct spec_scheduler, flags, names_sched_flags),
	F_UINT64("runtime", struct spec_scheduler, runtime, 0, UINT64_MAX),
	F_UINT64("deadline", struct spec_scheduler, deadline, 0, UINT64_MAX),
	F_UINT64("period", struct spec_scheduler, period, 0, UINT64_MAX),
};
static const struct table scheduler = TABLE_SET(scheduler_fields, struct spec_scheduler, set);

static const struct field io_priority_fields[] = {
	F_NAME("class", struct spec_io_priority, class, names_io_classes, .flags = FIELD_REQUIRED),
	F_INT32("priority", struct spec_io_priority, priority, 0, 7, .flags = FIELD_REQUIRED),
};
static const struct table io_priority = TABLE_SET(io_priority_fields, struct spec_io_priority, set);

/* An empty list is an absent one: "if omitted or empty, runtime SHOULD NOT change process' CPU affinity". */
static bool convert_cpus(struct arena *arena, void *member, char *text)
{
	struct spec_cpus *cpus = member;

	cpus->text = text;
	cpus->mask = arena_array(arena, SPEC_CPU_MAX / 64, sizeof *cpus->mask);
	cpus->set = cpus_parse(text, cpus->mask);
	return cpus->set;
}

#define CPUS_EXPECTED "must be a list such as \"0-3,7\" of numbers below 8192"
static const struct field affinity_fields[] = {
	F_TEXT("initial", struct spec_process, affinity_initial, convert_cpus, .flags = FIELD_EMPTY_IS_ABSENT,
	       .expected = CPUS_EXPECTED),
	F_TEXT("final", struct spec_process, affinity_final, convert_cpus, .flags = FIELD_EMPTY_IS_ABSENT,
	       .expected = CPUS_EXPECTED),
};
static const struct table affinity = TABLE(affinity_fields, struct spec_process);

static bool ignore_text(struct arena *arena, void *member, char *text)
{
	(void)arena, (void)member, (void)text;
	return true;
}

static const struct field process_fields[] = {
	F_BOOL("terminal", struct spec_process, terminal),
	F_INLINE("consoleSize", console_size),
	F_OBJECT("user", struct spec_process, user, user),
	F_STRINGS("args", struct spec_process, args),
	F_TEXT("commandLine", struct spec_process, args, ignore_text),  /* Windows only */
	F_STRINGS("env", struct spec_process, env),
	F_STRING("cwd", struct spec_process, cwd, .flags = FIELD_REQUIRED),
	F_OBJECT("capabilities", struct spec_process, capabilities, capabilities),
	F_OBJECTS("rlimits", struct spec_process, rlimits, rlimit_count, struct spec_rlimit, rlimit),
	F_BOOL("noNewPrivileges", struct spec_process, no_new_privileges),
	F_STRING("apparmorProfile", struct spec_process, apparmor_profile, .flags = FIELD_EMPTY_IS_ABSENT),
	F_OPT_INT64("oomScoreAdj", struct spec_process, oom_score_adj, -1000, 1000),
	F_OBJECT("scheduler", struct spec_process, scheduler, scheduler),
	F_STRING("selinuxLabel", struct spec_process, selinux_label, .flags = FIELD_EMPTY_IS_ABSENT),
	F_OBJECT("ioPriority", struct spec_process, io_priority, io_priority),
	F_INLINE("execCPUAffinity", affinity),
};
const struct table table_process = TABLE_SET(process_fields, struct spec_process, set);
