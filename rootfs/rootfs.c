#include "rootfs/rootfs.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "base/trace.h"
#include "rootfs/dev.h"
#include "rootfs/emulate.h"
#include "rootfs/mount.h"
#include "rootfs/node.h"
#include "rootfs/reach.h"
#include "rootfs/tree.h"

#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

/* --- prepare ------------------------------------------------------------------------------------------------------------ */

static int check_root(struct rootfs *rootfs)
{
	const struct rootfs_request *request = rootfs->request;
	const char *path = request->spec->root.path;

	rootfs->path = path[0] == '/' ? arena_strdup(&rootfs->arena, path)
				      : arena_printf(&rootfs->arena, "%s/%s", request->bundle, path);
	_cleanup_fd_ int fd = openat(AT_FDCWD, rootfs->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail(errno, "/root/path: %s", rootfs->path) : 0;
}

/* A caller without the privilege shares its mounts with init, which then can do it itself. */
static int prepare_root(struct rootfs *rootfs)
{
	rootfs->tree = tree_clone(AT_FDCWD, rootfs->path, true);
	if (rootfs->tree == -EPERM)
		return 0;
	int r = rootfs->tree < 0 ? rootfs->tree : tree_set_propagation(rootfs->tree, "", MS_SLAVE, true);

	return r < 0 ? fail(-r, "clone the root %s", rootfs->path) : 0;
}

/* For an init in a user namespace. */
static int prepare_root_and_look(struct rootfs *rootfs)
{
	struct reach reach;

	reach_begin(&reach, rootfs->request->spec);
	bool by_init = reach_can_bind(&reach, rootfs->path, true);

	mounts_look(rootfs, &reach);
	reach_end(&reach);
	return by_init ? 0 : prepare_root(rootfs);
}

/* A label that was asked for and cannot be given is an error, not a container without one. */
static int check_label(const struct spec *spec)
{
	struct statfs fs;

	if (!spec->linux_.mount_label || !spec->linux_.mount_label[0])
		return 0;
	if (statfs("/sys/fs/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC)
		return 0;
	return refuse(ENOTSUP, "/linux/mountLabel: SELinux is not enabled on this host");
}

static int prepare_nodes(struct rootfs *rootfs)
{
	const struct spec_linux *config = &rootfs->request->spec->linux_;

	if (!rootfs->request->user_namespace || config->device_count == 0)
		return 0;
	int nodes = nodes_make(config);

	if (nodes >= 0)
		rootfs->nodes = nodes;
	return nodes < 0 && nodes != -ENOENT ? nodes : 0;
}

int rootfs_prepare(struct rootfs *rootfs, const struct rootfs_request *request)
{
	*rootfs = ROOTFS_NONE;
	rootfs->request = request;
	rootfs->arena = request->arena;
	int r = check_label(request->spec);

	if (r >= 0)
		r = check_root(rootfs);
	if (r >= 0)
		r = mounts_plan(rootfs);
	if (r >= 0 && request->user_namespace)
		r = prepare_root_and_look(rootfs);
	if (r >= 0)
		r = mounts_prepare(rootfs);
	if (r >= 0)
		r = prepare_nodes(rootfs);
	if (r >= 0)
		rootfs->dev = dev_is_ours(rootfs);
	else
		rootfs_close(rootfs);
	return r;
}

/* --- build -------------------------------------------------------------------------------------------------------------- */

/* Where the root is bound: onto its own path, where hooks look for it. Where init may not go, "/" does as well. */
static int open_place(const struct rootfs *rootfs)
{
	int place = openat(AT_FDCWD, rootfs->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (place < 0 && errno == EACCES && rootfs->tree >= 0)
		place = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return place < 0 ? fail(errno, "/root/path: %s", rootfs->path) : place;
}

/*
 * A joined mount namespace may share its mounts with the host, and what is mounted on a shared mount appears there: the mount
 * that place is on becomes a slave. Only the top of a mount can be told so.
 */
static int isolate_place(int place)
{
	_cleanup_fd_ int up = -1;

	for (int i = 0; i < PATH_MAX / 2; i++) {
		int at = up < 0 ? place : up;
		int r = tree_set_propagation(at, "", MS_SLAVE, false);

		if (r != -EINVAL)
			return r;
		int next = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (next < 0)
			return -errno;
		close_fd(&up);
		up = next;
	}
	return -ELOOP;
}

static int set_tree_propagation(const struct rootfs *rootfs, int tree)
{
	bool joined = !spec_new_namespace(rootfs->request->spec, NS_MOUNT);
	int r = joined ? tree_set_propagation(tree, "", MS_SLAVE, true) : 0;

	if (r < 0 || rootfs->request->spec->linux_.rootfs_propagation == PROPAGATION_SLAVE)
		return r;
	return tree_set_propagation(tree, "", MS_PRIVATE, false);
}

static int attach_root(struct rootfs *rootfs)
{
	_cleanup_fd_ int place = open_place(rootfs), tree = steal_fd(&rootfs->tree);

	if (place < 0)
		return place;
	int r = spec_new_namespace(rootfs->request->spec, NS_MOUNT) ? 0 : isolate_place(place);

	if (r >= 0 && tree < 0)
		r = tree = tree_clone(place, "", true);
	if (r >= 0)
		r = set_tree_propagation(rootfs, tree);
	if (r >= 0)
		r = sys_move_mount_fd(tree, place);
	if (r < 0)
		return fail(-r, "bind the root %s", rootfs->path);
	rootfs->root = steal_fd(&tree);
	return 0;
}

/* What is bound over masked files: from the host, before anything of the image is in reach (CVE-2025-31133). */
static int open_null(struct rootfs *rootfs)
{
	struct stat st;

	if (rootfs->request->spec->linux_.masked_paths.count == 0)
		return 0;
	rootfs->null = tree_clone(AT_FDCWD, "/dev/null", false);
	if (rootfs->null < 0)
		return fail(-rootfs->null, "clone /dev/null");
	if (fstat(rootfs->null, &st) < 0)
		return fail(errno, "stat /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return refuse(EINVAL, "/dev/null is not the null device: refusing to mask with it");
	int r = tree_set(rootfs->null, TREE_DEVICE, false);

	return r < 0 ? fail(-r, "set mount attributes of /dev/null") : 0;
}

/* Nothing that happens in the container's namespace goes back to the host's. */
static int isolate(const struct rootfs *rootfs)
{
	if (!spec_new_namespace(rootfs->request->spec, NS_MOUNT))
		return 0;
	int r = tree_make_slaves();

	return r < 0 ? fail(-r, "make the mounts of the host slaves") : 0;
}

static int begin(struct rootfs *rootfs)
{
	int r = isolate(rootfs);

	if (r >= 0)
		r = attach_root(rootfs);
	return r < 0 ? r : open_null(rootfs);
}

int rootfs_build_first(struct rootfs *rootfs)
{
	TRACE_SCOPE("first mounts");
	int r = begin(rootfs);

	while (r >= 0 && rootfs->attached < rootfs->mount_count && !mount_shows_network(&rootfs->mounts[rootfs->attached]))
		r = mount_attach(rootfs, &rootfs->mounts[rootfs->attached++]);
	return r;
}

int rootfs_build(struct rootfs *rootfs)
{
	TRACE_SCOPE("mounts");
	int r = rootfs->root < 0 ? begin(rootfs) : 0;

	while (r >= 0 && rootfs->attached < rootfs->mount_count)
		r = mount_attach(rootfs, &rootfs->mounts[rootfs->attached++]);
	if (r >= 0)
		r = dev_populate(rootfs);
	return r >= 0 && rootfs->request->emulate ? emulate_register(rootfs) : r;
}

void rootfs_close(struct rootfs *rootfs)
{
	for (size_t i = 0; i < rootfs->mount_count; i++) {
		close_fd(&rootfs->mounts[i].tree);
		close_fd(&rootfs->mounts[i].attached);
		close_fd(&rootfs->mounts[i].late_readonly);
	}
	close_fd(&rootfs->tree);
	close_fd(&rootfs->root);
	close_fd(&rootfs->null);
	close_fd(&rootfs->nodes);
	arena_free(&rootfs->arena);
	*rootfs = ROOTFS_NONE;
}

/* --- what others ask ---------------------------------------------------------------------------------------------------- */

bool rootfs_mount_wants_idmap(const struct spec_mount *mount)
{
	ARENA_SCRATCH(arena, 1024);
	struct mount_options options;

	return mount->uid_maps.count > 0 || mount->gid_maps.count > 0 ||
	       (mount_options_parse(&options, mount, 0, &arena) >= 0 && options.idmap);
}

static bool is_cgroup(const struct spec_mount *mount)
{
	return mount->type && (strcmp(mount->type, "cgroup") == 0 || strcmp(mount->type, "cgroup2") == 0) &&
	       strcmp(mount->destination, "/sys/fs/cgroup") == 0;
}

bool rootfs_cgroup_writable(const struct spec *spec)
{
	ARENA_SCRATCH(arena, 1024);
	bool writable = false;

	for (size_t i = 0; i < spec->mount_count; i++) {
		struct mount_options options;

		if (is_cgroup(&spec->mounts[i]) && mount_options_parse(&options, &spec->mounts[i], i, &arena) >= 0)
			writable = !((options.top.set | options.recursive.set) & MOUNT_ATTR_RDONLY);
	}
	return writable;
}
