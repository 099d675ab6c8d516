/*
 * Capabilities (config.md "Linux Process", capabilities(7)). In the order of use: prepare in the runtime; bounding set, keep,
 * the change of ids (not here), set in the child.
 *
 * Absent capabilities are empty sets, as runc and crun have it: a configuration that names none gets none.
 */
#pragma once

#include "oci/spec.h"

#include <stdbool.h>

/*
 * What of wanted can be granted, as masks for the calls below. A name that is unknown, a capability that the kernel does not
 * know, that this process does not have itself, or that the kernel will not let into its set (effective must be permitted,
 * inheritable bounding and permitted, ambient permitted and inheritable) is logged as a warning and left out: config.md wants
 * no error. all_capabilities: the process will be in a user namespace that it makes or joins, where it has every capability.
 */
int capabilities_prepare(const struct spec_capabilities *wanted, bool all_capabilities, struct spec_capabilities *granted);

/* Drop every capability up to the running kernel's last from the bounding set unless it is in the set. Needs CAP_SETPCAP. */
int capabilities_set_bounding(const struct spec_capabilities *granted);

/* Give up, for good, every capability that is not in the set, but leave the bounding set alone. */
int capabilities_keep_only(uint64_t set);

/* PR_SET_KEEPCAPS, so that the uid change keeps permitted capabilities. */
int capabilities_keep(void);

/*
 * Effective, permitted and inheritable exactly as given (CVE-2022-24769), then ambient. After the uid change; ends keepcaps.
 * Everything in a prepared set can be granted, so here every refusal of the kernel is an error.
 */
int capabilities_set(const struct spec_capabilities *granted);
