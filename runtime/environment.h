/* The workload's environment. */
#pragma once

#include "oci/spec.h"

/*
 * process.env, of variables that are there twice the last alone (getenv(3) would find the first; runc and crun set one after the other), and
 * what engines and workloads expect beside it when it is absent there: HOME from the container's own /etc/passwd ("/" if the
 * user is not in it), and LISTEN_FDS/LISTEN_PID (sd_listen_fds(3)) when the caller passes sockets with --preserve-fds. Called inside the
 * container's root. NULL-terminated, in arena.
 */
char **environment_of(const struct spec_process *process, int preserve_fds, struct arena *arena);
