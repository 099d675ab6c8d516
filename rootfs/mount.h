/*
 * One mount of the configuration, from plan to place. All by descriptor: the tree is made detached, gets its attributes while
 * nobody can see it, and is moved onto a destination that rootfs/destination.c opened.
 */
#pragma once

#include "rootfs/options.h"
#include "rootfs/reach.h"
#include "rootfs/rootfs.h"

struct mount_plan {
	const struct spec_mount *spec;
	size_t index;      /* N of /mounts/N */
	char *destination; /* normalised, absolute in the root */
	char *source;      /* of a bind: absolute on the host, else as the configuration has it (may be NULL) */
	struct mount_options options;
	bool by_init;      /* init can bind the source itself, though in a user namespace */
	int tree;          /* prepared detached clone of a bind's source, or -1 */
	int attached;      /* live: the mount in its place, to take it back; else -1 */
	int late_readonly; /* the mount, when it is made read-only only after everything is in it; else -1 */
};

/* Parse and check every mount. Errors name /mounts/N, as those of all functions here. */
int mounts_plan(struct rootfs *rootfs);

/* No file system to mount: an entry that only changes what is there. */
bool mount_only_changes(const struct mount_plan *plan);

/* May it depend on the network namespace of its maker? */
bool mount_shows_network(const struct mount_plan *plan);

/* Find out which sources init can bind itself. */
void mounts_look(struct rootfs *rootfs, const struct reach *reach);

/* Open, as detached trees, what init will not be able to open. */
int mounts_prepare(struct rootfs *rootfs);

/* In init: do it. rootfs->root is open. */
int mount_attach(struct rootfs *rootfs, struct mount_plan *plan);

/* In init, last: make read-only what was left writable to be filled. */
int mounts_finish(struct rootfs *rootfs);
