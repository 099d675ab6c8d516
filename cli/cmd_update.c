/* update: other limits for a container that lives. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/input.h"
#include "cli/units.h"
#include "oci/parse.h"
#include "oci/validate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum limit_kind {
	LIMIT_SIZE,      /* struct opt_i64: bytes; -1 */
	LIMIT_SIGNED,    /* struct opt_i64 */
	LIMIT_UNSIGNED,  /* struct opt_u64 */
	LIMIT_TEXT,      /* char * */
};

/* An option and the resource that it sets. */
struct limit {
	const char *option;
	enum limit_kind kind;
	size_t text;    /* in struct call */
	size_t target;  /* in struct spec_resources */
};

#define RESOURCE(member) offsetof(struct spec_resources, member)

static const struct limit limits[] = {
	{ "memory", LIMIT_SIZE, AT(update.memory), RESOURCE(memory.limit) },
	{ "memory-reservation", LIMIT_SIZE, AT(update.memory_reservation), RESOURCE(memory.reservation) },
	{ "memory-swap", LIMIT_SIZE, AT(update.memory_swap), RESOURCE(memory.swap) },
	{ "cpu-share", LIMIT_UNSIGNED, AT(update.cpu_share), RESOURCE(cpu.shares) },
	{ "cpu-quota", LIMIT_SIGNED, AT(update.cpu_quota), RESOURCE(cpu.quota) },
	{ "cpu-period", LIMIT_UNSIGNED, AT(update.cpu_period), RESOURCE(cpu.period) },
	{ "cpu-burst", LIMIT_UNSIGNED, AT(update.cpu_burst), RESOURCE(cpu.burst) },
	{ "cpu-idle", LIMIT_SIGNED, AT(update.cpu_idle), RESOURCE(cpu.idle) },
	{ "cpu-rt-period", LIMIT_UNSIGNED, AT(update.cpu_rt_period), RESOURCE(cpu.realtime_period) },
	{ "cpu-rt-runtime", LIMIT_SIGNED, AT(update.cpu_rt_runtime), RESOURCE(cpu.realtime_runtime) },
	{ "cpuset-cpus", LIMIT_TEXT, AT(update.cpuset_cpus), RESOURCE(cpu.cpus) },
	{ "cpuset-mems", LIMIT_TEXT, AT(update.cpuset_mems), RESOURCE(cpu.mems) },
	{ "pids-limit", LIMIT_SIGNED, AT(update.pids_limit), RESOURCE(pids_limit) },
	{ "blkio-weight", LIMIT_UNSIGNED, AT(update.blkio_weight), RESOURCE(block_io.weight) },
};

/* --- options --------------------------------------------------------------------------------------------------------- */

static int parse_signed(const struct limit *limit, const char *text, int64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	if (!strchr("+-0123456789", text[0]) || end == text || *end || errno)
		return refuse(EINVAL, "--%s %s: must be a number", limit->option, text);
	return 0;
}

static int parse_unsigned(const struct limit *limit, const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno)
		return refuse(EINVAL, "--%s %s: must be a number, 0 or more", limit->option, text);
	return 0;
}

static int parse_size(const struct limit *limit, const char *text, int64_t *bytes)
{
	*bytes = -1;
	if (strcmp(text, "-1") == 0 || units_parse_size(text, bytes) >= 0)
		return 0;
	return refuse(EINVAL, "--%s %s: must be a number of bytes, such as 512M or 1.5G, or -1 (unlimited)", limit->option, text);
}

static int set_limit(const struct limit *limit, const char *text, struct arena *arena, struct spec_resources *resources)
{
	void *target = (char *)resources + limit->target;
	struct opt_i64 *number = target;
	struct opt_u64 *count = target;

	switch (limit->kind) {
	case LIMIT_SIZE:
		number->set = true;
		return parse_size(limit, text, &number->value);
	case LIMIT_SIGNED:
		number->set = true;
		return parse_signed(limit, text, &number->value);
	case LIMIT_UNSIGNED:
		count->set = true;
		return parse_unsigned(limit, text, &count->value);
	case LIMIT_TEXT:
		*(char **)target = arena_strdup(arena, text);
		return 0;
	}
	return refuse(EINVAL, "--%s: unknown kind of limit", limit->option);
}

