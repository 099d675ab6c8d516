/*
 * Compiled filters on disk, so that compiling is paid once for a profile and kernel. The cache is a hint: whatever is missing,
 * odd or unwritable means to compile, with a debug message, and never an error.
 *
 * An entry is DIR/KEY, KEY being the BLAKE2b-256 of everything that the compiled program depends on, each part delimited, its
 * presence or number said: the build id of this program (so libseccomp's too, where it is linked in), libseccomp's version,
 * the kernel's release, version and machine, and the profile but for flags and listener, which installing takes from the
 * configuration itself. It is taken only if it is a regular file of ours, 0400, with one link, of exactly the length it says,
 * naming the key, with the right digest over its content. DIR is ours and 0700, made if missing (its parent is not). Entries
 * are written beside and renamed, so that readers and other writers see all of one or nothing.
 */
#pragma once

#include "base/blake2b.h"
#include "oci/spec.h"
#include "runtime/seccomp.h"

#include <stdbool.h>

#define SECCOMP_CACHE_ENTRIES 64

struct seccomp_cache_key {
	unsigned char digest[BLAKE2B_DIGEST];
};

/* False when this program has no build id: then a filter cannot be said to be of the same compiler, and nothing is cached. */
bool seccomp_cache_key(struct seccomp_cache_key *key, const struct spec_seccomp *seccomp);

/* Set program and length of filter; false when there is no entry to trust. */
bool seccomp_cache_load(const char *dir, const struct seccomp_cache_key *key, struct seccomp_filter *filter);

/* Keep the program of filter. With more than SECCOMP_CACHE_ENTRIES files in the directory the oldest go. */
void seccomp_cache_store(const char *dir, const struct seccomp_cache_key *key, const struct seccomp_filter *filter);
