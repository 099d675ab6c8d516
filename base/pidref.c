#include "base/pidref.h"

#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"

#include <poll.h>

int pidref_open(struct pidref *ref, pid_t pid, uint64_t start)
{
	_cleanup_fd_ int fd = sys_pidfd_open(pid);
	uint64_t now = 0;

	*ref = PIDREF_NONE;
	if (fd < 0)
		return fd == -EINVAL ? -ESRCH : fd;
	int r = proc_start_time(pid, &now);

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
