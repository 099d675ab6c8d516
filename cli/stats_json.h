/* Statistics in the form of runc's events, which engines read: its types/events.go. */
#pragma once

#include "cgroups/stats.h"

/* {"type":"stats","id":ID,"data":{…}}, in arena. */
char *stats_json(const char *id, const struct cgroup_stats *stats, struct arena *arena);
