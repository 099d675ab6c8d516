/* The configuration that `spec` writes: all is on that narrows what a container can reach, to be widened by who needs more. */
#pragma once

#include "oci/json.h"

#include <stdbool.h>

/*
 * The text, in arena. rootless: in a user namespace where the caller's user is root, without the cgroup limits and group ids
 * that only root may set.
 */
char *default_spec(bool rootless, struct arena *arena);

/* The words of a list, separated by spaces, as elements of the JSON array that is open. */
void default_put_words(struct json *json, const char *words);

/* The value of linux.seccomp. */
void default_put_seccomp(struct json *json);
