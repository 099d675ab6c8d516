/*
 * A process, named safely: the pid, a pidfd, and the start time that tells it from a later process with the same pid.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pidref {
	pid_t pid;       /* 0: none */
	int fd;          /* pidfd, or -1 */
	uint64_t start;  /* clock ticks since boot; 0: not known */
};

#define PIDREF_NONE ((struct pidref){ .pid = 0, .fd = -1 })

/*
 * Open a pidfd for pid and check that the process started at start (0: do not check; the start time is then read). inode: its pidref_inode(),
 * which is looked at instead where it is known, since that is cheaper than what /proc tells; 0 if not. -ESRCH when the process is gone or
 * another one took its number. The record is not filled.
 */
int pidref_open(struct pidref *ref, pid_t pid, uint64_t start, uint64_t inode);

void pidref_close(struct pidref *ref);

/*
 * The number that no other process has until the machine is booted again: the inode of its pidfd, where that is in a file system of its own
 * (Linux 6.9, fs/pidfs.c). 0 where it is not.
 */
uint64_t pidref_inode(const struct pidref *ref);

/* 1 if the process is there, as pidref_open() finds it, and has not ended; 0 if not. */
int pidref_is_alive(pid_t pid, uint64_t start, uint64_t inode);

/* Send signal. -ESRCH when the process is gone. */
int pidref_kill(const struct pidref *ref, int signal);

/* Wait until the process has ended, at most timeout_ms milliseconds (-1: for ever). Returns 1 when it has, 0 when not yet. */
int pidref_wait_exit(const struct pidref *ref, int timeout_ms);

#define _cleanup_pidref_ __attribute__((cleanup(pidref_close)))
