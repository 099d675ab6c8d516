#include "cgroups/cgroup.h"

#include "cgroups/files.h"
#include "cgroups/pids.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <errno.h>

#define BATCH 256
#define FREEZE_TIMEOUT_MS 2000
#define KILL_AGAIN 3
#define KILL_LOOK_MS 20

static int list_sorted(int dir, struct pid_list *pids)
{
	pids->count = 0;
	int r = cgroup_collect_pids(dir, pids);

	if (r >= 0)
		pid_list_sort(pids);
	return r;
}

/*
 * Signals go through a pidfd that was open when the group was listed again: a process that is still listed then is the one that
 * the pidfd stands for, or one that has ended and gets nothing. So a pid that was reused outside the group is never hit.
 */
static int signal_batch(int dir, const pid_t *pids, size_t count, int signal)
{
	_cleanup_pids_ struct pid_list still = { 0 };
	int pidfds[BATCH], r = 0;

	for (size_t i = 0; i < count; i++)
		pidfds[i] = sys_pidfd_open(pids[i]);
	int listed = list_sorted(dir, &still);

	for (size_t i = 0; i < count; i++) {
		int sent = pidfds[i];

		if (sent >= 0 && listed >= 0)
			sent = pid_list_has(&still, pids[i]) ? sys_pidfd_send_signal(pidfds[i], signal) : 0;
		if (sent < 0 && sent != -ESRCH && r == 0)
			r = sent;
		close_fd(&pidfds[i]);
	}
	return listed < 0 ? listed : r;
}

/* Signal every process that is listed and has not had the signal: 1, or 0 when there was none. */
static int signal_new(int dir, struct pid_list *done, int signal)
{
	_cleanup_pids_ struct pid_list now = { 0 };
	int r = list_sorted(dir, &now);
	size_t fresh = 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < now.count; i++)
		if (!pid_list_has(done, now.items[i]))
			now.items[fresh++] = now.items[i];
	for (size_t i = 0; i < fresh && r >= 0; i += BATCH)
		r = signal_batch(dir, now.items + i, fresh - i < BATCH ? fresh - i : BATCH, signal);
	for (size_t i = 0; i < fresh && r >= 0; i++)
		r = pid_list_add(done, now.items[i]);
	if (r < 0 || fresh == 0)
		return r;
	pid_list_sort(done);
	return 1;
}

/*
 * In a frozen group nobody is in the middle of a fork(2), whose child would not be listed yet while its parent has had the
 * signal. A group that was frozen stays so. One that the kernel keeps from freezing is signalled all the same: the members it
 * holds cannot fork either.
 */
static int signal_each(struct cgroup *cgroup, int signal)
{
	_cleanup_pids_ struct pid_list done = { 0 };
	char frozen[8];
	bool freeze = cgroup_file_read(cgroup->fd, "cgroup.freeze", frozen, sizeof frozen) == 1 && frozen[0] == '0' &&
		      write_file_at(cgroup->fd, "cgroup.freeze", "1") == 0;
	int r;

	if (freeze)
		(void)cgroup_events_wait(cgroup->fd, "frozen", 1, FREEZE_TIMEOUT_MS);
	do
		r = signal_new(cgroup->fd, &done, signal);
	while (r > 0);
	int thawed = freeze ? write_file_at(cgroup->fd, "cgroup.freeze", "0") : 0;

	if (r < 0)
		return fail(-r, "send signal %d to the processes of cgroup %s", signal, cgroup->path);
	/* Gone meanwhile: nobody is left in it. */
	if (thawed < 0 && thawed != -ENOENT && thawed != -ENODEV)
		return fail(-thawed, "thaw cgroup %s", cgroup->path);
	return 0;
}

/* Processes that fork without end have been seen to survive the first time (Linux 6.18, one of thirty). */
static int kill_at_once(int dir)
{
	int r = write_file_at(dir, "cgroup.kill", "1");

	for (int again = 0; r >= 0 && again < KILL_AGAIN && cgroup_events_wait(dir, "populated", 0, KILL_LOOK_MS) == 0; again++)
		r = write_file_at(dir, "cgroup.kill", "1");
	return r;
}

int cgroup_kill(struct cgroup *cgroup, int signal)
{
	if (signal == SIGKILL) {
		int r = kill_at_once(cgroup->fd);

		/* ENODEV: the group has just been removed, by systemd when its scope ended. */
		if (r >= 0 || r == -ENODEV)
			return 0;
		/* Absent before Linux 5.14, and refused by threaded groups. */
		if (r != -ENOENT && r != -EOPNOTSUPP)
			return fail(-r, "kill the processes of cgroup %s", cgroup->path);
	}
	return signal_each(cgroup, signal);
}
