/* The way into a container that exists: which namespaces its first process is in, and which root. */
#pragma once

#include "oci/spec.h"
#include "runtime/record.h"

/*
 * CLONE_NEW* of the namespaces of the configuration, and of those that init has made or joined since: what it is confined by
 * now, who enters is, too. Our own user namespace is not among them: it cannot be entered again (setns: EINVAL).
 */
uint64_t entry_types(const struct record *record, const struct spec *spec);

/*
 * Who enters a mount namespace stands in its root. One that the container joined is not its own, and has that of its makers,
 * the host's perhaps: there init is in a chroot, and so must be what follows it. *root is a descriptor then, else -1. Fills the
 * record.
 */
int entry_open_root(const struct record *record, const struct spec *spec, int *root);
