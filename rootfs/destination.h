/* Where a mount goes: opened inside the root, made if missing, and checked. */
#pragma once

#include "rootfs/mount.h"

/*
 * Open plan's destination as an O_PATH descriptor, making it where nothing is (*made tells): an empty file when tree, the mount
 * that goes there, is one, else a directory (tree -1 too). Fills the record. Refused are: places in /proc but those that
 * emulations of it (lxcfs) cover, anything but procfs on /proc itself, and /proc, /sys and any place for procfs or sysfs that
 * are symbolic links (CVE-2019-16884, CVE-2019-19921, CVE-2023-27561).
 */
int destination_open(struct rootfs *rootfs, const struct mount_plan *plan, int tree, bool *made);
