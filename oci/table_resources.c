/* config-linux.md "Control groups" and below. */
#include "oci/fields.h"
#include "oci/tables.h"

#include <string.h>

/* What dev_t of the kernel holds: mknod(2) would cut larger numbers, silently to those of another device. */
#define MAJOR_MAX 4095
#define MINOR_MAX 1048575

#define LIMIT_EXPECTED "must be -1 (unlimited) or a number of bytes"
#define F_LIMIT(key, member)                                                                                               \
	F_OPT_INT64(key, struct spec_memory, member, -1, INT64_MAX, .expected = LIMIT_EXPECTED)

static const struct field memory_fields[] = {
	F_LIMIT("limit", limit),
	F_LIMIT("reservation", reservation),
	F_LIMIT("swap", swap),
	F_LIMIT("kernel", kernel),
	F_LIMIT("kernelTCP", kernel_tcp),
	F_OPT_UINT64("swappiness", struct spec_memory, swappiness, 0, 100),
	F_OPT_BOOL("disableOOMKiller", struct spec_memory, disable_oom_killer),
	F_OPT_BOOL("useHierarchy", struct spec_memory, use_hierarchy),
	F_OPT_BOOL("checkBeforeUpdate", struct spec_memory, check_before_update),
};
static const struct table memory = TABLE_SET(memory_fields, struct spec_memory, set);

static const struct field cpu_fields[] = {
	F_OPT_UINT64("shares", struct spec_cpu, shares, 0, UINT64_MAX),
	F_OPT_INT64("quota", struct spec_cpu, quota, -1, INT64_MAX,
	            .expected = "must be -1 (unlimited) or a number of microseconds"),
	F_OPT_UINT64("burst", struct spec_cpu, burst, 0, UINT64_MAX),
	F_OPT_UINT64("period", struct spec_cpu, period, 0, UINT64_MAX),
	F_OPT_INT64("realtimeRuntime", struct spec_cpu, realtime_runtime, INT64_MIN, INT64_MAX),
	F_OPT_UINT64("realtimePeriod", struct spec_cpu, realtime_period, 0, UINT64_MAX),
	F_STRING("cpus", struct spec_cpu, cpus, .flags = FIELD_EMPTY_IS_ABSENT),
	F_STRING("mems", struct spec_cpu, mems, .flags = FIELD_EMPTY_IS_ABSENT),
	F_OPT_INT64("idle", struct spec_cpu, idle, 0, 1),
};
static const struct table cpu = TABLE_SET(cpu_fields, struct spec_cpu, set);

static const struct field pids_fields[] = {
	F_OPT_INT64("limit", struct spec_resources, pids_limit, -1, INT64_MAX,
	            .expected = "must be -1 (unlimited) or a number of tasks"),
};
static const struct table pids = TABLE(pids_fields, struct spec_resources);

#define WEIGHT_EXPECTED "must be an integer from 10 to 1000, or 0 for the default"
static const struct field weight_device_fields[] = {
	F_UINT32("major", struct spec_io_weight, major, 0, MAJOR_MAX, .flags = FIELD_REQUIRED),
	F_UINT32("minor", struct spec_io_weight, minor, 0, MINOR_MAX, .flags = FIELD_REQUIRED),
	F_OPT_UINT64("weight", struct spec_io_weight, weight, 0, 1000, .expected = WEIGHT_EXPECTED),
	F_OPT_UINT64("leafWeight", struct spec_io_weight, leaf_weight, 0, 1000, .expected = WEIGHT_EXPECTED),
};
static const struct table weight_device = TABLE(weight_device_fields, struct spec_io_weight);

static const struct field throttle_fields[] = {
	F_UINT32("major", struct spec_io_throttle, major, 0, MAJOR_MAX, .flags = FIELD_REQUIRED),
	F_UINT32("minor", struct spec_io_throttle, minor, 0, MINOR_MAX, .flags = FIELD_REQUIRED),
	F_UINT64("rate", struct spec_io_throttle, rate, 0, UINT64_MAX, .flags = FIELD_REQUIRED),
};
static const struct table throttle = TABLE(throttle_fields, struct spec_io_throttle);

#define F_THROTTLE(key, kind_)                                                                                             \
	F_OBJECTS(key, struct spec_block_io, throttles[kind_], throttle_count[kind_], struct spec_io_throttle, throttle)
static const struct field block_io_fields[] = {
	F_OPT_UINT64("weight", struct spec_block_io, weight, 0, 1000, .expected = WEIGHT_EXPECTED),
	F_OPT_UINT64("leafWeight", struct spec_block_io, leaf_weight, 0, 1000, .expected = WEIGHT_EXPECTED),
	F_OBJECTS("weightDevice", struct spec_block_io, weights, weight_count, struct spec_io_weight, weight_device),
	F_THROTTLE("throttleReadBpsDevice", IO_READ_BPS),
	F_THROTTLE("throttleWriteBpsDevice", IO_WRITE_BPS),
	F_THROTTLE("throttleReadIOPSDevice", IO_READ_IOPS),
	F_THROTTLE("throttleWriteIOPSDevice", IO_WRITE_IOPS),
};
static const struct table block_io = TABLE_SET(block_io_fields, struct spec_block_io, set);

