#include "runtime/look.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/pidref.h"
#include "runtime/record.h"
#include "runtime/store.h"

#include <stdio.h>
#include <unistd.h>

int look_begin(struct look *look, const struct runtime *runtime)
{
	*look = LOOK_NONE;
	look->user = geteuid();
	look->store = store_open_root(runtime->root);
	if (look->store < 0)
		return look->store;
	look->of_this_boot = store_is_of_this_boot(look->store);
	return 0;
}

void look_end(struct look *look)
{
	close_fd(&look->store);
	cgroup_freezes_close(&look->freezes);
}

static int is_alive(const struct look *look, const struct state *state)
{
	if (state->pid <= 0)
		return 0;
	return pidref_is_alive(state->pid, state->start_time, look->of_this_boot ? state->pidfd_inode : 0);
}

static int determine_status(struct look *look, const char *id, const struct state *state, enum status *status)
{
	char fifo[STORE_ID_MAX + sizeof "/" START_FIFO];
	int alive = is_alive(look, state), frozen = 0;

	if (alive < 0)
		return fail(-alive, "look at process %d of container %s", (int)state->pid, state->id);
	if (alive && state->created && state->cgroup)
		frozen = cgroup_freezes_look(&look->freezes, state->cgroup);
	snprintf(fifo, sizeof fifo, "%s/" START_FIFO, id);
	*status = record_status(state, alive, frozen > 0, look->store, fifo);
	return frozen < 0 ? frozen : 0;
}

int look_at(struct look *look, const char *id, struct state *state, enum status *status)
{
	int r = store_peek_state(look->store, look->user, id, state);

	if (r >= 0)
		r = determine_status(look, id, state, status);
	if (r < 0)
		state_free(state);
	return r;
}
