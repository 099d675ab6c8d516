/*
 * Mounts of a container that criu must not take into the image but have mapped: those whose file system is the host's. A dump
 * names them by their place in the container, a restore says what is to be mounted there.
 */
#pragma once

#include "oci/spec.h"

#include <sys/types.h>

/*
 * dump: the external mounts of process pid, each named by its place. That is what the configuration binds, its devices, and what is of a
 * file system that the caller's mount namespace has, too (masks, devices, what was added later). -errno, record filled.
 */
int criu_mounts_of(pid_t pid, const struct spec *spec, struct string_map *mounts, struct arena *arena);

/*
 * Pure: the same from both mountinfo texts, which are changed. container NULL-terminated lines of /proc/PID/mountinfo, host
 * those of the caller's.
 */
void criu_mounts_external(char *container, char *host, const struct spec *spec, struct string_map *mounts, struct arena *arena);

/*
 * restore: what is mounted there. criu binds a mount on each place, but forgets the attributes of all but the first of those
 * that have the same source and attributes (seen with 4.2: a second read-only volume came back writable). So every source is a
 * mount of its own that has them already, made as create makes it: detached trees, which criu_start() attaches below a
 * directory that only criu sees.
 */
struct criu_trees {
	int *fds;      /* the first is the container's root */
	size_t count;
};

#define CRIU_TREES_NONE ((struct criu_trees){ 0 })

struct criu_trees_request {
	const struct spec *spec;
	const char *bundle;
	int root;
	bool user_namespace;
	const int *idmap_fds; /* per mount, or NULL: as rootfs_request has them */
	const char *place;
};

/*
 * Trees for every bind of the configuration, mask and device, and in mounts where each is found below directory place, by the
 * names of the places that a dump has. root is the container's root directory, whose symbolic links the names of destinations
 * follow as they did when they were mounted.
 */
int criu_trees_open(struct criu_trees *trees, struct string_map *mounts, const struct criu_trees_request *request,
                    struct arena *arena);
void criu_trees_close(struct criu_trees *trees);

/* restore: make the places of the configuration's mounts that are not there, in the root and on its volumes, as create does. */
int criu_mounts_prepare(const struct spec *spec, const char *bundle, int root);

/*
 * restore: make the root of process pid, which does not run yet, what root.readonly says: criu 4.1 forgets that of a root that was read-only
 * (4.2 does not). Refused where pid has the mounts of process criu, since its images have none, and where files on the root
 * are open to write.
 */
int criu_mounts_seal_root(const struct spec *spec, pid_t pid, pid_t criu);

/* Refuse what criu has no images for: a cgroup that is bound. what says "checkpoint" or "restore". */
int criu_mounts_check(const struct spec *spec, const char *what);
