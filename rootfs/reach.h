/* What the container's root, as the user namespace maps it, can reach on the host. */
#pragma once

#include "oci/spec.h"

#include <stdbool.h>
#include <sys/types.h>

struct reach {
	bool known; /* whether the ids of the container's root are known and were taken */
	bool changed;
	uid_t old_uid;
	gid_t old_gid;
};

/*
 * Look at files as the container's root will: this thread's file system ids (setfsuid(2)), and with them its capabilities over
 * files, are those of id 0 of the configuration's maps until reach_end(). A namespace joined by path has maps that nobody told:
 * known is false.
 */
void reach_begin(struct reach *reach, const struct spec *spec);
void reach_end(struct reach *reach);

/*
 * Whether init can make the bind mount of path itself, which is better than handing it a tree of the host's: mounts below and
 * attributes that the host set stay locked (mount_namespaces(7)). A directory without what is mounted below it can't be cloned
 * in a user namespace. False after a doubt.
 */
bool reach_can_bind(const struct reach *reach, const char *path, bool recursive);
