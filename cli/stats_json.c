#include "cli/stats_json.h"

#include "oci/json.h"

#include <string.h>

#define NANOSECONDS 1000  /* of a microsecond */

/* --- pressure -------------------------------------------------------------------------------------------------------- */

static void add_double(struct json *json, const char *key, double value)
{
	json_key(json, key);
	json_double(json, value);
}

static void add_stall(struct json *json, const char *key, const struct stats_stall *stall)
{
	json_key(json, key);
	json_object(json);
	add_double(json, "avg10", stall->avg10);
	add_double(json, "avg60", stall->avg60);
	add_double(json, "avg300", stall->avg300);
	json_pair_uint(json, "total", stall->total);
	json_object_end(json);
}

static void add_pressure(struct json *json, const struct stats_pressure *pressure)
{
	if (!pressure->set)
		return;
	json_key(json, "psi");
	json_object(json);
	add_stall(json, "some", &pressure->some);
	add_stall(json, "full", &pressure->full);
	json_object_end(json);
}

/* --- cpu ------------------------------------------------------------------------------------------------------------- */

static void add_cpu(struct json *json, const struct stats_cpu *cpu)
{
	json_key(json, "cpu");
	json_object(json);
	json_key(json, "usage");
	json_object(json);
	json_pair_uint(json, "total", cpu->usage * NANOSECONDS);
	json_pair_uint(json, "kernel", cpu->system * NANOSECONDS);
	json_pair_uint(json, "user", cpu->user * NANOSECONDS);
	json_object_end(json);
	json_key(json, "throttling");
	json_object(json);
	json_pair_uint(json, "periods", cpu->periods);
	json_pair_uint(json, "throttledPeriods", cpu->throttled_periods);
	json_pair_uint(json, "throttledTime", cpu->throttled * NANOSECONDS);
	json_object_end(json);
	add_pressure(json, &cpu->pressure);
	json_object_end(json);
}

/* Flags of cgroup v1, all of which runc shows as 0 on v2. */
static void add_cpuset(struct json *json)
{
	static const char *const flags[] = {
		"cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page", "memory_spread_slab",
		"memory_pressure", "sched_load_balance", "sched_relax_domain_level",
	};

	json_key(json, "cpuset");
	json_object(json);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		json_pair_uint(json, flags[i], 0);
	json_object_end(json);
}

/* --- memory ---------------------------------------------------------------------------------------------------------- */

struct entry {
	uint64_t limit, usage, max, failcnt;
};

static void add_entry(struct json *json, const char *key, struct entry entry)
{
	json_key(json, key);
	json_object(json);
	json_pair_uint(json, "limit", entry.limit);
	json_pair_uint(json, "usage", entry.usage);
	json_pair_uint(json, "max", entry.max);
	json_pair_uint(json, "failcnt", entry.failcnt);
	json_object_end(json);
}

/* Memory and swap together, as cgroup v1 counted. */
static struct entry with_swap(const struct stats_memory *memory)
{
	struct entry entry = { .usage = memory->current + memory->swap, .limit = memory->max };

	if (!memory->swap_set || memory->max == STATS_UNLIMITED)
		return entry;
	entry.limit = memory->swap_max == STATS_UNLIMITED ? STATS_UNLIMITED : memory->max + memory->swap_max;
	return entry;
}

static uint64_t stat_of(const struct stats_memory *memory, const char *key)
{
	for (size_t i = 0; i < memory->stat_count; i++)
		if (strcmp(memory->stat[i].key, key) == 0)
			return memory->stat[i].value;
	return 0;
}

static void add_memory_events(struct json *json, const struct stats_memory *memory)
{
	json_key(json, "event_count");
	json_object(json);
	json_pair_uint(json, "low", memory->low_events);
	json_pair_uint(json, "high", memory->high_events);
	json_pair_uint(json, "max", memory->max_events);
	json_pair_uint(json, "oom", memory->oom_events);
	json_pair_uint(json, "oom_kill", memory->oom_kills);
	json_pair_uint(json, "oom_group_kill", memory->oom_group_kills);
	json_object_end(json);
}

static void add_memory(struct json *json, const struct stats_memory *memory)
{
	struct entry usage = {
		.limit = memory->max, .usage = memory->current, .max = memory->peak, .failcnt = memory->max_events
	};

	json_key(json, "memory");
	json_object(json);
	json_pair_uint(json, "cache", stat_of(memory, "file"));
	add_entry(json, "usage", usage);
	add_entry(json, "swap", with_swap(memory));
	add_entry(json, "kernel", (struct entry){ .usage = stat_of(memory, "kernel") });
	add_entry(json, "kernelTCP", (struct entry){ .usage = stat_of(memory, "sock") });
	json_key(json, "raw");
	json_object(json);
	for (size_t i = 0; i < memory->stat_count; i++)
		json_pair_uint(json, memory->stat[i].key, memory->stat[i].value);
	json_object_end(json);
	add_pressure(json, &memory->pressure);
	add_memory_events(json, memory);
	json_object_end(json);
}

/* --- others ---------------------------------------------------------------------------------------------------------- */

