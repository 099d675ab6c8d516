/* Waiting for a workload in the foreground: exit status, signals, terminal. */
#pragma once

#include "base/pidref.h"
#include "runtime/container.h"
#include "runtime/notify.h"

/*
 * Wait for child (a child process of the caller): forward the signals that arrive at options->signal_fd, relay master (-1: none; owned
 * from now on), reap orphans that a subreaper inherits, and hand on what it says to the service manager (notify; may be NULL). Returns the
 * exit status: the code, or 128 + signal.
 */
int wait_for_workload(const struct pidref *child, const struct wait_options *options, int master, const struct notify *notify);

/*
 * After START: wait until the workload has been executed, seen from the end where errors arrive. 0: executed; -errno with the child's
 * own record, *hook_failed telling whether it was a startContainer hook's.
 */
int wait_for_exec(int from, bool *hook_failed);
