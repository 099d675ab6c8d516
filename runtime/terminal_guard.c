#include "runtime/terminal_guard.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <sys/wait.h>

/* In a session of its own no signal of the terminal reaches it, and job control does not forbid it to change the settings. */
static _Noreturn void stand_guard(int tty, int alive, const struct termios *settings)
{
	sigset_t all;
	char byte;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (setsid() < 0)
		_exit(1);
	tty = fcntl(tty, F_DUPFD, 3);
	alive = fcntl(alive, F_DUPFD, 3);
	if (tty < 0 || alive < 0 || dup2(tty, 0) < 0 || dup2(alive, 1) < 0 || sys_close_range(2, ~0U, 0) < 0)
		_exit(1);
	while (read(1, &byte, 1) < 0 && errno == EINTR)
		;
	(void)tcsetattr(0, TCSANOW, settings);
	_exit(0);
}

int terminal_guard_start(struct terminal_guard *guard, int tty, const struct termios *settings)
{
	/* No exit signal: this is no child that the caller knows of. */
	struct clone_args args = { .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&guard->process };
	int pair[2];

	*guard = TERMINAL_GUARD_NONE;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail(errno, "pipe");
	int pid = sys_clone3(&args);

	if (pid == 0) {
		close(pair[1]);
		stand_guard(tty, pair[0], settings);
	}
	close(pair[0]);
	guard->alive = pair[1];
	if (pid >= 0)
		return 0;
	guard->process = -1;
	close_fd(&guard->alive);
	return fail(-pid, "start a process that guards the terminal");
}

void terminal_guard_stop(struct terminal_guard *guard)
{
	siginfo_t info;

	if (guard->process >= 0) {
		(void)sys_pidfd_send_signal(guard->process, SIGKILL);
		while (waitid(ID_PIDFD, (id_t)guard->process, &info, WEXITED | __WALL) < 0 && errno == EINTR)
			;
	}
	/* Only now: closed earlier, it would be taken for our death. */
	close_fd(&guard->alive);
	close_fd(&guard->process);
}
