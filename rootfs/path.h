/*
 * The only resolver of paths inside a container's root. Every path is taken as a path from that root, with or without a leading
 * "/"; symbolic links, absolute or with "..", stay inside; links that the kernel makes up (/proc/PID/fd/N …) are refused
 * (-ELOOP). All return descriptors or -errno, and do not fill the error record. The modes of what is made are subject to the
 * caller's umask.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Open path inside root (a directory descriptor), every symbolic link taken as if root were "/". flags as open(2); O_CLOEXEC is
 * added. EAGAIN of a raced rename is retried a bounded number of times.
 */
int path_open_in(int root, const char *path, int flags);

/* As above, but no component may be a symbolic link (-ELOOP): what is opened lies where path says. */
int path_open_plain(int root, const char *path, int flags);

/*
 * Make path a directory below root, parents included (those with mode 0755). Symbolic links are followed inside the root,
 * dangling ones too: their targets are made. Returns an O_PATH descriptor of it. -ENOTDIR when something else is there.
 */
int path_make_dir(int root, const char *path, mode_t mode);

/*
 * Make path an empty regular file below root, as path_make_dir() does, if nothing is there. Returns an O_PATH descriptor of
 * what is there then; -EISDIR for a directory.
 */
int path_make_file(int root, const char *path, mode_t mode);

/*
 * The short way: path is new in a directory that is there, and no symbolic link is on the way (-ELOOP, -ENOENT, -EEXIST
 * otherwise: take the other functions then). What is returned lies where path, which is normalised, says.
 */
int path_make_plain(int root, const char *path, bool directory, mode_t mode);

/*
 * Split: an O_PATH descriptor of path's parent (made if missing) and the last component in name (size NAME_MAX + 1), for
 * mknodat and symlinkat. -EINVAL when path ends in "." or ".." or is the root.
 */
int path_open_parent(int root, const char *path, char *name, size_t size);

/* Normalise an absolute path in place, by text alone: no ".", no "..", no doubled or trailing slashes. */
void path_clean(char *path);
