/* Device nodes and links of /dev: config-linux.md "Devices" and "Default Devices", runtime-linux.md "Dev symbolic links". */
#pragma once

#include "rootfs/rootfs.h"

/*
 * Whether this runtime populates /dev: always, but where the configuration binds a directory or mounts devtmpfs there, which
 * are another's to populate.
 */
bool dev_is_ours(const struct rootfs *rootfs);

/* In init, after the mounts: devices of the configuration, default devices, symbolic links. Needs umask 0. Fills the record. */
int dev_populate(struct rootfs *rootfs);
