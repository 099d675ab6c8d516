#include "rootfs/destination.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "rootfs/path.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

/* The files of /proc that lxcfs and its like cover with values of the container; runc allows the same. */
static const char *const proc_files[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/meminfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/uptime",
	"/proc/loadavg",
	"/proc/slabinfo",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/sys/crypto/fips_enabled",
};

static bool is_allowed_proc_file(const char *path)
{
	for (size_t i = 0; i < sizeof proc_files / sizeof *proc_files; i++)
		if (strcmp(path, proc_files[i]) == 0)
			return true;
	return false;
}

static bool is_type(const struct mount_plan *plan, const char *type)
{
	return plan->spec->type && !plan->options.bind && strcmp(plan->spec->type, type) == 0;
}

/* Places that processes trust to be what they are called: a symbolic link of the image must not move them. */
static bool must_be_plain(const struct mount_plan *plan)
{
	return strcmp(plan->destination, "/proc") == 0 || strcmp(plan->destination, "/sys") == 0 || is_type(plan, "proc") ||
	       is_type(plan, "sysfs");
}

static int check_name(const struct mount_plan *plan)
{
	const char *path = plan->destination;

	if (strcmp(path, "/proc") == 0 && !plan->options.bind && !plan->options.remount && !is_type(plan, "proc"))
		return refuse(EINVAL, "only a file system of type proc, or a bind of one, may be mounted on /proc");
	if (strncmp(path, "/proc/", 6) == 0 && !is_allowed_proc_file(path))
		return refuse(EINVAL, "a mount inside /proc is refused: it could deceive whoever reads or writes there");
	return 0;
}

/* A symbolic link of the image was followed on the way: is the place still one that check_name() would allow? */
static int check_place(const struct rootfs *rootfs, int fd)
{
	struct stat st, root;
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0 || fstat(rootfs->root, &root) < 0)
		return fail(errno, "stat the destination");
	if (fs.f_type == PROC_SUPER_MAGIC)
		return refuse(EINVAL, "a symbolic link leads the destination into /proc");
	if (st.st_ino == root.st_ino && st.st_dev == root.st_dev)
		return refuse(EINVAL, "a symbolic link leads the destination to the root itself");
	return 0;
}

/* Make the destination; *plain when no link was followed. */
static int make(const struct rootfs *rootfs, const struct mount_plan *plan, int tree, bool *plain)
{
	const char *path = plan->destination;
	struct stat st;

	if (tree >= 0 && fstat(tree, &st) < 0)
		return -errno;
	bool directory = tree < 0 || S_ISDIR(st.st_mode);
	int fd = path_make_plain(rootfs->root, path, directory, 0755);

	*plain = fd >= 0;
	if (fd >= 0)
		return fd;
	return directory ? path_make_dir(rootfs->root, path, 0755) : path_make_file(rootfs->root, path, 0755);
}

static int explain(int r, const struct mount_plan *plan)
{
	if (r == -EROFS)
		return fail(-r, "%s is missing in the root, and making it failed", plan->destination);
	return fail(-r, "open or make the mount point %s", plan->destination);
}

/* Not through a link in the last component; the image may have links before it. */
static int open_plain_last(const struct rootfs *rootfs, const struct mount_plan *plan, bool *made)
{
	int fd = path_open_in(rootfs->root, plan->destination, O_PATH | O_NOFOLLOW);

	*made = fd == -ENOENT;
	if (fd == -ENOENT) {
		bool plain;
		_cleanup_fd_ int dir = make(rootfs, plan, -1, &plain);

		if (dir < 0)
			return explain(dir, plan);
		fd = path_open_in(rootfs->root, plan->destination, O_PATH | O_NOFOLLOW);
	}
	if (fd < 0)
		return explain(fd, plan);
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode)) {
		close_fd(&fd);
		return refuse(ENOTDIR, "%s must be an ordinary directory for this mount, not a symbolic link or file",
			      plan->destination);
	}
	return fd;
}

int destination_open(struct rootfs *rootfs, const struct mount_plan *plan, int tree, bool *made)
{
	bool plain = false;
	int r = check_name(plan);

	*made = false;
	if (r < 0)
		return r;
	/* Mostly no link is on the way, and then what is opened is where its name says. */
	int fd = path_open_plain(rootfs->root, plan->destination, O_PATH);

	if (fd >= 0)
		return fd;
	if (must_be_plain(plan))
		return open_plain_last(rootfs, plan, made);
	if (fd == -ELOOP)
		fd = path_open_in(rootfs->root, plan->destination, O_PATH);
	if (fd == -ENOENT) {
		*made = true;
		fd = make(rootfs, plan, tree, &plain);
	}
	if (fd < 0)
		return explain(fd, plan);
	r = plain ? 0 : check_place(rootfs, fd);
	if (r < 0) {
		close_fd(&fd);
		return r;
	}
	return fd;
}
