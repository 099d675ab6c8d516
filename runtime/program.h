/*
 * The program to execute: where it is, and why it cannot be executed. Both look at paths as the caller sees them, so in the
 * child, with its root, working directory and ids. Unlike elsewhere the reason at the end of an error is in lower case, which
 * Docker reads (an exit code of 127 or 126).
 */
#pragma once

#include "oci/spec.h"

#include <stddef.h>

/*
 * Find args[0] as execvp does: with a slash it is taken as it is, else looked for in the PATH of env (absent: /bin:/usr/bin;
 * an empty entry is the working directory). path receives what to execute. On failure the record says which it was:
 * "executable file not found in $PATH" (-ENOENT), or what program_explain() finds.
 */
int program_find(const struct strings *args, const struct strings *env, char *path, size_t size);

/*
 * execve of path failed with code: fill the record with the true reason – no such file, a directory, no permission to execute
 * it or to search a directory on the way, a file system mounted noexec, the script's interpreter or the ELF loader missing
 * (named), a program for another machine (named), not a program. Returns -code.
 */
int program_explain(const char *path, int code);
