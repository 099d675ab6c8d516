/*
 * What linux.resources means for the files of a group: a plan (pure), and its application. The device rules are devices.c's.
 * Rules: config-linux.md "Control groups" and "Unified"; Documentation/admin-guide/cgroup-v2.rst.
 */
#pragma once

#include "cgroups/cgroup.h"

enum {
	CGROUP_VALUE_IF_PRESENT = 1,   /* no such file: there is nothing to limit */
	CGROUP_VALUE_FIRST_OF_TWO = 2, /* this file or the next value's or both, as the kernel has them */
	CGROUP_VALUE_SECOND_OF_TWO = 4,
	CGROUP_VALUE_KEEP_QUOTA = 8,       /* cpu.max with a new period alone */
	CGROUP_VALUE_CHECK_EFFECTIVE = 16, /* cpuset: the kernel takes CPUs that are not there, and then uses others */
};

struct cgroup_value {
	const char *controller; /* "memory"; NULL for the core files cgroup.* */
	const char *file;       /* "memory.max" */
	const char *value;
	const char *field; /* "/linux/resources/memory/limit" */
	const char *reset; /* files with a line a device: what takes back a line that was not there before; else NULL */
	unsigned flags;
};

struct cgroup_values {
	struct cgroup_value *items;
	size_t count, room;
};

/*
 * The files and values, in an order in which each step is legal. Strings live in arena or resources. -EINVAL with the record.
 */
int cgroup_plan_resources(const struct spec_resources *resources, struct arena *arena, struct cgroup_values *values);

/* Whether resources ask for any limit. NULL does not. */
bool cgroup_resources_asked(const struct spec_resources *resources);

/*
 * Enable the controllers that the request's resources (may be NULL) need and, where that is possible, those that engines read
 * statistics of (memory.current, pids.current, io.stat, all of cpu.stat); for a delegated group all that there are.
 */
int cgroup_resources_enable(int root, struct cgroup *cgroup, const struct cgroup_request *request);
