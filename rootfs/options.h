/*
 * The mount options of config.md "Linux mount options": the one table, and what the options of one mount come to. Pure.
 */
#pragma once

#include "oci/spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Attributes to set and to clear, as mount_setattr(2) takes them (MOUNT_ATTR_*); of contradictory options the later wins. The
 * access time is one value: when an option speaks of it, clear holds all of MOUNT_ATTR__ATIME and set the value.
 */
struct mount_attributes {
	uint64_t set, clear;
};

struct mount_options {
	struct mount_attributes top;       /* of this mount */
	struct mount_attributes recursive; /* of this mount and those below it; applied before top */
	unsigned super_set, super_clear;   /* flags of the file system itself, as mount(2) takes them (MS_*) */
	unsigned propagation;              /* MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE; 0: not said */
	bool propagation_recursive;
	bool bind, bind_recursive, remount, copy_up;
	bool idmap, idmap_recursive;
	size_t idmap_index; /* the option's index, for errors */
	size_t data_count;  /* options of the file system, "key" or "key=value", without the commas between them */
	const char **data;
};

/*
 * What the options of mounts[index] mean; data lives in the arena. -EINVAL with the record (naming /mounts/N/options/M) for
 * what cannot be meant.
 */
int mount_options_parse(struct mount_options *options, const struct spec_mount *mount, size_t index, struct arena *arena);

/* Every option name of the table, NULL at the end, for `features`. */
const char *const *mount_option_names(void);
