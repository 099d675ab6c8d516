/*
 * Detached mount trees: clones of what is mounted (open_tree(2)) and their attributes (mount_setattr(2)). -errno without the
 * record unless said.
 */
#pragma once

#include "rootfs/options.h"

/* Clone what is mounted at path (relative to dirfd); an empty path means dirfd itself. */
int tree_clone(int dirfd, const char *path, bool recursive);

/*
 * Give the tree the attributes and the propagation of the options (propagation 0: left alone); idmap_fd: the user namespace of
 * its id map, or -1. Attributes that the source's owner locked (mount_namespaces(7)) stay, with a warning. Fills the record.
 */
int tree_apply(int tree, const struct mount_options *options, int idmap_fd);

/*
 * What a clone of a device node of the host gets: it can be read and written, but the node itself, its mode and owner, is the
 * host's and must not be changed through it.
 */
#define TREE_DEVICE (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

/* Set attributes only, which no lock forbids. */
int tree_set(int tree, uint64_t attributes, bool recursive);

/* Is the descriptor that of a mount's root? */
bool tree_is_mount_root(int fd);

/*
 * Unmount, lazily, the mount whose root is mount, and what is mounted below it: that one, whatever its path leads to by now.
 * proc is a trusted proc; it becomes the working directory.
 */
int tree_detach(int proc, int mount);

/*
 * The mounts at "/" and below: nothing that happens there goes back to where they were copied from. By mount(2), since mount_setattr(2)
 * refuses the mount that a host on an initramfs has there, before Linux 6.8.
 */
int tree_make_slaves(void);

int tree_set_propagation(int dirfd, const char *path, unsigned propagation, bool recursive);
