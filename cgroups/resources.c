#include "cgroups/resources.h"

#include "cgroups/weights.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define RESOURCES "/linux/resources"

/* The plan in the making. */
struct planner {
	struct arena *arena;
	struct cgroup_values *values;
};

/* Files with a line a device, which is absent while it has the default: what brings that back. */
static const char *reset_of(struct planner *planner, const char *file, const char *value)
{
	static const struct {
		const char *file, *setting;
	} resets[] = {
		{ "io.max", "rbps=max wbps=max riops=max wiops=max" },
		{ "io.weight", "default" },
		{ "io.bfq.weight", "default" },
		{ "io.latency", "target=0" },
		{ "rdma.max", "hca_handle=max hca_object=max" },
	};

	for (size_t i = 0; i < sizeof resets / sizeof *resets; i++)
		if (strcmp(file, resets[i].file) == 0)
			return arena_printf(planner->arena, "%.*s %s", (int)strcspn(value, " "), value, resets[i].setting);
	return NULL;
}

static struct cgroup_value *add(struct planner *planner, const char *file, const char *field, const char *value)
{
	struct cgroup_values *values = planner->values;

	if (values->count == values->room) {
		size_t room = values->room ? 2 * values->room : 16;
		struct cgroup_value *items = arena_array(planner->arena, room, sizeof *items);

		if (values->count > 0)
			memcpy(items, values->items, values->count * sizeof *items);
		values->items = items;
		values->room = room;
	}
	const char *controller = arena_strndup(planner->arena, file, strcspn(file, "."));
	struct cgroup_value *added = &values->items[values->count++];

	*added = (struct cgroup_value){ .controller = strcmp(controller, "cgroup") == 0 ? NULL : controller,
					.file = file,
					.value = value,
					.field = field,
					.reset = reset_of(planner, file, value) };
	return added;
}

static struct cgroup_value *add_number(struct planner *planner, const char *file, const char *field, uint64_t number)
{
	return add(planner, file, field, arena_printf(planner->arena, "%" PRIu64, number));
}

/* -1 is "max". */
static int add_limit(struct planner *planner, const char *file, const char *field, int64_t limit)
{
	if (limit < -1)
		return refuse(EINVAL, "%s: %" PRId64 " is neither a limit nor -1 (unlimited)", field, limit);
	if (limit == -1)
		add(planner, file, field, "max");
	else
		add_number(planner, file, field, (uint64_t)limit);
	return 0;
}

/* --- memory ----------------------------------------------------------------------------------------------------------- */

/*
 * memory.swap limits memory and swap together, memory.swap.max swap alone. Unlimited memory means unlimited swap unless that is
 * said. 0 means "not set" in the engines' interface.
 */
static int plan_swap(struct planner *planner, const struct spec_memory *memory)
{
	const char *field = RESOURCES "/memory/swap", *file = "memory.swap.max";
	int64_t limit = memory->limit.set ? memory->limit.value : 0;
	int64_t swap = memory->swap.set ? memory->swap.value : 0;

	if (swap == -1 || (swap == 0 && limit == -1)) {
		add(planner, file, field, "max")->flags = CGROUP_VALUE_IF_PRESENT;
		return 0;
	}
	if (swap == 0)
		return 0;
	if (swap < -1)
		return refuse(EINVAL, "%s: %" PRId64 " is neither a limit nor -1 (unlimited)", field, swap);
	if (limit <= 0)
		return refuse(EINVAL,
			      "%s is the limit of memory and swap together: it needs " RESOURCES "/memory/limit beside it",
			      field);
	if (swap < limit)
		return refuse(EINVAL, "%s: %" PRId64 " is less than the memory limit of %" PRId64 " that it includes", field,
			      swap, limit);
	/* Without swap in the kernel there is none to use. */
	add_number(planner, file, field, (uint64_t)(swap - limit))->flags = swap == limit ? CGROUP_VALUE_IF_PRESENT : 0;
	return 0;
}

static int plan_memory(struct planner *planner, const struct spec_resources *resources)
{
	const struct spec_memory *memory = &resources->memory;
	/* Swap first: a lower memory limit then finds the room that it may swap to. */
	int r = plan_swap(planner, memory);

	/* Here, too, 0 means "not set": a limit of nothing would end the container before it begins. */
	if (r >= 0 && memory->limit.set && memory->limit.value != 0)
		r = add_limit(planner, "memory.max", RESOURCES "/memory/limit", memory->limit.value);
	if (r >= 0 && memory->reservation.set && memory->reservation.value != 0)
		r = add_limit(planner, "memory.low", RESOURCES "/memory/reservation", memory->reservation.value);
	return r;
}

/* --- cpu, cpuset, pids ------------------------------------------------------------------------------------------------ */

