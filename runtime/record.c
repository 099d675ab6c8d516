#include "runtime/record.h"

#include "base/error.h"
#include "base/fd.h"
#include "runtime/hooks.h"
#include "runtime/rdt.h"
#include "runtime/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* Init reads the start fifo until it executes the program. */
static bool waits_for_start(int dir, const char *fifo)
{
	_cleanup_fd_ int fd = openat(dir, fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0;
}

enum status record_status(const struct state *state, bool alive, bool frozen, int dir, const char *fifo)
{
	if (!alive && state->pid > 0)
		return STATUS_STOPPED;
	if (!alive || !state->created)
		return STATUS_CREATING;
	if (frozen)
		return STATUS_PAUSED;
	return !state->at_once && waits_for_start(dir, fifo) ? STATUS_CREATED : STATUS_RUNNING;
}

static int determine_status(struct record *record)
{
	const struct state *state = &record->state;
	const uint64_t inode = state->pidfd_inode && store_is_of_this_boot(record->dir) ? state->pidfd_inode : 0;
	int r = state->pid > 0 ? pidref_open(&record->init, state->pid, state->start_time, inode) : -ESRCH;

	if (r < 0 && r != -ESRCH)
		return fail(-r, "open process %d of container %s", (int)state->pid, state->id);
	/* Not yet reaped is ended all the same. */
	bool alive = r >= 0 && pidref_wait_exit(&record->init, 0) == 0;

	r = 0;
	if (!alive)
		pidref_close(&record->init);
	else if (state->created)
		r = record_open_cgroup(record);
	if (r >= 0 && record->cgroup.fd >= 0)
		r = cgroup_is_frozen(&record->cgroup);
	record->status = record_status(state, alive, r > 0, record->dir, START_FIFO);
	return r;
}

int record_open(struct record *record, const struct runtime *runtime, const char *id)
{
	*record = RECORD_NONE;
	int r = store_check_id(id);

	if (r < 0)
		return r;
	record->state.arena = arena_within(runtime->memory);
	record->dir = store_open(runtime->root, id);
	if (record->dir < 0)
		return record->dir;
	r = store_load_state(record->dir, &record->state);
	if (r >= 0)
		r = determine_status(record);
	if (r < 0) {
		struct error e = error_save();

		record_close(record);
		error_restore(&e);
	}
	return r;
}

int record_open_cgroup(struct record *record)
{
	const struct state *state = &record->state;

	if (record->cgroup.fd >= 0 || !state->cgroup)
		return 0;
	int r = cgroup_open(&record->cgroup, state->systemd_cgroup ? CGROUP_MANAGER_SYSTEMD : CGROUP_MANAGER_CGROUPFS, state->cgroup);

	return r == -ENOENT ? 0 : r;
}

int record_need_cgroup(struct record *record, const char *what)
{
	int r = record_open_cgroup(record);

	if (r >= 0 && record->cgroup.fd < 0)
		return refuse(ENOTSUP, "cannot %s: container %s has no cgroup of its own", what, record->state.id);
	return r;
}

void record_close(struct record *record)
{
	close_fd(&record->dir);
	state_free(&record->state);
	pidref_close(&record->init);
	cgroup_close(&record->cgroup);
	*record = RECORD_NONE;
}

static int kill_init(struct record *record)
{
	if (record->init.fd < 0)
		return 0;
	int r = pidref_kill(&record->init, SIGKILL);

	if (r == -ESRCH)
		return 0;
	if (r >= 0)
		r = pidref_wait_exit(&record->init, -1);
	return r < 0 ? fail(-r, "kill process %d", (int)record->init.pid) : 0;
}

/* No process of the container is born before its cgroup is made: one that holds some is another's. */
static int remove_planned_cgroup(struct record *record)
{
	struct cgroup *cgroup = &record->cgroup;
	int r = cgroup_open(cgroup, CGROUP_MANAGER_CGROUPFS, record->state.planned_cgroup);

	if (r == -ENOENT)
		snprintf(cgroup->path, sizeof cgroup->path, "%s", record->state.planned_cgroup);
	else if (r >= 0)
		r = cgroup_is_populated(cgroup);
	if (r > 0)
		return 0;
	return r == 0 || r == -ENOENT ? cgroup_remove(cgroup) : r;
}

static int remove_cgroup(struct record *record)
{
	if (record->state.planned_cgroup)
		return remove_planned_cgroup(record);
	int r = record_open_cgroup(record);

	return r >= 0 && record->cgroup.fd >= 0 ? cgroup_remove(&record->cgroup) : r;
}

int record_destroy(struct record *record, const struct runtime *runtime, const struct spec *spec)
{
	struct spec _cleanup_spec_ loaded = { .arena = arena_within(runtime->memory) };
	struct arena _cleanup_arena_ arena = { 0 };

	if (!spec && !record->state.no_late_hooks && store_load_config(record->dir, &loaded) >= 0)
		spec = &loaded;
	bool hooks = spec && spec->hooks[HOOK_POSTSTOP].count > 0;
	int r = kill_init(record);

	if (r < 0)
		return r;
	r = remove_cgroup(record);
	if (r >= 0)
		r = rdt_remove(&record->state);
	if (r < 0)
		return r;
	r = store_remove(runtime->root, record->state.id);
	if (hooks)
		hooks_run_all(&spec->hooks[HOOK_POSTSTOP], HOOK_POSTSTOP, state_to_oci_json(&record->state, STATUS_STOPPED, &arena),
		              record->state.bundle);
	return r;
}
