/*
 * peak CMD ARG...: the peak resident memory of CMD and of the children that it reaped, in KiB. Static and small, since a process's peak counts
 * what it was before its execve, too.
 */
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv)
{
	struct rusage usage;
	pid_t pid;
	int status;

	if (argc < 2 || posix_spawn(&pid, argv[1], NULL, NULL, argv + 1, environ) || wait4(pid, &status, 0, &usage) < 0)
		return 127;
	fprintf(stderr, "%ld\n", usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
