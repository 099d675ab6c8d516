/* Lines of /proc/PID/mountinfo (proc(5)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The most of it that is read: a host has tens of thousands of mounts at times. */
#define MOUNTINFO_MAX ((size_t)16 << 20)

/*
 * "36 35 98:0 /root /mount/point rw,noatime master:1 - type source options", without its line end: where it is mounted, its octal
 * escapes undone, and the type. Both point into line, which is changed. False when it is no such line.
 */
bool mountinfo_parse(char *line, char **mount_point, const char **type);
