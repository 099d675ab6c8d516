#include "runtime/wait.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "runtime/protocol.h"
#include "runtime/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLL_CHILD, POLL_SIGNALS, POLL_NOTIFY, POLL_TERMINAL, POLL_SIZE = POLL_TERMINAL + 3 };

/* Orphans of a container without a pid namespace come to us as their subreaper: everything that ended but the workload itself. */
static void reap_orphans(pid_t workload)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0 || info.si_pid == workload)
			return;
		waitpid(info.si_pid, NULL, WNOHANG);
	}
}

static int take_signals(const struct pidref *child, int signal_fd, struct terminal *terminal)
{
	struct signalfd_siginfo info[8];
	ssize_t n = read(signal_fd, info, sizeof info);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : fail(errno, "read signals");
	for (size_t i = 0; i < (size_t)n / sizeof *info; i++) {
		int signal = (int)info[i].ssi_signo;

		if (signal == SIGCHLD)
			reap_orphans(child->pid);
		else if (signal == SIGWINCH && terminal)
			terminal_resize(terminal);
		else
			(void)pidref_kill(child, signal);  /* it may just have ended: the poll tells */
	}
	return 0;
}

static int exit_status(const struct pidref *child)
{
	siginfo_t info = { 0 };

	while (waitid(ID_PIDFD, (id_t)child->fd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return fail(errno, "wait for process %d", (int)child->pid);
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

/*
 * We stay, and have its exit status: so we are the main process. A service manager that cannot be told any more is no reason to leave the
 * workload alone.
 */
static void take_notifications(const struct notify *notify)
{
	if (notify_take(notify, getpid()) < 0)
		log_warning("%s", error_record()->text);
}

static int relay_until_exit(const struct pidref *child, const struct wait_options *options, struct terminal *terminal,
                            const struct notify *notify)
{
	for (;;) {
		struct pollfd fds[POLL_SIZE] = {
			[POLL_CHILD] = { .fd = child->fd, .events = POLLIN },
			[POLL_SIGNALS] = { .fd = options->signal_fd, .events = POLLIN },
			[POLL_NOTIFY] = { .fd = notify ? notify->socket : -1, .events = POLLIN },
		};
		int count = terminal ? terminal_poll(terminal, fds + POLL_TERMINAL) : 0;

		if (poll(fds, POLL_TERMINAL + (nfds_t)count, -1) < 0) {
			if (errno == EINTR)
				continue;
			return fail(errno, "poll");
		}
		int r = fds[POLL_SIGNALS].revents ? take_signals(child, options->signal_fd, terminal) : 0;

		if (fds[POLL_NOTIFY].revents)
			take_notifications(notify);
		if (r >= 0 && terminal)
			r = terminal_step(terminal, fds + POLL_TERMINAL, count);
		if (r < 0)
			return r;
		if (fds[POLL_CHILD].revents)
			return 0;
	}
}

int wait_for_workload(const struct pidref *child, const struct wait_options *options, int master, const struct notify *notify)
{
	struct terminal *terminal = NULL;
	int r = master >= 0 ? terminal_start(&terminal, master) : 0;

	if (r >= 0)
		r = relay_until_exit(child, options, terminal, notify);
	if (terminal)
		terminal_stop(terminal);
	return r < 0 ? r : exit_status(child);
}

int wait_for_exec(int from, bool *hook_failed)
{
	struct msg msg;
	ssize_t n;

	*hook_failed = false;
	do
		n = read(from, &msg, sizeof msg);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));  /* reset: closed with START unread; what it has said comes after */
	if (n == 0)
		return 0;
	if (n < 0)
		return fail(errno, "read from the container's process");
	if (n != sizeof msg || msg.type != MSG_ERROR || msg.error.code <= 0)
		return refuse(EPROTO, "the container's process sent something else than an error");
	msg.error.text[sizeof msg.error.text - 1] = 0;
	*error_record() = msg.error;
	*hook_failed = msg.number != 0;
	return -msg.error.code;
}
