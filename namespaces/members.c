#include "namespaces/members.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/pidref.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define MAX_LEVEL 33 /* the kernel's MAX_PID_NS_LEVEL, and the first */

static int open_namespace(pid_t pid)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Of the namespace that is looked for. As long as it is open, no other one gets its number. */
struct wanted {
	int fd;
	struct stat st;
};

static void close_wanted(struct wanted *wanted)
{
	close_fd(&wanted->fd);
}

static bool is_same(int ns, const struct wanted *wanted)
{
	struct stat st;

	return fstat(ns, &st) == 0 && st.st_ino == wanted->st.st_ino && st.st_dev == wanted->st.st_dev;
}

/* In the namespace, or in one that a process of it has made. */
static bool is_member(pid_t pid, const struct wanted *wanted)
{
	_cleanup_fd_ int ns = open_namespace(pid);

	for (int level = 0; ns >= 0 && level < MAX_LEVEL; level++) {
		if (is_same(ns, wanted))
			return true;
		int parent = ioctl(ns, NS_GET_PARENT);

		close_fd(&ns);
		ns = parent;
	}
	return false;
}

static int open_wanted(struct wanted *wanted, const struct pidref *init)
{
	wanted->fd = open_namespace(init->pid);

	if (wanted->fd < 0 && wanted->fd != -ENOENT)
		return fail(-wanted->fd, "open the pid namespace of process %d", (int)init->pid);
	/* Had it ended before, the number could have been somebody else's, and the namespace the host's. */
	if (wanted->fd < 0 || pidref_wait_exit(init, 0) != 0)
		return refuse(ESRCH, "container not running");
	return fstat(wanted->fd, &wanted->st) < 0 ? fail(errno, "stat the pid namespace of process %d", (int)init->pid) : 0;
}

/* The next process of /proc that is a member, 0 at the end. */
static pid_t next_member(DIR *proc, const struct wanted *wanted)
{
	struct dirent *entry;

	while ((entry = readdir(proc))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (pid > 0 && !*end && is_member((pid_t)pid, wanted))
			return (pid_t)pid;
	}
	return 0;
}

static int open_proc(DIR **proc)
{
	*proc = opendir("/proc");
	return *proc ? 0 : fail(errno, "open /proc");
}

static int list_members(const struct wanted *wanted, struct arena *arena, pid_t **pids, size_t *count)
{
	_cleanup_dir_ DIR *proc = NULL;
	size_t room = 0;
	pid_t pid;
	int r = open_proc(&proc);

	*pids = NULL;
	*count = 0;
	/* procfs lists them in ascending order. */
	while (r >= 0 && (pid = next_member(proc, wanted)) > 0) {
		if (*count == room) {
			pid_t *grown = arena_array(arena, room = 2 * room + 32, sizeof *grown);

			memcpy(grown, *count ? *pids : grown, *count * sizeof *grown);
			*pids = grown;
		}
		(*pids)[(*count)++] = pid;
	}
	return r;
}

int ns_members(const struct pidref *init, struct arena *arena, pid_t **pids, size_t *count)
{
	struct wanted wanted __attribute__((cleanup(close_wanted))) = { .fd = -1 };
	int r = open_wanted(&wanted, init);

	return r < 0 ? r : list_members(&wanted, arena, pids, count);
}

/* A pidfd first, then the look: so it is nobody who has got the number meanwhile. */
static int signal_member(pid_t pid, const struct wanted *wanted, int signal)
{
	struct pidref _cleanup_pidref_ member = PIDREF_NONE;

	if (pidref_open(&member, pid, 0, 0) < 0 || !is_member(pid, wanted))
		return 0;
	int r = pidref_kill(&member, signal);

	return r == -ESRCH ? 0 : r < 0 ? fail(-r, "send signal %d to process %d", signal, (int)pid) : 0;
}

int ns_signal_members(const struct pidref *init, int signal)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct wanted wanted __attribute__((cleanup(close_wanted))) = { .fd = -1 };
	size_t count = 0;
	pid_t *pids;
	int r = open_wanted(&wanted, init);

	if (r >= 0 && signal == SIGKILL) {
		r = pidref_kill(init, SIGKILL);
		return r == -ESRCH ? 0 : r < 0 ? fail(-r, "send SIGKILL to process %d", (int)init->pid) : 0;
	}
	if (r >= 0)
		r = list_members(&wanted, &arena, &pids, &count);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = signal_member(pids[i], &wanted, signal);
	return r;
}
