/*
 * What containers use at this moment, for who looks at many of them often: one call a container, nothing kept open in between.
 */
#pragma once

#include "cgroups/stats.h"
#include "namespaces/traffic.h"
#include "runtime/container.h"

struct container_usage {
	enum status status;
	pid_t pid;                 /* of init; 0 when it has ended */
	uint64_t start_time;       /* of init: tells the container from a later one with the same id */
	struct cgroup_stats stats; /* of cgroup_read_usage(); nothing set when it has no cgroup, or has ended */
	struct traffic traffic;    /* of init's network namespace, when that is another one than the caller's */
};

/*
 * What stats points to is in arena. A container that is gone is -ENOENT, a half-made one -ENODATA. A part that cannot be read, because the
 * container ends just now or the caller may not look at it, is unset.
 */
int container_usage(const struct runtime *runtime, const char *id, struct arena *arena, struct container_usage *usage);
