/* Giving a group the controllers that it needs: cgroup.subtree_control of each group above it. */
#pragma once

#include <stddef.h>

struct cgroup_need {
	const char *controller; /* "memory" */
	const char *field;      /* JSON path that needs it; NULL: welcome, but nothing fails without it */
	const char *file;       /* "memory.max": what the field is written to; NULL with field */
};

/*
 * Enable what is missing in the groups above path, from the root down. group is the group's directory. Fails, with the field
 * and the way out in the record, when a needed controller cannot be had.
 */
int cgroup_controllers_enable(int root, int group, const char *path, const struct cgroup_need *needs, size_t count);
