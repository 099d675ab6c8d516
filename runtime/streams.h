/*
 * What the standard streams of a container are, by the names that criu has for them. They are those which `create` was given, and are recorded
 * then: a workload may have them elsewhere by the time of a checkpoint, as a shell has that redirects a built-in command.
 */
#pragma once

#include "oci/descriptors.h"

#include <sys/types.h>

/*
 * For state.external_descriptors: descriptors_to_json() of those of process pid, 0: the caller's own. Each is "pipe:[INODE]", "file[MOUNT:INODE]",
 * in hexadecimal, for what a path could open (files, FIFOs, the null device and its like), or "": terminals and sockets criu knows itself.
 */
char *streams_describe(pid_t pid, struct arena *arena);

/*
 * Parse what streams_describe() said. Files that are on a mount of process pid, which criu opens by their paths there, become "". -EINVAL with the
 * record filled for another text.
 */
int streams_outside(const char *described, pid_t pid, struct strings *names, struct arena *arena);

/* On a file outside: to criu, something that it leaves to us. */
bool stream_is_file(const char *name);

/* Outside: the restore's own stream takes its place. */
bool stream_is_replaced(const char *name);
