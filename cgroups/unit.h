/*
 * A container as a scope of systemd: its name, its slice, its limits as properties. Pure. systemd.scope(5),
 * systemd.resource-control(5), org.freedesktop.systemd1(5).
 */
#pragma once

#include "cgroups/cgroup.h"
#include "cgroups/dbus_wire.h"
#include "cgroups/resources.h"

struct cgroup_unit {
	char name[256];  /* "libpod-1234.scope" */
	char slice[256]; /* "machine.slice" */
};

/*
 * From cgroupsPath "slice:prefix:name", as the engines write it: an empty slice is system.slice (user.slice for the
 * rootless), an empty prefix none; without a cgroupsPath the prefix is "berth" and the name the id. -EINVAL with the record.
 */
int cgroup_plan_unit(const struct cgroup_request *request, struct cgroup_unit *unit);

/*
 * Append, to an array of (sv), each value that systemd has a property for: it then writes the same to the file, and does so
 * again whenever it reloads. period is the group's cpu.max period in microseconds, for a quota that comes without one. What
 * systemd does not know (io.latency, hugetlb, rdma, bursts …) it leaves alone in the file.
 */
void cgroup_put_unit_limits(struct dbus_body *body, const struct cgroup_values *values, uint64_t period);

/*
 * Append the properties of annotations org.systemd.property.NAME, whose values are written as GVariant text: true, 'text', 5,
 * uint64 5, ['a', 'b'] …; NAMESec in seconds becomes NAMEUSec. -EINVAL with the record, also for properties that would undo
 * what the driver itself sets.
 */
int cgroup_put_unit_annotations(struct dbus_body *body, const struct string_map *annotations);

/* Append one property. */
void cgroup_put_unit_string(struct dbus_body *body, const char *name, const char *value);
void cgroup_put_unit_bool(struct dbus_body *body, const char *name, bool value);
void cgroup_put_unit_u64(struct dbus_body *body, const char *name, uint64_t value);
