#include "cgroups/resctrl.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SCHEMATA_MAX ((size_t)1 << 20)

/* --- schemata ------------------------------------------------------------------------------------------------------------ */

/* A part of a text that ends at one of the characters in ends; *rest is what follows them. */
static size_t part_of(const char **start, const char *ends, const char **rest)
{
	*start += strspn(*start, " \t");
	size_t length = strcspn(*start, ends);

	*rest = *start + length + ((*start)[length] != 0);
	return length;
}

/* The line of that resource ("L3"), after its colon, or NULL. The kernel pads names with spaces. */
static const char *find_resource(const char *schemata, const char *name, size_t length)
{
	for (const char *line = schemata, *next; *line; line = next) {
		part_of(&line, "\n", &next);
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1;
	}
	return NULL;
}

/* Of "0=7f0;1=1f", up to the end of the line. Digits are compared as one base: the same number has the same ones in any. */
static bool has_domain(const char *domains, unsigned long id, unsigned long value)
{
	for (const char *domain = domains, *next; *domain && *domain != '\n'; domain = next) {
		size_t length = part_of(&domain, ";\n", &next);
		char *end;

		if (strtoul(domain, &end, 10) == id && *end == '=' && strtoul(end + 1, NULL, 16) == value)
			return true;
		if (domain[length] == '\n')
			return false;
	}
	return false;
}

bool resctrl_has(const char *schemata, const char *asked)
{
	const char *next;
	size_t length = part_of(&asked, ":", &next);
	const char *there = find_resource(schemata, asked, length);

	if (!asked[length] || !there)
		return false;
	for (const char *domain = next; *domain; domain = next) {
		char *end, *last;

		part_of(&domain, ";", &next);
		unsigned long id = strtoul(domain, &end, 10);

		if (end == domain || *end != '=')
			return false;
		unsigned long value = strtoul(end + 1, &last, 16);

		if (last == end + 1 || !has_domain(there, id, value))
			return false;
	}
	return true;
}

/* --- directories ----------------------------------------------------------------------------------------------------------- */

static const char *relative(const char *class)
{
	return strcmp(class, "/") == 0 ? "." : class;
}