static void plan_cpu_max(struct planner *planner, const struct spec_cpu *cpu)
{
	bool quota = cpu->quota.set && cpu->quota.value != 0, period = cpu->period.set && cpu->period.value != 0;
	const char *field = quota ? RESOURCES "/cpu/quota" : RESOURCES "/cpu/period";
	const char *most = quota && cpu->quota.value > 0 ? arena_printf(planner->arena, "%" PRId64, cpu->quota.value) : "max";

	if (period)
		add(planner, "cpu.max", field, arena_printf(planner->arena, "%s %" PRIu64, most, cpu->period.value))->flags =
			quota ? 0 : CGROUP_VALUE_KEEP_QUOTA;
	else if (quota)
		add(planner, "cpu.max", field, most); /* one number leaves the period as it is */
}

static int plan_cpu(struct planner *planner, const struct spec_resources *resources)
{
	const struct spec_cpu *cpu = &resources->cpu;
	bool idle = cpu->idle.set && cpu->idle.value == 1;

	if (cpu->idle.set)
		add(planner, "cpu.idle", RESOURCES "/cpu/idle", idle ? "1" : "0")->flags = idle ? 0 : CGROUP_VALUE_IF_PRESENT;
	/* An idle group has no weight: the kernel refuses one. Out of idle, it can have one again. 0 means "not set". */
	if (cpu->shares.set && cpu->shares.value != 0 && !idle)
		add_number(planner, "cpu.weight", RESOURCES "/cpu/shares", cgroup_cpu_weight(cpu->shares.value));
	/* The burst may never exceed the quota, neither the old one nor the new: none while the quota changes. */
	if (cpu->burst.set)
		add(planner, "cpu.max.burst", RESOURCES "/cpu/burst", "0")->flags = CGROUP_VALUE_IF_PRESENT;
	plan_cpu_max(planner, cpu);
	if (cpu->burst.set && cpu->burst.value != 0)
		add_number(planner, "cpu.max.burst", RESOURCES "/cpu/burst", cpu->burst.value);
	if (cpu->cpus && *cpu->cpus)
		add(planner, "cpuset.cpus", RESOURCES "/cpu/cpus", cpu->cpus)->flags = CGROUP_VALUE_CHECK_EFFECTIVE;
	if (cpu->mems && *cpu->mems)
		add(planner, "cpuset.mems", RESOURCES "/cpu/mems", cpu->mems)->flags = CGROUP_VALUE_CHECK_EFFECTIVE;
	return 0;
}

static int plan_pids(struct planner *planner, const struct spec_resources *resources)
{
	if (!resources->pids_limit.set)
		return 0;
	return add_limit(planner, "pids.max", RESOURCES "/pids/limit", resources->pids_limit.value);
}

/* --- block I/O -------------------------------------------------------------------------------------------------------- */

/*
 * io.weight is there with the cost model (CONFIG_BLK_CGROUP_IOCOST), io.bfq.weight with the BFQ scheduler, which speaks in the
 * weights of the configuration. Which of them a device heeds is the administrator's choice: set both.
 */
static int add_io_weight(struct planner *planner, const char *key, const char *field, uint64_t weight)
{
	if (weight < 10 || weight > 1000)
		return refuse(EINVAL, "%s: %" PRIu64 " is not in the range of 10 to 1000", field, weight);
	add(planner, "io.weight", field, arena_printf(planner->arena, "%s %" PRIu64, key, cgroup_io_weight(weight)))->flags =
		CGROUP_VALUE_FIRST_OF_TWO;
	add(planner, "io.bfq.weight", field, arena_printf(planner->arena, "%s %" PRIu64, key, weight))->flags =
		CGROUP_VALUE_SECOND_OF_TWO;
	return 0;
}

static int plan_io_weights(struct planner *planner, const struct spec_block_io *io)
{
	int r = 0;

	if (io->weight.set && io->weight.value != 0)
		r = add_io_weight(planner, "default", RESOURCES "/blockIO/weight", io->weight.value);
	for (size_t i = 0; i < io->weight_count && r >= 0; i++) {
		const struct spec_io_weight *device = &io->weights[i];
		const char *key = arena_printf(planner->arena, "%" PRIu32 ":%" PRIu32, device->major, device->minor);
		const char *field = arena_printf(planner->arena, RESOURCES "/blockIO/weightDevice/%zu/weight", i);

		if (device->weight.set && device->weight.value != 0)
			r = add_io_weight(planner, key, field, device->weight.value);
	}
	return r;
}

static const struct {
	const char *key, *list;
} throttles[IO_THROTTLE_KINDS] = {
	[IO_READ_BPS] = { "rbps", "throttleReadBpsDevice" },
	[IO_WRITE_BPS] = { "wbps", "throttleWriteBpsDevice" },
	[IO_READ_IOPS] = { "riops", "throttleReadIOPSDevice" },
	[IO_WRITE_IOPS] = { "wiops", "throttleWriteIOPSDevice" },
};

