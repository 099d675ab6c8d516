#include "rootfs/substitute.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "rootfs/filesystem.h"
#include "rootfs/tree.h"

#include <limits.h>
#include <stdlib.h>

#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

int substitute_empty(void)
{
	_cleanup_fd_ int fs = sys_fsopen("tmpfs");
	int r = fs < 0 ? fs : sys_fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0);

	/* Else it looked like a place for all to write to. */
	if (r >= 0)
		r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0555", 0);
	if (r >= 0)
		r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	return r < 0 ? r : sys_fsmount(fs, MOUNT_ATTR_RDONLY | SAFE);
}

static int clone_with(const char *path, uint64_t attributes)
{
	_cleanup_fd_ int tree = tree_clone(AT_FDCWD, path, true);

	if (tree < 0)
		return tree;
	int r = attributes ? tree_set(tree, attributes, true) : 0;

	return r < 0 ? r : steal_fd(&tree);
}

/* --- cgroup ------------------------------------------------------------------------------------------------------------- */

bool substitute_is_cgroup(const struct mount_plan *plan)
{
	return strcmp(plan->spec->type, "cgroup") == 0 || strcmp(plan->spec->type, "cgroup2") == 0;
}

static bool in_user_namespace(const struct rootfs *rootfs)
{
	char map[64];
	unsigned first, outside, count;

	if (rootfs->request->user_namespace)
		return true;
	/* A file that does not say "all ids, unchanged" means a namespace that the caller was in already. */
	return read_text_at(AT_FDCWD, "/proc/self/uid_map", map, sizeof map) < 0 ||
	       sscanf(map, "%u %u %u", &first, &outside, &count) != 3 || first != 0 || outside != 0 || count != UINT_MAX;
}

static int open_own_group(const struct rootfs *rootfs, const struct mount_plan *plan)
{
	const struct rootfs_request *request = rootfs->request;
	uint64_t attributes = filesystem_attributes(&plan->options);
	char path[PATH_MAX];
	int tree = -ENOENT;

	if (in_user_namespace(rootfs))
		attributes |= MOUNT_ATTR_RDONLY;
	const char *group = rootfs->cgroup_path ? rootfs->cgroup_path : request->cgroup_path;

	if (request->cgroup_mount && group) {
		snprintf(path, sizeof path, "%s%s", request->cgroup_mount, group);
		tree = clone_with(path, attributes);
	}
	if (tree != -ENOENT && tree != -EACCES)
		return tree < 0 ? fail(-tree, "bind the container's cgroup %s", path) : tree;
	log_warning("the container's cgroup cannot be shown: %s is empty", plan->destination);
	tree = substitute_empty();
	return tree < 0 ? fail(-tree, "make an empty tmpfs") : tree;
}

int substitute_open_cgroup(struct rootfs *rootfs, const struct mount_plan *plan, int destination)
{
	int r = -EPERM;

	if (rootfs->request->cgroup_namespace)
		r = filesystem_open(rootfs, plan, destination, false);
	return r == -EPERM ? open_own_group(rootfs, plan) : r;
}

/* --- proc, sysfs, mqueue ------------------------------------------------------------------------------------------------ */

/*
 * The kernel lets only the owner of a namespace mount the file system that shows it. Where the container shares the namespace
 * with the caller, the caller's own mount shows the same; sysfs has more to show than the network, and the host's is given
 * read-only.
 */
static const struct {
	const char *type, *path;
	enum namespace_type shows;
	bool also_in_own;
	uint64_t attributes;
} stand_ins[] = {
	{ "proc", "/proc", NS_PID, false, SAFE },
	{ "sysfs", "/sys", NS_NETWORK, true, SAFE | MOUNT_ATTR_RDONLY },
	{ "mqueue", "/dev/mqueue", NS_IPC, false, SAFE },
};

static int open_stand_in(const struct rootfs *rootfs, const struct mount_plan *plan, int r)
{
	for (size_t i = 0; i < sizeof stand_ins / sizeof *stand_ins; i++) {
		if (strcmp(plan->spec->type, stand_ins[i].type) != 0)
			continue;
		if (rootfs->request->spec->linux_.namespaces[stand_ins[i].shows].set && !stand_ins[i].also_in_own)
			return refuse(-r,
				      "%s is not permitted: the user namespace must own the %s namespace, and no mount may "
				      "cover a part of "
				      "the host's %s",
				      plan->spec->type, ns_type_name(stand_ins[i].shows), stand_ins[i].path);
		int tree = clone_with(stand_ins[i].path, stand_ins[i].attributes | filesystem_attributes(&plan->options));

		if (tree < 0)
			return r;
		log_debug("%s cannot be mounted here: %s shows that of the host", plan->spec->type, plan->destination);
		return tree;
	}
	return r;
}

/* --- devpts ------------------------------------------------------------------------------------------------------------- */

static bool gid_is_mapped(unsigned long gid)
{
	char map[8192];
	unsigned first, outside, count;
	int used;

	if (read_text_at(AT_FDCWD, "/proc/self/gid_map", map, sizeof map) < 0)
		return true;
	for (const char *p = map; sscanf(p, "%u %u %u%n", &first, &outside, &count, &used) == 3; p += used)
		if (gid >= first && gid - first < count)
			return true;
	return false;
}

/*
 * Engines write gid=5 (tty) also for containers whose namespace does not map it; without it terminals belong to their user's
 * group.
 */
static int open_devpts_without_gid(struct rootfs *rootfs, const struct mount_plan *plan, int destination, int r)
{
	struct mount_plan without = *plan;
	struct mount_options *options = &without.options;
	bool dropped = false;

	options->data = arena_array(&rootfs->arena, plan->options.data_count + 1, sizeof *options->data);
	options->data_count = 0;
	for (size_t i = 0; i < plan->options.data_count; i++) {
		const char *item = plan->options.data[i];

		if (strncmp(item, "gid=", 4) == 0 && !gid_is_mapped(strtoul(item + 4, NULL, 10)))
			dropped = true;
		else
			options->data[options->data_count++] = item;
	}
	if (!dropped)
		return r;
	log_warning("%s: gid is not mapped into the user namespace and is left out", plan->destination);
	return filesystem_open(rootfs, &without, destination, false);
}

int substitute_open(struct rootfs *rootfs, const struct mount_plan *plan, int destination, int r)
{
	if (r == -EINVAL && strcmp(plan->spec->type, "devpts") == 0)
		return open_devpts_without_gid(rootfs, plan, destination, r);
	return r == -EPERM ? open_stand_in(rootfs, plan, r) : r;
}
