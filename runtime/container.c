#include "runtime/container.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/trace.h"
#include "namespaces/members.h"
#include "runtime/create.h"
#include "runtime/foreground.h"
#include "runtime/hooks.h"
#include "runtime/notify.h"
#include "runtime/rdt.h"
#include "runtime/record.h"
#include "runtime/store.h"
#include "runtime/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define FREEZE_TIMEOUT_MS 10000

int container_create(const struct runtime *runtime, const struct create_options *options)
{
	struct creation _cleanup_creation_ creation;

	return creation_make(&creation, runtime, options, false, true);
}

/* --- start ----------------------------------------------------------------------------------------------------------------- */

/* runtime.md, lifecycle step 9: a poststart hook that fails stops and destroys the container. */
static int run_poststart(const struct spec *spec, const struct state *state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	const struct spec_hook_list *hooks = &spec->hooks[HOOK_POSTSTART];

	if (hooks->count == 0)
		return 0;
	return hooks_run(hooks, HOOK_POSTSTART, state_to_oci_json(state, STATUS_RUNNING, &arena), state->bundle);
}

/*
 * Whoever wants to change or delete the container, a hook among them, is not to wait for hooks: they run without the lock. Taken again, it
 * tells whether the container is still there, and after a delete that has come between not before that has done its work.
 */
static int lock_again(const struct record *record, int *lock)
{
	if (*lock < 0)
		*lock = store_lock(record->dir);
	if (*lock == -ENOENT)
		return refuse(ENOENT, "container %s was deleted while it was being started", record->state.id);
	return *lock < 0 ? *lock : 0;
}

