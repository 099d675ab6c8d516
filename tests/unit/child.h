/*
 * For tests of what a process becomes: run a function in a child process, and look at what the kernel says of it. cmocka's
 * assertions jump back into the runner, which in a child would run the rest of the tests a second time: use require() there.
 * cmocka.h has a macro fail(), so it is included after everything of ours.
 */
#pragma once

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_FAILED 99

#define require(condition)                                                                                                 \
	do {                                                                                                               \
		if (!(condition)) {                                                                                        \
			dprintf(2, "%s:%d: %s (errno %d, record: %s)\n", __FILE__, __LINE__, #condition, errno,            \
			        error_record()->text);                                                                     \
			_exit(CHILD_FAILED);                                                                               \
		}                                                                                                          \
	} while (0)

/* The wait status of a child that runs work(argument) and then exits with 0. */
static inline int child_status(void (*work)(const void *), const void *argument)
{
	int status = -1;

	fflush(NULL);
	pid_t pid = fork();

	if (pid == 0) {
		/* cmocka catches these to report a failed test */
		static const int caught[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS };

		for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
			signal(caught[i], SIG_DFL);
		work(argument);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	return status;
}

static inline bool child_succeeds(void (*work)(const void *), const void *argument)
{
	int status = child_status(work, argument);

	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A line of /proc/self/status, without its name: status_line("CapBnd") is "000001ffffffffff". */
static inline const char *status_line(const char *name)
{
	static char text[16384], value[512];
	size_t length = strlen(name);

	if (read_text_at(AT_FDCWD, "/proc/self/status", text, sizeof text) < 0)
		return "unreadable";
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, name, length) == 0 && line[length] == ':') {
			snprintf(value, sizeof value, "%s", line + length + 1 + strspn(line + length + 1, " \t"));
			return value;
		}
	}
	return "absent";
}

static inline uint64_t status_mask(const char *name)
{
	return strtoull(status_line(name), NULL, 16);
}
