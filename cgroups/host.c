#include "cgroups/host.h"

#include "cgroups/files.h"

#include "base/sys.h"

#include <libcgroup.h>
#include <stdarg.h>
#include <stdlib.h>

#define MAX_CONTROLLERS 64

/* --- what there is ---------------------------------------------------------------------------------------------------- */

/* libcgroup would print where the environment asks it to. */
static void say_nothing(void *data, int level, const char *fmt, va_list args)
{
	(void)data, (void)level, (void)fmt, (void)args;
}

static void list_controllers(struct cgroup_host *host, struct arena *arena)
{
	struct controller_data data;
	void *handle = NULL;
	int r = cgroup_get_all_controller_begin(&handle, &data);

	for (; r == 0 && host->count < MAX_CONTROLLERS; r = cgroup_get_all_controller_next(&handle, &data))
		host->items[host->count++] = (struct cgroup_host_controller){ .name = arena_strdup(arena, data.name),
									      .enabled = data.enabled != 0,
									      .hierarchy = data.hierarchy,
									      .groups = data.num_cgroups };
	cgroup_get_all_controller_end(&handle);
}

static void find_mounts(struct cgroup_host *host, struct arena *arena)
{
	for (size_t i = 0; i < host->count; i++) {
		char *mount = NULL;

		if (host->items[i].hierarchy == 0 || cgroup_get_subsys_mount_point(host->items[i].name, &mount) != 0)
			continue;
		host->items[i].mount = arena_strdup(arena, mount);
		free(mount);
	}
}

void cgroup_host_read(struct cgroup_host *host, int root, struct arena *arena)
{
	char *boot = arena_alloc(arena, CGROUP_TEXT_SIZE);

	*host = (struct cgroup_host){ .items = arena_array(arena, MAX_CONTROLLERS, sizeof *host->items), .boot = boot };
	if (cgroup_file_read(AT_FDCWD, "/proc/cmdline", boot, CGROUP_TEXT_SIZE) < 0)
		boot[0] = 0;
	/* sd_booted(3) */
	host->systemd = access("/run/systemd/system", F_OK) == 0;
	/* The host's root alone has no type. */
	host->inner = faccessat(root, "cgroup.type", F_OK, 0) == 0;
	cgroup_set_logger(say_nothing, CGROUP_LOG_ERROR, NULL);
	list_controllers(host, arena);
	/* This fails where nothing is mounted that has a controller, and then there are no mounts to find. */
	if (cgroup_init() == 0)
		find_mounts(host, arena);
}

/* --- what it means ---------------------------------------------------------------------------------------------------- */

static const struct known {
	const char *name, *v1_name, *option; /* option: of the kernel's build, NULL: cgroup v2 does not have it */
} known[] = {
	{ "cpu", "cpu", "CONFIG_CGROUP_SCHED" },  { "cpuset", "cpuset", "CONFIG_CPUSETS" },
	{ "dmem", "dmem", "CONFIG_CGROUP_DMEM" }, { "hugetlb", "hugetlb", "CONFIG_CGROUP_HUGETLB" },
	{ "io", "blkio", "CONFIG_BLK_CGROUP" },   { "memory", "memory", "CONFIG_MEMCG" },
	{ "misc", "misc", "CONFIG_CGROUP_MISC" }, { "pids", "pids", "CONFIG_CGROUP_PIDS" },
	{ "rdma", "rdma", "CONFIG_CGROUP_RDMA" }, { "blkio", "blkio", NULL },
	{ "cpuacct", "cpuacct", NULL },           { "devices", "devices", NULL },
	{ "freezer", "freezer", NULL },           { "net_cls", "net_cls", NULL },
	{ "net_prio", "net_prio", NULL },
};

static const struct known *find_known(const char *name)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].name, name) == 0)
			return &known[i];
	return NULL;
}

static const struct cgroup_host_controller *find_controller(const struct cgroup_host *host, const char *name)
{
	for (size_t i = 0; i < host->count; i++)
		if (strcmp(host->items[i].name, name) == 0)
			return &host->items[i];
	return NULL;
}

/* Whether a list of the boot parameter names the controller: "cgroup_disable=memory,pids". */
static bool boot_has(const char *boot, const char *parameter, const char *name)
{
	size_t length = strlen(parameter), name_length = strlen(name);

	for (const char *word = boot; *word; word += strspn(word, " \n")) {
		size_t end = strcspn(word, " \n");

		if (end > length && memcmp(word, parameter, length) == 0 && word[length] == '=')
			for (size_t at = length + 1, size; at < end; at += size + 1) {
				size = strcspn(word + at, ", \n");
				if (size == name_length && memcmp(word + at, name, size) == 0)
					return true;
			}
		word += end;
	}
	return false;
}

static const char *disabled_at_boot(const struct cgroup_host *host, const char *name, struct arena *arena)
{
	if (!boot_has(host->boot, "cgroup_disable", name))
		return NULL;
	return arena_printf(arena, "the boot parameter cgroup_disable=%s switches it off; boot without", name);
}

static const char *held_by_v1(const struct cgroup_host *host, const struct cgroup_host_controller *controller, const char *name,
			      struct arena *arena)
{
	const char *at = controller->mount ? arena_printf(arena, " at %s", controller->mount) : "";
	const char *alone = host->systemd ? ", or with systemd.unified_cgroup_hierarchy=1 for cgroup v2 alone" : "";
	/* A hierarchy without groups lets its controllers go with its last mount. */
	const char *now = controller->groups == 1 && controller->mount && !host->inner
				  ? arena_printf(arena, "; no group of cgroup v1 uses it, so that umount %s gives it at once",
						 controller->mount)
				  : "";

	return arena_printf(arena, "cgroup v1 holds it%s; boot with cgroup_no_v1=%s%s%s", at, name, alone, now);
}

static const char *not_listed(const struct cgroup_host *host, const struct known *it, const char *name, struct arena *arena)
{
	const char *disabled = disabled_at_boot(host, name, arena);

	if (disabled)
		return disabled;
	if (!it)
		return "neither this kernel nor berth knows a controller of this name";
	/* Newer kernels list only what cgroup v1 could have. */
	return arena_printf(arena, "%sthis kernel is built without it (%s)",
			    host->inner ? "the groups above this cgroup namespace do not give it, or " : "", it->option);
}

const char *cgroup_host_explain(const struct cgroup_host *host, const char *name, struct arena *arena)
{
	const struct known *it = find_known(name);

	if (it && !it->option)
		return "cgroup v2 has no such controller, only cgroup v1 had";
	const struct cgroup_host_controller *controller = find_controller(host, it ? it->v1_name : name);

	if (!controller)
		return not_listed(host, it, name, arena);
	if (!controller->enabled) {
		const char *disabled = disabled_at_boot(host, it ? it->v1_name : name, arena);

		if (!disabled)
			disabled = disabled_at_boot(host, name, arena);
		return disabled ? disabled
				: arena_printf(arena, "this kernel has it switched off; boot with cgroup_enable=%s", name);
	}
	if (controller->hierarchy != 0)
		return held_by_v1(host, controller, name, arena);
	if (host->inner)
		return arena_printf(arena,
				    "the groups above this cgroup namespace do not give it; enable it in their "
				    "cgroup.subtree_control (systemd: Delegate=%s)",
				    name);
	return "cgroup v1 has let go of it only now, or still uses it; see /proc/cgroups";
}