static void add_pids(struct json *json, const struct stats_pids *pids)
{
	json_key(json, "pids");
	json_object(json);
	json_pair_uint(json, "current", pids->current);
	if (pids->max != STATS_UNLIMITED)
		json_pair_uint(json, "limit", pids->max);
	json_object_end(json);
}

static void add_operation(struct json *json, const struct stats_device *device, const char *operation, uint64_t value)
{
	json_object(json);
	json_pair_uint(json, "major", device->major);
	json_pair_uint(json, "minor", device->minor);
	json_pair_string(json, "op", operation);
	json_pair_uint(json, "value", value);
	json_object_end(json);
}

static void add_blkio(struct json *json, const struct stats_io *io)
{
	json_key(json, "blkio");
	json_object(json);
	json_key(json, "ioServiceBytesRecursive");
	json_array(json);
	for (size_t i = 0; i < io->count; i++) {
		add_operation(json, &io->devices[i], "Read", io->devices[i].read_bytes);
		add_operation(json, &io->devices[i], "Write", io->devices[i].write_bytes);
		add_operation(json, &io->devices[i], "Discard", io->devices[i].discard_bytes);
	}
	json_array_end(json);
	json_key(json, "ioServicedRecursive");
	json_array(json);
	for (size_t i = 0; i < io->count; i++) {
		add_operation(json, &io->devices[i], "Read", io->devices[i].read_ios);
		add_operation(json, &io->devices[i], "Write", io->devices[i].write_ios);
		add_operation(json, &io->devices[i], "Discard", io->devices[i].discard_ios);
	}
	json_array_end(json);
	add_pressure(json, &io->pressure);
	json_object_end(json);
}

static void add_hugetlb(struct json *json, const struct cgroup_stats *stats)
{
	json_key(json, "hugetlb");
	json_object(json);
	for (size_t i = 0; i < stats->hugetlb_count; i++) {
		json_key(json, stats->hugetlb[i].page_size);
		json_object(json);
		json_pair_uint(json, "usage", stats->hugetlb[i].current);
		json_pair_uint(json, "failcnt", stats->hugetlb[i].fails);
		json_object_end(json);
	}
	json_object_end(json);
}

static void put_number(struct json *json, const char *key, const struct opt_u64 *number)
{
	if (number->set)
		json_pair_uint(json, key, number->value);
}

/* An element a cache, for which anything was counted. */
static void add_rdt(struct json *json, const struct stats_rdt *rdt)
{
	json_key(json, "intel_rdt");
	json_object(json);
	if (rdt->l3)
		json_pair_string(json, "l3_cache_schema", rdt->l3);
	if (rdt->bandwidth)
		json_pair_string(json, "mem_bw_schema", rdt->bandwidth);
	if (rdt->cache_count) {
		json_key(json, "mbm_stats");
		json_array(json);
		for (size_t i = 0; i < rdt->cache_count; i++) {
			json_object(json);
			put_number(json, "mbm_total_bytes", &rdt->caches[i].total);
			put_number(json, "mbm_local_bytes", &rdt->caches[i].local);
			json_object_end(json);
		}
		json_array_end(json);
		json_key(json, "cmt_stats");
		json_array(json);
		for (size_t i = 0; i < rdt->cache_count; i++) {
			json_object(json);
			put_number(json, "llc_occupancy", &rdt->caches[i].occupancy);
			json_object_end(json);
		}
		json_array_end(json);
	}
	json_object_end(json);
}

/* Ours: runc has no such limits. */
static void add_flow(struct json *json, const char *key, const struct stats_flow *flow)
{
	json_key(json, key);
	json_object(json);
	if (flow->rate != STATS_UNLIMITED) {
		json_pair_uint(json, "rate", flow->rate);
		json_pair_uint(json, "burst", flow->burst);
	}
	json_pair_uint(json, "passedBytes", flow->passed_bytes);
	json_pair_uint(json, "passedPackets", flow->passed_packets);
	json_pair_uint(json, "droppedBytes", flow->dropped_bytes);
	json_pair_uint(json, "droppedPackets", flow->dropped_packets);
	json_object_end(json);
}

static void add_network(struct json *json, const struct stats_network *network)
{
	if (!network->set)
		return;
	json_key(json, "network");
	json_object(json);
	add_flow(json, "egress", &network->egress);
	add_flow(json, "ingress", &network->ingress);
	json_object_end(json);
}

char *stats_json(const char *id, const struct cgroup_stats *stats, struct arena *arena)
{
	struct json *json = json_new(arena, false);

	json_object(json);
	json_pair_string(json, "type", "stats");
	json_pair_string(json, "id", id);
	json_key(json, "data");
	json_object(json);
	add_cpu(json, &stats->cpu);
	add_cpuset(json);
	add_memory(json, &stats->memory);
	add_pids(json, &stats->pids);
	add_blkio(json, &stats->io);
	add_hugetlb(json, stats);
	add_rdt(json, &stats->rdt);
	json_key(json, "network_interfaces");
	json_null(json);
	add_network(json, &stats->network);
	json_object_end(json);
	json_object_end(json);
	return json_finish(json);
}
