/* A session keyring of the container's own: keyrings(7) are not namespaced but for the user namespace they belong to. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

/*
 * A name for the session keyring of container id, "_ses.ID." and 16 digits that nobody can guess: keyrings are found by name
 * and by whoever may search them, and another container of the same user could offer one of that name for exec to join. In
 * arena. Fills the record.
 */
int keyring_new_name(const char *id, struct arena *arena, char **name);

/*
 * Join the session keyring of that name, made if there is none, so that init and exec share one. Others of its user can search
 * it by its name, and cannot see that. first (init): one that exists already was made by somebody else, who would read the
 * container's keys; a fresh one without a name is taken instead. label is the SELinux context of the keyring or NULL; it is set
 * through the trusted proc. A kernel without keyrings is fine.
 */
int keyring_join(int proc, const char *name, const char *label, bool first);
