#include "base/trace.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 160

static int file = -1;
static int depth; /* of phases; a child process has its own */

int trace_open(const char *path)
{
	struct stat st;
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(errno, "--trace %s", path);
	if (st.st_size == 0 && write(fd, "[\n", 2) != 2)
		return fail(errno, "write to --trace %s", path);
	file = steal_fd(&fd);
	return 0;
}

int trace_fd(void)
{
	return file;
}

/* Each line is one write at the end of the file: those of several processes do not mix. A trace that cannot be written breaks no container. */
static void write_line(const char *line, int length)
{
	if (length > 0 && length < LINE_SIZE)
		(void)!write(file, line, (size_t)length);
}

void trace_process(const char *name)
{
	char line[LINE_SIZE];

	depth = 0;
	if (file < 0)
		return;
	write_line(line, snprintf(line, sizeof line, "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%d,\"args\":{\"name\":\"%s\"}},\n",
	                          (int)getpid(), name));
}

/* A time namespace has a monotonic clock of its own, so this must be the clock of the wall. */
static void event(char type, const char *name)
{
	char line[LINE_SIZE];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	long long ns = (long long)now.tv_sec * 1000000000 + now.tv_nsec;

	write_line(line, snprintf(line, sizeof line, "{\"ph\":\"%c\",\"name\":\"%s\",\"ts\":%lld.%03lld,\"pid\":%d,\"tid\":0},\n", type,
	                          name, ns / 1000, ns % 1000, (int)getpid()));
}

void trace_begin(const char *phase)
{
	if (file < 0)
		return;
	depth++;
	event('B', phase);
}

void trace_end(void)
{
	if (depth == 0)
		return;
	depth--;
	event('E', "");
}

void trace_end_all(void)
{
	while (depth > 0)
		trace_end();
}
