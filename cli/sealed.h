/*
 * Running from a copy of the program that nobody can change (CVE-2019-5736): a process of the container reaches the runtime's
 * file through /proc/PID/exe of a runtime process that has entered it, also as "#!/proc/self/exe" or as an ELF interpreter.
 * What it reaches there must not be the file on the host that the next container is started with.
 */
#pragma once

/*
 * Returns 0 when the running program is a sealed memory file. Otherwise copies it to one and executes that with the same
 * arguments and environment; comes back only with -errno and the record. It looks at the running file alone: no variable or
 * argument makes it leave the copy out, and the copy passes the check, so there is no second time.
 */
int sealed_ensure(char **argv);
