/*
 * What stands in for a file system that the kernel does not give: inside a user namespace that does not own the namespace which
 * proc, sysfs or mqueue shows, and for the cgroup file system of a container without a cgroup namespace.
 */
#pragma once

#include "rootfs/mount.h"

bool substitute_is_cgroup(const struct mount_plan *plan);

/*
 * A detached mount for a plan of type cgroup or cgroup2: the file system itself when the container has a cgroup namespace, else
 * its own group only. In a user namespace without a cgroup namespace it is read-only, and it is an empty directory where the
 * group cannot be seen (CVE-2023-25809). Fills the record.
 */
int substitute_open_cgroup(struct rootfs *rootfs, const struct mount_plan *plan, int destination);

/* filesystem_open() failed with r: a detached mount instead, or r and the record as it was. */
int substitute_open(struct rootfs *rootfs, const struct mount_plan *plan, int destination, int r);

/* A detached, empty, read-only tmpfs. -errno, record not filled. */
int substitute_empty(void);
