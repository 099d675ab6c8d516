#include "base/proc.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#define PROC_ROOT_INODE 1

static int check_proc(int fd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return fail(errno, "stat /proc");
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE)
		return refuse(EXDEV, "/proc is not a procfs: refusing to write process attributes through it");
	return 0;
}

static int new_proc(void)
{
	_cleanup_fd_ int fs = sys_fsopen("proc");

	if (fs < 0)
		return fs;
	int r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);

	return r < 0 ? r : sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

int proc_open_trusted(void)
{
	_cleanup_fd_ int fd = new_proc();

	if (fd < 0)
		fd = sys_open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE);
	if (fd < 0)
		fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(errno, "open /proc");
	int r = check_proc(fd);

	return r < 0 ? r : steal_fd(&fd);
}

int proc_open(int proc, const char *path, int flags)
{
	return sys_openat2(proc, path, (uint64_t)(unsigned)flags, 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
}

int proc_write(int proc, const char *path, const char *data)
{
	_cleanup_fd_ int fd = proc_open(proc, path, O_WRONLY);
	size_t size = strlen(data);

	if (fd < 0)
		return fd;
	ssize_t n = write(fd, data, size);

	return n < 0 ? -errno : (size_t)n == size ? 0 : -EIO;
}

/* The kernel gives the whole of it with the first read. */
static int read_stat(pid_t pid, char *text, size_t size)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	_cleanup_fd_ int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	text[n] = 0;
	return 0;
}

/* Field number (from 3) of /proc/PID/stat; the second field, the name, may hold spaces and parentheses. */
static const char *stat_field(const char *text, int number)
{
	const char *next = strrchr(text, ')');

	for (int i = 2; next && i < number; i++) {
		next = strchr(next, ' ');
		if (next)
			next++;
	}
	return next;
}

static int stat_number(pid_t pid, int number, uint64_t *value)
{
	char text[1024];
	int r = read_stat(pid, text, sizeof text);
	const char *field = r < 0 ? NULL : stat_field(text, number);

	if (!field)
		return r < 0 ? r : -EINVAL;
	*value = strtoull(field, NULL, 10);
	return 0;
}

int proc_start_time(pid_t pid, uint64_t *start)
{
	return stat_number(pid, 22, start);
}

int proc_parent(pid_t pid, pid_t *parent)
{
	uint64_t number = 0;
	int r = stat_number(pid, 4, &number);

	*parent = (pid_t)number;
	return r;
}
