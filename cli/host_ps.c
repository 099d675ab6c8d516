/* The host's own ps, for options that only it knows. */
#include "cli/processes.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Which column of the header is called PID; -1: none. */
static int pid_column(const char *header)
{
	int column = 0;

	for (const char *field = header + strspn(header, " "); *field && *field != '\n'; column++) {
		size_t length = strcspn(field, " \n");

		if (length == 3 && memcmp(field, "PID", 3) == 0)
			return column;
		field += length;
		field += strspn(field, " ");
	}
	return -1;
}

static bool line_is_of(const char *line, int column, const pid_t *pids, size_t count)
{
	const char *field = line + strspn(line, " ");

	for (; column > 0; column--) {
		field += strcspn(field, " \n");
		field += strspn(field, " ");
	}
	long pid = strtol(field, NULL, 10);

	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static int filter(FILE *output, const pid_t *pids, size_t count)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	if (getline(&line, &size, output) < 0)
		return refuse(EINVAL, "ps: printed nothing");
	int column = pid_column(line);

	if (column < 0)
		return refuse(EINVAL, "ps: its output has no column \"PID\", which tells whose processes are the container's");
	fputs(line, stdout);
	while (getline(&line, &size, output) >= 0)
		if (line_is_of(line, column, pids, count))
			fputs(line, stdout);
	return 0;
}

static int spawn_ps(char *const *args, size_t arg_count, int output, pid_t *child)
{
	char **argv = calloc(arg_count + 2, sizeof *argv);
	posix_spawn_file_actions_t actions;
	char name[] = "ps";

	if (!argv)
		return fail(ENOMEM, "ps");
	argv[0] = name;
	memcpy(argv + 1, args, arg_count * sizeof *argv);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	int code = posix_spawnp(child, "ps", &actions, NULL, argv, environ);

	posix_spawn_file_actions_destroy(&actions);
	free(argv);
	return code ? fail(code, "run the host's ps (without ps options none is needed)") : 0;
}

int processes_filter_ps(const pid_t *pids, size_t count, char *const *args, size_t arg_count)
{
	int ends[2], status;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(errno, "pipe");
	int r = spawn_ps(args, arg_count, ends[1], &child);

	close(ends[1]);
	FILE *output = r < 0 ? NULL : fdopen(ends[0], "re");

	if (!output) {
		close(ends[0]);
		return r < 0 ? r : fail(ENOMEM, "ps");
	}
	r = filter(output, pids, count);
	fclose(output);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (r >= 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		return refuse(ECHILD, "ps failed with status %d",
		              WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return r;
}
