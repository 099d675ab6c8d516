/*
 * A container as the store knows it, opened: what every operation on an existing container starts with.
 */
#pragma once

#include "base/pidref.h"
#include "cgroups/cgroup.h"
#include "oci/state.h"
#include "runtime/container.h"

#define START_FIFO "start.fifo"    /* `start` writes START; the container is "created" as long as it is there and init reads it */
#define RESULT_FIFO "result.fifo"  /* init answers with ERROR, or its end closes at the execve */

struct record {
	int dir;              /* ROOT/ID */
	struct state state;
	struct pidref init;   /* PIDREF_NONE when it has ended */
	enum status status;
	struct cgroup cgroup; /* opened by record_open_cgroup() */
};

#define RECORD_NONE ((struct record){ .dir = -1, .init = PIDREF_NONE, .cgroup = CGROUP_NONE })

/* -ENOENT "container does not exist"; -ENODATA for a half-made one. */
int record_open(struct record *record, const struct runtime *runtime, const char *id);

/* The status of a container by what is known of its first process and its cgroup, and by its start fifo, a path from dir. */
enum status record_status(const struct state *state, bool alive, bool frozen, int dir, const char *fifo);

/* Open the container's cgroup; *gone* is no error: cgroup.fd stays -1. */
int record_open_cgroup(struct record *record);

/* As record_open_cgroup(), but without a cgroup of its own the operation `what` is refused. */
int record_need_cgroup(struct record *record, const char *what);

void record_close(struct record *record);
#define _cleanup_record_ __attribute__((cleanup(record_close)))

/*
 * Undo everything that create made (runtime.md, lifecycle steps 12 and 13): kill what lives, remove the cgroup, remove the record, then run the
 * poststop hooks. spec: the container's, or NULL: it is read from the record, with which it goes. Every step is tried; the first failure is
 * returned.
 */
int record_destroy(struct record *record, const struct runtime *runtime, const struct spec *spec);