static void plan_throttle(struct planner *planner, int kind, size_t index, const struct spec_io_throttle *device)
{
	const char *key = throttles[kind].key;
	const char *field = arena_printf(planner->arena, RESOURCES "/blockIO/%s/%zu/rate", throttles[kind].list, index);
	/* A rate of 0 takes a limit away. */
	const char *rate = device->rate == 0 ? "max" : arena_printf(planner->arena, "%" PRIu64, device->rate);

	add(planner, "io.max", field,
	    arena_printf(planner->arena, "%" PRIu32 ":%" PRIu32 " %s=%s", device->major, device->minor, key, rate));
}

static int plan_block_io(struct planner *planner, const struct spec_resources *resources)
{
	const struct spec_block_io *io = &resources->block_io;
	int r = plan_io_weights(planner, io);

	for (int kind = 0; kind < IO_THROTTLE_KINDS; kind++)
		for (size_t i = 0; i < io->throttle_count[kind]; i++)
			plan_throttle(planner, kind, i, &io->throttles[kind][i]);
	return r;
}

/* --- huge pages, RDMA ------------------------------------------------------------------------------------------------- */

/* A file of the group's own directory: one component, and not one by which processes are moved, killed or frozen. */
static int check_file_name(const char *file, const char *field)
{
	static const char *const forbidden[] = {
		"cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "cgroup.type", "cgroup.kill", "cgroup.freeze",
	};

	if (!*file || *file == '.' || strchr(file, '/') || strlen(file) > 255)
		return refuse(EINVAL, "%s: '%s' is not the name of a cgroup file", field, file);
	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
		if (strcmp(file, forbidden[i]) == 0)
			return refuse(EINVAL, "%s: %s is not a setting; only the runtime writes it", field, file);
	return 0;
}

/* Limits on reservations where the kernel has them (5.7), and on use. */
static int plan_hugepages(struct planner *planner, const struct spec_resources *resources)
{
	for (size_t i = 0; i < resources->hugepage_count; i++) {
		const struct spec_hugepage *page = &resources->hugepages[i];
		const char *field = arena_printf(planner->arena, RESOURCES "/hugepageLimits/%zu", i);
		const char *use = arena_printf(planner->arena, "hugetlb.%s.max", page->page_size);
		const char *reserved = arena_printf(planner->arena, "hugetlb.%s.rsvd.max", page->page_size);
		int r = check_file_name(use, field);

		if (r < 0)
			return r;
		add_number(planner, use, field, page->limit);
		add_number(planner, reserved, field, page->limit)->flags = CGROUP_VALUE_IF_PRESENT;
	}
	return 0;
}

static int plan_rdma(struct planner *planner, const struct spec_resources *resources)
{
	for (size_t i = 0; i < resources->rdma_count; i++) {
		const struct spec_rdma *rdma = &resources->rdma[i];
		const char *field = arena_printf(planner->arena, RESOURCES "/rdma/%s", rdma->device);
		const char *handles = "", *objects = "";

		if (!*rdma->device || strpbrk(rdma->device, " \t\n"))
			return refuse(EINVAL, RESOURCES "/rdma: '%s' is not the name of a device", rdma->device);
		if (rdma->handles.set)
			handles = arena_printf(planner->arena, " hca_handle=%" PRIu64, rdma->handles.value);
		if (rdma->objects.set)
			objects = arena_printf(planner->arena, " hca_object=%" PRIu64, rdma->objects.value);
		add(planner, "rdma.max", field, arena_printf(planner->arena, "%s%s%s", rdma->device, handles, objects));
	}
	return 0;
}

/* --- unified ---------------------------------------------------------------------------------------------------------- */

/* The kernel takes one line a write. */
static int plan_unified(struct planner *planner, const struct spec_resources *resources)
{
	for (size_t i = 0; i < resources->unified.count; i++) {
		const struct string_pair *pair = &resources->unified.items[i];
		const char *field = arena_printf(planner->arena, RESOURCES "/unified/%s", pair->key);
		int r = check_file_name(pair->key, field);

		if (r < 0)
			return r;
		const char *line = pair->value;

		do {
			size_t length = strcspn(line, "\n");

			/* An empty value is an empty line: writing nothing at all would set nothing. */
			if (length > 0 || line == pair->value)
				add(planner, pair->key, field, length > 0 ? arena_strndup(planner->arena, line, length) : "\n");
			line += length;
			line += *line == '\n';
		} while (*line);
	}
	return 0;
}

int cgroup_plan_resources(const struct spec_resources *resources, struct arena *arena, struct cgroup_values *values)
{
	static int (*const plans[])(struct planner *, const struct spec_resources *) = {
		plan_memory, plan_cpu, plan_pids, plan_block_io, plan_hugepages, plan_rdma, plan_unified,
	};
	struct planner planner = { .arena = arena, .values = values };
	int r = 0;

	*values = (struct cgroup_values){ 0 };
	for (size_t i = 0; i < sizeof plans / sizeof *plans && r >= 0; i++)
		r = plans[i](&planner, resources);
	return r;
}
