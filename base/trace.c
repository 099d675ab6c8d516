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

static void name_process(int pid, const char *name)
{
	char line[LINE_SIZE];

	write_line(line, snprintf(line, sizeof line, "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%d,\"args\":{\"name\":\"%s\"}},\n",
	                          pid, name));
}

void trace_process(const char *name)
{
	if (file < 0)
		return;
	depth = 0;
	name_process((int)getpid(), name);
}

static void event_at(char type, const char *name, int pid, const struct timespec *at)
{
	char line[LINE_SIZE];
	long long ns = (long long)at->tv_sec * 1000000000 + at->tv_nsec;

	write_line(line, snprintf(line, sizeof line, "{\"ph\":\"%c\",\"name\":\"%s\",\"ts\":%lld.%03lld,\"pid\":%d,\"tid\":0},\n", type,
	                          name, ns / 1000, ns % 1000, pid));
}

/* A time namespace has a monotonic clock of its own, so this must be the clock of the wall. */
static void event(char type, const char *name)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	event_at(type, name, (int)getpid(), &now);
}

void trace_span(const char *process, int pid, const char *phase, const struct timespec *begin, const struct timespec *end)
{
	if (file < 0)
		return;
	name_process(pid, process);
	event_at('B', phase, pid, begin);
	event_at('E', phase, pid, end);
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
