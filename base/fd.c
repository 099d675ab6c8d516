#include "base/fd.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

void close_fd(int *fd)
{
	if (*fd < 0)
		return;
	int saved = errno;

	close(*fd);
	*fd = -1;
	errno = saved;
}

int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	/* Linux 6.3 has the flag, and may insist on it (vm.memfd_noexec). */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

int write_all(int fd, const void *data, size_t size)
{
	const char *next = data;

	while (size > 0) {
		ssize_t n = write(fd, next, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		next += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Take back the signal of our own write, not one that was there before. */
static void take_back(int signal, const sigset_t *before)
{
	const struct timespec now = { 0 };
	sigset_t set;

	if (sigismember(before, signal))
		return;
	sigemptyset(&set);
	sigaddset(&set, signal);
	while (sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR)
		;
}

ssize_t write_quietly(int fd, const void *data, size_t size)
{
	sigset_t raised, old, pending;

	sigemptyset(&raised);
	sigaddset(&raised, SIGPIPE);
	sigaddset(&raised, SIGXFSZ);
	sigpending(&pending);
	sigprocmask(SIG_BLOCK, &raised, &old);
	ssize_t n;

	do
		n = write(fd, data, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		n = -errno;
	if (n == -EPIPE)
		take_back(SIGPIPE, &pending);
	if (n == -EFBIG)
		take_back(SIGXFSZ, &pending);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return n;
}

/* Room for PIPE_BUF bytes, which is what poll means for a pipe. Files always have it; a terminal that is stopped is waited for. */
static int await_room(int fd, int milliseconds)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	struct stat st;
	int n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
		return 0;
	do
		n = poll(&room, 1, milliseconds);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

int write_or_give_up(int fd, const void *data, size_t size, int milliseconds)
{
	const char *next = data;

	while (size > 0) {
		int r = await_room(fd, milliseconds);
		ssize_t n = r < 0 ? r : write_quietly(fd, next, size < PIPE_BUF ? size : PIPE_BUF);

		if (n < 0)
			return (int)n;
		next += n;
		size -= (size_t)n;
	}
	return 0;
}

int write_file_at(int dirfd, const char *path, const char *data)
{
	_cleanup_fd_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);
	size_t size = strlen(data);

	if (fd < 0)
		return -errno;
	ssize_t n;

	do
		n = write(fd, data, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

int read_file_at(int dirfd, const char *path, struct arena *arena, size_t limit, char **data, size_t *size)
{
	_cleanup_fd_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t room, used = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (st.st_size > 0 && (uint64_t)st.st_size > limit)
		return -EFBIG;
	room = st.st_size > 0 ? (size_t)st.st_size + 1 : 4096;
	char *buffer = arena_alloc(arena, room + 1);

	for (;;) {
		ssize_t n = read(fd, buffer + used, room - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
		if (used > limit)
			return -EFBIG;
		if (used == (size_t)st.st_size)
			break;
		if (used == room) {
			char *grown = arena_alloc(arena, 2 * room + 1);

			buffer = memcpy(grown, buffer, used);
			room *= 2;
		}
	}
	buffer[used] = 0;
	*data = buffer;
	if (size)
		*size = used;
	return 0;
}

ssize_t read_text_at(int dirfd, const char *path, char *buffer, size_t size)
{
	_cleanup_fd_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, buffer + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
		if (used == size)
			return -EFBIG;
	}
	if (used > 0 && buffer[used - 1] == '\n')
		used--;
	buffer[used] = 0;
	return (ssize_t)used;
}

int enter_dir(int directory)
{
	_cleanup_fd_ int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return before < 0 || fchdir(directory) < 0 ? -errno : steal_fd(&before);
}

int leave_dir(int before)
{
	_cleanup_fd_ int directory = before;

	return fchdir(directory) < 0 ? -errno : 0;
}

struct fd_path fd_path(int fd)
{
	struct fd_path path;

	snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", fd);
	return path;
}

/* Too long a path is reached by a descriptor of the socket's file. */
static int socket_address(struct sockaddr_un *address, const char *path, int *file)
{
	size_t length = strlen(path);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (length == 0)
		return -EINVAL;
	if (length < sizeof address->sun_path) {
		memcpy(address->sun_path, path, length);
		return 0;
	}
	*file = open(path, O_PATH | O_CLOEXEC);
	if (*file < 0)
		return -errno;
	struct fd_path link = fd_path(*file);

	memcpy(address->sun_path, link.text, sizeof link.text);
	return 0;
}

int connect_socket(const char *path, unsigned seconds)
{
	struct timeval limit = { .tv_sec = (time_t)seconds };
	struct sockaddr_un address;
	_cleanup_fd_ int file = -1, fd = -1;
	int r = socket_address(&address, path, &file);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || (seconds && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0))
		return -errno;
	while (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		if (errno != EINTR)
			return -errno;
	return steal_fd(&fd);
}

int connect_datagrams(const char *path, unsigned seconds)
{
	struct timeval limit = { .tv_sec = (time_t)seconds };
	struct sockaddr_un address;
	_cleanup_fd_ int file = -1, fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = socket_address(&address, path, &file);
	socklen_t size = sizeof address;

	if (r < 0)
		return r;
	if (path[0] == '@' && file < 0) {
		address.sun_path[0] = 0;
		size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	}
	if (fd < 0 || (seconds && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0) ||
	    connect(fd, (struct sockaddr *)&address, size) < 0)
		return -errno;
	return steal_fd(&fd);
}

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

int send_with_fd(int socket, const void *data, size_t size, int fd)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control = { 0 };
	ssize_t n;

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);

		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(header), &fd, sizeof fd);
	}
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EMSGSIZE;
}

ssize_t recv_with_fd(int socket, void *data, size_t size, int *fd)
{
	struct iovec iov = { .iov_base = data, .iov_len = size };
	union control control = { 0 };
	/* Not all of the space, whose padding would let in a second descriptor, which nobody would know of and close. */
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof *fd)
	};
	ssize_t n;

	*fd = -1;
	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof *fd))
		memcpy(fd, CMSG_DATA(header), sizeof *fd);
	if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		close_fd(fd);
		return -EMSGSIZE;
	}
	return n;
}

int cloexec_from(unsigned first)
{
	return sys_close_range(first, ~0U, CLOSE_RANGE_CLOEXEC);
}

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

int close_others(int first, int *keep, size_t count)
{
	int r = 0;

	qsort(keep, count, sizeof *keep, compare_ints);
	for (size_t i = 0; i < count && r >= 0; i++) {
		if (keep[i] < first)
			continue;
		if (keep[i] > first)
			r = sys_close_range((unsigned)first, (unsigned)keep[i] - 1, 0);
		first = keep[i] + 1;
	}
	if (r >= 0)
		r = sys_close_range((unsigned)first, ~0U, 0);
	return r < 0 ? fail(-r, "close descriptors") : 0;
}
