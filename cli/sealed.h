/*
 * Running from a file that nobody can change (CVE-2019-5736): a process of the container reaches the runtime's file through /proc/PID/exe of
 * a runtime process that has entered it, also as "#!/proc/self/exe" or as an ELF interpreter. What it reaches there must not be the
 * file on the host that the next container is started with.
 */
#pragma once

/*
 * Returns 0 when the program runs from such a file: the view that it has begun with (start.h), or else a sealed copy in memory, which is executed
 * with the same arguments and environment and so begins anew. Comes back with -errno and the record if neither can be had. It looks at
 * the running file alone: no variable or argument makes it leave this out, and the copy passes the check, so there is no second time.
 * *late_close: as start_view() has it, or as it was.
 */
int sealed_ensure(char **argv, int *late_close);
