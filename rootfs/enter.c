#include "rootfs/rootfs.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/mountinfo.h"
#include "base/sys.h"
#include "base/trace.h"
#include "rootfs/tree.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

/*
 * The root of the mount namespace becomes ours. Else a caller in a chroot would leave its host's root there: pivot_root(2) changes it only
 * where it is the caller's own, and whoever enters the namespace comes into it. By a pidfd, since a chroot need not have a /proc. Returns 1
 * if we had another root. One that is covered is the right one all the same: what lies on it goes, and nothing stays below.
 */
static int leave_chroot(void)
{
	_cleanup_fd_ int self = sys_pidfd_open(getpid()), old = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t before = 0, above = 0, now = 0;
	int r = self < 0 ? self : old < 0 ? -errno : sys_mount_id(old, "", &before);

	if (r >= 0)
		r = sys_mount_id(AT_FDCWD, "/..", &above);
	if (r >= 0)
		r = sys_setns(self, CLONE_NEWNS);
	if (r >= 0)
		r = sys_mount_id(AT_FDCWD, "/", &now);
	if (r < 0)
		return fail(-r, "enter the root of the mount namespace");
	if (now == before || now != above)
		return now != before;
	return fchdir(old) < 0 || chroot(".") < 0 ? fail(errno, "enter the covered root") : 0;
}

/* 1 if something lies on the root: ".." leads there, and so does entering the mount namespace. */
static int is_covered(const struct rootfs *rootfs)
{
	uint64_t top, root;
	int r = sys_mount_id(AT_FDCWD, "/..", &top);

	if (r >= 0)
		r = sys_mount_id(rootfs->root, "", &root);
	return r < 0 ? fail(-r, "look at what lies on the root") : top != root;
}

/*
 * The new root is put in the place of the old, which then lies on top of it and is detached: no directory is needed for it. It
 * is a slave since rootfs_build(), so that the host keeps its mounts. What had been bound over the old one (the first root,
 * where another was mounted on it) comes along on top and goes first.
 */
static int pivot(const struct rootfs *rootfs)
{
	int r = leave_chroot();

	if (r < 0)
		return r;
	/* What lies outside of the chroot has not been made a slave yet. */
	r = r > 0 ? tree_make_slaves() : 0;
	if (r < 0)
		return fail(-r, "make what lies outside of the caller's chroot a slave");
	if (fchdir(rootfs->root) < 0)
		return fail(errno, "enter the root");
	r = sys_pivot_root(".", ".");

	if (r == -EINVAL)
		return fail(EINVAL, "pivot_root (on a host that runs from an initramfs, --no-pivot is needed)");
	if (r < 0)
		return fail(-r, "pivot_root");
	for (size_t i = 0; i < rootfs->mount_count + 2; i++) {
		r = sys_umount2(".", MNT_DETACH);
		if (r < 0)
			return fail(-r, "detach the old root");
		r = is_covered(rootfs);
		if (r <= 0)
			return r;
	}
	return refuse(EBUSY, "the old root cannot be detached");
}

static int enter_by_chroot(const struct rootfs *rootfs)
{
	if (fchdir(rootfs->root) < 0 || chroot(".") < 0)
		return fail(errno, "chroot into the root");
	return 0;
}

/* --- without pivot_root ------------------------------------------------------------------------------------------------- */

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* What cannot be unmounted, since it came from another user namespace, is covered. */
static int hide(const char *path)
{
	int r = sys_umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);

	if (r == -EINVAL || r == -EPERM)
		r = sys_mount("tmpfs", path, "tmpfs", 0, "");
	return r == -ENOENT ? 0 : r;
}

/*
 * The old root stays below the new one, out of reach of path names but not of the kernel's checks: a procfs or sysfs of the
 * host that is left in the namespace lets the container mount its own unmasked.
 */
static int hide_host_views(const struct rootfs *rootfs)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char *text, *save = NULL;
	int r = read_file_at(AT_FDCWD, "/proc/self/mountinfo", &arena, MOUNTINFO_MAX, &text, NULL);

	if (r < 0)
		return fail(-r, "read /proc/self/mountinfo");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *path;
		const char *type;

		if (!mountinfo_parse(line, &path, &type) || (strcmp(type, "proc") != 0 && strcmp(type, "sysfs") != 0) ||
		    is_below(path, rootfs->path))
			continue;
		r = hide(path);
		if (r < 0)
			return fail(-r, "hide the host's %s", path);
	}
	return 0;
}

static int move_to_root(const struct rootfs *rootfs)
{
	int r = leave_chroot();

	if (r > 0)
		return refuse(EXDEV, "--no-pivot: the caller is in a chroot, outside of which the container's root cannot be put");
	if (r >= 0)
		r = hide_host_views(rootfs);
	if (r < 0)
		return r;
	r = is_covered(rootfs);
	/* Else it was bound on / in the first place. */
	if (r > 0)
		r = sys_move_mount(rootfs->root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	return r < 0 ? fail(-r, "move the root to /") : enter_by_chroot(rootfs);
}

/* --- both --------------------------------------------------------------------------------------------------------------- */

int rootfs_enter(struct rootfs *rootfs)
{
	TRACE_SCOPE("enter root");
	bool joined = !spec_new_namespace(rootfs->request->spec, NS_MOUNT);

	/* All of them leave the working directory in the root. */
	return joined ? enter_by_chroot(rootfs) : rootfs->request->no_pivot ? move_to_root(rootfs) : pivot(rootfs);
}