/* Tell init to go on, and wait for its execve or its error. */
static int release(struct record *record, const struct spec *spec, int *lock, bool *hook_failed)
{
	_cleanup_fd_ int start = openat(record->dir, START_FIFO, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	_cleanup_fd_ int result = openat(record->dir, RESULT_FIFO, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (start < 0 || result < 0)
		return fail(errno, "open the start fifo of container %s", record->state.id);
	if (fcntl(result, F_SETFL, O_RDONLY) < 0)
		return fail(errno, "the start fifo of container %s", record->state.id);
	struct msg msg = { .type = MSG_START };
	ssize_t n = write_quietly(start, &msg, sizeof msg);

	if (n < 0)
		return fail((int)-n, "start container %s", record->state.id);
	/* Only now: killed before, we leave a container that can be started. Left over, they mean nothing once nobody reads them. */
	(void)unlinkat(record->dir, START_FIFO, 0);
	(void)unlinkat(record->dir, RESULT_FIFO, 0);
	if (spec->hooks[HOOK_START_CONTAINER].count > 0)
		close_fd(lock);
	return wait_for_exec(result, hook_failed);
}

static void destroy_failed(struct record *record, const struct runtime *runtime, const struct spec *spec, int *lock)
{
	struct error e = error_save();
	int r = lock_again(record, lock);

	/* Whoever has deleted it meanwhile has run the poststop hooks, too. */
	if (r >= 0)
		r = record_destroy(record, runtime, spec);
	if (r < 0 && *lock != -ENOENT)
		log_warning("destroy container %s: %s", record->state.id, error_record()->text);
	error_restore(&e);
}

static int start(struct record *record, const struct runtime *runtime, struct notify *notify, int *lock)
{
	struct spec _cleanup_spec_ spec = { .arena = arena_within(runtime->memory) };
	int r = record->state.no_late_hooks ? 0 : store_load_config(record->dir, &spec);

	if (r >= 0)
		r = notify_listen(notify, record->dir, runtime->notify_socket);
	if (r < 0)
		return r;
	bool destroy = false;

	r = release(record, &spec, lock, &destroy);
	if (r >= 0)
		r = lock_again(record, lock);
	if (r >= 0 && spec.hooks[HOOK_POSTSTART].count > 0) {
		close_fd(lock);
		r = run_poststart(&spec, &record->state);
		destroy = r < 0;
	}
	if (destroy)
		destroy_failed(record, runtime, &spec, lock);
	return r;
}

int container_start(const struct runtime *runtime, const char *id)
{
	struct record _cleanup_record_ record = RECORD_NONE;
	int r = record_open(&record, runtime, id);

	if (r < 0)
		return r;
	struct notify _cleanup_notify_ notify = NOTIFY_NONE;
	_cleanup_fd_ int lock = store_lock(record.dir);

	if (lock < 0)
		return lock;
	/* Whoever held the lock before us may have started it. */
	if (record.status == STATUS_CREATED && faccessat(record.dir, START_FIFO, F_OK, 0) < 0)
		record.status = STATUS_RUNNING;
	switch (record.status) {
	case STATUS_CREATED:
		r = start(&record, runtime, &notify, &lock);
		/* That may take long, and "delete" need not wait for it. */
		close_fd(&lock);
		if (r >= 0)
			notify_wait(&notify, &record.init);
		return r;
	case STATUS_STOPPED:
		return refuse(EINVAL, "cannot start a container that has stopped");
	case STATUS_CREATING:
		return refuse(EBUSY, "container %s is still being created", id);
	default:
		return refuse(EINVAL, "cannot start an already running container");
	}
}

/* --- run ------------------------------------------------------------------------------------------------------------------- */

static int start_created(struct creation *creation)
{
	TRACE_SCOPE("start");
	bool hook_failed;
	int r = wait_for_exec(creation->child.socket, &hook_failed);

	return r < 0 ? r : run_poststart(&creation->spec, &creation->state);
}

int container_run(const struct runtime *runtime, const struct create_options *options, const struct wait_options *wait, bool keep)
{
	struct creation _cleanup_creation_ creation;
	int r = creation_make(&creation, runtime, options, true, !wait);

	if (r < 0)
		return r;
	r = start_created(&creation);
	if (r < 0) {
		creation_undo(&creation);
		return r;
	}
	if (wait)
		return foreground_wait(&creation, runtime, wait, keep);
	notify_wait(&creation.notify, &creation.child.ref);
	return 0;
}

/* --- state, kill, delete, pause, resume, ps ---------------------------------------------------------------------------------- */

int container_state(const struct runtime *runtime, const char *id, struct state *state, enum status *status)
{
	struct record _cleanup_record_ record = RECORD_NONE;
	int r = record_open(&record, runtime, id);

	*status = record.status;
	*state = record.state;
	record.state = (struct state){ 0 };
	return r;
}

/* Somebody may have moved init out of the group: SIGKILL is meant for it wherever it is. */
static int kill_group(struct record *record, int signal)
{
	int r = cgroup_kill(&record->cgroup, signal);

	if (r < 0 || signal != SIGKILL || record->init.fd < 0)
		return r;
	r = pidref_kill(&record->init, signal);
	return r < 0 && r != -ESRCH ? fail(-r, "send signal %d to container %s", signal, record->state.id) : 0;
}

int container_kill(const struct runtime *runtime, const char *id, int signal, bool all)
{
	struct record _cleanup_record_ record = RECORD_NONE;
	int r = record_open(&record, runtime, id);

	if (r < 0)
		return r;
	if (all || (signal == SIGKILL && !record.state.own_pid_namespace)) {
		/* Without a pid namespace of its own, init's end takes nobody with it. */
		r = record_open_cgroup(&record);
		if (r >= 0 && record.cgroup.fd >= 0)
			return kill_group(&record, signal);
		if (r < 0)
			return r;
	}
	if (all && record.status == STATUS_STOPPED && (record.state.cgroup || record.state.own_pid_namespace))
		return 0; /* nobody is left: a scope goes with its last process */
	if (record.status == STATUS_STOPPED || record.init.fd < 0)
		return refuse(ESRCH, "container not running");
	if (all && record.state.own_pid_namespace)
		return context(ns_signal_members(&record.init, signal), "container %s", id);
	r = pidref_kill(&record.init, signal);
	if (r == -ESRCH)
		return refuse(ESRCH, "container not running");
	return r < 0 ? fail(-r, "send signal %d to container %s", signal, id) : 0;
}

static int half_made(const char *id)
{
	return refuse(EBUSY, "container %s is half made: it is being created, or its creation was interrupted (delete --force cleans up)", id);
}

/* A creator that died at once left the directory; or somebody who has the lock is about to remove it. */
static int delete_without_state(const struct runtime *runtime, const char *id, bool force)
{
	_cleanup_fd_ int dir = force ? store_open(runtime->root, id) : -1, lock = -1;

	if (!force)
		return half_made(id);
	if (dir >= 0)
		lock = store_lock(dir);
	if (dir == -ENOENT || lock == -ENOENT)
		return 0;
	return dir < 0 ? dir : lock < 0 ? lock : store_remove(runtime->root, id);
}

int container_delete(const struct runtime *runtime, const char *id, bool force)
{
	struct record _cleanup_record_ record = RECORD_NONE;
	int r = record_open(&record, runtime, id);

	if (r == -ENOENT && force)
		return 0;
	if (r == -ENODATA)
		return delete_without_state(runtime, id, force);
	if (r < 0)
		return r;
	_cleanup_fd_ int lock = store_lock(record.dir);

	if (lock < 0)
		return lock == -ENOENT && force ? 0 : lock;
	if (record.status == STATUS_CREATING && !force)
		return half_made(id);
	if (record.status != STATUS_STOPPED && !force)
		return refuse(EBUSY, "cannot delete container %s that is not stopped: %s", id, status_name(record.status));
	return record_destroy(&record, runtime, NULL);
}

static int freeze(const struct runtime *runtime, const char *id, bool frozen)
{
	struct record _cleanup_record_ record = RECORD_NONE;
	const char *verb = frozen ? "pause" : "resume";
	int r = record_open(&record, runtime, id);

	if (r < 0)
		return r;
	if (frozen ? record.status != STATUS_RUNNING && record.status != STATUS_CREATED : record.status != STATUS_PAUSED)
		return refuse(EINVAL, "cannot %s container %s: it is %s", verb, id, status_name(record.status));
	r = record_need_cgroup(&record, verb);
	return r < 0 ? r : cgroup_freeze(&record.cgroup, frozen, FREEZE_TIMEOUT_MS);
}

int container_pause(const struct runtime *runtime, const char *id)
{
	return freeze(runtime, id, true);
}

int container_resume(const struct runtime *runtime, const char *id)
{
	return freeze(runtime, id, false);
}

int container_pids(const struct runtime *runtime, const char *id, struct arena *arena, pid_t **pids, size_t *count)
{
	struct record _cleanup_record_ record = RECORD_NONE;
	int r = record_open(&record, runtime, id);

	if (r >= 0)
		r = record_open_cgroup(&record);
	if (r >= 0 && record.cgroup.fd < 0 && record.state.own_pid_namespace) {
		*count = 0;
		return record.init.fd < 0 ? 0 : ns_members(&record.init, arena, pids, count);
	}
	if (r >= 0)
		r = record_need_cgroup(&record, "list processes");
	return r < 0 ? r : cgroup_pids(&record.cgroup, arena, pids, count);
}

/* --- update, events -------------------------------------------------------------------------------------------------------- */

static int open_living(struct record *record, const struct runtime *runtime, const char *id, const char *what)
{
	int r = record_open(record, runtime, id);

	if (r < 0)
		return r;
	if (record->status == STATUS_STOPPED || record->status == STATUS_CREATING)
		return refuse(EINVAL, "cannot %s container %s: it is %s", what, id, status_name(record->status));
	return record_need_cgroup(record, what);
}

/* memory.swap.max holds swap alone, so the limit of both together needs the one of memory. */
static int complete_swap(struct cgroup *cgroup, struct spec_memory *memory)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct cgroup_stats stats;

	if (!memory->swap.set || memory->swap.value <= 0 || memory->limit.set)
		return 0;
	int r = cgroup_read_stats(cgroup, &arena, &stats);

	if (r >= 0 && stats.memory.set && stats.memory.max <= INT64_MAX)
		memory->limit = (struct opt_i64){ .set = true, .value = (int64_t)stats.memory.max };
	return r;
}

/* The annotations of the state tell the bandwidth that the container has now. */
static void annotate(struct state *state, const char *key, const struct bandwidth_limit *limit)
{
	struct string_map *map = &state->annotations, old = *map;
	size_t i = 0;

	if (!limit->set)
		return;
	while (i < old.count && strcmp(old.items[i].key, key) != 0)
		i++;
	map->set = true;
	map->count = i == old.count ? old.count + 1 : old.count;
	map->items = arena_array(&state->arena, map->count, sizeof *map->items);
	for (size_t j = 0; j < old.count; j++)
		map->items[j] = old.items[j];
	map->items[i] = (struct string_pair){ arena_strdup(&state->arena, key), bandwidth_to_text(limit, &state->arena) };
}

/* Read anew, since another update may have come before us. *before is what to restore() when the update fails. */
static int record_bandwidth(struct record *record, const struct bandwidth *bandwidth, struct string_map *before)
{
	struct state fresh = { 0 };
	int r = store_load_state(record->dir, &fresh);

	if (r < 0)
		return r;
	state_free(&record->state);
	record->state = fresh;
	*before = fresh.annotations;
	annotate(&record->state, BANDWIDTH_EGRESS, &bandwidth->egress);
	annotate(&record->state, BANDWIDTH_INGRESS, &bandwidth->ingress);
	return store_save_state(record->dir, &record->state);
}

static void restore(struct record *record, const struct string_map *before)
{
	struct error e = error_save();

	record->state.annotations = *before;
	if (store_save_state(record->dir, &record->state) < 0)
		log_warning("the state of container %s tells limits that were not set: %s", record->state.id, error_record()->text);
	error_restore(&e);
}

static int apply_limits(struct cgroup *cgroup, const struct spec_resources *resources, struct cgroup_bandwidth *network)
{
	struct cgroup_devices _cleanup_devices_ devices = CGROUP_DEVICES_NONE;
	int r = 0;

	if (resources->device_count > 0)
		r = cgroup_devices_prepare(&devices, cgroup, resources->devices, resources->device_count, NULL, 0);
	if (r >= 0)
		r = cgroup_apply(cgroup, resources);
	if (r >= 0 && resources->device_count > 0)
		r = cgroup_devices_commit(&devices, cgroup);
	return r >= 0 && network ? cgroup_bandwidth_commit(network) : r;
}

/* Whatever of programs and the record may fail comes before the limits, which are taken back when one of them fails. */
static int apply_update(struct record *record, const struct spec_resources *resources, const struct bandwidth *bandwidth)
{
	struct cgroup_bandwidth _cleanup_bandwidth_ network = CGROUP_BANDWIDTH_NONE;
	struct string_map before;

	if (!bandwidth || !bandwidth_asked(bandwidth))
		return apply_limits(&record->cgroup, resources, NULL);
	int r = cgroup_bandwidth_prepare(&network, &record->cgroup, bandwidth);

	if (r >= 0)
		r = record_bandwidth(record, bandwidth, &before);
	if (r < 0)
		return r;
	r = apply_limits(&record->cgroup, resources, &network);
	if (r < 0)
		restore(record, &before);
	return r;
}

/* The schemata first, since they can be written back. */
static int apply_all(struct record *record, const struct spec_resources *resources, const struct bandwidth *bandwidth,
                     const struct spec_intel_rdt *rdt)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char *before = NULL;
	bool schemata = rdt && (rdt->l3_cache_schema || rdt->mem_bw_schema);
	int r = schemata ? rdt_change(&record->state, rdt, &arena, &before) : 0;

	if (r < 0)
		return r;
	r = apply_update(record, resources, bandwidth);
	if (r < 0 && schemata)
		rdt_restore(&record->state, before);
	return r;
}

