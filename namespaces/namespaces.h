/*
 * Which namespaces a container gets: new ones as clone flags, others joined by path. The plan is pure; opening and joining are
 * separate steps. namespaces(7), config-linux.md "Namespaces".
 */
#pragma once

#include "base/fd.h"
#include "oci/spec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ns_plan {
	uint64_t new_flags;  /* CLONE_NEW* that clone3 makes (a stage unshares NEWTIME); without NEWCGROUP, and NEWTIME with offsets */
	bool unshare_cgroup; /* init unshares it in its own cgroup, since the kernel roots it at its maker's */
	bool time_offsets;   /* a new time namespace with offsets: unshared by the stage, whose children enter it */
	bool late_pid;       /* init stays out of the pid namespace to join, and has an heir in there: ns_defer_pid() */
	bool staged;         /* an order is forced on us, so another process goes first: see ns_join(); birth() sets it, too */
	unsigned own;        /* bit t: type t is the container's own, new or joined; what it inherits is not */
	unsigned after_user; /* bit t: the namespace to join belongs to the user namespace to join, or to one below it */
	int join[NS_TYPES];  /* descriptors of namespaces to join, or -1 */
};

#define NS_PLAN_NONE ((struct ns_plan){ .join = { -1, -1, -1, -1, -1, -1, -1, -1 } })

/*
 * Pure: from the configuration; join[] is all -1 yet. -EINVAL with the record for what makes no sense together: id maps
 * without a new or joined user namespace, time offsets without a new time namespace, a host name, a sysctl or a network
 * device for a namespace that is not the container's own. -ENOTSUP without a mount namespace.
 */
int ns_plan(struct ns_plan *plan, const struct spec *spec);

/*
 * Open and check each path: it must be a namespace file of that type; nothing else is ever opened (a FIFO must not hang
 * us, a device must not act). A path that is the caller's own namespace counts as inherited: there is nothing to join,
 * joining would be refused for a user namespace, and what needs a namespace of the container's own is refused as if no
 * path were given.
 */
int ns_open_joins(struct ns_plan *plan, const struct spec *spec);

/*
 * Who has CAP_SYS_PTRACE in a pid namespace, and no user namespace, can trace whatever comes into it, and have its privileges and its view of
 * the host. So leave the pid namespace to join (late_pid) until there is nothing left to have, if what init does before can be done from
 * outside: with the container's own mounts, no user namespace, and a procfs that shows another pid namespace (Linux 6.17).
 */
void ns_defer_pid(struct ns_plan *plan);

/* With late_pid: those that the caller makes from now on are in there. */
int ns_join_pid(const struct ns_plan *plan);

/* With late_pid: the mount option by which a procfs shows that one's processes. */
struct ns_proc_option {
	char text[sizeof "pidns=" + sizeof(struct fd_path)];
};
struct ns_proc_option ns_proc_option(const struct ns_plan *plan);

void ns_close(struct ns_plan *plan);

/*
 * Join what belongs to this phase. The order, for the stage (for a direct birth init calls the first alone, which is then
 * all of them):
 *
 *   JOIN_BEFORE_USER   what others own: needs the caller's privileges, which are gone in another user namespace
 *   JOIN_USER          the user namespace; or else unshare a new one and be mapped; then become id 0
 *   JOIN_AFTER_USER    what belongs to the joined user namespace: a caller without privileges has the right to it only now
 *   ns_make_time(), if there are offsets or NEWTIME is in new_flags; at last clone3 with what those still have: they belong
 *                      to the user namespace
 *
 * Joining a pid namespace moves only later children. Joining a mount namespace moves root and working directory to its
 * root.
 */
enum ns_join_phase { JOIN_BEFORE_USER, JOIN_USER, JOIN_AFTER_USER };
int ns_join(const struct ns_plan *plan, enum ns_join_phase phase);

/*
 * Write the id maps of a child that is in a new user namespace, from outside: directly with the privilege, else a single
 * own id with setgroups denied, else by newuidmap/newgidmap (absolute path, clean environment). pid is the child. A caller
 * without privileges needs the child to be dumpable still: the files of one that is not belong to root.
 */
int ns_write_id_maps(pid_t pid, const struct spec_id_maps *uids, const struct spec_id_maps *gids);

/*
 * The caller's name for user id uid of the process's user namespace, new or joined, which must be another than the caller's: of
 * that the kernel shows the map to its parent. -ERANGE with the record when there is none.
 */
int ns_host_uid(pid_t pid, uint32_t uid, uid_t *host);

/*
 * Descriptor of a user namespace with these maps and nothing in it, for idmapped mounts: a child unshares, is mapped, and
 * is gone when this returns.
 */
int ns_open_mapped(const struct spec_id_maps *uids, const struct spec_id_maps *gids);

/*
 * New time namespace, with offsets if there are any, for the children of the stage. The kernel judges a write of them by who opened the
 * file, and who is not dumpable any more cannot open his own: so the stage opens first, while it is what the caller is, and writes last.
 */
int ns_open_time_offsets(void);
int ns_make_time(int offsets, const struct spec *spec);

/* Is the caller in the first user namespace of all? Without a /proc to ask: yes. */
bool ns_in_host_user(void);

/* Bring "lo" up in the caller's network namespace. */
int ns_loopback_up(void);

/*
 * Pure: each sysctl must belong to a namespace in own (bits as in ns_plan): net.* network; kernel.msg*, kernel.sem,
 * kernel.shm*, fs.mqueue.* ipc; kernel.domainname uts; user.* user. kernel.hostname is refused: that is /hostname. Keys
 * are written with dots or with slashes, as in sysctl(8): the first of them is the separator, the other one stands for
 * itself. ns_plan() and ns_open_joins() call this.
 */
int sysctl_check(const struct string_map *sysctl, unsigned own);

/*
 * In init: write them through the trusted proc. Returns 1 when the kernel denies some of the IPC namespace, which are left to
 * sysctl_write_ipc() then: before Linux 6.9 (6.1.104) only root of the host may write them, since then root of the user namespace that
 * owns the IPC namespace.
 */
int sysctl_write(int proc, const struct string_map *sysctl);

/*
 * Write those of that IPC namespace, which the caller does not enter. -EPROTO with the record when there are none, or when the namespace
 * is the caller's own.
 */
int sysctl_write_ipc(int ipcns, const struct string_map *sysctl);

/* The same with those of net.* and a network namespace; none is fine. */
int sysctl_write_in(int netns, const struct string_map *sysctl);

/*
 * Run act in that namespace, of network, ipc or mounts, in a process that shares memory and descriptors with the caller, who waits and stays in
 * its own. What act returned; -errno with the record where it was not run.
 */
int ns_visit(int namespace, enum namespace_type type, int (*act)(void *argument), void *argument);

/* Is fd the namespace that the calling thread is in? Without a /proc to ask: no. */
bool ns_is_callers(int fd, enum namespace_type type);

/*
 * Move the network devices of the configuration into the network namespace netns: keeps permanent global addresses,
 * renames, sets them up (config-linux.md "Network Devices"). Called by the runtime from the host's network namespace. All
 * names are checked before any device moves, and a failure moves back what has moved. *moved is NULL then; otherwise it lives in arena, and
 * keeps the names of devices.
 */
struct net_devices;
int net_devices_move(const struct spec_net_device *devices, size_t count, int netns, struct arena *arena,
                     struct net_devices **moved);

/* Back to where, and what, they were; what cannot be undone is logged. The container's processes may have ended already. NULL is fine. */
void net_devices_return(struct net_devices *moved);

/* From now on they stay where they are. NULL is fine. */
void net_devices_close(struct net_devices *moved);
