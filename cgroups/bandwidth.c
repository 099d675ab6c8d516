#include "cgroups/bandwidth.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "cgroups/program.h"

#include <stdio.h>

/* Socket buffers' payload without jumbo frames: what segmentation offload sends at once. */
#define LARGEST_SEND UINT64_C(65536)

/* A socket that sends 64 KiB at a time should not wait longer than half a second because others were faster for a moment. */
#define SLOWEST_PACE (LARGEST_SEND * 2)

#define STEPS 8                                  /* halvings of the pace, until the tolerance is used up */
#define NANOSECONDS_OF_BYTE UINT64_C(8000000000) /* at one bit a second */

/* What all sockets read as "no pacing": it does not fit the 32 bits that the kernel takes. */
#define PACE_NONE (UINT64_C(1) << 32)

/* A clock is never that far ahead (nanoseconds). */
#define FOREVER (UINT64_C(1) << 56)

#define MAX_MAPS 8

static const struct cgroup_program programs[BANDWIDTH_PROGRAMS] = {
	[BANDWIDTH_POLICE_EGRESS] = { "berth_egress", "egress limit", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS },
	[BANDWIDTH_POLICE_INGRESS] = { "berth_ingress", "ingress limit", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS },
	[BANDWIDTH_PACE] = { "berth_pacing", "pacing of TCP", BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS },
};

/* The order of attaching. Who finds the last knows that the others are there. */
static const enum bandwidth_program_kind order[] = { BANDWIDTH_PACE, BANDWIDTH_POLICE_INGRESS, BANDWIDTH_POLICE_EGRESS };
#define LAST (&programs[BANDWIDTH_POLICE_EGRESS])

/* --- maps ----------------------------------------------------------------------------------------------------------------- */

struct map {
	const char *name;
	size_t size; /* of the one value */
};

static const struct map limits_map = { "berth_limits", sizeof(struct bandwidth_limits) };
static const struct map counts_map = { "berth_counts", sizeof(struct bandwidth_counts) };

static int not_permitted(void)
{
	return fail(EPERM, "limit the network bandwidth (it takes CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN in the initial user "
			   "namespace)");
}

static int create_map(const struct map *map)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = (uint32_t)map->size,
		.max_entries = 1,
	};

	snprintf(attr.map_name, sizeof attr.map_name, "%s", map->name);
	int fd = sys_bpf(BPF_MAP_CREATE, &attr, sizeof attr);

	if (fd == -EPERM)
		return not_permitted();
	return fd < 0 ? fail(-fd, "make the map %s", map->name) : fd;
}

static int use_value(int command, int map, void *value, const char *name)
{
	uint32_t key = 0;
	union bpf_attr attr = {
		.map_fd = (uint32_t)map,
		.key = (uint64_t)(uintptr_t)&key,
		.value = (uint64_t)(uintptr_t)value,
		.flags = BPF_ANY,
	};
	int r = sys_bpf(command, &attr, sizeof attr);

	return r < 0 ? fail(-r, "%s the map %s", command == BPF_MAP_LOOKUP_ELEM ? "read" : "write", name) : 0;
}

static int object_info(int fd, void *info, size_t size)
{
	union bpf_attr attr = {
		.info = { .bpf_fd = (uint32_t)fd, .info_len = (uint32_t)size, .info = (uint64_t)(uintptr_t)info },
	};

	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr);
}

/* Ours by name and by layout: the one of another version of berth would be misread. */
static bool is_map(int fd, const struct map *map)
{
	struct bpf_map_info info = { 0 };

	return object_info(fd, &info, sizeof info) == 0 && strncmp(info.name, map->name, sizeof info.name) == 0 &&
	       info.type == BPF_MAP_TYPE_ARRAY && info.value_size == map->size && info.max_entries == 1;
}

/* A map that the program uses. Returns a descriptor. */
static int open_map(int program, const struct map *map)
{
	uint32_t ids[MAX_MAPS] = { 0 };
	struct bpf_prog_info info = { .nr_map_ids = MAX_MAPS, .map_ids = (uint64_t)(uintptr_t)ids };
	int r = object_info(program, &info, sizeof info);

	if (r < 0)
		return fail(-r, "look at the %s", LAST->what);
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAX_MAPS; i++) {
		union bpf_attr attr = { .map_id = ids[i] };
		_cleanup_fd_ int fd = sys_bpf(BPF_MAP_GET_FD_BY_ID, &attr, sizeof attr);

		if (fd < 0)
			return fail(-fd, "open a map of the %s", LAST->what);
		if (is_map(fd, map))
			return steal_fd(&fd);
	}
	return refuse(ENOENT, "the %s on the cgroup has no map %s: another version of berth made it", LAST->what, map->name);
}

/* --- attaching ------------------------------------------------------------------------------------------------------------ */

static int attach(struct cgroup_bandwidth *change, enum bandwidth_program_kind kind, int counts)
{
	const struct cgroup_program *about = &programs[kind];
	_cleanup_fd_ int old = -1, loaded = -1;
	struct bandwidth_program program;
	/* One alone is what a berth that was killed between two of them left. */
	int r = cgroup_program_find(change->cgroup, about, &old);

	if (r < 0)
		return r;
	bandwidth_program_build(&program, kind, change->limits, counts);
	loaded = cgroup_program_load(about, program.code, program.count);
	if (loaded < 0)
		return loaded;
	r = cgroup_program_attach(change->cgroup, about, loaded, old);
	if (r >= 0)
		change->programs[kind] = steal_fd(&loaded);
	return r;
}

