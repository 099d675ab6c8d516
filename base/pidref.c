#include "base/pidref.h"

#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define PIDFS_MAGIC 0x50494446

static int check_inode(int fd, uint64_t inode)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_ino == inode ? 0 : -ESRCH;
}

int pidref_open(struct pidref *ref, pid_t pid, uint64_t start, uint64_t inode)
{
	_cleanup_fd_ int fd = sys_pidfd_open(pid);
	uint64_t now = start;

	*ref = PIDREF_NONE;
	if (fd < 0)
		return fd;
	int r = inode ? check_inode(fd, inode) : proc_start_time(pid, &now);

	if (r < 0)
		return r;
	if (start != 0 && now != start)
		return -ESRCH;
	*ref = (struct pidref){ .pid = pid, .fd = steal_fd(&fd), .start = now };
	return 0;
}

void pidref_close(struct pidref *ref)
{
	close_fd(&ref->fd);
	*ref = PIDREF_NONE;
}

uint64_t pidref_inode(const struct pidref *ref)
{
	struct statfs fs;
	struct stat st;

	return fstatfs(ref->fd, &fs) == 0 && fs.f_type == PIDFS_MAGIC && fstat(ref->fd, &st) == 0 ? st.st_ino : 0;
}

int pidref_is_alive(pid_t pid, uint64_t start, uint64_t inode)
{
	_cleanup_pidref_ struct pidref ref;
	int r = pidref_open(&ref, pid, start, inode);

	if (r < 0)
		return r == -ESRCH ? 0 : r;
	r = pidref_wait_exit(&ref, 0);
	return r < 0 ? r : r == 0;
}

int pidref_kill(const struct pidref *ref, int signal)
{
	return ref->fd < 0 ? -ESRCH : sys_pidfd_send_signal(ref->fd, signal);
}

int pidref_wait_exit(const struct pidref *ref, int timeout_ms)
{
	struct pollfd p = { .fd = ref->fd, .events = POLLIN };
	int r;

	if (ref->fd < 0)
		return 1;
	do
		r = poll(&p, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r > 0;
}
