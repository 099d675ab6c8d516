/* Files that options name. */
#pragma once

#include "base/arena.h"

#include <stdbool.h>

/*
 * Read the file that is the value of option, of at most SPEC_MAX_SIZE bytes; dash: "-" is standard input. It may be a pipe, as of
 * "--process <(…)". text is in arena, NUL-terminated.
 */
int input_read(struct arena *arena, const char *option, const char *path, bool dash, char **text, size_t *size);
