/* The processes of a group and the groups below it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pid_list {
	pid_t *items; /* malloc */
	size_t count, room;
};

/* Add the pids of every process in the group dir and below. Those that the caller's pid namespace cannot see are left out. */
int cgroup_collect_pids(int dir, struct pid_list *pids);

/* Sort, and keep each once: a process that moves to another group while the groups are walked may be there twice. */
void pid_list_sort(struct pid_list *pids);
bool pid_list_has(const struct pid_list *sorted, pid_t pid);
int pid_list_add(struct pid_list *pids, pid_t pid);
void pid_list_free(struct pid_list *pids);
#define _cleanup_pids_ __attribute__((cleanup(pid_list_free)))
