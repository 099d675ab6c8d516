#include "rootfs/live.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "rootfs/filesystem.h"
#include "rootfs/mount.h"
#include "rootfs/path.h"
#include "rootfs/tree.h"

/* What processes trust to be there, and what berth has made safe. */
static const char *const fixed[] = { "/", "/proc", "/sys", "/dev" };

/* These show namespaces, and not those of a container: who mounts them here is in others. */
static const char *const of_namespaces[] = { "proc", "sysfs", "cgroup", "cgroup2", "mqueue" };

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; text && i < count; i++)
		if (strcmp(text, list[i]) == 0)
			return true;
	return false;
}

static bool is_fixed(const char *path)
{
	return is_one_of(path, fixed, sizeof fixed / sizeof *fixed);
}

/* --- add ---------------------------------------------------------------------------------------------------------------- */

/* A tmpfs has no source, and takes its mode from the place where it goes: it is made there. */
static bool is_made_inside(const struct mount_plan *plan)
{
	return !plan->options.bind && plan->spec->type && strcmp(plan->spec->type, "tmpfs") == 0;
}

static int check_addition(const struct mount_plan *plan)
{
	size_t n = plan->index;

	if (mount_only_changes(plan))
		return refuse(EINVAL, "/mounts/%zu: only changes the mount %s: a container that runs can get mounts and lose them",
		              n, plan->destination);
	if (is_fixed(plan->destination))
		return refuse(EINVAL, "/mounts/%zu/destination: %s stays what it was when the container was created", n,
		              plan->destination);
	if (!plan->options.bind && is_one_of(plan->spec->type, of_namespaces, sizeof of_namespaces / sizeof *of_namespaces))
		return refuse(ENOTSUP, "/mounts/%zu/type: \"%s\" can be mounted only when the container is created", n,
		              plan->spec->type);
	return 0;
}

int live_prepare(struct rootfs *rootfs, const struct rootfs_request *request)
{
	*rootfs = ROOTFS_NONE;
	rootfs->request = request;
	int r = mounts_plan(rootfs);

	for (size_t i = 0; r >= 0 && i < rootfs->mount_count; i++)
		r = check_addition(&rootfs->mounts[i]);
	return r < 0 ? r : mounts_prepare(rootfs);
}

static int open_filesystem(struct rootfs *rootfs, struct mount_plan *plan)
{
	plan->tree = filesystem_open(rootfs, plan, -1, true);
	if (plan->tree == -EOPNOTSUPP)
		return refuse(ENOTSUP,
		              "needs mount(2) for one of its options, which cannot make a mount for another namespace");
	if (plan->tree < 0 || !plan->options.propagation || plan->options.propagation == MS_PRIVATE)
		return plan->tree;
	int r = tree_set_propagation(plan->tree, "", plan->options.propagation, plan->options.propagation_recursive);

	return r < 0 ? fail(-r, "set propagation") : 0;
}

int live_open(struct rootfs *rootfs)
{
	for (size_t i = 0; i < rootfs->mount_count; i++) {
		struct mount_plan *plan = &rootfs->mounts[i];
		int r = plan->options.bind || is_made_inside(plan) ? 0 : open_filesystem(rootfs, plan);

		if (r < 0)
			return context(r, "/mounts/%zu: mount %s", i, plan->destination);
	}
	return mounts_prepare(rootfs);
}

static void take_back(const struct rootfs *rootfs, int proc)
{
	struct error e = error_save();

	for (size_t i = rootfs->mount_count; i-- > 0;) {
		const struct mount_plan *plan = &rootfs->mounts[i];
		int r = plan->attached < 0 ? 0 : tree_detach(proc, plan->attached);

		if (r < 0)
			log_warning("undo: unmount %s: %s", plan->destination, strerror(-r));
	}
	error_restore(&e);
}

static int open_root(struct rootfs *rootfs)
{
	rootfs->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return rootfs->root < 0 ? fail(errno, "open the container's root") : 0;
}

int live_attach(struct rootfs *rootfs, int proc)
{
	int r = open_root(rootfs);

	for (size_t i = 0; r >= 0 && i < rootfs->mount_count; i++)
		r = mount_attach(rootfs, &rootfs->mounts[i]);
	if (r >= 0)
		r = mounts_finish(rootfs);
	if (r < 0)
		take_back(rootfs, proc);
	return r;
}

/* --- remove ------------------------------------------------------------------------------------------------------------- */

static bool lists(const struct strings *paths, const char *path, struct arena *arena)
{
	for (size_t i = 0; i < paths->count; i++) {
		char *clean = arena_printf(arena, "/%s", paths->items[i]);

		path_clean(clean);
		if (strcmp(clean, path) == 0)
			return true;
	}
	return false;
}

static int check_removal(struct rootfs *rootfs, const char *path)
{
	const struct spec_linux *config = &rootfs->request->spec->linux_;

	if (is_fixed(path) || strncmp(path, "/proc/", 6) == 0)
		return refuse(EINVAL, "%s stays what it was when the container was created", path);
	if (lists(&config->masked_paths, path, &rootfs->arena) || lists(&config->readonly_paths, path, &rootfs->arena))
		return refuse(EINVAL, "%s is masked or read-only, as the configuration has it", path);
	return 0;
}

static int open_mount(const struct rootfs *rootfs, const char *path)
{
	_cleanup_fd_ int fd = path_open_plain(rootfs->root, path, O_PATH);

	if (fd == -ELOOP)
		return refuse(ELOOP, "a symbolic link is on the way to %s: give its real path", path);
	if (fd < 0)
		return fail(-fd, "open %s", path);
	return tree_is_mount_root(fd) ? steal_fd(&fd) : refuse(EINVAL, "%s is not a mount point", path);
}

/* Only where they are counts; of what kind they were, does not. */
static int look_at(struct rootfs *rootfs, struct mount_plan *plan, size_t index)
{
	const struct spec_mount *mount = &rootfs->request->spec->mounts[index];

	*plan = (struct mount_plan){ .spec = mount, .index = index, .tree = -1, .attached = -1, .late_readonly = -1 };
	plan->destination = arena_printf(&rootfs->arena, "/%s", mount->destination);
	path_clean(plan->destination);
	int r = check_removal(rootfs, plan->destination);

	if (r >= 0)
		r = plan->attached = open_mount(rootfs, plan->destination);
	return context(r, "/mounts/%zu/destination", index);
}

int live_remove(struct rootfs *rootfs, int proc)
{
	size_t count = rootfs->request->spec->mount_count;
	int r = open_root(rootfs);

	rootfs->mounts = arena_array(&rootfs->arena, count + 1, sizeof *rootfs->mounts);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		r = look_at(rootfs, &rootfs->mounts[i], i);
		rootfs->mount_count = i + 1;
	}
	for (size_t i = count; r >= 0 && i-- > 0;) {
		r = tree_detach(proc, rootfs->mounts[i].attached);
		if (r < 0)
			r = fail(-r, "/mounts/%zu: unmount %s", i, rootfs->mounts[i].destination);
	}
	return r;
}
