/*
 * A container's cgroup (v2 only): made, limited, entered, frozen, killed, removed. Two drivers stand behind this interface,
 * cgroupfs and systemd; callers do not see which. Kernel document: Documentation/admin-guide/cgroup-v2.rst.
 *
 * On a hybrid host the cgroup2 hierarchy (with whatever controllers it has) is used and the v1 controllers are left alone.
 */
#pragma once

#include "oci/spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum cgroup_manager { CGROUP_MANAGER_CGROUPFS, CGROUP_MANAGER_SYSTEMD, CGROUP_MANAGER_DISABLED };

#define CGROUP_PATH_SIZE 4096

struct cgroup {
	enum cgroup_manager manager;
	char path[CGROUP_PATH_SIZE]; /* below the cgroup2 mount: "/a/b"; "" when the container has no cgroup of its own */
	int fd;          /* directory, or -1: none, or not made yet (see cgroup_attach) */
	bool begun;      /* cgroup_apply_first() has done its part of what cgroup_apply() is to do */
	bool told;       /* systemd started the scope with the limits that cgroup_apply() is about to write */
};

#define CGROUP_NONE ((struct cgroup){ .fd = -1 })

struct cgroup_request {
	enum cgroup_manager manager;
	const char *cgroups_path; /* linux.cgroupsPath or NULL */
	const char *id;           /* container id: the default's last component */
	bool delegated;           /* the container may make groups below its own: it has every controller to give to them */
	bool rootless;            /* no right to write cgroups is no error unless a path or a limit was asked for */
	const struct spec_resources *resources;
	const struct string_map *annotations; /* org.systemd.property.* */
};

/*
 * The path that a configuration means, without looking at the file system (pure, unit-tested). own is the caller's cgroup
 * ("/" or "/user.slice/…"; unused and may be NULL when cgroups_path is absolute). Absolute paths are below the mount; relative
 * ones and the default (the id) are siblings of own, which holds the caller and so cannot give controllers to groups below it.
 * "." and empty components are dropped; "..", control characters and what would name the root or own are refused (-EINVAL).
 */
int cgroup_plan_path(const struct cgroup_request *request, const char *own, char *path, size_t size);

/*
 * With CGROUP_MANAGER_DISABLED there is none, and the container stays in the caller's: an empty path, fd -1. Limits asked for are refused;
 * device rules are not, since every configuration has them.
 *
 * Otherwise make the group, enabling the controllers that the resources need top down (and, where that is possible, those that engines
 * read statistics of, or all if it is delegated), or adopt an existing empty one. An existing group that holds processes or is
 * frozen is refused (-EBUSY). After a failure no group that was made is left.
 *
 * With cgroupfs, cgroup->fd is the group: clone3 into it. With systemd it is still -1, since a scope begins with a process:
 * give it that by cgroup_attach(). A rootless caller who may not make groups and asked for none gets an empty path and fd -1.
 */
int cgroup_create(struct cgroup *cgroup, const struct cgroup_request *request);

/*
 * Once init is born and before it does anything: with systemd, start the scope with pid in it and open it (path and fd are
 * set then). A frozen one is refused (-EBUSY). Nothing to do when cgroup->fd was there already. After a failure no scope is left,
 * and pid may have been killed.
 */
int cgroup_attach(struct cgroup *cgroup, const struct cgroup_request *request, pid_t pid);

/* Open an existing group from what the state recorded ("": the container has none). -ENOENT when it is gone. */
int cgroup_open(struct cgroup *cgroup, enum cgroup_manager manager, const char *path);

/*
 * While there is no process in the group yet, write the limit that needs that: memory.max. The kernel charges memory in batches of 64 pages for each
 * processor, and of a limit that comes later such a batch may be above: for which it ends processes that have not used nearly as much
 * (memory_max_write() in mm/memcontrol.c). Nothing to do while fd is -1: systemd knows the limits before it moves a process.
 */
int cgroup_apply_first(struct cgroup *cgroup, const struct spec_resources *resources);

/*
 * Write every limit of resources (but devices), each checked; an error names the field, the file and the way out. On failure
 * values already written are put back.
 */
int cgroup_apply(struct cgroup *cgroup, const struct spec_resources *resources);

/*
 * Attach the device filter: all denied, then the rules in order, then the default devices of the specification (always allowed,
 * as runc and crun do), replacing atomically the program of an earlier call. Rules that allow everything leave no program. The
 * container's own devices are allowed only when there is no rule at all: a rule list is the whole truth (an engine that gives
 * /dev/sda with "r" must not get "w"). In a user namespace without the right to load programs: -EPERM, the caller decides.
 */
