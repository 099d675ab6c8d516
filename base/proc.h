/*
 * The trusted /proc: a procfs instance of our own that no mount of the container can cover or replace (CVE-2019-16884,
 * CVE-2023-28642, CVE-2025-52881). Everything below is reached through its descriptor, and each file is checked to lie on procfs.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/*
 * A detached procfs of the caller's pid namespace (fsopen; the file system's magic is checked). Without the privilege to make
 * one, the host's /proc is cloned or, last, opened, and then it must be procfs and its root. Returns a directory descriptor
 * that the caller owns, or -errno with the record filled.
 */
int proc_open_trusted(void);

/*
 * Open path below the trusted proc ("self/attr/exec"): beneath it, on no other file system, through no magic link. flags as open(2).
 * -errno, record not filled.
 */
int proc_open(int proc, const char *path, int flags);

/* Write data in one write(2) to path below the trusted proc. -errno, record not filled. */
int proc_write(int proc, const char *path, const char *data);

/*
 * Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat), which tells a process from a later one with
 * the same number. Reads the caller's own /proc. -ESRCH when there is none.
 */
int proc_start_time(pid_t pid, uint64_t *start);

/* Its parent (field 4). -ESRCH when there is none of that number. */
int proc_parent(pid_t pid, pid_t *parent);
