/* Processes of the host as ps(1) shows them, read from /proc: a host that has only this program has no ps. */
#pragma once

#include "base/arena.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * Print the columns of "ps -ef" (UID PID PPID C STIME TTY TIME CMD) for pids. A process that has ended meanwhile is left out.
 * What processes call themselves is made printable. -errno with the record when /proc cannot be read at all.
 */
int processes_print(struct arena *arena, const pid_t *pids, size_t count);

/* Run the host's ps with args and pass on its header and the lines of pids. -errno with the record. */
int processes_filter_ps(const pid_t *pids, size_t count, char *const *args, size_t arg_count);
