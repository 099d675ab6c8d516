/* The only resolver of paths inside a container's root. */
#pragma once

#include <sys/types.h>

/*
 * Open path inside root (a directory descriptor), every symbolic link taken as if root were "/". flags as openat2; O_CLOEXEC is
 * added. -errno, record not filled. EAGAIN of a raced rename is retried a bounded number of times.
 */
int path_open_in(int root, const char *path, int flags);

/* Make path a directory below root, parents included (mode 0755), never following a link out. Returns an O_PATH descriptor of it. */
int path_make_dir(int root, const char *path, mode_t mode);

/* Make path an empty regular file below root, parents included, if nothing is there. Returns an O_PATH descriptor of it. */
int path_make_file(int root, const char *path, mode_t mode);

/*
 * Split: an O_PATH descriptor of path's parent (made if missing) and the last component in name (size NAME_MAX + 1), for mknodat and
 * symlinkat. A last component of "." or ".." is -EINVAL.
 */
int path_open_parent(int root, const char *path, char *name, size_t size);
