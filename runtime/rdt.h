/*
 * A container in resctrl (config-linux.md "IntelRdt"): cgroups/resctrl.h does it, the state remembers it. A container without
 * linux.intelRdt has rdt_class NULL there, and nothing here touches resctrl then. Functions return >= 0, or -errno with the record
 * filled.
 */
#pragma once

#include "cgroups/resctrl.h"
#include "oci/state.h"

struct rdt {
	int root;                    /* of resctrl, or -1 */
	struct resctrl_group group;
};
#define RDT_NONE ((struct rdt){ .root = -1 })

/* create: recorded in the store first, so that delete --force finds it, then made. */
int rdt_make(struct rdt *rdt, const struct spec_intel_rdt *config, struct state *state, int store);
int rdt_enter(const struct rdt *rdt, pid_t pid);
/* A create that fails later. */
void rdt_undo(struct rdt *rdt);

/* exec: the process goes where the container is. */
int rdt_enter_of(const struct state *state, pid_t pid);

/* update: asked has l3_cache_schema and mem_bw_schema. *before is what rdt_restore() takes, in arena. */
int rdt_change(const struct state *state, const struct spec_intel_rdt *asked, struct arena *arena, char **before);
void rdt_restore(const struct state *state, const char *before);

/* events: a view of none where the container has none, or resctrl is not mounted any more. */
int rdt_view(const struct state *state, struct resctrl_view *view);

/* delete. */
int rdt_remove(const struct state *state);
