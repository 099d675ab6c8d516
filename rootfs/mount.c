#include "rootfs/mount.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "base/trace.h"
#include "rootfs/copyup.h"
#include "rootfs/destination.h"
#include "rootfs/filesystem.h"
#include "rootfs/path.h"
#include "rootfs/substitute.h"
#include "rootfs/tree.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#define PROC_ROOT_INODE 1

/* --- prepare ------------------------------------------------------------------------------------------------------------ */

static bool is_none(const char *type)
{
	return !type || !type[0] || strcmp(type, "none") == 0;
}

static bool only_propagation(const struct mount_plan *plan)
{
	return is_none(plan->spec->type) && plan->options.propagation;
}

bool mount_only_changes(const struct mount_plan *plan)
{
	return plan->options.remount || (!plan->options.bind && only_propagation(plan));
}

static int check(const struct rootfs *rootfs, const struct mount_plan *plan)
{
	const struct mount_options *options = &plan->options;
	bool has_idmap = rootfs->request->idmap_fds && rootfs->request->idmap_fds[plan->index] >= 0;
	size_t n = plan->index;

	if (options->idmap && !has_idmap)
		return refuse(EINVAL, "/mounts/%zu/options/%zu: %s needs uidMappings and gidMappings, or a user namespace", n,
			      options->idmap_index, plan->spec->options.items[options->idmap_index]);
	if (has_idmap && (!options->bind || options->remount))
		return refuse(ENOTSUP, "/mounts/%zu: only bind mounts can be id-mapped", n);
	if (options->remount)
		return 0;
	if (options->bind && !plan->spec->source)
		return refuse(EINVAL, "/mounts/%zu/source: a bind mount needs one", n);
	if (!options->bind && is_none(plan->spec->type) && !only_propagation(plan))
		return refuse(EINVAL, "/mounts/%zu/type: needed for a mount that is not a bind", n);
	if (options->copy_up && (options->bind || is_none(plan->spec->type) || strcmp(plan->spec->type, "tmpfs") != 0))
		return refuse(EINVAL, "/mounts/%zu/options: tmpcopyup is for tmpfs only", n);
	return 0;
}

static int plan_mount(struct rootfs *rootfs, struct mount_plan *plan, size_t index)
{
	const struct spec_mount *mount = &rootfs->request->spec->mounts[index];
	struct arena *arena = &rootfs->arena;

	*plan = (struct mount_plan){ .spec = mount, .index = index, .tree = -1, .attached = -1, .late_readonly = -1 };
	plan->destination = arena_printf(arena, "/%s", mount->destination);
	path_clean(plan->destination);
	int r = mount_options_parse(&plan->options, mount, index, arena);

	if (r < 0)
		return r;
	/* There is no file system of this name. */
	if (mount->type && strcmp(mount->type, "bind") == 0 && !plan->options.remount)
		plan->options.bind = true;
	if (plan->options.bind && mount->source && mount->source[0] != '/')
		plan->source = arena_printf(arena, "%s/%s", rootfs->request->bundle, mount->source);
	else
		plan->source = mount->source;
	return check(rootfs, plan);
}

static int open_source(const struct mount_plan *plan)
{
	int tree = tree_clone(AT_FDCWD, plan->source, plan->options.bind_recursive);

	return tree < 0 ? fail(-tree, "bind source %s", plan->source) : tree;
}

/*
 * What the runtime opens, since init cannot: sources that an init in a user namespace perhaps may not reach; what gets an id
 * map; what stays a peer of the host's mount, which init's copy no longer is; and all for a container that runs already.
 */
static bool wants_preparation(const struct rootfs *rootfs, const struct mount_plan *plan)
{
	return plan->options.bind && !plan->options.remount &&
	       (rootfs->request->live || (rootfs->request->user_namespace && !plan->by_init) || plan->options.propagation == MS_SHARED ||
		(rootfs->request->idmap_fds && rootfs->request->idmap_fds[plan->index] >= 0));
}

/*
 * Init's own copy of the host's mounts gets events from them but gives none back; a tree from the host is to be no different.
 */
static int make_slave(int tree, const struct mount_options *options)
{
	bool replaced = options->propagation && options->propagation_recursive;

	if (options->propagation == MS_SHARED || replaced)
		return 0;
	int r = tree_set_propagation(tree, "", MS_SLAVE, true);

	return r < 0 ? fail(-r, "set propagation") : 0;
}

/* The read-only attribute of a mount on /dev waits until /dev is populated. */
static struct mount_options early_options(const struct mount_plan *plan)
{
	struct mount_options options = plan->options;

	if (filesystem_is_late_readonly(plan)) {
		options.top.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		options.recursive.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	}
	return options;
}