static int open_class(int root, const char *class)
{
	return sys_openat2(root, relative(class), O_PATH | O_DIRECTORY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

/* "mon_groups/ID" */
struct monitor_path {
	char text[sizeof "mon_groups/" + 255];
};

static struct monitor_path monitor_path(const char *name)
{
	struct monitor_path path;

	snprintf(path.text, sizeof path.text, "mon_groups/%s", name);
	return path;
}

/* What the kernel wants differently, it says in a file of its own ("Mask out of range\n", or "ok\n"). */
static int explain(int root, int code, const char *what, const char *class)
{
	char reason[256];
	ssize_t n = read_text_at(root, "info/last_cmd_status", reason, sizeof reason);

	if (n <= 0 || strcmp(reason, "ok") == 0)
		return fail(code, "resctrl class %s: %s", class, what);
	return fail(code, "resctrl class %s: %s: %s", class, what, reason);
}

/* The hardware has so many of each and no more: ENOSPC. */
static int make_dir(int root, int at, const char *path, const char *class, const char *kind)
{
	char what[64];

	if (mkdirat(at, path, 0755) == 0)
		return 0;
	int code = errno;

	snprintf(what, sizeof what, code == ENOSPC ? "no %s is left to make" : "make a %s", kind);
	return explain(root, code, what, class);
}

static bool has_schema(const struct spec_intel_rdt *config)
{
	return config->l3_cache_schema || config->mem_bw_schema || config->schemata.count;
}

static int plan_monitor(int root, const struct resctrl_group *group)
{
	_cleanup_fd_ int class = open_class(root, group->class);

	/* Not made yet, so nothing can be in it. */
	if (class < 0 || faccessat(class, monitor_path(group->monitor).text, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return refuse(EEXIST, "/linux/intelRdt/enableMonitoring: resctrl class %s has a monitoring group %s already", group->class,
	              group->monitor);
}

int resctrl_plan(int root, const struct spec_intel_rdt *config, const char *id, struct resctrl_group *group)
{
	const char *class = config->clos_id ? config->clos_id : id;
	bool there = faccessat(root, relative(class), F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	*group = (struct resctrl_group){ .class = class, .own = !config->clos_id };
	if (config->enable_monitoring)
		group->monitor = id;
	if (group->own && there)
		return refuse(EEXIST, "/linux/intelRdt: resctrl has a class %s already that is not this container's: name it in closID "
		                      "to join it", class);
	if (!there && !group->own && !has_schema(config))
		return refuse(ENOENT, "/linux/intelRdt/closID: resctrl has no class %s, and there is no schema to make it with", class);
	return group->monitor ? plan_monitor(root, group) : 0;
}

/* --- make ------------------------------------------------------------------------------------------------------------------ */

/* In one write, which the kernel takes as a whole or not at all. */
static int write_schemata(int root, int dir, const char *class, const char *lines, const char *json_path)
{
	int r = *lines ? write_file_at(dir, "schemata", lines) : 0;

	return r < 0 ? context(explain(root, -r, "write schemata", class), "%s", json_path) : 0;
}

static int write_all_schemata(int root, int dir, const struct spec_intel_rdt *config, const char *class)
{
	struct arena _cleanup_arena_ arena = { 0 };
	const char *l3 = config->l3_cache_schema, *bandwidth = config->mem_bw_schema, *lines = "";
	int r = write_schemata(root, dir, class,
	                       arena_printf(&arena, "%s%s%s%s", l3 ? l3 : "", l3 ? "\n" : "", bandwidth ? bandwidth : "",
	                                    bandwidth ? "\n" : ""),
	                       l3 ? "/linux/intelRdt/l3CacheSchema" : "/linux/intelRdt/memBwSchema");

	for (size_t i = 0; i < config->schemata.count; i++)
		lines = arena_printf(&arena, "%s%s\n", lines, config->schemata.items[i]);
	return r < 0 ? r : write_schemata(root, dir, class, lines, "/linux/intelRdt/schemata");
}

static int compare(const char *have, const char *want, const char *class, const char *json_path)
{
	if (!want || resctrl_has(have, want))
		return 0;
	return refuse(EINVAL, "%s: %s: resctrl class %s is there already, with other values", json_path, want, class);
}

static int check_class(int dir, const struct spec_intel_rdt *config, const char *class)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char *have;

	if (!config->l3_cache_schema && !config->mem_bw_schema)
		return 0;
	int r = read_file_at(dir, "schemata", &arena, SCHEMATA_MAX, &have, NULL);

	if (r < 0)
		return fail(-r, "resctrl class %s: read schemata", class);
	r = compare(have, config->l3_cache_schema, class, "/linux/intelRdt/l3CacheSchema");
	return r < 0 ? r : compare(have, config->mem_bw_schema, class, "/linux/intelRdt/memBwSchema");
}

static int make_class(int root, const struct spec_intel_rdt *config, struct resctrl_group *group)
{
	bool may_be_there = !group->own;
	int r = 0;

	if (!may_be_there || faccessat(root, relative(group->class), F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		r = make_dir(root, root, group->class, group->class, "class");
		group->made_class = r == 0;
	}
	/* Somebody else may have made it in between. */
	if (r == -EEXIST && may_be_there)
		r = 0;
	if (r < 0)
		return r;
	_cleanup_fd_ int dir = open_class(root, group->class);

	if (dir < 0)
		return fail(-dir, "open resctrl class %s", group->class);
	if (!group->made_class)
		r = check_class(dir, config, group->class);
	return r < 0 ? r : write_all_schemata(root, dir, config, group->class);
}

static int make_monitor(int root, struct resctrl_group *group)
{
	_cleanup_fd_ int dir = open_class(root, group->class);

	if (dir < 0)
		return fail(-dir, "open resctrl class %s", group->class);
	int r = make_dir(root, dir, monitor_path(group->monitor).text, group->class, "monitoring group");

	group->made_monitor = r == 0;
	return context(r, "/linux/intelRdt/enableMonitoring");
}

int resctrl_make(int root, const struct spec_intel_rdt *config, struct resctrl_group *group)
{
	int r = make_class(root, config, group);

	if (r >= 0 && group->monitor)
		r = make_monitor(root, group);
	if (r < 0) {
		struct error e = error_save();

		(void)resctrl_undo(root, group);
		group->made_class = group->made_monitor = false;
		error_restore(&e);
	}
	return r;
}

/* --- use ------------------------------------------------------------------------------------------------------------------- */

int resctrl_enter(int root, const struct resctrl_group *group, pid_t pid)
{
	_cleanup_fd_ int dir = open_class(root, group->class);
	char text[16], path[sizeof(struct monitor_path) + sizeof "/tasks"];

	if (dir < 0)
		return fail(-dir, "open resctrl class %s", group->class);
	snprintf(text, sizeof text, "%d", (int)pid);
	int r = write_file_at(dir, "tasks", text);

	/* Only what is in the class can be in one of its monitoring groups. */
	if (r >= 0 && group->monitor) {
		snprintf(path, sizeof path, "%s/tasks", monitor_path(group->monitor).text);
		r = write_file_at(dir, path, text);
	}
	return r < 0 ? explain(root, -r, "enter it", group->class) : 0;
}

int resctrl_change(int root, const struct resctrl_group *group, const char *l3, const char *bandwidth, struct arena *arena,
                   char **before)
{
	char *line = arena_strdup(arena, l3 ? l3 : ""), *other = arena_strdup(arena, bandwidth ? bandwidth : "");
	const struct spec_intel_rdt asked = { .l3_cache_schema = *line ? line : NULL, .mem_bw_schema = *other ? other : NULL };
	_cleanup_fd_ int dir = open_class(root, group->class);

	if (dir < 0)
		return fail(-dir, "open resctrl class %s", group->class);
	int r = read_file_at(dir, "schemata", arena, SCHEMATA_MAX, before, NULL);

	return r < 0 ? fail(-r, "resctrl class %s: read schemata", group->class)
	             : write_all_schemata(root, dir, &asked, group->class);
}

int resctrl_restore(int root, const struct resctrl_group *group, const char *before)
{
	_cleanup_fd_ int dir = open_class(root, group->class);
	int r = dir < 0 ? dir : write_file_at(dir, "schemata", before);

	return r < 0 ? explain(root, -r, "write its schemata back", group->class) : 0;
}

/* --- remove ---------------------------------------------------------------------------------------------------------------- */

static int remove_dir(int at, const char *path, const char *class)
{
	if (unlinkat(at, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return fail(errno, "resctrl class %s: remove %s", class, path);
}

static int take_down(int root, const struct resctrl_group *group, bool monitor, bool class)
{
	if (!group->class)
		return 0;
	_cleanup_fd_ int dir = open_class(root, group->class);

	if (dir == -ENOENT)
		return 0;
	if (dir < 0)
		return fail(-dir, "open resctrl class %s", group->class);
	int r = monitor ? remove_dir(dir, monitor_path(group->monitor).text, group->class) : 0;

	return r < 0 || !class ? r : remove_dir(root, group->class, group->class);
}

int resctrl_remove(int root, const struct resctrl_group *group)
{
	return take_down(root, group, group->monitor, group->own);
}

int resctrl_undo(int root, const struct resctrl_group *group)
{
	return take_down(root, group, group->made_monitor, group->made_class);
}
