/*
 * What a group has used, read from its files (Documentation/admin-guide/cgroup-v2.rst). A controller that is not enabled for the
 * group leaves its part unset; a file that the kernel is too old for leaves 0, or STATS_UNLIMITED where it is a limit.
 */
#pragma once

#include "cgroups/cgroup.h"

#define STATS_UNLIMITED UINT64_MAX

/* Pressure stall information (Documentation/accounting/psi.rst): percent of the last 10, 60, 300 seconds; total in microseconds. */
struct stats_stall {
	double avg10, avg60, avg300;
	uint64_t total;
};
struct stats_pressure {
	bool set;
	struct stats_stall some, full;
};

struct stats_cpu {
	bool set;
	uint64_t usage, user, system;                      /* microseconds */
	uint64_t periods, throttled_periods, throttled;    /* the last in microseconds */
	uint64_t bursts, burst;                            /* the last in microseconds */
	struct stats_pressure pressure;
};

struct stats_pair {
	const char *key;
	uint64_t value;
};

struct stats_memory {
	bool set, swap_set;
	uint64_t current, peak, max, low;                  /* bytes; max: STATS_UNLIMITED */
	uint64_t swap, swap_peak, swap_max;
	uint64_t low_events, high_events, max_events, oom_events, oom_kills, oom_group_kills;  /* memory.events */
	size_t stat_count;
	struct stats_pair *stat;                           /* memory.stat, as it is */
	struct stats_pressure pressure;
};

struct stats_pids {
	bool set;
	uint64_t current;                                  /* without the controller: processes, not threads */
	uint64_t max;                                      /* STATS_UNLIMITED */
};

struct stats_device {
	uint32_t major, minor;
	uint64_t read_bytes, write_bytes, read_ios, write_ios, discard_bytes, discard_ios;
};
struct stats_io {
	bool set;
	size_t count;
	struct stats_device *devices;
	struct stats_pressure pressure;
};

struct stats_hugetlb {
	const char *page_size;                             /* "2MB" */
	uint64_t current, max, fails;                      /* bytes, bytes, count */
};

struct stats_rdma {
	const char *device;
	uint64_t handles, objects;
};

/* Network bandwidth, where a limit was asked for (cgroups/bandwidth.h); bytes with headers of IP and above, loopback left out. */
struct stats_flow {
	uint64_t rate;                                     /* bits a second; STATS_UNLIMITED */
	uint64_t burst;                                    /* bytes */
	uint64_t passed_bytes, passed_packets, dropped_bytes, dropped_packets;
};
struct stats_network {
	bool set;
	struct stats_flow egress, ingress;
};

/* Intel RDT (cgroups/resctrl.h): what the class may use, and what was used through each L3 cache; what the hardware does not count is unset. */
struct stats_rdt_cache {
	uint32_t id;
	struct opt_u64 occupancy, total, local;            /* bytes now; bytes moved to and from memory, that of all nodes and the own */
};
struct stats_rdt {
	bool set;
	const char *l3, *bandwidth;                        /* lines of schemata, or NULL */
	size_t cache_count;
	struct stats_rdt_cache *caches;
};

struct cgroup_stats {
	struct stats_cpu cpu;
	struct stats_memory memory;
	struct stats_pids pids;
	struct stats_io io;
	struct stats_network network;
	size_t hugetlb_count;
	struct stats_hugetlb *hugetlb;
	size_t rdma_count;
	struct stats_rdma *rdma;
	struct stats_rdt rdt;                              /* not read by the functions here */
};

/* Read everything; strings and arrays in arena. A group that is gone, also one that went meanwhile, is -ENOENT. */
int cgroup_read_stats(struct cgroup *cgroup, struct arena *arena, struct cgroup_stats *stats);

/*
 * Only what changes from moment to moment and costs little to read, for who looks at many groups often: CPU, memory's current and max, io,
 * pids, network and pressure. The rest of stats is unset.
 */
int cgroup_read_usage(struct cgroup *cgroup, struct arena *arena, struct cgroup_stats *stats);

/*
 * Notification: a descriptor (inotify) that becomes readable when memory.events of the group changes. The caller reads it empty
 * (cgroup_watch_drain) and then reads the statistics. Without the memory controller it stays silent.
 */
int cgroup_watch(struct cgroup *cgroup);
int cgroup_watch_drain(int watch);