static int prepare_source(const struct rootfs *rootfs, struct mount_plan *plan)
{
	const struct mount_options options = early_options(plan);
	int idmap = rootfs->request->idmap_fds ? rootfs->request->idmap_fds[plan->index] : -1;

	if (plan->tree >= 0 || !wants_preparation(rootfs, plan))
		return 0;
	plan->tree = tree_clone(AT_FDCWD, plan->source, plan->options.bind_recursive);
	/* A caller without the privilege to clone has its mounts in common with init, which then tries. */
	if (plan->tree == -EPERM && idmap < 0 && options.propagation != MS_SHARED)
		return 0;
	if (plan->tree < 0)
		return fail(-plan->tree, "bind source %s", plan->source);
	int r = make_slave(plan->tree, &options);

	return r < 0 ? r : tree_apply(plan->tree, &options, idmap);
}

int mounts_plan(struct rootfs *rootfs)
{
	size_t count = rootfs->request->spec->mount_count;

	rootfs->mounts = arena_array(&rootfs->arena, count + 1, sizeof *rootfs->mounts);
	for (size_t i = 0; i < count; i++) {
		int r = plan_mount(rootfs, &rootfs->mounts[i], i);

		rootfs->mount_count = i + 1;
		if (r < 0)
			return r;
	}
	return 0;
}

void mounts_look(struct rootfs *rootfs, const struct reach *reach)
{
	for (size_t i = 0; i < rootfs->mount_count; i++) {
		struct mount_plan *plan = &rootfs->mounts[i];

		if (plan->options.bind && !plan->options.remount)
			plan->by_init = reach_can_bind(reach, plan->source, plan->options.bind_recursive);
	}
}

int mounts_prepare(struct rootfs *rootfs)
{
	for (size_t i = 0; i < rootfs->mount_count; i++) {
		struct mount_plan *plan = &rootfs->mounts[i];
		int r = prepare_source(rootfs, plan);

		if (r < 0)
			return context(r, "/mounts/%zu: mount %s", i, plan->destination);
	}
	return 0;
}

/* --- attach ------------------------------------------------------------------------------------------------------------- */

static int explain_move(int r, int tree, int destination, const struct mount_plan *plan)
{
	struct stat from, to;

	if (fstat(tree, &from) == 0 && fstat(destination, &to) == 0 && S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode))
		return refuse(ENOTDIR, "cannot mount a %s on the %s %s", S_ISDIR(from.st_mode) ? "directory" : "file",
			      S_ISDIR(to.st_mode) ? "directory" : "file", plan->destination);
	return fail(-r, "move the mount to %s", plan->destination);
}

/* A mount on "/" becomes the root of all that follows. */
static int replace_root(struct rootfs *rootfs, int tree)
{
	int root = fcntl(tree, F_DUPFD_CLOEXEC, 0);

	if (root < 0)
		return fail(errno, "duplicate the root");
	close_fd(&rootfs->root);
	rootfs->root = root;
	return 0;
}

/* What is in its place now can be taken back by this descriptor, whatever becomes of the path. */
static int keep_attached(struct mount_plan *plan, int tree)
{
	plan->attached = fcntl(tree, F_DUPFD_CLOEXEC, 0);
	return plan->attached < 0 ? fail(errno, "duplicate the mount") : 0;
}

static int put(struct rootfs *rootfs, struct mount_plan *plan, int *tree, int destination)
{
	int r = sys_move_mount_fd(*tree, destination);

	if (r < 0)
		return explain_move(r, *tree, destination, plan);
	if (strcmp(plan->destination, "/") == 0)
		r = replace_root(rootfs, *tree);
	if (r >= 0 && rootfs->request->live)
		r = keep_attached(plan, *tree);
	if (filesystem_is_late_readonly(plan))
		plan->late_readonly = steal_fd(tree);
	return r;
}

static int check_proc_source(const struct mount_plan *plan, int tree)
{
	struct statfs fs;
	struct stat st;

	if (strcmp(plan->destination, "/proc") != 0)
		return 0;
	if (fstatfs(tree, &fs) < 0 || fstat(tree, &st) < 0)
		return fail(errno, "stat %s", plan->source);
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE)
		return refuse(EINVAL, "only a file system of type proc, or a bind of one, may be mounted on /proc");
	return 0;
}

static int attach_bind(struct rootfs *rootfs, struct mount_plan *plan)
{
	_cleanup_fd_ int tree = steal_fd(&plan->tree), destination = -1;
	bool made;
	int r = 0;

	/* The path is one of the host's, and in a container that runs we are where its processes say what it leads to. */
	if (tree < 0 && rootfs->request->live)
		return refuse(EPERM, "bind source %s: it could not be opened outside of the container", plan->source);
	if (tree < 0) {
		const struct mount_options options = early_options(plan);

		tree = open_source(plan);
		/* A joined namespace was not made a slave as a whole. */
		r = tree < 0 || spec_new_namespace(rootfs->request->spec, NS_MOUNT) ? tree : make_slave(tree, &options);
		if (r >= 0)
			r = tree_apply(tree, &options, -1);
	}
	if (r >= 0)
		r = check_proc_source(plan, tree);
	if (r < 0)
		return r;
	destination = destination_open(rootfs, plan, tree, &made);
	return destination < 0 ? destination : put(rootfs, plan, &tree, destination);
}