static const char *text_of(const struct call *call, const struct limit *limit)
{
	return *(const char *const *)(const void *)((const char *)call + limit->text);
}

/* How many options set a limit; the last one's name in *name. */
static size_t count_limits(const struct call *call, const char **name)
{
	size_t count = 0;

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		if (text_of(call, &limits[i])) {
			*name = limits[i].option;
			count++;
		}
	return count;
}

static int read_options(struct call *call, struct spec_resources *resources)
{
	int r = 0;

	for (size_t i = 0; i < sizeof limits / sizeof *limits && r >= 0; i++)
		if (text_of(call, &limits[i]))
			r = set_limit(&limits[i], text_of(call, &limits[i]), &call->arena, resources);
	if (r < 0)
		return r;
	/* runc's default, "not given"; in a file it is a limit. */
	if (resources->pids_limit.value == 0)
		resources->pids_limit.set = false;
	resources->set = resources->memory.set = resources->cpu.set = resources->block_io.set = true;
	r = spec_validate_resources(resources, "/linux/resources");
	return r < 0 ? r : spec_validate_resources_runnable(resources, "/linux/resources");
}

/* --- network bandwidth ------------------------------------------------------------------------------------------------ */

static int read_bandwidth(const char *option, const char *text, struct bandwidth_limit *limit)
{
	return text ? context(bandwidth_parse(text, limit), "--%s", option) : 0;
}

/* No part of the resources: it may be given beside a file. */
static int read_network(const struct call *call, struct bandwidth *bandwidth)
{
	int r = read_bandwidth("net-egress", call->update.net_egress, &bandwidth->egress);

	return r < 0 ? r : read_bandwidth("net-ingress", call->update.net_ingress, &bandwidth->ingress);
}

/* --- caches and memory bandwidth -------------------------------------------------------------------------------------- */

static int read_schemata(struct call *call, struct spec_intel_rdt *rdt)
{
	const char *l3 = call->update.l3_cache_schema, *bandwidth = call->update.mem_bw_schema;

	if (l3 && strchr(l3, '\n'))
		return refuse(EINVAL, "--l3-cache-schema: must be one line such as L3:0=ff;1=f");
	if (bandwidth && (strncmp(bandwidth, "MB:", 3) != 0 || strchr(bandwidth, '\n')))
		return refuse(EINVAL, "--mem-bw-schema: must be one line that starts with MB:, such as MB:0=50;1=20");
	rdt->l3_cache_schema = l3 ? arena_strdup(&call->arena, l3) : NULL;
	rdt->mem_bw_schema = bandwidth ? arena_strdup(&call->arena, bandwidth) : NULL;
	return 0;
}

/* --- update ---------------------------------------------------------------------------------------------------------- */

static int read_file(struct call *call, struct spec *spec)
{
	const char *path = call->update.resources;
	char *text;
	size_t size;
	int r = input_read(&call->arena, "--resources", path, true, &text, &size);

	return r < 0 ? r : context(spec_parse_resources(spec, text, size), "--resources %s", path);
}

static int check(const struct call *call)
{
	const char *name = NULL;
	size_t count = count_limits(call, &name);

	if (call->update.kernel_memory || call->update.kernel_memory_tcp)
		log_warning("--%s has no effect: --memory includes kernel memory",
		            call->update.kernel_memory ? "kernel-memory" : "kernel-memory-tcp");
	else if (count == 0 && !call->update.resources && !call->update.net_egress && !call->update.net_ingress &&
	         !call->update.l3_cache_schema && !call->update.mem_bw_schema)
		return refuse(EINVAL, "nothing to update: give limits, or --resources FILE");
	if (count > 0 && call->update.resources)
		return refuse(EINVAL, "--%s beside --resources: give all limits in one of the two ways", name);
	return 0;
}

/* As in runc, whose help shows a file full of zeros: memory of 0 stays as it is. No container could live with it anyway. */
static void drop_zeros(struct spec_memory *memory)
{
	if (memory->limit.value == 0)
		memory->limit.set = false;
	if (memory->reservation.value == 0)
		memory->reservation.set = false;
}