int container_update(const struct runtime *runtime, const char *id, const struct spec_resources *resources,
		     const struct bandwidth *bandwidth, const struct spec_intel_rdt *rdt)
{
	struct record _cleanup_record_ record = RECORD_NONE;
	struct spec_resources complete = *resources;
	int r = open_living(&record, runtime, id, "update");

	if (r < 0)
		return r;
	_cleanup_fd_ int lock = store_lock(record.dir);

	if (lock < 0)
		return lock;
	r = complete_swap(&record.cgroup, &complete.memory);
	return r < 0 ? r : apply_all(&record, &complete, bandwidth, rdt);
}

static int read_stats(struct cgroup *cgroup, const struct resctrl_view *rdt, struct arena *arena, struct cgroup_stats *stats)
{
	int r = cgroup_read_stats(cgroup, arena, stats);

	if (r >= 0)
		resctrl_view_read(rdt, arena, &stats->rdt);
	return r;
}

int container_stats(const struct runtime *runtime, const char *id, struct arena *arena, struct cgroup_stats *stats)
{
	struct record _cleanup_record_ record = RECORD_NONE;
	struct resctrl_view _cleanup_view_ rdt = RESCTRL_VIEW_NONE;
	int r = open_living(&record, runtime, id, "read the statistics of");

	if (r >= 0)
		r = rdt_view(&record.state, &rdt);
	return r < 0 ? r : read_stats(&record.cgroup, &rdt, arena, stats);
}

int container_watch_stats(struct container_watch *watch, struct arena *arena, struct cgroup_stats *stats)
{
	return read_stats(&watch->cgroup, &watch->rdt, arena, stats);
}

int container_watch(struct container_watch *watch, const struct runtime *runtime, const char *id)
{
	struct record _cleanup_record_ record = RECORD_NONE;

	*watch = (struct container_watch){ .cgroup = CGROUP_NONE, .init = PIDREF_NONE, .rdt = RESCTRL_VIEW_NONE, .changes = -1 };
	int r = open_living(&record, runtime, id, "watch");

	if (r >= 0)
		r = rdt_view(&record.state, &watch->rdt);
	if (r < 0)
		return r;
	watch->changes = cgroup_watch(&record.cgroup);
	if (watch->changes < 0)
		return watch->changes;
	watch->cgroup = record.cgroup;
	watch->init = record.init;
	record.cgroup = CGROUP_NONE;
	record.init = PIDREF_NONE;
	return 0;
}

void container_watch_close(struct container_watch *watch)
{
	close_fd(&watch->cgroup.fd);
	close_fd(&watch->changes);
	resctrl_view_close(&watch->rdt);
	pidref_close(&watch->init);
}
