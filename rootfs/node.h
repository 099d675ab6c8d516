/*
 * Device nodes for a container in a user namespace, where nobody may call mknod(2): the runtime makes those of the configuration, on a file
 * system of their own, with the mode and the owner that were asked for (config-linux.md "Devices": ids are the container's). The host's nodes
 * have another owner, whom the container does not even know, or there are none.
 */
#pragma once

#include "oci/spec.h"

#include <sys/types.h>

/* The type and the permissions of a device's node: 0666 where the configuration has none. */
mode_t node_mode(const struct spec_device *device);

/*
 * In the runtime: a detached mount in which the node of /linux/devices/N is named "N" and belongs to the host's ids of the container's. FIFOs,
 * which are init's to make, and what an id would own that is not mapped, are left out. -EPERM, record untouched: the caller may make no nodes (it is in a user namespace itself, or its own device filter
 * forbids one), or a user namespace is joined whose maps the configuration does not tell. Other errors fill the record.
 */
int nodes_make(const struct spec_linux *config);

/*
 * In init: trees[N], -1 before, becomes a detached mount of the node of /linux/devices/N alone, if it has one. For the moment that this takes, nodes is mounted on
 * place: before Linux 6.15 only what is mounted can be cloned. Fills the record.
 */
int nodes_open(int nodes, int place, size_t count, int *trees);
