/*
 * Limits and scheduling of the calling process, as config.md "POSIX process", "Linux Process" and config-linux.md "Memory
 * policy", "Personality" have them. What is absent is left alone. Errors name the JSON path, the value, and what the kernel
 * wants where that is known.
 */
#pragma once

#include "oci/spec.h"

#include <sys/types.h>

int limits_set_rlimits(const struct spec_process *process);

/*
 * Runtime: raise the hard limits of process pid as far as it will raise them itself, which from within a user namespace it may not
 * (prlimit(2)). What the caller may not raise either is left alone: limits_set_rlimits() will say so.
 */
void limits_allow_rlimits(pid_t pid, const struct spec_process *process);

/*
 * Runtime: oom_score_adj of process pid, through the caller's /proc, since a mapped child that is not dumpable cannot open its
 * own file and has not the privilege to lower the value. Without CAP_SYS_RESOURCE over the host the kernel forbids to go below
 * the lowest value set before: an error, unless the value is there already.
 */
int limits_set_oom_score(pid_t pid, const struct spec_process *process);

int limits_set_scheduler(const struct spec_scheduler *scheduler);

/* For the calling process; what it starts later inherits it. */
int limits_set_io_priority(const struct spec_io_priority *priority);

int limits_set_personality(const struct spec_personality *personality);

int limits_set_memory_policy(const struct spec_memory_policy *policy);

/*
 * All CPUs that the cgroup allows. Otherwise what the caller was bound to, systemd's CPUAffinity= of an engine say, would bind the container
 * as well, since Linux 6.2 even beside its own cpuset. Whatever forbids it leaves it as it was.
 */
void limits_reset_affinity(void);

/* json_path names the list in errors. CPUs that the machine does not have are ignored by the kernel unless none is left. */
int limits_set_affinity(const struct spec_cpus *cpus, const char *json_path);
