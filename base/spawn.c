#include "base/spawn.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

#define CHILD_STACK_SIZE ((size_t)64 * 1024)

int spawn_input(const char *text)
{
	_cleanup_fd_ int fd = memory_file("input");

	if (fd < 0)
		return fail(-fd, "memfd_create");
	int r = write_all(fd, text, strlen(text));

	if (r < 0)
		return fail(-r, "write standard input");
	if (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return fail(errno, "seal standard input");
	return steal_fd(&fd);
}

/* --- the child, which shares the memory of its suspended parent until it executes (as posix_spawn does) ---------------- */

struct launch {
	const struct spawn *spawn;
	int output;       /* the pipe's write end */
	const char *step; /* what failed, with code */
	int code;
};

static int set_step(struct launch *launch, const char *step, long r)
{
	launch->step = step;
	if (r < 0)
		launch->code = errno;
	return r < 0 ? -1 : 0;
}

/* struct sigaction of the kernel: all zero is the default. */
struct kernel_action {
	unsigned long fields[8];
};

/*
 * By system call: the C libraries refuse the signals that they keep for themselves, which a caller can have ignored all the same (GNU make
 * does that to whatever it starts). SIGKILL and SIGSTOP refuse here, and cannot be ignored either.
 */
int spawn_reset_signals(void)
{
	static const struct kernel_action reset;
	static const uint64_t none;

	for (int signal = 1; signal <= 64; signal++)
		(void)syscall(SYS_rt_sigaction, signal, &reset, NULL, sizeof none);
	return (int)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}

/* The descriptors may be 0–2 themselves when the caller had those closed: out of the way first. */
static int set_descriptors(const struct launch *launch)
{
	int input = fcntl(launch->spawn->input, F_DUPFD, 3), output = fcntl(launch->output, F_DUPFD, 3);

	if (input < 0 || output < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		return -1;
	errno = -sys_close_range(3, ~0U, 0);
	return errno ? -1 : 0;
}

static int become_program(void *argument)
{
	struct launch *launch = argument;
	const struct spawn *spawn = launch->spawn;

	if (set_step(launch, "setpgid", setpgid(0, 0)) < 0 ||
	    set_step(launch, "set its descriptors", set_descriptors(launch)) < 0)
		return 127;
	if (spawn->directory && set_step(launch, "change to its directory", chdir(spawn->directory)) < 0)
		return 127;
	if (set_step(launch, "reset signals", spawn_reset_signals()) < 0)
		return 127;
	set_step(launch, "execute", execve(spawn->path, spawn->args, spawn->env));
	return 127;
}

static int await_end(int pidfd, int *status)
{
	siginfo_t info = { 0 };

	while (waitid(ID_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) < 0)
		if (errno != EINTR)
			return fail(errno, "wait for a child process");
	*status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
	return 0;
}

/* Start the program. Signals stay blocked while parent and child share memory, so that no handler runs in the child. */
static int launch_child(struct launch *launch, pid_t *pid, int *pidfd)
{
	void *stack = mmap(NULL, CHILD_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	sigset_t all, old;

	if (stack == MAP_FAILED)
		return fail(errno, "mmap");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	*pid = clone(become_program, (char *)stack + CHILD_STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_PIDFD, launch, pidfd);
	int code = errno;

	sigprocmask(SIG_SETMASK, &old, NULL);
	munmap(stack, CHILD_STACK_SIZE);
	if (*pid < 0)
		return fail(code, "clone");
	if (launch->code == 0)
		return 0;
	int status, r = await_end(*pidfd, &status);

	close_fd(pidfd);
	return r < 0 ? r : fail(launch->code, "%s", launch->step);
}

/* --- the parent's side: keep the output, mind the time ----------------------------------------------------------------- */

struct watch {
	int pidfd, output; /* output: the pipe's read end; -1 once it is at its end */
	int64_t deadline;  /* CLOCK_MONOTONIC milliseconds, or -1 */
	char *kept;        /* of SPAWN_OUTPUT_SIZE */
	size_t used;
	bool line_ended;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Half of what there is makes room for what comes, and what is left of a character of UTF-8 goes with it. */
static void keep(struct watch *watch, char c)
{
	if (watch->used == SPAWN_OUTPUT_SIZE - 1) {
		const char *rest = watch->kept + SPAWN_OUTPUT_SIZE / 2;

		while (((unsigned char)*rest & 0xc0) == 0x80)
			rest++;
		watch->used -= (size_t)(rest - watch->kept);
		memmove(watch->kept, rest, watch->used);
	}
	watch->kept[watch->used++] = c;
	watch->kept[watch->used] = 0;
}

static void note(struct watch *watch, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == '\n' || c == '\r') {
			watch->line_ended = true;
		} else if (c > ' ' && c != 0x7f) {
			for (const char *part = watch->line_ended && watch->used > 0 ? " | " : ""; *part; part++)
				keep(watch, *part);
			watch->line_ended = false;
			keep(watch, (char)c);
		} else if (watch->used > 0 && !watch->line_ended) {
			keep(watch, ' ');
		}
	}
}

/* Returns the bytes read; 0 at the end of file or when there is nothing now. */
static size_t read_output(struct watch *watch)
{
	char data[PIPE_BUF];
	ssize_t n = read(watch->output, data, sizeof data);

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			close_fd(&watch->output);
		return 0;
	}
	note(watch, data, (size_t)n);
	return (size_t)n;
}

static int time_left(const struct watch *watch)
{
	if (watch->deadline < 0)
		return -1;
	int64_t left = watch->deadline - now_ms();

	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* What the program wrote before its end is in the pipe: no waiting any more, and no more than a full pipe. */
static void drain(struct watch *watch)
{
	for (size_t total = 0, n = 1; n > 0 && total < 1U << 20; total += n)
		n = watch->output >= 0 ? read_output(watch) : 0;
}

/* Until the program has ended: 0, or -ETIMEDOUT. */
static int watch_child(struct watch *watch)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = watch->pidfd, .events = POLLIN },
			{ .fd = watch->output, .events = POLLIN },
		};
		int n = poll(fds, 2, time_left(watch));

		if (n < 0 && errno != EINTR)
			return fail(errno, "poll");
		if (n == 0)
			return -ETIMEDOUT;
		if (n < 0)
			continue;
		if (fds[1].revents)
			read_output(watch);
		if (fds[0].revents)
			return 0;
		if (time_left(watch) == 0)
			return -ETIMEDOUT;
	}
}

