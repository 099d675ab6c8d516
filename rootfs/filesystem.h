/* New file systems: fsopen(2), configured, as detached mounts. */
#pragma once

#include "rootfs/mount.h"

/*
 * Make the file system of plan, with its attributes, as a detached mount that the caller owns. destination (O_PATH) is where it
 * will go; made: it was made just now. -errno with the record filled; the kernel's own words are in it. -EOPNOTSUPP, whatever
 * the record says: this one can only be mounted by filesystem_mount().
 */
int filesystem_open(const struct rootfs *rootfs, const struct mount_plan *plan, int destination, bool made);

/*
 * The same with mount(2), onto destination at once: for values longer than fsconfig(2) takes (overlay's lowerdir), or with a
 * comma that it does not take, and for flags that it cannot express (iversion, silent, mand). The working directory is used
 * for a moment. Returns a descriptor of the mount.
 */
int filesystem_mount(const struct rootfs *rootfs, const struct mount_plan *plan, int destination, bool made);

/* Change the file system mounted at destination: remount without bind. */
int filesystem_remount(const struct mount_plan *plan, int destination);

/* The attributes that one mount takes: those of the options, recursive and not. */
uint64_t filesystem_attributes(const struct mount_options *options);

/*
 * Whether plan's file system becomes read-only only after everything is in it: nested mount points and devices are still to be
 * made.
 */
bool filesystem_is_late_readonly(const struct mount_plan *plan);