static int attach_all(struct cgroup_bandwidth *change)
{
	_cleanup_fd_ int counts = -1;

	change->limits = create_map(&limits_map);
	if (change->limits < 0)
		return change->limits;
	counts = create_map(&counts_map);
	int r = counts;

	for (size_t i = 0; i < BANDWIDTH_PROGRAMS && r >= 0; i++)
		r = attach(change, order[i], counts);
	return r;
}

int cgroup_bandwidth_prepare(struct cgroup_bandwidth *change, const struct cgroup *cgroup, const struct bandwidth *bandwidth)
{
	_cleanup_fd_ int found = -1;

	*change = CGROUP_BANDWIDTH_NONE;
	change->cgroup = cgroup;
	change->asked = *bandwidth;
	int r = cgroup_program_find(cgroup, LAST, &found);

	if (r == -EPERM)
		return not_permitted();
	if (r < 0)
		return r;
	if (r == 0)
		return attach_all(change);
	change->limits = open_map(found, &limits_map);
	return change->limits < 0 ? change->limits : 0;
}

/* --- limits --------------------------------------------------------------------------------------------------------------- */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* A new rate begins with a clean sheet: the clock is 0, long ago. */
static void set_gate(struct bandwidth_gate *gate, const struct bandwidth_limit *limit)
{
	*gate = (struct bandwidth_gate){ 0 };
	if (limit->rate == BANDWIDTH_UNLIMITED)
		return;
	gate->rate = limit->rate;
	gate->burst = limit->burst;
	gate->tolerance = limit->burst * NANOSECONDS_OF_BYTE / limit->rate;
}

/*
 * Sockets that were paced are told once more when there is no limit any longer; others are left alone. In a burst that a single send can
 * fill, the clock says nothing about how many send: each socket gets the rate, less what headers take.
 */
static struct bandwidth_pacing pacing_for(const struct bandwidth_gate *egress, bool paced_before)
{
	uint64_t bytes = egress->rate / 8;

	if (egress->rate == 0)
		return (struct bandwidth_pacing){ .base = paced_before ? PACE_NONE : 0, .step = 1 };
	if (egress->burst < LARGEST_SEND)
		return (struct bandwidth_pacing){ .base = bytes - bytes / 16, .step = FOREVER };
	return (struct bandwidth_pacing){
		.base = bytes,
		.floor = least(bytes, most(SLOWEST_PACE, bytes >> STEPS)),
		.slack = LARGEST_SEND * NANOSECONDS_OF_BYTE / egress->rate,
		.step = most(egress->tolerance / STEPS, 1),
	};
}

int cgroup_bandwidth_commit(struct cgroup_bandwidth *change)
{
	struct bandwidth_limits limits = { 0 };
	int r = use_value(BPF_MAP_LOOKUP_ELEM, change->limits, &limits, limits_map.name);

	if (r < 0)
		return r;
	if (change->asked.egress.set) {
		set_gate(&limits.egress, &change->asked.egress);
		limits.pacing = pacing_for(&limits.egress, limits.pacing.base > 0);
	}
	if (change->asked.ingress.set)
		set_gate(&limits.ingress, &change->asked.ingress);
	r = use_value(BPF_MAP_UPDATE_ELEM, change->limits, &limits, limits_map.name);
	/* They stay. */
	for (size_t i = 0; i < BANDWIDTH_PROGRAMS && r >= 0; i++)
		close_fd(&change->programs[i]);
	return r;
}

void cgroup_bandwidth_close(struct cgroup_bandwidth *change)
{
	struct error e = error_save();

	for (size_t i = 0; i < BANDWIDTH_PROGRAMS; i++) {
		if (change->programs[i] >= 0)
			(void)cgroup_program_detach(change->cgroup, &programs[i], change->programs[i]);
		close_fd(&change->programs[i]);
	}
	close_fd(&change->limits);
	error_restore(&e);
}

int cgroup_set_bandwidth(const struct cgroup *cgroup, const struct bandwidth *bandwidth)
{
	_cleanup_bandwidth_ struct cgroup_bandwidth change = CGROUP_BANDWIDTH_NONE;

	if (!bandwidth_asked(bandwidth))
		return 0;
	int r = cgroup_bandwidth_prepare(&change, cgroup, bandwidth);

	return r < 0 ? r : cgroup_bandwidth_commit(&change);
}

/* --- statistics ----------------------------------------------------------------------------------------------------------- */

static struct stats_flow flow_of(const struct bandwidth_gate *gate, const struct bandwidth_count *count)
{
	return (struct stats_flow){
		.rate = gate->rate > 0 ? gate->rate : STATS_UNLIMITED,
		.burst = gate->burst,
		.passed_bytes = count->passed_bytes,
		.passed_packets = count->passed_packets,
		.dropped_bytes = count->dropped_bytes,
		.dropped_packets = count->dropped_packets,
	};
}

void cgroup_bandwidth_read(const struct cgroup *cgroup, struct stats_network *stats)
{
	struct error e = error_save();
	_cleanup_fd_ int program = -1, limits = -1, counts = -1;
	struct bandwidth_limits limit;
	struct bandwidth_counts count;

	*stats = (struct stats_network){ 0 };
	if (cgroup_program_find(cgroup, LAST, &program) == 1) {
		limits = open_map(program, &limits_map);
		counts = open_map(program, &counts_map);
	}
	if (limits >= 0 && counts >= 0 && use_value(BPF_MAP_LOOKUP_ELEM, limits, &limit, limits_map.name) >= 0 &&
	    use_value(BPF_MAP_LOOKUP_ELEM, counts, &count, counts_map.name) >= 0)
		*stats = (struct stats_network){
			.set = true,
			.egress = flow_of(&limit.egress, &count.egress),
			.ingress = flow_of(&limit.ingress, &count.ingress),
		};
	error_restore(&e);
}