int spawn_run(const struct spawn *spawn, struct spawn_result *result)
{
	struct watch watch = { .pidfd = -1, .output = -1, .deadline = -1, .kept = result->output };
	struct launch launch = { .spawn = spawn };
	pid_t pid = 0;
	int pair[2];

	*result = (struct spawn_result){ 0 };
	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail(errno, "pipe");
	if (fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0) {
		int r = fail(errno, "pipe");

		close_fd(&pair[0]);
		close_fd(&pair[1]);
		return r;
	}
	if (spawn->timeout_ms >= 0)
		watch.deadline = now_ms() + spawn->timeout_ms;
	watch.output = pair[0];
	launch.output = pair[1];
	int r = launch_child(&launch, &pid, &watch.pidfd);

	close_fd(&pair[1]);
	if (r >= 0) {
		r = watch_child(&watch);
		result->timed_out = r == -ETIMEDOUT;
		/* The leader is not reaped yet, so this is still its group. */
		if (r < 0)
			kill(-pid, SIGKILL);
		int ended = await_end(watch.pidfd, &result->status);

		drain(&watch);
		r = r < 0 && !result->timed_out ? r : ended;
	}
	close_fd(&watch.pidfd);
	close_fd(&watch.output);
	return r;
}

int spawn_explain(const struct spawn *spawn, const struct spawn_result *result, char *buffer, size_t size)
{
	const char *separator = *result->output ? ": " : "";
	int status = result->status;

	if (result->timed_out) {
		snprintf(buffer, size, "killed, since it did not end within %d s%s%s", spawn->timeout_ms / 1000, separator,
			 result->output);
		return -ETIMEDOUT;
	}
	if (status == 0)
		return 0;
	if (WIFEXITED(status))
		snprintf(buffer, size, "exit status %d%s%s", WEXITSTATUS(status), separator, result->output);
	else
		snprintf(buffer, size, "killed by signal %d (%s)%s%s", WTERMSIG(status), strsignal(WTERMSIG(status)), separator,
			 result->output);
	return -ECHILD;
}
