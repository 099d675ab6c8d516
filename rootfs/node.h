/*
 * Device nodes for a container in a user namespace, where nobody may call mknod(2). The host's node, bound, has the host's owner, whom the
 * container does not even know. Where the configuration asks for another owner or mode than the host's, or the host has no such node, the
 * runtime makes one on a file system of its own (config-linux.md "Devices": ids are the container's).
 */
#pragma once

#include "oci/spec.h"

#include <stdbool.h>
#include <sys/stat.h>

#define NODES_SOURCE "devices" /* of their file system, in mountinfo */

/* The type and the permissions of a device's node: 0666 where the configuration has none. */
mode_t node_mode(const struct spec_device *device);

/* Is that a node of the device's type and number? */
bool node_matches(const struct spec_device *device, const struct stat *st);

/* The host's node at the device's path, else that of its number (udev's /dev/block and /dev/char), O_PATH. -errno, record untouched. */
int node_open_host(const struct spec_device *device);

/*
 * In the runtime: a detached mount in which the node of /linux/devices/N is named "N" and belongs to the host's ids of the container's. Left out
 * are FIFOs, which are init's to make; what an id would own that is not mapped; what the caller may not make (its own device filter); and what is
 * listed as the host has it, for to list a device gives nobody a right to it. -ENOENT, record untouched: none is left, the caller may mount nothing,
 * or a user namespace is joined whose maps the configuration does not tell. Other errors fill the record.
 */
int nodes_make(const struct spec_linux *config);

/*
 * In init: trees[N], -1 before, becomes a detached mount of the node of /linux/devices/N alone, if it has one. For the moment that this takes,
 * nodes is mounted on place: before Linux 6.15 only what is mounted can be cloned. Fills the record.
 */
int nodes_open(int nodes, int place, size_t count, int *trees);
