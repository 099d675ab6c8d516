/* linux.resources as files and values. */
#include "cgroups/resources.h"
#include "cgroups/weights.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int drop_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* The plan as text: "file=value;file=value". */
static const char *plan(const struct spec_resources *resources)
{
	struct cgroup_values values;
	const char *text = "";

	if (cgroup_plan_resources(resources, &arena, &values) < 0)
		return error_record()->text;
	for (size_t i = 0; i < values.count; i++)
		text = arena_printf(&arena, "%s%s%s=%s", text, *text ? ";" : "", values.items[i].file, values.items[i].value);
	return text;
}

#define PLANS(expected, ...)                                                     \
	do {                                                                     \
		struct spec_resources resources_ = { .set = true, __VA_ARGS__ }; \
		assert_string_equal(plan(&resources_), expected);                \
	} while (0)

#define REFUSES(says, ...)                                                                       \
	do {                                                                                     \
		struct spec_resources resources_ = { .set = true, __VA_ARGS__ };                 \
		struct cgroup_values values_;                                                    \
		assert_int_equal(cgroup_plan_resources(&resources_, &arena, &values_), -EINVAL); \
		if (!strstr(error_record()->text, says))                                         \
			fail_msg("%s", error_record()->text);                                    \
	} while (0)

#define SET(number)          \
	{                    \
		true, number \
	}

static void nothing_asked_nothing_planned(void **state)
{
	(void)state;
	PLANS("", .memory = { 0 });
	struct spec_resources none = { 0 };
	struct spec_device_rule rule = { false, 'a', -1, -1, 7 };

	assert_false(cgroup_resources_asked(NULL));
	assert_false(cgroup_resources_asked(&none));
	none.devices = &rule;
	none.device_count = 1;
	assert_false(cgroup_resources_asked(&none));
	none.pids_limit = (struct opt_i64){ true, 0 };
	assert_true(cgroup_resources_asked(&none));
}

static void memory(void **state)
{
	(void)state;
	PLANS("memory.max=1048576", .memory = { .limit = SET(1048576) });
	PLANS("", .memory = { .limit = SET(0), .reservation = SET(0), .swap = SET(0) });
	PLANS("memory.low=5", .memory = { .reservation = SET(5) });
	PLANS("memory.swap.max=100;memory.max=200;memory.low=50",
	      .memory = { .limit = SET(200), .swap = SET(300), .reservation = SET(50) });
	PLANS("memory.swap.max=0;memory.max=200", .memory = { .limit = SET(200), .swap = SET(200) });
	PLANS("memory.swap.max=max;memory.max=200", .memory = { .limit = SET(200), .swap = SET(-1) });
	PLANS("memory.swap.max=max", .memory = { .swap = SET(-1) });
	/* Unlimited memory leaves no reason to limit swap. */
	PLANS("memory.swap.max=max;memory.max=max", .memory = { .limit = SET(-1) });
	PLANS("memory.swap.max=max;memory.max=max", .memory = { .limit = SET(-1), .swap = SET(-1) });
	PLANS("memory.max=200", .memory = { .limit = SET(200), .swap = SET(0) });
	PLANS("memory.max=9223372036854775807", .memory = { .limit = SET(INT64_MAX) });
	REFUSES("/linux/resources/memory/swap", .memory = { .swap = SET(300) });
	REFUSES("/linux/resources/memory/swap", .memory = { .limit = SET(-1), .swap = SET(300) });
	REFUSES("less than the memory limit of 300", .memory = { .limit = SET(300), .swap = SET(299) });
	REFUSES("/linux/resources/memory/limit", .memory = { .limit = SET(-2) });
	REFUSES("/linux/resources/memory/reservation", .memory = { .reservation = SET(INT64_MIN) });
	REFUSES("/linux/resources/memory/swap", .memory = { .limit = SET(1), .swap = SET(-2) });
}

