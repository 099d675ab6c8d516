/* What cgroup.c asks of a cgroup manager. The rest (devices, freezer, signals, pids, statistics) is the same for both. */
#pragma once

#include "cgroups/cgroup.h"
#include "cgroups/resources.h"

struct cgroup_driver {
	int (*create)(struct cgroup *cgroup, const struct cgroup_request *request);
	int (*attach)(struct cgroup *cgroup, const struct cgroup_request *request, pid_t pid);
	/* These limits have been written to the group's files: tell the manager. */
	int (*tell)(struct cgroup *cgroup, const struct cgroup_values *values);
	int (*adopt)(struct cgroup *cgroup, const char *sub, pid_t pid);
	int (*remove)(struct cgroup *cgroup);
};

extern const struct cgroup_driver cgroup_driver_cgroupfs, cgroup_driver_systemd;

const struct cgroup_driver *cgroup_driver_of(enum cgroup_manager manager);

/* Can this be a container's group? -EINVAL with the record. */
int cgroup_check_path(const char *path);

/* Open the group at path below root into cgroup->fd. -errno, record filled; -ENOENT when there is none. */
int cgroup_open_at(struct cgroup *cgroup, int root, const char *path);

/* Kill what lives in the group and below, wait until it has ended, and remove the groups below. */
int cgroup_empty(struct cgroup *cgroup);
