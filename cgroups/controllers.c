#include "cgroups/controllers.h"

#include "cgroups/files.h"
#include "cgroups/host.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#define MAX_NEEDS 32

struct wanted {
	const struct cgroup_need *items[MAX_NEEDS];
	size_t count;
};

static int cannot_have(const struct cgroup_need *need, const char *where, int code)
{
	const char *name = need->controller;

	switch (code) {
	case EBUSY:
		return fail(code,
			    "%s needs %s of the cgroup controller %s, which %s cannot give to groups below it while it holds "
			    "processes itself; use another cgroupsPath or move those processes",
			    need->field, need->file, name, where);
	case EACCES:
	case EPERM:
	case EROFS:
		return fail(code,
			    "%s needs %s of the cgroup controller %s, which the caller may not enable in %s (systemd delegates "
			    "it with Delegate=%s)",
			    need->field, need->file, name, where, name);
	case ENOENT:
		return fail(code,
			    "%s needs %s of the cgroup controller %s, which is not available in %s (enable it in the groups "
			    "above)",
			    need->field, need->file, name, where);
	default:
		return fail(code, "%s: enable the cgroup controller %s in %s", need->field, name, where);
	}
}

static int explain_absence(int root, const struct cgroup_need *need)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct cgroup_host host;

	cgroup_host_read(&host, root, &arena);
	return refuse(ENOTSUP, "%s needs %s of the cgroup v2 controller %s, which this host does not offer: %s", need->field,
		      need->file, need->controller, cgroup_host_explain(&host, need->controller, &arena));
}

/* Drop those that available does not name; a needed one that is not there at the root is an error. */
static int drop_unavailable(struct wanted *wanted, int root, const char *available)
{
	size_t kept = 0;

	for (size_t i = 0; i < wanted->count; i++) {
		const struct cgroup_need *need = wanted->items[i];

		if (cgroup_text_has_word(available, need->controller))
			wanted->items[kept++] = need;
		else if (need->field)
			return explain_absence(root, need);
	}
	wanted->count = kept;
	return 0;
}

/*
 * A group with processes of its own, other than the root, refuses to give most controllers. cpu and pids it does give, but
 * then the groups below can only have its threads (cgroup-v2.rst "Threads"): no place for a container.
 */
static bool holds_processes(int group)
{
	char text[CGROUP_TEXT_SIZE];
	ssize_t n = cgroup_file_read(group, "cgroup.procs", text, sizeof text);

	return (n > 0 || n == -EFBIG) && faccessat(group, "cgroup.type", F_OK, 0) == 0;
}

static int enable_one(int group, bool busy, const char *controller)
{
	char text[300];

	snprintf(text, sizeof text, "+%s", controller);
	return busy ? -EBUSY : write_file_at(group, "cgroup.subtree_control", text);
}

/* Enable in one group, all at once if that works. Welcome ones that do not work are dropped. */
static int enable_in(int group, const char *where, struct wanted *wanted)
{
	char have[CGROUP_WORDS_SIZE], all[CGROUP_WORDS_SIZE] = "";
	ssize_t n = cgroup_file_read(group, "cgroup.subtree_control", have, sizeof have);
	size_t used = 0, kept = 0;

	if (n < 0)
		return fail((int)-n, "read cgroup.subtree_control of %s", where);
	for (size_t i = 0; i < wanted->count; i++)
		if (!cgroup_text_has_word(have, wanted->items[i]->controller) && used < sizeof all)
			used += (size_t)snprintf(all + used, sizeof all - used, "+%s ", wanted->items[i]->controller);
	if (used >= sizeof all)
		return refuse(E2BIG, "too many cgroup controllers");
	if (used == 0)
		return 0;
	bool busy = holds_processes(group);

	if (!busy && write_file_at(group, "cgroup.subtree_control", all) == 0)
		return 0;
	for (size_t i = 0; i < wanted->count; i++) {
		const struct cgroup_need *need = wanted->items[i];
		int r = cgroup_text_has_word(have, need->controller) ? 0 : enable_one(group, busy, need->controller);

		if (r < 0 && need->field)
			return cannot_have(need, where, -r);
		if (r == 0)
			wanted->items[kept++] = need;
	}
	wanted->count = kept;
	return 0;
}

/* Seldom called, and its frame is large: each page of it would be touched in a caller's. */
static __attribute__((noinline)) int enable_above(int root, const char *path, struct wanted *wanted)
{
	char where[4096];

	/* Each '/' of the path ends the name of a group above: "" (the root), "/a", "/a/b" … */
	for (const char *slash = path; slash && wanted->count > 0; slash = strchr(slash + 1, '/')) {
		snprintf(where, sizeof where, "%.*s", (int)(slash - path), path);
		_cleanup_fd_ int group = openat(root, slash == path ? "." : where + 1,
						O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (group < 0)
			return fail(errno, "open cgroup %s", where);
		int r = enable_in(group, slash == path ? "the root cgroup" : where, wanted);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_wanted(const struct wanted *wanted, const char *controller)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (strcmp(wanted->items[i]->controller, controller) == 0)
			return true;
	return false;
}

int cgroup_controllers_enable(int root, int group, const char *path, const struct cgroup_need *needs, size_t count)
{
	char text[CGROUP_WORDS_SIZE];
	struct wanted wanted = { .count = 0 };
	ssize_t n = cgroup_file_read(group, "cgroup.controllers", text, sizeof text);

	if (n < 0)
		return fail((int)-n, "read cgroup.controllers of %s", path);
	for (size_t i = 0; i < count; i++) {
		if (cgroup_text_has_word(text, needs[i].controller) || is_wanted(&wanted, needs[i].controller))
			continue;
		if (wanted.count == MAX_NEEDS)
			return refuse(E2BIG, "too many cgroup controllers");
		wanted.items[wanted.count++] = &needs[i];
	}
	if (wanted.count == 0)
		return 0;
	n = cgroup_file_read(root, "cgroup.controllers", text, sizeof text);
	if (n < 0)
		return fail((int)-n, "read cgroup.controllers of the root cgroup");
	int r = drop_unavailable(&wanted, root, text);

	return r < 0 || wanted.count == 0 ? r : enable_above(root, path, &wanted);
}
