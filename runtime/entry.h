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

/*
 * A process without privileges can make itself root of a user namespace and of a mount namespace there, at any moment, and then what init is in
 * is not the container's any more. It cannot come back. So who enters looks at init's user namespace before he decides anything, and again
 * when he has entered: if it is the same, so were the others.
 */
struct entry_user {
	uint64_t device, inode; /* both 0: init cannot be seen */
};

/* proc: a trusted proc, or -1 for /proc. */
struct entry_user entry_look(const struct record *record, int proc);

/* -EBUSY with the record, if init is not in that one any more. In a pid namespace of its own nobody outlives it: its end is no reason then. */
int entry_check_unmoved(const struct entry_user *before, const struct record *record, int proc);

/* -EPERM with the record, if that is not the user namespace that the container was given. */
int entry_check_given(const struct entry_user *user, const struct record *record, const struct spec *spec);
