/*
 * The annotation org.berth.landlock: which files the container's processes may use, whatever their users and capabilities are,
 * as a wall behind that of namespaces and permissions (landlock(7)). JSON:
 *
 *   { "ro": ["/etc"], "rw": ["/data", "/dev"], "exec": ["/usr"], "abi": 3 }
 *
 * Each list names directories, for all that is below them, and files:
 *   ro     may be read
 *   rw     may be read and written; what is in a directory, made, removed and renamed
 *   exec   may be read and executed
 * What is in several may be used in all their ways; what is in none cannot be opened at all. abi is the least version of the
 * kernel's Landlock; without it, 3 (Linux 6.2), since no earlier one can keep a file from being truncated. All that the kernel
 * has of rights to files is handled, ioctls of devices from 5 (Linux 6.10) on.
 */
#pragma once

#include "base/arena.h"
#include "oci/spec.h"

#define LANDLOCK_ABI_LEAST 3

struct landlock_rules {
	bool set;
	uint32_t abi;
	struct strings ro, rw, exec;
};

/* Pure. -EINVAL with the record. Paths must be absolute, and something must be executable; other members are refused. */
int landlock_parse(struct landlock_rules *rules, const char *text, struct arena *arena);

/*
 * In the container's root, with the privilege to look up the paths: a descriptor of the rules for landlock_enforce(). Symbolic
 * links are not followed, since the image would say what may be used. Fills the record.
 */
int landlock_prepare(const struct landlock_rules *rules);

/* From here on the process, and all that come of it, are held to the rules. no_new_privs must be set. Fills the record. */
int landlock_enforce(int ruleset);
