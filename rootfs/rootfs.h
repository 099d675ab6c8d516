/*
 * The container's root file system: built in the container's own mount namespace by its init, in the order of config.md, and
 * nothing of it on the host. Every path inside the root is resolved by rootfs/path.c (openat2, RESOLVE_IN_ROOT) and used by
 * descriptor afterwards. Threats: docs/security.md (CVE-2019-19921, 2021-30465, 2023-27561, 2024-45310, 2025-31133, 2025-52565).
 */
#pragma once

#include "oci/spec.h"

#include <stdbool.h>
#include <sys/types.h>

/* What rootfs_prepare() is told; all borrowed, and alive until init has finished with the rootfs. */
struct rootfs_request {
	const struct spec *spec;
	struct arena arena;    /* what the rootfs's own begins with; may be empty */
	const char *bundle;    /* absolute path */
	bool user_namespace;   /* the container runs in a user namespace, new or joined: mknod and some mounts need fallbacks */
	bool no_pivot;         /* --no-pivot: MS_MOVE + chroot */
	bool cgroup_namespace; /* a new or joined cgroup namespace */
	const char *cgroup_mount; /* host's cgroup2 mount point, or NULL */
	const char *cgroup_path;  /* the container's group below it, or NULL */
	const char *proc_option;  /* of each procfs: that it shows the processes of another pid namespace than init's; NULL: of init's */
	const int *idmap_fds;     /* per mount: user namespace whose maps the mount takes, or -1; NULL: none at all */
	bool emulate;          /* programs of other architectures are to run: rootfs/emulate.h */
	bool live;             /* the mounts are for a container that runs already: rootfs/live.h */
};

/* One mount, planned (rootfs/options.c) and, where privileges will be gone later, with its source already open. */
struct mount_plan;

struct rootfs {
	const struct rootfs_request *request;
	const char *cgroup_path; /* what takes the place of the request's, where that was not known yet; else NULL */
	struct arena arena;
	struct mount_plan *mounts;
	size_t mount_count;
	size_t attached;   /* of them */
	char *path;        /* the root's absolute path on the host */
	int tree;          /* detached clone of the root, prepared for an init in a user namespace; -1: none */
	int root;          /* the root's directory, from rootfs_build() on; -1 before */
	int null;          /* detached clone of the host's /dev/null, verified, for masks; -1 when not needed */
	int nodes;         /* detached mount of the configured devices' nodes, for an init in a user namespace; -1: none */
	bool dev;          /* whether this runtime populates /dev, decided by the mounts: see rootfs/dev.c */
	bool bind_devices; /* mknod is not permitted: devices are mounts of the runtime's nodes, or the host's */
};

/*
 * In the runtime, before birth: parse every mount's options (errors name /mounts/N/options/M), check that root.path is a
 * directory, open (as detached clones with open_tree) the bind sources that init will have no right to open, with idmaps
 * applied, and make the device nodes that it may not make.
 */
int rootfs_prepare(struct rootfs *rootfs, const struct rootfs_request *request);

/*
 * In init, in its new mount namespace, with umask 0: root propagation, bind the root, all mounts in order, devices of the
 * configuration, default devices and symbolic links. Up to here the root is not entered, so that createRuntime hooks can see
 * both sides. In a mount namespace joined by path nothing but the propagation of the mount that root.path is on changes outside
 * the root.
 */
int rootfs_build(struct rootfs *rootfs);

/*
 * The beginning of rootfs_build(), which then goes on from there: as far as it is the same in each network namespace, up to the first
 * mount of sysfs or of a file system that is not known to be so.
 */
int rootfs_build_first(struct rootfs *rootfs);

/*
 * In init: enter the root (pivot_root by descriptor, or MS_MOVE and chroot with no_pivot), detach the old root.
 * Afterwards "/" is the container's root and the working directory is "/". A joined mount namespace has
 * other users, whose root must not change: there it is a chroot only.
 */
int rootfs_enter(struct rootfs *rootfs);

/* In init, after entering, before giving up privileges: masked paths, read-only paths, rootfsPropagation, read-only root. */
int rootfs_seal(struct rootfs *rootfs);

/*
 * In init, after rootfs_enter(): make a pty from the container's own devpts instance (/dev/pts/ptmx by descriptor, checked to
 * be devpts), with bind (init, not exec) put it onto /dev/console, give it to uid, set height × width when they are not 0. root
 * is a descriptor of the container's root. Returns the master; *peer is the slave.
 */
int rootfs_open_console(int root, bool bind, uid_t uid, unsigned height, unsigned width, int *peer);

/*
 * Does the mount have idmap or ridmap among its options, or maps of its own? Pure; request->idmap_fds wants a descriptor then.
 */
bool rootfs_mount_wants_idmap(const struct spec_mount *mount);

/* Is a cgroup file system mounted at /sys/fs/cgroup and not read-only (config-linux.md "Cgroup ownership")? Pure. */
bool rootfs_cgroup_writable(const struct spec *spec);

#define ROOTFS_NONE ((struct rootfs){ .tree = -1, .root = -1, .null = -1, .nodes = -1 })

/* Close every descriptor, in the runtime and in init each their own; the result is ROOTFS_NONE. */
void rootfs_close(struct rootfs *rootfs);
