#include "cli/processes.h"

#include "base/error.h"
#include "base/fd.h"
#include "cli/text.h"
#include "cli/users.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define COMMAND_MAX 4096

struct process {
	uid_t uid;
	pid_t parent;
	int terminal;           /* device number; 0: none */
	uint64_t cpu, started;  /* clock ticks; started since boot */
	char name[64];
	char command[COMMAND_MAX];
};

/* Fields of /proc/PID/stat; the name may hold spaces and parentheses, so they are counted from its end. */
static int read_stat(int directory, struct process *process)
{
	char text[1024];
	uint64_t user, system;
	ssize_t n = read_text_at(directory, "stat", text, sizeof text);
	char *begin = n < 0 ? NULL : strchr(text, '('), *end = n < 0 ? NULL : strrchr(text, ')');

	if (n < 0)
		return (int)n;
	if (!begin || !end || end < begin)
		return -EINVAL;
	snprintf(process->name, sizeof process->name, "%.*s", (int)(end - begin - 1), begin + 1);
	int fields = sscanf(end + 1,
	                    " %*c %d %*d %*d %d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
	                    " %*d %*d %*d %*d %*d %*d %" SCNu64,
	                    &process->parent, &process->terminal, &user, &system, &process->started);

	process->cpu = user + system;
	return fields == 5 ? 0 : -EINVAL;
}

/* Arguments with spaces between, or the name in brackets when there are none (kernel threads, zombies). */
static int read_command(int directory, struct process *process)
{
	_cleanup_fd_ int fd = openat(directory, "cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, process->command, sizeof process->command - 1);

	if (n < 0)
		return -errno;
	while (n > 0 && !process->command[n - 1])
		n--;
	process->command[n] = 0;
	for (ssize_t i = 0; i < n; i++)
		if (!process->command[i])
			process->command[i] = ' ';
	if (n == 0)
		snprintf(process->command, sizeof process->command, "[%s]", process->name);
	text_make_printable(process->command);
	return 0;
}

static int read_process(pid_t pid, struct process *process)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d", pid);
	_cleanup_fd_ int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0 || fstat(directory, &st) < 0)
		return -errno;
	process->uid = st.st_uid;
	int r = read_stat(directory, process);

	return r < 0 ? r : read_command(directory, process);
}

/* Numbers of Documentation/admin-guide/devices.txt. */
static void format_terminal(int device, char *text, size_t size)
{
	unsigned major = major((dev_t)(unsigned)device), minor = minor((dev_t)(unsigned)device);

	if (major >= 136 && major <= 143)
		snprintf(text, size, "pts/%u", minor + (major - 136) * 256);
	else if (major == 4)
		snprintf(text, size, "tty%s%u", minor < 64 ? "" : "S", minor < 64 ? minor : minor - 64);
	else
		snprintf(text, size, "?");
}

/* Time of today, day of this year, or year. */
static void format_start(time_t start, time_t now, char *text, size_t size)
{
	struct tm then, today;

	localtime_r(&start, &then);
	localtime_r(&now, &today);
	bool same_year = then.tm_year == today.tm_year;

	strftime(text, size, same_year && then.tm_yday == today.tm_yday ? "%H:%M" : same_year ? "%b%d" : "%Y", &then);
}

static void print_process(pid_t pid, const struct process *process, double uptime)
{
	char user[USER_NAME_SIZE], terminal[16], start[16];
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK), cpu = process->cpu / ticks;
	double age = uptime - (double)process->started / (double)ticks;
	unsigned share = age >= 1 ? (unsigned)((double)process->cpu / (double)ticks * 100 / age) : 0;
	time_t now = time(NULL);

	user_name(process->uid, user, sizeof user);
	format_terminal(process->terminal, terminal, sizeof terminal);
	format_start(now - (time_t)age, now, start, sizeof start);
	printf("%-8s %7d %7d %2u %5s %-8s %02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " %s\n", user, pid, process->parent,
	       share > 99 ? 99 : share, start, terminal, cpu / 3600, cpu / 60 % 60, cpu % 60, process->command);
}

int processes_print(struct arena *arena, const pid_t *pids, size_t count)
{
	struct process *process = arena_alloc(arena, sizeof *process);
	char text[64];
	double uptime;
	ssize_t n = read_text_at(AT_FDCWD, "/proc/uptime", text, sizeof text);

	if (n < 0)
		return fail((int)-n, "/proc/uptime");
	if (sscanf(text, "%lf", &uptime) != 1)
		return refuse(EINVAL, "/proc/uptime: \"%s\" is not a time", text);
	printf("%-8s %7s %7s %2s %5s %-8s %8s %s\n", "UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD");
	for (size_t i = 0; i < count; i++)
		if (read_process(pids[i], process) >= 0)
			print_process(pids[i], process, uptime);
	return 0;
}
