#include "namespaces/newnet.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/raw.h"
#include "base/sys.h"
#include "base/trace.h"
#include "namespaces/namespaces.h"

#include <linux/sockios.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/wait.h>

/*
 * The task shares the memory of the thread that it works for, and with it what the C library keeps of that thread: it may call nothing that
 * writes there, be it errno.
 */
#ifdef HAVE_RAW_CALL

static __attribute__((no_sanitize("address", "undefined"))) void hand_over(struct newnet *newnet, int fd)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)newnet->message, .iov_len = newnet->size };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof fd)];
	} control = { .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd) } };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };

	*(int *)(void *)CMSG_DATA(&control.header) = fd;
	RAW_CALL(SYS_sendmsg, newnet->socket, &header, MSG_NOSIGNAL);
	newnet->fd = fd;
}

/* Any socket does for interface requests, also on a kernel without IPv4. */
static __attribute__((no_sanitize("address", "undefined"))) int make(void *data)
{
	struct newnet *newnet = data;
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	bool traced = trace_fd() >= 0;

	if (traced)
		RAW_CALL(SYS_clock_gettime, CLOCK_REALTIME, &newnet->begin);
	long r = RAW_CALL(SYS_unshare, CLONE_NEWNET), socket = -1;

	if (r >= 0)
		r = socket = RAW_CALL(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (r >= 0)
		r = RAW_CALL(SYS_ioctl, socket, SIOCSIFFLAGS, &lo);
	if (r >= 0)
		r = RAW_CALL(SYS_ioctl, socket, SIOCGSKNS);
	if (socket >= 0)
		RAW_CALL(SYS_close, socket);
	if (traced)
		RAW_CALL(SYS_clock_gettime, CLOCK_REALTIME, &newnet->end);
	if (r >= 0)
		hand_over(newnet, (int)r);
	else
		newnet->error = (int)-r;
	if (newnet->caller)
		RAW_CALL(SYS_sched_setaffinity, newnet->caller, sizeof newnet->elsewhere, &newnet->elsewhere);
	RAW_CALL(SYS_exit, 0);
	return 0;
}

/*
 * With few processors the kernel's choice of them is a bad one. It starts the task where the caller is, if the others have something to do
 * just then: it would wait for the caller there. And it wakes the caller where that was, in place of init, which works there by then, while
 * the task's own processor falls idle.
 */
static void find_elsewhere(struct newnet *newnet)
{
	static const cpu_set_t none; /* CPU_COUNT() looks at each bit */
	unsigned here;

	newnet->caller = 0;
	if (sched_getaffinity(0, sizeof newnet->before, &newnet->before) < 0 || syscall(SYS_getcpu, &here, NULL, NULL) < 0)
		return;
	newnet->elsewhere = newnet->before;
	CPU_CLR(here, &newnet->elsewhere);
	if (!CPU_EQUAL(&newnet->elsewhere, &none))
		newnet->caller = gettid();
}

bool newnet_begin(struct newnet *newnet, int socket, const void *message, size_t size)
{
	sigset_t all, before;

	newnet->fd = -1;
	newnet->error = newnet->status = 0;
	newnet->socket = socket;
	newnet->message = message;
	newnet->size = size;
	find_elsewhere(newnet);
	/* A handler of the caller's would run on this stack, in the caller's memory. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	newnet->task = clone(make, newnet->stack + sizeof newnet->stack, CLONE_VM | CLONE_FILES, newnet);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (newnet->task < 0)
		newnet->task = 0;
	if (newnet->task > 0 && newnet->caller)
		(void)sched_setaffinity(newnet->task, sizeof newnet->elsewhere, &newnet->elsewhere);
	return newnet->task > 0;
}

#else

bool newnet_begin(struct newnet *newnet, int socket, const void *message, size_t size)
{
	(void)socket;
	(void)message;
	(void)size;
	newnet->task = 0;
	return false;
}

#endif

static void wait_for(struct newnet *newnet)
{
	/* Whoever has reaped it instead of us: it has ended. */
	while (newnet->task > 0 && waitpid(newnet->task, &newnet->status, __WALL) < 0 && errno == EINTR)
		;
	if (newnet->task > 0 && newnet->caller)
		(void)sched_setaffinity(0, sizeof newnet->before, &newnet->before);
	if (newnet->task > 0)
		trace_span("network task", newnet->task, "network namespace", &newnet->begin, &newnet->end);
	newnet->task = 0;
}

static int failed(int error)
{
	return fail(error, error == ENOSPC ? "create a network namespace (the limit is /proc/sys/user/max_net_namespaces)"
	                                   : "create a network namespace");
}

int newnet_end(struct newnet *newnet)
{
	wait_for(newnet);
	if (newnet->fd >= 0)
		return newnet->fd;
	if (!newnet->error)
		return refuse(ECANCELED, "create a network namespace: the task for it was killed by signal %d", WTERMSIG(newnet->status));
	return failed(newnet->error);
}

void newnet_cancel(struct newnet *newnet)
{
	if (newnet->task == 0)
		return;
	wait_for(newnet);
	int fd = newnet->fd;

	close_fd(&fd);
}

int newnet_enter(void)
{
	TRACE_SCOPE("network namespace");
	return unshare(CLONE_NEWNET) < 0 ? failed(errno) : ns_loopback_up();
}
