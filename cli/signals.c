#include "cli/signals.h"

#include "base/error.h"
#include "base/sys.h"

#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/signalfd.h>

#define SIGNAL_MAX 64
#define BIT(signal) (UINT64_C(1) << ((signal) - 1))
/* kill(1)'s first real-time signal, glibc's; musl would start one later. */
#define REAL_TIME_MIN 34

static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "ILL", SIGILL }, { "TRAP", SIGTRAP },
	{ "ABRT", SIGABRT }, { "IOT", SIGIOT }, { "BUS", SIGBUS }, { "FPE", SIGFPE }, { "KILL", SIGKILL },
	{ "USR1", SIGUSR1 }, { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 }, { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },
	{ "TERM", SIGTERM }, { "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD }, { "CLD", SIGCHLD }, { "CONT", SIGCONT },
	{ "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG },
	{ "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ }, { "VTALRM", SIGVTALRM }, { "PROF", SIGPROF },
	{ "WINCH", SIGWINCH }, { "IO", SIGIO }, { "POLL", SIGIO }, { "PWR", SIGPWR }, { "SYS", SIGSYS },
	{ "RTMIN", REAL_TIME_MIN }, { "RTMAX", SIGNAL_MAX },
};

/* Up to three digits, nothing else. */
static int parse_digits(const char *text)
{
	size_t length = strlen(text);

	if (length < 1 || length > 3 || strspn(text, "0123456789") != length)
		return -1;
	return atoi(text);
}


/* "RTMIN+3", "RTMAX-2" */
static int parse_real_time(const char *name)
{
	bool up = strncasecmp(name, "RTMIN+", 6) == 0, down = strncasecmp(name, "RTMAX-", 6) == 0;
	int offset = up || down ? parse_digits(name + 6) : -1;
	int number = up ? REAL_TIME_MIN + offset : SIGNAL_MAX - offset;

	return offset < 0 || number < REAL_TIME_MIN ? -1 : number;
}

int signal_parse(const char *text)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	int number = parse_digits(text);

	if (number < 0)
		number = parse_real_time(name);
	for (size_t i = 0; number < 0 && i < sizeof signals / sizeof *signals; i++)
		if (strcasecmp(name, signals[i].name) == 0)
			number = signals[i].number;
	/* "unknown signal" are runc's words. */
	return number < 0 || number > SIGNAL_MAX ? refuse(EINVAL, "unknown signal \"%s\"", text) : number;
}

/*
 * The system calls themselves take 64 signals; the C libraries keep some of them from their callers (musl the one that glibc
 * calls SIGRTMIN), which a workload may use all the same.
 */
static int block(uint64_t mask)
{
	return (int)sys_result(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, sizeof mask));
}

void signal_block_file_size(void)
{
	(void)block(BIT(SIGXFSZ));
}

/* struct sigaction of the kernel: the handler comes first, and all zero is the default. */
struct kernel_action {
	unsigned long handler, rest[7];
};

uint64_t signal_reset(void)
{
	const struct kernel_action reset = { 0 };
	uint64_t ignored = 0;

	for (int number = 1; number <= SIGNAL_MAX; number++) {
		struct kernel_action action;

		if (syscall(SYS_rt_sigaction, number, NULL, &action, sizeof(uint64_t)) < 0 ||
		    action.handler != (unsigned long)(uintptr_t)SIG_IGN)
			continue;
		if (number != SIGCHLD && number != SIGPIPE)
			ignored |= BIT(number);
		block(ignored);
		syscall(SYS_rt_sigaction, number, &reset, NULL, sizeof(uint64_t));
	}
	return ignored;
}

int signal_open_forwarding(uint64_t ignored)
{
	static const uint64_t faults = BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGSYS);
	const uint64_t blocked = ~(faults | BIT(SIGTTIN)), forwarded = blocked & ~(BIT(SIGPIPE) | BIT(SIGTTOU) | ignored);
	int r = block(blocked);

	if (r < 0)
		return fail(-r, "block signals");
	int fd = (int)syscall(SYS_signalfd4, -1, &forwarded, sizeof forwarded, SFD_CLOEXEC | SFD_NONBLOCK);

	return fd < 0 ? fail(errno, "signalfd") : fd;
}