static void cpu(void **state)
{
	(void)state;
	PLANS("cpu.weight=100", .cpu = { .shares = SET(1024) });
	PLANS("", .cpu = { .shares = SET(0), .quota = SET(0), .period = SET(0) });
	PLANS("cpu.max=50000 100000", .cpu = { .quota = SET(50000), .period = SET(100000) });
	PLANS("cpu.max=50000", .cpu = { .quota = SET(50000) });
	PLANS("cpu.max=max", .cpu = { .quota = SET(-1) });
	PLANS("cpu.max=max 20000", .cpu = { .quota = SET(-1), .period = SET(20000) });
	PLANS("cpu.max=max 20000", .cpu = { .period = SET(20000) });
	PLANS("cpu.max.burst=0;cpu.max=5000;cpu.max.burst=3000", .cpu = { .quota = SET(5000), .burst = SET(3000) });
	PLANS("cpu.max.burst=0", .cpu = { .burst = SET(0) });
	PLANS("cpu.idle=1", .cpu = { .idle = SET(1), .shares = SET(512) });
	PLANS("cpu.idle=0;cpu.weight=100", .cpu = { .idle = SET(0), .shares = SET(1024) });
	PLANS("cpuset.cpus=0-1;cpuset.mems=0", .cpu = { .cpus = (char[]){ "0-1" }, .mems = (char[]){ "0" } });
	PLANS("", .cpu = { .cpus = (char[]){ "" }, .mems = (char[]){ "" } });
}

static void a_new_period_keeps_the_quota(void **state)
{
	struct spec_resources period = { .cpu = { .period = SET(20000) } },
			      both = { .cpu = { .period = SET(20000), .quota = SET(-1) } };
	struct cgroup_values values;

	(void)state;
	assert_int_equal(cgroup_plan_resources(&period, &arena, &values), 0);
	assert_int_equal(values.items[0].flags, CGROUP_VALUE_KEEP_QUOTA);
	assert_string_equal(values.items[0].field, "/linux/resources/cpu/period");
	assert_int_equal(cgroup_plan_resources(&both, &arena, &values), 0);
	assert_int_equal(values.items[0].flags, 0);
}

static void pids(void **state)
{
	(void)state;
	PLANS("pids.max=64", .pids_limit = SET(64));
	PLANS("pids.max=0", .pids_limit = SET(0));
	PLANS("pids.max=max", .pids_limit = SET(-1));
	REFUSES("/linux/resources/pids/limit", .pids_limit = SET(-2));
}

static void block_io(void **state)
{
	struct spec_io_weight weights[] = { { 8, 0, SET(1000), { 0 } }, { 8, 16, { 0 }, SET(300) } };
	struct spec_io_throttle one[] = { { 8, 0, 600 } }, zero[] = { { 259, 3, 0 } };

	(void)state;
	PLANS("io.weight=default 1;io.bfq.weight=default 10", .block_io = { .weight = SET(10) });
	PLANS("io.weight=default 10000;io.bfq.weight=default 1000", .block_io = { .weight = SET(1000) });
	PLANS("", .block_io = { .weight = SET(0) });
	PLANS("io.weight=8:0 10000;io.bfq.weight=8:0 1000", .block_io = { .weight_count = 2, .weights = weights });
	PLANS("io.max=8:0 rbps=600;io.max=8:0 wbps=600;io.max=8:0 riops=600;io.max=259:3 wiops=max",
	      .block_io = { .throttle_count = { 1, 1, 1, 1 }, .throttles = { one, one, one, zero } });
	REFUSES("/linux/resources/blockIO/weight: 9", .block_io = { .weight = SET(9) });
	REFUSES("/linux/resources/blockIO/weight: 1001", .block_io = { .weight = SET(1001) });
}

static void what_takes_a_device_line_back(void **state)
{
	struct spec_io_throttle one[] = { { 8, 0, 600 } };
	struct string_pair pairs[] = { { (char[]){ "io.max" }, (char[]){ "9:1 wiops=5" } },
				       { (char[]){ "io.latency" }, (char[]){ "9:1 target=5" } },
				       { (char[]){ "memory.high" }, (char[]){ "9" } } };
	struct spec_resources resources = { .block_io = { .throttle_count = { 1 }, .throttles = { one } },
					    .unified = { true, 3, pairs } };
	struct cgroup_values values;

	(void)state;
	assert_int_equal(cgroup_plan_resources(&resources, &arena, &values), 0);
	assert_int_equal(values.count, 4);
	assert_string_equal(values.items[0].reset, "8:0 rbps=max wbps=max riops=max wiops=max");
	assert_string_equal(values.items[0].controller, "io");
	assert_string_equal(values.items[0].field, "/linux/resources/blockIO/throttleReadBpsDevice/0/rate");
	assert_string_equal(values.items[1].reset, "9:1 rbps=max wbps=max riops=max wiops=max");
	assert_string_equal(values.items[2].reset, "9:1 target=0");
	assert_null(values.items[3].reset);
}

