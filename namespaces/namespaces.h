/*
 * Which namespaces a container gets: new ones as clone flags, others joined by path. The plan is pure; opening and joining are
 * separate steps. namespaces(7), config-linux.md "Namespaces".
 */
#pragma once

#include "oci/spec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ns_plan {
	uint64_t new_flags;          /* CLONE_NEW* that clone3 makes; NEWCGROUP and NEWTIME with offsets are apart, see below */
	bool unshare_cgroup;         /* init unshares it in its own cgroup, since the kernel roots it at its maker's */
	bool time_offsets;           /* a new time namespace with offsets: unshared and written by a stage before init */
	bool staged;                 /* see namespaces.c: joins force an order */
	int join[NS_TYPES];          /* descriptors of namespaces to join, or -1 */
};

/* Pure: from the configuration; join[] is all -1 yet. -EINVAL with the record for what makes no sense together. */
int ns_plan(struct ns_plan *plan, const struct spec *spec);

/*
 * Open and check each path: it must be a namespace file of that type (NS_GET_NSTYPE), opened without blocking (a FIFO must not
 * hang us). A path that is the caller's own namespace counts as inherited where joining it would be refused (user namespace).
 */
int ns_open_joins(struct ns_plan *plan, const struct spec *spec);

void ns_close(struct ns_plan *plan);

/*
 * Write the id maps of a child that is in a new user namespace, from outside: directly with the privilege, else a single own id
 * with setgroups denied, else by newuidmap/newgidmap (absolute path, clean environment). pid is the child.
 */
int ns_write_id_maps(pid_t pid, const struct spec_id_maps *uids, const struct spec_id_maps *gids);

/*
 * Descriptor of a user namespace with these maps and nothing in it, for idmapped mounts: a child unshares, is mapped, and is gone
 * when this returns.
 */
int ns_open_mapped(const struct spec_id_maps *uids, const struct spec_id_maps *gids);

/* Write /proc/self/timens_offsets through the trusted proc, before anything enters the new time namespace. */
int ns_write_time_offsets(int proc, const struct spec *spec);

/* Bring "lo" up in the caller's network namespace. */
int ns_loopback_up(void);

/*
 * Sysctls: plan check (pure): each key must belong to a namespace that the container has of its own (new, or joined by path) –
 * net.* network; kernel.msg*, kernel.sem, kernel.shm*, fs.mqueue.* ipc; kernel.domainname and kernel.hostname uts (refused where hostname is
 * set too); user.* user. Keys with dots or slashes; ".." refused.
 */
int sysctl_check(const struct spec *spec);
/* In init: write them through the trusted proc. */
int sysctl_write(int proc, const struct string_map *sysctl);

/*
 * Move the network devices of the configuration into the network namespace netns: keeps permanent global addresses, renames,
 * sets them up (config-linux.md "Network Devices"). Called by the runtime from the host's network namespace.
 */
int net_devices_move(const struct spec_net_device *devices, size_t count, int netns);
