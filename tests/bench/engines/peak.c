/*
 * Named after a runtime that is installed, it runs that and appends the runtime's peak resident memory in KiB, and that of the children that
 * the runtime reaped, to its own path with ".log" behind. An engine cannot tell the difference.
 */
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
	char self[PATH_MAX], log[PATH_MAX + 8];
	struct rusage usage;
	pid_t pid;
	int status;
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

	if (argc < 1 || length < 0)
		return 127;
	self[length] = 0;
	snprintf(log, sizeof log, "%s.log", self);
	if (posix_spawnp(&pid, strrchr(self, '/') + 1, NULL, NULL, argv, environ) || wait4(pid, &status, 0, &usage) < 0)
		return 127;
	FILE *file = fopen(log, "a");

	if (file) {
		fprintf(file, "%ld\n", usage.ru_maxrss);
		fclose(file);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
