/*
 * probe: what a process in a container finds out about itself, where busybox has no tool for it. Static, for every root file system.
 *
 *   probe sched|ioprio|personality|keyring|clocks|mempolicy|merge     prints the kernel's view of this process
 *   probe same MEGABYTES                        fills memory that is the same in each such process, and sleeps
 *   probe syscall|i386|x32 NUMBER [ARG...]      makes a system call, of that ABI; prints "ok RESULT" or the number of the error
 *   probe trap NUMBER                           the same, but a SIGSYS that it raises is caught and printed: "SIGSYS errno N"
 *   probe exec FILE [ARG...]                    execve, and the number of the error
 *   probe lock FILE COMMAND [ARG...]            takes the lock of FILE, of flock(2), and executes that with it; or prints "held"
 *   probe fds                                   the open descriptors, with what they are
 *   probe signals                               the signals that are ignored or blocked
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define X32_BIT 0x40000000L

static int print_result(long r)
{
	if (r >= 0 || r < -4095)
		printf("ok %ld\n", r);
	else
		printf("errno %ld\n", -r);
	return 0;
}

static long plain(long number, const long *a)
{
	long r = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);

	return r < 0 ? -errno : r;
}

#ifdef __x86_64__
static long i386(long number, const long *a)
{
	int r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"((int)number), "b"(a[0]), "c"(a[1]), "d"(a[2]) : "r8", "r9", "r10", "r11", "memory");
	return r;
}

static long x32(long number, const long *a)
{
	return plain(number | X32_BIT, a);
}
#endif

static void on_sigsys(int signal, siginfo_t *info, void *context)
{
	(void)context;
	printf("SIG%s errno %d\n", signal == SIGSYS ? "SYS" : "?", info->si_errno);
	fflush(stdout);
	_exit(0);
}

static long trap(long number, const long *a)
{
	struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &action, NULL);
	return plain(number, a);
}

static const struct {
	const char *name;
	long (*call)(long number, const long *args);
} calls[] = {
	{ "syscall", plain },
	{ "trap", trap },
#ifdef __x86_64__
	{ "i386", i386 },
	{ "x32", x32 },
#endif
};

/* A number, or text whose address is passed. */
static long argument(const char *text)
{
	char *end;
	long value = (long)strtoul(text, &end, 0);

	return *end ? (long)(intptr_t)text : value;
}

static int show_sched(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = { .size = sizeof attr };

	if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) < 0)
		return 1;
	printf("policy %u flags %llu nice %d priority %u runtime %llu deadline %llu period %llu\n", attr.policy,
	       (unsigned long long)attr.flags, attr.nice, attr.priority, (unsigned long long)attr.runtime,
	       (unsigned long long)attr.deadline, (unsigned long long)attr.period);
	return 0;
}

static int show_ioprio(void)
{
	long value = syscall(SYS_ioprio_get, 1, 0);

	printf("class %ld priority %ld\n", value >> 13, value & 7);
	return value < 0;
}

static int show_personality(void)
{
	return printf("personality %#x\n", (unsigned)personality(0xffffffff)) < 0;
}

static int show_keyring(void)
{
	char text[1024] = "";
	long n = syscall(SYS_keyctl, 6 /* describe */, -3 /* the session's */, text, sizeof text - 1, 0);

	if (n < 0)
		printf("errno %d\n", errno);
	else
		printf("%s\n", text);
	return 0;
}

static int show_clocks(void)
{
	struct timespec monotonic, boottime;

	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_BOOTTIME, &boottime);
	return printf("monotonic %ld.%09ld boottime %ld.%09ld\n", monotonic.tv_sec, monotonic.tv_nsec, boottime.tv_sec,
	              boottime.tv_nsec) < 0;
}

static int show_mempolicy(void)
{
	unsigned long nodes[1024 / 8 / sizeof(long)] = { 0 };
	int mode = -1;

	if (syscall(SYS_get_mempolicy, &mode, nodes, 1024L, 0, 0) < 0)
		printf("errno %d\n", errno);
	else
		printf("mode %d nodes %#lx\n", mode, nodes[0]);
	return 0;
}

static int show_merge(void)
{
	return printf("merge %d\n", prctl(68 /* PR_GET_MEMORY_MERGE */, 0, 0, 0, 0)) < 0;
}

static int hold_same(const char *megabytes)
{
	size_t size = (size_t)strtoul(megabytes, NULL, 10) << 20;
	uint64_t *memory = malloc(size);

	if (!memory)
		return 1;
	for (size_t i = 0; i < size / sizeof *memory; i++)
		memory[i] = (i / 512 + 1) * 0x9e3779b97f4a7c15U;  /* no two pages of one process alike */
	printf("ready\n");
	fflush(stdout);
	pause();
	return 0;
}

static int show_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char target[4096];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

		if (n > 0 && atoi(entry->d_name) != dirfd(dir))
			printf("fd %s %.*s\n", entry->d_name, (int)n, target);
	}
	return !dir;
}

static int take_lock(const char *file, char **command)
{
	/* Open also for the command. */
	int fd = open(file, O_RDWR | O_CREAT, 0644);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		puts("held");
		return 1;
	}
	if (fd >= 0)
		execvp(command[0], command);
	return print_result(-errno);
}

static int show_signals(void)
{
	sigset_t blocked;

	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (int signal = 1; signal < 65; signal++) {
		struct sigaction action;

		if (sigismember(&blocked, signal) == 1)
			printf("blocked %d\n", signal);
		if (sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			printf("ignored %d\n", signal);
	}
	return 0;
}

static const struct {
	const char *name;
	int (*show)(void);
} views[] = {
	{ "sched", show_sched },         { "ioprio", show_ioprio },       { "personality", show_personality },
	{ "keyring", show_keyring },     { "clocks", show_clocks },       { "mempolicy", show_mempolicy },
	{ "merge", show_merge },         { "fds", show_fds },             { "signals", show_signals },
};

int main(int argc, char **argv, char **envp)
{
	const char *command = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < sizeof views / sizeof *views; i++)
		if (strcmp(command, views[i].name) == 0)
			return views[i].show();
	for (size_t i = 0; argc > 2 && i < sizeof calls / sizeof *calls; i++)
		if (strcmp(command, calls[i].name) == 0) {
			long args[6] = { 0 };

			for (int j = 0; j < 6 && j + 3 < argc; j++)
				args[j] = argument(argv[j + 3]);
			return print_result(calls[i].call(argument(argv[2]), args));
		}
	if (argc > 2 && strcmp(command, "same") == 0)
		return hold_same(argv[2]);
	if (argc > 2 && strcmp(command, "exec") == 0) {
		execve(argv[2], argv + 2, envp);
		return print_result(-errno);
	}
	if (argc > 3 && strcmp(command, "lock") == 0)
		return take_lock(argv[2], argv + 3);
	fprintf(stderr, "probe: what?\n");
	return 2;
}