int cgroup_set_devices(struct cgroup *cgroup, const struct spec_device_rule *rules, size_t count,
		       const struct spec_device *devices, size_t device_count);

/*
 * The same in two steps, where other limits change with the filter: prepare does what may fail (the kernel's checks of the
 * program), commit puts the filter on the group.
 */
struct cgroup_devices {
	int old, loaded; /* programs, or -1 */
};

#define CGROUP_DEVICES_NONE ((struct cgroup_devices){ .old = -1, .loaded = -1 })

int cgroup_devices_prepare(struct cgroup_devices *change, const struct cgroup *cgroup, const struct spec_device_rule *rules,
			   size_t count, const struct spec_device *devices, size_t device_count);
int cgroup_devices_commit(const struct cgroup_devices *change, const struct cgroup *cgroup);
void cgroup_devices_close(struct cgroup_devices *change);
#define _cleanup_devices_ __attribute__((cleanup(cgroup_devices_close)))

/* Give the group's directory and the files of /sys/kernel/cgroup/delegate to uid (config-linux.md "Cgroup ownership"). */
int cgroup_delegate(struct cgroup *cgroup, uid_t uid);

/*
 * Move pid, which could not be born in the group or its sub-group sub ("": none) for -EACCES: from a group that is not the user's, none
 * that is can be reached. The user's systemd does that for its scopes; elsewhere it is an error that says what does work.
 */
int cgroup_adopt(struct cgroup *cgroup, const char *sub, pid_t pid);

/* cgroup.freeze, waiting on cgroup.events. -ESTALE: a member was in a state that cannot freeze within timeout_ms. -ECANCELED: somebody
 * else has thawed it before it was frozen. */
int cgroup_freeze(struct cgroup *cgroup, bool freeze, int timeout_ms);
/* 1 frozen (by itself or with an ancestor), 0 not, or gone. */
int cgroup_is_frozen(struct cgroup *cgroup);

/* The same for many groups that are not open, most of them side by side: what is above them is looked at once. */
struct cgroup_freezes {
	int root;            /* of the hierarchy, once it is needed */
	struct cgroup above; /* what the last one was in; not open when that is the root, or gone */
	bool known, frozen;  /* above */
};

#define CGROUP_FREEZES_NONE ((struct cgroup_freezes){ .root = -1, .above = CGROUP_NONE })

/* path: as for cgroup_open(). Returns as cgroup_is_frozen(). */
int cgroup_freezes_look(struct cgroup_freezes *freezes, const char *path);
void cgroup_freezes_close(struct cgroup_freezes *freezes);

/* 1 when processes live in it or below, 0 when not, or gone. */
int cgroup_is_populated(struct cgroup *cgroup);

/*
 * Send signal to every process in the group and below; SIGKILL by cgroup.kill. No process is missed that forks meanwhile, and
 * none that is not in the group is hit when a pid is reused. One that blocks the signal, as the C library's fork(3) does for an
 * instant, keeps it pending, which its child does not inherit (fork(2)).
 */
int cgroup_kill(struct cgroup *cgroup, int signal);

/* Pids of all processes in the group and below, as the caller's pid namespace sees them, each once, sorted; array in arena. */
int cgroup_pids(struct cgroup *cgroup, struct arena *arena, pid_t **pids, size_t *count);

/*
 * Kill what is left, wait for cgroup.events to say that the group is empty, remove it with its sub-groups and the empty
 * parents that a cgroup_create() of any container made (they carry the attribute user.berth.made). A group that is gone (fd
 * -1) is fine.
 */
int cgroup_remove(struct cgroup *cgroup);

void cgroup_close(struct cgroup *cgroup);
#define _cleanup_cgroup_ __attribute__((cleanup(cgroup_close)))

/*
 * Descriptor of sub-group name below the container's group ("" : the group itself), for CLONE_INTO_CGROUP by exec.
 * RESOLVE_BENEATH.
 */
int cgroup_open_sub(struct cgroup *cgroup, const char *name);

/* Absolute path of the cgroup2 mount point of this host ("/sys/fs/cgroup"), or NULL (record filled) when there is none. */
const char *cgroup_mount_point(void);

/* The caller's own cgroup2 path from /proc/self/cgroup. */
int cgroup_own_path(char *path, size_t size);