static void huge_pages_and_rdma(void **state)
{
	struct spec_hugepage pages[] = { { (char[]){ "2MB" }, 209715200 }, { (char[]){ "64KB" }, 0 } };
	struct spec_hugepage outside[] = { { (char[]){ "/../../x" }, 1 } };
	struct spec_rdma devices[] = { { (char[]){ "mlx5_1" }, SET(3), SET(10000) }, { (char[]){ "rxe3" }, { 0 }, SET(7) } };
	struct spec_rdma bad[] = { { (char[]){ "a b" }, SET(3), SET(1) } };

	(void)state;
	PLANS("hugetlb.2MB.max=209715200;hugetlb.2MB.rsvd.max=209715200;hugetlb.64KB.max=0;hugetlb.64KB.rsvd.max=0",
	      .hugepage_count = 2, .hugepages = pages);
	PLANS("rdma.max=mlx5_1 hca_handle=3 hca_object=10000;rdma.max=rxe3 hca_object=7", .rdma_count = 2, .rdma = devices);
	REFUSES("/linux/resources/hugepageLimits/0", .hugepage_count = 1, .hugepages = outside);
	REFUSES("/linux/resources/rdma", .rdma_count = 1, .rdma = bad);
}

static void unified(void **state)
{
	struct string_pair pairs[] = {
		{ (char[]){ "io.max" }, (char[]){ "259:0 rbps=2097152 wiops=120\n253:0 rbps=2097152 wiops=120\n" } },
		{ (char[]){ "cgroup.max.depth" }, (char[]){ "3" } },
		{ (char[]){ "cpuset.cpus" }, (char[]){ "" } },
		{ (char[]){ "future.knob" }, (char[]){ "x y" } },
	};

	(void)state;
	PLANS("io.max=259:0 rbps=2097152 wiops=120;io.max=253:0 rbps=2097152 "
	      "wiops=120;cgroup.max.depth=3;cpuset.cpus=\n;future.knob=x y",
	      .unified = { true, 4, pairs });
	/* After the fields that say the same, so that it has the last word. */
	PLANS("memory.max=1;memory.max=2", .memory = { .limit = SET(1) },
	      .unified = { true, 1, &(struct string_pair){ (char[]){ "memory.max" }, (char[]){ "2" } } });
}

static void unified_stays_inside(void **state)
{
	static const char *const keys[] = {
		"",
		".",
		"..",
		"../memory.max",
		"sub/memory.max",
		"/memory.max",
		".hidden",
		"cgroup.procs",
		"cgroup.threads",
		"cgroup.subtree_control",
		"cgroup.type",
		"cgroup.kill",
		"cgroup.freeze",
	};

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct string_pair pair = { arena_strdup(&arena, keys[i]), (char[]){ "1" } };

		REFUSES("/linux/resources/unified/", .unified = { true, 1, &pair });
	}
}

static void shares(void **state)
{
	/* Made once with floating point from the published formula. */
	static const uint64_t table[][2] = {
		{ 0, 1 },          { 1, 1 },
		{ 2, 1 },          { 3, 2 },
		{ 4, 2 },          { 10, 4 },
		{ 64, 12 },        { 100, 17 },
		{ 102, 17 },       { 256, 35 },
		{ 512, 59 },       { 1000, 99 },
		{ 1023, 100 },     { 1024, 100 },
		{ 1025, 101 },     { 2048, 174 },
		{ 10240, 639 },    { 131072, 5478 },
		{ 262143, 10000 }, { 262144, 10000 },
		{ 262145, 10000 }, { UINT64_MAX, 10000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (cgroup_cpu_weight(table[i][0]) != table[i][1])
			fail_msg("%" PRIu64 " shares: weight %" PRIu64 ", not %" PRIu64, table[i][0],
				 cgroup_cpu_weight(table[i][0]), table[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_asked_nothing_planned),
		cmocka_unit_test(memory),
		cmocka_unit_test(cpu),
		cmocka_unit_test(a_new_period_keeps_the_quota),
		cmocka_unit_test(pids),
		cmocka_unit_test(block_io),
		cmocka_unit_test(what_takes_a_device_line_back),
		cmocka_unit_test(huge_pages_and_rdma),
		cmocka_unit_test(unified),
		cmocka_unit_test(unified_stays_inside),
		cmocka_unit_test(shares),
	};

	return cmocka_run_group_tests(tests, NULL, drop_arena);
}