static const struct field hugepage_fields[] = {
	F_STRING("pageSize", struct spec_hugepage, page_size, .flags = FIELD_REQUIRED),
	F_UINT64("limit", struct spec_hugepage, limit, 0, UINT64_MAX, .flags = FIELD_REQUIRED),
};
static const struct table hugepage = TABLE(hugepage_fields, struct spec_hugepage);

static const struct field rdma_fields[] = {
	F_OPT_UINT64("hcaHandles", struct spec_rdma, handles, 0, UINT32_MAX),
	F_OPT_UINT64("hcaObjects", struct spec_rdma, objects, 0, UINT32_MAX),
};
_Static_assert(offsetof(struct spec_rdma, device) == 0, "the key of an object map goes into the first member");
static const struct table rdma = TABLE(rdma_fields, struct spec_rdma);

static const struct field net_priority_fields[] = {
	F_STRING("name", struct spec_net_priority, name, .flags = FIELD_REQUIRED),
	F_UINT32("priority", struct spec_net_priority, priority, 0, UINT32_MAX, .flags = FIELD_REQUIRED),
};
static const struct table net_priority = TABLE(net_priority_fields, struct spec_net_priority);

static const struct field network_fields[] = {
	F_OPT_UINT64("classID", struct spec_resources, net_class_id, 0, UINT32_MAX),
	F_OBJECTS("priorities", struct spec_resources, net_priorities, net_priority_count, struct spec_net_priority,
	          net_priority),
};
static const struct table network = TABLE(network_fields, struct spec_resources);

static bool convert_rule_type(struct arena *arena, void *member, char *text)
{
	(void)arena;
	if (strlen(text) != 1 || !strchr("abc", *text))
		return false;
	*(char *)member = *text;
	return true;
}

static bool convert_access(struct arena *arena, void *member, char *text)
{
	static const unsigned bits[] = { ['r'] = DEVICE_READ, ['w'] = DEVICE_WRITE, ['m'] = DEVICE_MKNOD };
	unsigned *access = member;

	(void)arena;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= sizeof bits / sizeof *bits || !bits[c])
			return false;
		*access |= bits[c];
	}
	return true;
}

static const struct field device_rule_fields[] = {
	F_BOOL("allow", struct spec_device_rule, allow, .flags = FIELD_REQUIRED),
	F_TEXT("type", struct spec_device_rule, type, convert_rule_type, .flags = FIELD_EMPTY_IS_ABSENT,
	       .expected = "must be \"a\" (all), \"b\" (block) or \"c\" (character)"),
	F_INT64("major", struct spec_device_rule, major, -1, MAJOR_MAX,
	        .expected = "must be -1 (all) or an integer from 0 to 4095"),
	F_INT64("minor", struct spec_device_rule, minor, -1, MINOR_MAX,
	        .expected = "must be -1 (all) or an integer from 0 to 1048575"),
	F_TEXT("access", struct spec_device_rule, access, convert_access,
	       .expected = "must be a composition of \"r\", \"w\" and \"m\""),
};

/* "Unset values mean all"; the specification says nothing of an unset access, which is taken the same way. */
static int finish_device_rule(struct decoder *decoder, void *object)
{
	struct spec_device_rule *rule = object;

	if (!rule->type)
		rule->type = 'a';
	if (!decoder_has(decoder, "major"))
		rule->major = -1;
	if (!decoder_has(decoder, "minor"))
		rule->minor = -1;
	if (!rule->access)
		rule->access = DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD;
	return 0;
}
static const struct table device_rule = TABLE(device_rule_fields, struct spec_device_rule, .finish = finish_device_rule);

static const struct field resources_fields[] = {
	F_STRING_MAP("unified", struct spec_resources, unified),
	F_OBJECTS("devices", struct spec_resources, devices, device_count, struct spec_device_rule, device_rule),
	F_OBJECT("memory", struct spec_resources, memory, memory),
	F_OBJECT("cpu", struct spec_resources, cpu, cpu),
	F_INLINE("pids", pids),
	F_OBJECT("blockIO", struct spec_resources, block_io, block_io),
	F_OBJECTS("hugepageLimits", struct spec_resources, hugepages, hugepage_count, struct spec_hugepage, hugepage),
	F_INLINE("network", network),
	F_OBJECT_MAP("rdma", struct spec_resources, rdma, rdma_count, struct spec_rdma, rdma),
};
const struct table table_resources = TABLE_SET(resources_fields, struct spec_resources, set);
