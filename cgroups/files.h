/*
 * The files of a cgroup directory, and the directories below it. Nothing here fills the error record: who calls knows what the
 * file stands for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Room for the files that are read here: lists of processors or processes; what is short, as cgroup.controllers and cgroup.events. */
#define CGROUP_TEXT_SIZE  4096
#define CGROUP_WORDS_SIZE 1024

/*
 * Read a file in one read(2), NUL-terminated, the last newline cut off. Returns its length or -errno; -ENOENT also when the
 * group is gone.
 */
ssize_t cgroup_file_read(int dir, const char *file, char *text, size_t size);

/* The same of a file of some group below root, whose path nobody has checked. */
ssize_t cgroup_file_read_below(int root, const char *path, char *text, size_t size);

/* The number after key in flat-keyed text ("populated 1\nfrozen 0"), or -1. */
long cgroup_text_number(const char *text, const char *key);

/* Whether the list of words (cgroup.controllers) holds this one. */
bool cgroup_text_has_word(const char *text, const char *word);

/*
 * Wait until key in cgroup.events has the value want, woken by the kernel (poll), for at most timeout_ms. Returns 1 when it
 * has, 0 when the time is over; a group that is gone counts as reached.
 */
int cgroup_events_wait(int dir, const char *key, long want, int timeout_ms);

/* key of cgroup.events as it is now, or -errno. */
int cgroup_events_get(int dir, const char *key);

/*
 * A walk over a group and all groups below it, parents first. It holds one descriptor however deep the tree is: a container
 * that owns its cgroup may nest groups without end. (cgroup v2 knows no rename, so ".." is where we came from.)
 */
struct cgroup_walk {
	int fd; /* the current group */
	size_t depth, room;
	off_t *positions; /* where to go on in each parent */
	bool started;
};

/* Step to the next group: 1, walk->fd is it; 0 at the end; -errno. top must stay open. Start with CGROUP_WALK_START. */
int cgroup_walk_next(struct cgroup_walk *walk, int top);
void cgroup_walk_end(struct cgroup_walk *walk);

#define CGROUP_WALK_START ((struct cgroup_walk){ .fd = -1 })
#define _cleanup_walk_ __attribute__((cleanup(cgroup_walk_end)))

/* Remove every group below dir, deepest first. -EBUSY when one holds processes. */
int cgroup_remove_below(int dir);
