/*
 * Why this host does not offer a controller in cgroup v2, and what would give it. Asked only when something has failed: this is
 * what libcgroup, which reads every controller and mount of the host, is for. Kernel documents:
 * admin-guide/kernel-parameters.txt (cgroup_disable, cgroup_no_v1), admin-guide/cgroup-v2.rst "Mounting".
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>

struct cgroup_host_controller {
	const char *name;  /* as the kernel lists it: "memory", "blkio" for io */
	bool enabled;      /* not switched off at boot */
	int hierarchy;     /* of cgroup v1 that has it; 0: none */
	int groups;        /* in that hierarchy, its root included */
	const char *mount; /* where that hierarchy is mounted; NULL: nowhere in sight */
};

struct cgroup_host {
	struct cgroup_host_controller *items;
	size_t count;
	const char *boot; /* the kernel's command line; "" where it cannot be read */
	bool systemd;     /* process 1 is systemd */
	bool inner;       /* the root of cgroup v2 in sight is that of a cgroup namespace, below the host's */
};

/* root is that of cgroup v2 in sight. What cannot be found out is left out. Memory is the arena's. */
void cgroup_host_read(struct cgroup_host *host, int root, struct arena *arena);

/* The reason and the way out, to follow "…, which is missing: ". Pure. */
const char *cgroup_host_explain(const struct cgroup_host *host, const char *controller, struct arena *arena);
