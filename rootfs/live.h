/*
 * Mounts of a container that runs already. What is mounted is made or opened in the host's mount namespace, where the
 * container's processes have no say in what a path means; where it goes is resolved below the container's root, and used by
 * descriptor.
 *
 *   in the runtime      live_prepare()   bind sources, with its privileges
 *   in a child          live_open()      once in the container's user namespace, if it has one, and still with the host's mounts: the rest
 *                       live_attach()    once in the container's mount namespace, with its root as root
 */
#pragma once

#include "rootfs/rootfs.h"

/*
 * Parse and check the mounts of request, whose live is set. Refused are what only changes a mount; /, /proc, /sys and /dev,
 * which the container was created with; and file systems that show the namespaces of who mounts them.
 */
int live_prepare(struct rootfs *rootfs, const struct rootfs_request *request);

/* Make the file systems, and open the bind sources that the runtime had no right to. */
int live_open(struct rootfs *rootfs);

/* Put them in their places. After a failure none of them is there. proc is a trusted proc; the working directory changes. */
int live_attach(struct rootfs *rootfs, int proc);

/*
 * Take away the topmost mounts at the destinations, the last one first. All of them are looked at before one goes: each must be
 * a mount point, without a symbolic link on the way, and none of those that keep the container in bounds: /, /proc, /sys, /dev
 * and what is in /proc, masked and read-only paths.
 */
int live_remove(struct rootfs *rootfs, int proc);
