/*
 * A mount's id maps as crun has them in an option: idmap=uids=0-1-10#10-11-10;gids=0-100-10 (crun(1), "idmap mount options").
 * Internal to oci/. Pure.
 */
#pragma once

#include "oci/spec.h"

/*
 * The maps become the mount's uidMappings and gidMappings, and the option plain "idmap" or "ridmap". A range is FROM-TO-SIZE:
 * ids of the file system, and of the host; with "@" in front, TO is an id of the container, by /linux/uidMappings or
 * gidMappings. -EINVAL with the record (/mounts/N/options/M).
 */
int idmap_options_expand(struct spec *spec);
