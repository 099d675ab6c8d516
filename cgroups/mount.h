/* Where this host has cgroup v2. */
#pragma once

#include <stddef.h>

/* Open the root of the cgroup2 hierarchy. -errno with the record filled; -ENOTSUP when the host has no cgroup v2. */
int cgroup_root_open(void);

/* The v2 path in file, a /proc/PID/cgroup. -errno with the record filled. */
int cgroup_path_in(const char *file, char *path, size_t size);