/* A new mount is private: only something else has to be said. */
static int set_propagation(const struct mount_plan *plan, int tree)
{
	if (!plan->options.propagation || plan->options.propagation == MS_PRIVATE)
		return 0;
	int r = tree_set_propagation(tree, "", plan->options.propagation, plan->options.propagation_recursive);

	return r < 0 ? fail(-r, "set propagation") : 0;
}

static int fill(const struct mount_plan *plan, int tree, int destination, bool made)
{
	int r = set_propagation(plan, tree);

	return r >= 0 && plan->options.copy_up && !made ? copy_up(destination, tree) : r;
}

/* mount(2) puts it in place itself. */
static int attach_by_mount(struct rootfs *rootfs, struct mount_plan *plan, int destination, bool made)
{
	if (strcmp(plan->destination, "/") == 0)
		return refuse(ENOTSUP, "options that need mount(2) cannot be used for a mount on /");
	_cleanup_fd_ int tree = filesystem_mount(rootfs, plan, destination, made);
	int r = tree < 0 || !rootfs->request->live ? tree : keep_attached(plan, tree);

	if (r >= 0)
		r = fill(plan, tree, destination, made);
	if (r >= 0 && filesystem_is_late_readonly(plan))
		plan->late_readonly = steal_fd(&tree);
	return r;
}

static int attach_filesystem(struct rootfs *rootfs, struct mount_plan *plan)
{
	bool made;
	_cleanup_fd_ int destination = destination_open(rootfs, plan, plan->tree, &made), tree = steal_fd(&plan->tree);

	if (destination < 0)
		return destination;
	if (tree >= 0)
		return put(rootfs, plan, &tree, destination);
	tree = substitute_is_cgroup(plan) ? substitute_open_cgroup(rootfs, plan, destination)
					  : filesystem_open(rootfs, plan, destination, made);
	if (tree == -EOPNOTSUPP)
		return attach_by_mount(rootfs, plan, destination, made);
	if (tree < 0)
		tree = substitute_open(rootfs, plan, destination, tree);
	int r = tree < 0 ? tree : fill(plan, tree, destination, made);

	return r < 0 ? r : put(rootfs, plan, &tree, destination);
}

/*
 * The mount that is there gets other attributes; without "bind", its file system other options as well. Not what a symbolic
 * link of the image leads to: that may be the root, whose file system is the host's, or a volume.
 */
static int change(struct rootfs *rootfs, const struct mount_plan *plan)
{
	_cleanup_fd_ int destination = path_open_plain(rootfs->root, plan->destination, O_PATH);

	if (destination == -ELOOP)
		return refuse(ELOOP, "a symbolic link is on the way to what is to be changed: give its real path");
	if (destination < 0)
		return fail(-destination, "open %s", plan->destination);
	int r = plan->options.remount && !plan->options.bind ? filesystem_remount(plan, destination) : 0;

	return r < 0 ? r : tree_apply(destination, &plan->options, -1);
}

bool mount_shows_network(const struct mount_plan *plan)
{
	static const char *const same[] = { "proc", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2" };
	const char *type = plan->spec->type, *source = plan->source;

	if (plan->options.remount)
		return false;
	/* A file of /proc/self is one of the process that binds it. */
	if (plan->options.bind)
		return source && strncmp(source, "/proc", 5) == 0;
	for (size_t i = 0; type && i < sizeof same / sizeof *same; i++)
		if (strcmp(type, same[i]) == 0)
			return false;
	return true;
}

int mount_attach(struct rootfs *rootfs, struct mount_plan *plan)
{
	TRACE_SCOPE("mount");
	int r;

	if (mount_only_changes(plan))
		r = change(rootfs, plan);
	else if (plan->options.bind)
		r = attach_bind(rootfs, plan);
	else
		r = attach_filesystem(rootfs, plan);
	return context(r, "/mounts/%zu: mount %s", plan->index, plan->destination);
}

int mounts_finish(struct rootfs *rootfs)
{
	for (size_t i = 0; i < rootfs->mount_count; i++) {
		struct mount_plan *plan = &rootfs->mounts[i];

		if (plan->late_readonly < 0)
			continue;
		int r = tree_set(plan->late_readonly, MOUNT_ATTR_RDONLY,
				 (plan->options.recursive.set & MOUNT_ATTR_RDONLY) != 0);

		if (r < 0)
			return fail(-r, "/mounts/%zu: make %s read-only", i, plan->destination);
		close_fd(&plan->late_readonly);
	}
	return 0;
}