static int run_update(struct call *call)
{
	struct spec _cleanup_spec_ spec = { .arena = arena_within(&call->arena) };
	struct spec_resources given = { 0 }, *resources = &given;
	struct bandwidth bandwidth = { 0 };
	struct spec_intel_rdt rdt = { 0 };
	int r = check(call);

	if (r >= 0)
		r = read_network(call, &bandwidth);
	if (r >= 0)
		r = read_schemata(call, &rdt);
	if (r >= 0 && call->update.resources) {
		r = read_file(call, &spec);
		resources = &spec.linux_.resources;
	} else if (r >= 0) {
		r = read_options(call, resources);
	}
	if (r < 0)
		return r;
	drop_zeros(&resources->memory);
	return container_update(&call->runtime, call_id(call), resources, &bandwidth, &rdt);
}

static const struct option update_options[] = {
	{ "resources", 'r', OPTION_TEXT, AT(update.resources), "FILE", "limits as JSON, a resources object; - is standard input" },
	{ "memory", 0, OPTION_TEXT, AT(update.memory), "SIZE", "memory limit; -1: none" },
	{ "memory-reservation", 0, OPTION_TEXT, AT(update.memory_reservation), "SIZE", "memory that is kept for it" },
	{ "memory-swap", 0, OPTION_TEXT, AT(update.memory_swap), "SIZE", "limit of memory and swap together; -1: none" },
	{ "cpu-quota", 0, OPTION_TEXT, AT(update.cpu_quota), "MICROSECONDS", "CPU time in each period; -1: no limit" },
	{ "cpu-period", 0, OPTION_TEXT, AT(update.cpu_period), "MICROSECONDS", "length of a period" },
	{ "cpu-burst", 0, OPTION_TEXT, AT(update.cpu_burst), "MICROSECONDS", "CPU time saved up for later periods" },
	{ "cpu-share", 0, OPTION_TEXT, AT(update.cpu_share), "NUMBER", "share of CPU time beside others" },
	{ "cpu-idle", 0, OPTION_TEXT, AT(update.cpu_idle), "0|1", "1: only CPU time that nobody wants" },
	{ "cpuset-cpus", 0, OPTION_TEXT, AT(update.cpuset_cpus), "LIST", "CPUs to use, such as 0-2,4" },
	{ "cpuset-mems", 0, OPTION_TEXT, AT(update.cpuset_mems), "LIST", "memory nodes to use" },
	{ "pids-limit", 0, OPTION_TEXT, AT(update.pids_limit), "NUMBER", "most processes and threads; -1: no limit" },
	{ "blkio-weight", 0, OPTION_TEXT, AT(update.blkio_weight), "NUMBER", "share of I/O beside others, 10 to 1000" },
	{ "net-egress", 0, OPTION_TEXT, AT(update.net_egress), "RATE", "network: most bits a second sent, such as 100M; max: no limit" },
	{ "net-ingress", 0, OPTION_TEXT, AT(update.net_ingress), "RATE", "network: most bits a second received" },
	{ "kernel-memory", 0, OPTION_TEXT, AT(update.kernel_memory), "SIZE", "no effect" },
	{ "kernel-memory-tcp", 0, OPTION_TEXT, AT(update.kernel_memory_tcp), "SIZE", "no effect" },
	{ "cpu-rt-period", 0, OPTION_TEXT, AT(update.cpu_rt_period), "MICROSECONDS", "refused: cgroup v1 only" },
	{ "cpu-rt-runtime", 0, OPTION_TEXT, AT(update.cpu_rt_runtime), "MICROSECONDS", "refused: cgroup v1 only" },
	{ "l3-cache-schema", 0, OPTION_TEXT, AT(update.l3_cache_schema), "SCHEMA", "Intel RDT: cache of its class, such as L3:0=ff;1=f" },
	{ "mem-bw-schema", 0, OPTION_TEXT, AT(update.mem_bw_schema), "SCHEMA", "Intel RDT: memory bandwidth of its class, such as MB:0=50" },
	{ 0 },
};

const struct command command_update = {
	.name = "update",
	.group = GROUP_INSIDE,
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = "change the limits of a container",
	.description = "Change the limits of a container that has not stopped. What is not given stays as it is; on an error,\n"
	               "everything does.",
	.options = update_options,
	.run = run_update,
};
