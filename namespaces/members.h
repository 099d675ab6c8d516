/*
 * The processes of a pid namespace, and of those below it: what stands in for a container's cgroup where it has none of its
 * own. As the caller's own /proc has them; those that the caller may not trace are another user's and left out.
 * pid_namespaces(7), ioctl_ns(2).
 */
#pragma once

#include "base/arena.h"
#include "base/pidref.h"

#include <stddef.h>
#include <sys/types.h>

/* In ascending order; *pids lives in arena. -ESRCH when init has ended. */
int ns_members(const struct pidref *init, struct arena *arena, pid_t **pids, size_t *count);

/* Send signal to each that is there. SIGKILL goes to init alone: the kernel then ends the rest. */
int ns_signal_members(const struct pidref *init, int signal);
