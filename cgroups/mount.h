/* Where this host has cgroup v2. */
#pragma once

#include <stddef.h>

/* Open the root of the cgroup2 hierarchy. -errno with the record filled; -ENOTSUP when the host has no cgroup v2. */
int cgroup_root_open(void);

/* The v2 path in file, a /proc/PID/cgroup. -errno with the record filled. */
int cgroup_path_in(const char *file, char *path, size_t size);

/*
 * The options of the hierarchy (cgroup-v2.rst "Mounting": nsdelegate and others), "rw,nsdelegate,…" in text. There is one hierarchy, and whoever
 * mounts it once more from the host's cgroup namespace, and names no options, takes them away from all.
 */
#define CGROUP_OPTIONS_SIZE 256
int cgroup_options(char *text, size_t size);
/* Give them back, if they are others now. Both: -errno with the record. */
int cgroup_options_restore(const char *text);
