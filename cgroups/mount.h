/* Where this host has cgroup v2. */
#pragma once

/* Open the root of the cgroup2 hierarchy. -errno with the record filled; -ENOTSUP when the host has no cgroup v2. */
int cgroup_root_open(void);
