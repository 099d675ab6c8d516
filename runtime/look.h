/*
 * What `list` shows of each container, for many of them: what they have in common is opened once, and nothing of a container stays open.
 */
#pragma once

#include "cgroups/cgroup.h"
#include "runtime/container.h"

#define LOOK_ROOM (28 * 1024) /* for an arena: what a look at a common container takes */

struct look {
	int store;        /* the state directory */
	uid_t user;       /* whose it must be: ours */
	bool of_this_boot; /* store_is_of_this_boot() */
	struct cgroup_freezes freezes;
};

#define LOOK_NONE ((struct look){ .store = -1, .freezes = CGROUP_FREEZES_NONE })

/* -ENOENT with the record when there is no state directory. */
int look_begin(struct look *look, const struct runtime *runtime);

/* As container_state(): the record and the status at this moment. *state: nothing but an arena, empty or with room of the caller's. */
int look_at(struct look *look, const char *id, struct state *state, enum status *status);

void look_end(struct look *look);
#define _cleanup_look_ __attribute__((cleanup(look_end)))
