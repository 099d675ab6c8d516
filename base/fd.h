/*
 * Descriptors: each is close-on-exec from birth, has one owner and is -1 when absent. Ownership moves only by steal_fd().
 * Functions here return -errno without filling the error record: the caller knows the name of the thing.
 */
#pragma once

#include "base/arena.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

/* Close *fd if it is open and set it to -1. errno is kept. */
void close_fd(int *fd);

static inline int steal_fd(int *fd)
{
	int taken = *fd;

	if (taken >= 0) /* else the page may be shared with another process, and stays so */
		*fd = -1;
	return taken;
}

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _cleanup_fd_ __attribute__((cleanup(close_fd)))
#define _cleanup_free_ __attribute__((cleanup(cleanup_free)))
#define _cleanup_dir_ __attribute__((cleanup(cleanup_dir)))

/* A memory file for data, empty: nobody executes it, and it can be sealed. name is what /proc shows. */
int memory_file(const char *name);

/* Write all of data, retrying short and interrupted writes. */
int write_all(int fd, const void *data, size_t size);

/* One write(2) that raises neither SIGPIPE nor SIGXFSZ in the caller: -EPIPE and -EFBIG say it all. Returns the bytes written. */
ssize_t write_quietly(int fd, const void *data, size_t size);

/*
 * Write all of data, quietly as above, for messages that must not stop what they tell of: a pipe or socket whose reader takes nothing for
 * that long is -ETIMEDOUT. 0, or -errno, record untouched.
 */
int write_or_give_up(int fd, const void *data, size_t size, int milliseconds);

/* Write data to the existing file path (relative to dirfd) in one write(2), as cgroupfs and procfs want it. */
int write_file_at(int dirfd, const char *path, const char *data);

/*
 * Read a whole file of at most limit bytes into the arena, NUL-terminated; *size (may be NULL) is its length.
 * -EFBIG if it is larger.
 */
int read_file_at(int dirfd, const char *path, struct arena *arena, size_t limit, char **data, size_t *size);

/* Read a small file into buffer, NUL-terminated, one trailing newline cut off. Returns its length; -EFBIG if it does not fit. */
ssize_t read_text_at(int dirfd, const char *path, char *buffer, size_t size);

/*
 * For system calls that take no descriptor: directory becomes the working directory of this process, which must be one of our own. Returns a
 * descriptor of the one before, which leave_dir() goes back to and closes.
 */
int enter_dir(int directory);
int leave_dir(int before);

/* "/proc/self/fd/FD": the only way to name a descriptor for system calls that take paths. */
struct fd_path {
	char text[32];
};
struct fd_path fd_path(int fd);

/*
 * A stream socket connected to the one at path, however long that is (unix(7) takes 107 bytes). seconds: how long connecting and each
 * sending may take; 0: for ever. -errno, record untouched; -EINVAL if path is empty.
 */
int connect_socket(const char *path, unsigned seconds);

/* A datagram socket connected to the one at path; "@name" is an abstract one (unix(7)). As above. */
int connect_datagrams(const char *path, unsigned seconds);

/* Send size bytes with at most one descriptor (fd -1: none) over a connected socket. */
int send_with_fd(int socket, const void *data, size_t size, int fd);

/*
 * Receive up to size bytes and at most one descriptor into *fd (-1: none came). Returns the bytes; 0 is end of file. -EMSGSIZE: there was
 * more of either, and it is lost.
 */
ssize_t recv_with_fd(int socket, void *data, size_t size, int *fd);

/* Mark every descriptor >= first close-on-exec. */
int cloexec_from(unsigned first);

/* Close every descriptor >= first but those in keep (-1 among them means nothing; the array is sorted). -errno, record filled. */
int close_others(int first, int *keep, size_t count);
