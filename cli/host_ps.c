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

/* Reads to the end, that ps can write all of it. */
static int filter(FILE *output, const pid_t *pids, size_t count)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int column = -1;

	for (bool header = true; getline(&line, &size, output) >= 0; header = false) {
		if (header)
			column = pid_column(line);
		if (column >= 0 && (header || line_is_of(line, column, pids, count)))
			fputs(line, stdout);
	}
	if (column < 0)
		return refuse(EINVAL, "ps: its output has no column \"PID\", which tells whose processes are the container's");
	return 0;
}

static int filter_descriptor(int fd, const pid_t *pids, size_t count)
{
	FILE *output = fdopen(fd, "re");

	if (!output) {
		close(fd);
		return fail(ENOMEM, "read from ps");
	}
	int r = filter(output, pids, count);

	fclose(output);
	return r;
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

static int wait_for_ps(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return fail(errno, "wait for ps");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return refuse(ECHILD, "ps failed with status %d", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int processes_filter_ps(const pid_t *pids, size_t count, char *const *args, size_t arg_count)
{
	pid_t child = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(errno, "pipe");
	int r = spawn_ps(args, arg_count, ends[1], &child);

	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		return r;
	}
	r = filter_descriptor(ends[0], pids, count);
	struct error e = error_save();
	int ended = wait_for_ps(child);

	/* Why ps failed is more to the point than what its output lacked then. */
	if (ended >= 0)
		error_restore(&e);
	return ended < 0 ? ended : r;
}
