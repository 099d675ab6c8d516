#include "runtime/foreground.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/trace.h"
#include "runtime/record.h"
#include "runtime/store.h"
#include "runtime/wait.h"

#include <errno.h>

static int destroy_finished(struct creation *creation, const struct runtime *runtime)
{
	TRACE_SCOPE("remove");
	_cleanup_fd_ int lock = store_lock(creation->store);

	if (lock < 0)
		return lock == -ENOENT ? 0 : lock;  /* "delete --force" came first */
	struct record record = {
		.dir = steal_fd(&creation->store), .state = creation->state, .init = PIDREF_NONE, .cgroup = creation->cgroup
	};

	creation->state = (struct state){ 0 };
	creation->cgroup = CGROUP_NONE;
	int r = record_destroy(&record, runtime, &creation->spec);

	record_close(&record);
	return r;
}

int foreground_wait(struct creation *creation, const struct runtime *runtime, const struct wait_options *wait, bool keep)
{
	trace_begin("wait for its end");
	int status = wait_for_workload(&creation->child.ref, wait, steal_fd(&creation->terminal), &creation->notify);

	trace_end();
	if (keep && status >= 0)
		return status;
	struct error e = error_save();
	int r = destroy_finished(creation, runtime);

	if (status < 0)
		error_restore(&e);
	return status < 0 ? status : r < 0 ? r : status;
}
