/* A session keyring of the container's own: keyrings(7) are not namespaced but for the user namespace they belong to. */
#pragma once

#include <stdbool.h>

/*
 * Join the session keyring named for the container ("_ses.ID"), made if there is none, so that init and exec share one. first
 * (init): one that exists already was made by somebody else, who would read the container's keys; a fresh one without a name
 * is taken instead. label is the SELinux context of the keyring or NULL; it is set through the trusted proc. A kernel without
 * keyrings is fine.
 */
int keyring_join(int proc, const char *id, const char *label, bool first);
