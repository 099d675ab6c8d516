/* What the runtime tells others of a process: pid files, the seccomp agent, why a child died. */
#pragma once

#include "base/pidref.h"
#include "oci/state.h"

#include <stdbool.h>
#include <sys/types.h>

/* Write "PID" to path by a temporary file and rename, so that who waits for the file never reads half of it. */
int report_pid_file(const char *path, pid_t pid);

/* Send a pidfd of the process to the Unix socket at path (--pidfd-socket), with the word "pidfd", as runc does. */
int report_pidfd(const char *path, const struct pidref *process);

/* Hand the seccomp listener to linux.seccomp.listenerPath with the container process state. */
int report_listener(const struct spec *spec, const struct state *state, enum status status, pid_t pid, int listener);

/* The child closed its end before READY: the error that says how it ended. Returns -errno always. */
int report_early_death(const struct pidref *child);

/* Does the configuration have hooks that run before start, and may look at the state? */
bool report_hooks_before_start(const struct spec *spec);
