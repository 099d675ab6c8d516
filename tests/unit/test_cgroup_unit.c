/* A container as a systemd scope: names, and properties as they go over the bus. */
#include "cgroups/unit.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int drop_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* --- reading back ----------------------------------------------------------------------------------------------------- */

static uint64_t get_u64(struct dbus_reader *reader)
{
	uint64_t value;

	dbus_skip_padding(reader, 8);
	assert_true(reader->size - reader->at >= 8);
	memcpy(&value, reader->data + reader->at, 8);
	reader->at += 8;
	return value;
}

static const char *value_text(struct dbus_reader *reader, char type)
{
	switch (type) {
	case 's':
		return arena_printf(&arena, "'%s'", dbus_get_string(reader));
	case 't':
	case 'x':
		return arena_printf(&arena, "%" PRId64, (int64_t)get_u64(reader));
	case 'u':
	case 'i':
	case 'b':
		return arena_printf(&arena, "%d", (int)dbus_get_u32(reader));
	case 'y':
		return arena_printf(&arena, "%d", dbus_get_byte(reader));
	case 'q':
	case 'n':
		dbus_skip_padding(reader, 2);
		return arena_printf(&arena, "%d", dbus_get_byte(reader) + 256 * dbus_get_byte(reader));
	default:
		fail_msg("type %c", type);
		return NULL;
	}
}

static size_t alignment_of(char type)
{
	return strchr("txd(", type) ? 8 : strchr("nq", type) ? 2 : type == 'y' ? 1 : 4;
}

static const char *array_text(struct dbus_reader *reader, const char *type)
{
	uint32_t length = dbus_get_u32(reader);
	const char *text = "";

	dbus_skip_padding(reader, alignment_of(type[0]));
	for (size_t end = reader->at + length; reader->at < end;) {
		const char *item;

		if (*type == '(') {
			dbus_skip_padding(reader, 8);
			const char *path = dbus_get_string(reader);

			item = arena_printf(&arena, "%s:%" PRIu64, path, get_u64(reader));
		} else {
			item = value_text(reader, *type);
		}
		text = arena_printf(&arena, "%s%s%s", text, *text ? "," : "", item);
	}
	return arena_printf(&arena, "[%s]", text);
}

/* "Name=type value;…" */
static const char *read_back(const struct dbus_body *body)
{
	struct dbus_reader reader = { .data = body->data, .size = body->used };
	const char *text = "";

	while (reader.at < reader.size) {
		dbus_skip_padding(&reader, 8);
		const char *name = dbus_get_string(&reader), *type = dbus_get_signature(&reader);

		assert_false(reader.broken);
		text = arena_printf(&arena, "%s%s%s=%s %s", text, *text ? ";" : "", name, type,
				    *type == 'a' ? array_text(&reader, type + 1) : value_text(&reader, *type));
	}
	assert_false(reader.broken);
	return text;
}

/* --- names ------------------------------------------------------------------------------------------------------------ */

static void names(void **state)
{
	static const struct {
		const char *path;
		bool rootless;
		const char *name, *slice;
	} cases[] = {
		{ "machine.slice:libpod:1234", false, "libpod-1234.scope", "machine.slice" },
		{ "kubepods-besteffort-pod7.slice:cri-containerd:abc", false, "cri-containerd-abc.scope",
		  "kubepods-besteffort-pod7.slice" },
		{ ":docker:abc", false, "docker-abc.scope", "system.slice" },
		{ ":docker:abc", true, "docker-abc.scope", "user.slice" },
		{ "a.slice::abc", false, "abc.scope", "a.slice" },
		{ "-.slice::abc", false, "abc.scope", "-.slice" },
		{ NULL, false, "berth-id.scope", "system.slice" },
		{ "", true, "berth-id.scope", "user.slice" },
		{ "a.slice:x:y+z@1", false, "x-y\\x2bz\\x401.scope", "a.slice" },
		{ "a.slice::.hidden", false, "\\x2ehidden.scope", "a.slice" },
		{ "a.slice:x:../../etc", false, "x-..\\x2f..\\x2fetc.scope", "a.slice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cgroup_request request = { .cgroups_path = cases[i].path, .id = "id", .rootless = cases[i].rootless };
		struct cgroup_unit unit;

		assert_int_equal(cgroup_plan_unit(&request, &unit), 0);
		assert_string_equal(unit.name, cases[i].name);
		assert_string_equal(unit.slice, cases[i].slice);
	}
}

static void wrong_names(void **state)
{
	static const char *const paths[] = { "/absolute",     "relative",      "a.slice",      "a.slice:b",
					     "a.slice:b:",    "a.slice:b:c:d", "a:b:c",        ".slice:b:c",
					     "a.service:b:c", "x/a.slice:b:c", "a b.slice:b:c" };
	char longest[400];
	struct cgroup_unit unit;
	struct cgroup_request request = { .id = "id" };

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		request.cgroups_path = paths[i];
		assert_int_equal(cgroup_plan_unit(&request, &unit), -EINVAL);
		assert_non_null(strstr(error_record()->text, "/linux/cgroupsPath"));
	}
	memset(longest, 'a', sizeof longest);
	memcpy(longest, "a.slice::", 9);
	longest[9 + 249] = 0;
	request.cgroups_path = longest;
	assert_int_equal(cgroup_plan_unit(&request, &unit), 0);
	assert_int_equal(strlen(unit.name), 255);
	longest[9 + 249] = 'a';
	longest[9 + 250] = 0;
	assert_int_equal(cgroup_plan_unit(&request, &unit), -ENAMETOOLONG);
}

/* --- limits ----------------------------------------------------------------------------------------------------------- */

static const char *limit(const char *file, const char *text)
{
	struct cgroup_value value = { .file = file, .value = text };
	struct cgroup_values values = { .items = &value, .count = 1 };
	struct dbus_body body = { .arena = &arena };

	cgroup_put_unit_limits(&body, &values, 100000);
	return read_back(&body);
}

static void limits(void **state)
{
	(void)state;
	assert_string_equal(limit("memory.max", "1048576"), "MemoryMax=t 1048576");
	assert_string_equal(limit("memory.max", "max"), "MemoryMax=t -1");
	assert_string_equal(limit("memory.high", "2M"), "MemoryHigh=t 2097152");
	assert_string_equal(limit("memory.min", "1k"), "MemoryMin=t 1024");
	assert_string_equal(limit("memory.low", "7"), "MemoryLow=t 7");
	assert_string_equal(limit("memory.swap.max", "0"), "MemorySwapMax=t 0");
	assert_string_equal(limit("cpu.weight", "59"), "CPUWeight=t 59");
	assert_string_equal(limit("pids.max", "64"), "TasksMax=t 64");
	assert_string_equal(limit("pids.max", "0"), "TasksMax=t 1");
	assert_string_equal(limit("pids.max", "max"), "TasksMax=t -1");
	assert_string_equal(limit("io.weight", "default 4950"), "IOWeight=t 4950");
	assert_string_equal(limit("io.weight", "4950"), "IOWeight=t 4950");
	assert_string_equal(limit("io.weight", "8:0 55"), "IODeviceWeight=a(st) [/dev/block/8:0:55]");
	assert_string_equal(
		limit("io.max", "8:0 rbps=5 wiops=max"),
		"IOReadBandwidthMax=a(st) [/dev/block/8:0:5];IOWriteIOPSMax=a(st) [/dev/block/8:0:18446744073709551615]");
}

static void cpu_limits(void **state)
{
	(void)state;
	assert_string_equal(limit("cpu.max", "50000 100000"), "CPUQuotaPeriodUSec=t 100000;CPUQuotaPerSecUSec=t 500000");
	assert_string_equal(limit("cpu.max", "50000"), "CPUQuotaPerSecUSec=t 500000");
	assert_string_equal(limit("cpu.max", "max"), "CPUQuotaPerSecUSec=t -1");
	assert_string_equal(limit("cpu.max", "max 20000"), "CPUQuotaPeriodUSec=t 20000;CPUQuotaPerSecUSec=t -1");
	assert_string_equal(limit("cpuset.cpus", "0"), "AllowedCPUs=ay [1]");
	assert_string_equal(limit("cpuset.cpus", "0-3,9"), "AllowedCPUs=ay [15,2]");
	assert_string_equal(limit("cpuset.mems", "1"), "AllowedMemoryNodes=ay [2]");
	/* What systemd turns back into cpu.max is what was asked for. */
	for (uint64_t period = 1000; period <= 1000000; period += 7919)
		for (uint64_t quota = 1000; quota < 3000000; quota = quota * 5 / 3 + 1) {
			uint64_t told = strtoull(
				strstr(limit("cpu.max", arena_printf(&arena, "%" PRIu64 " %" PRIu64, quota, period)),
				       "PerSecUSec=t ") +
					13,
				NULL, 10);

			assert_int_equal(told * period / 1000000, quota);
		}
}

static void what_systemd_does_not_know(void **state)
{
	static const char *const files[][2] = {
		{ "hugetlb.2MB.max", "1" },
		{ "cpu.max.burst", "5" },
		{ "cpu.idle", "1" },
		{ "rdma.max", "a hca_handle=1" },
		{ "io.latency", "8:0 target=1" },
		/* values that only the kernel can judge */
		{ "memory.max", "lots" },
		{ "memory.max", "" },
		{ "memory.max", "99999999999999999999" },
		{ "memory.max", "9999999999999999T" },
		{ "memory.max", "5x" },
		{ "memory.max", "-5" },
		{ "cpu.max", "" },
		{ "cpu.max", "x y" },
		{ "cpuset.cpus", "3-1" },
		{ "cpuset.cpus", "0-99999" },
		{ "cpuset.cpus", "a" },
		{ "cpuset.cpus", "1 2" },
		{ "io.max", "x rbps=5" },
		{ "io.max", "8:0" },
		{ "io.weight", "a b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		assert_string_equal(limit(files[i][0], files[i][1]), "");
}

/* --- annotations ------------------------------------------------------------------------------------------------------ */

static int annotate(const char *name, const char *value, const char **text)
{
	struct string_pair pairs[] = { { arena_strdup(&arena, "io.kubernetes.cri"), arena_strdup(&arena, "x") },
				       { arena_printf(&arena, "org.systemd.property.%s", name), arena_strdup(&arena, value) } };
	struct string_map map = { true, 2, pairs };
	struct dbus_body body = { .arena = &arena };
	int r = cgroup_put_unit_annotations(&body, &map);

	*text = r < 0 ? error_record()->text : read_back(&body);
	return r;
}

static void annotations(void **state)
{
	static const char *const cases[][3] = {
		{ "CollectMode", "'inactive-or-failed'", "CollectMode=s 'inactive-or-failed'" },
		{ "Description", "\"it's \\\"so\\\"\"", "Description=s 'it's \"so\"'" },
		{ "Description", "''", "Description=s ''" },
		{ "SendSIGHUP", "true", "SendSIGHUP=b 1" },
		{ "SendSIGHUP", " false ", "SendSIGHUP=b 0" },
		{ "CPUWeight", "uint64 50", "CPUWeight=t 50" },
		{ "CPUWeight", "uint64 18446744073709551615", "CPUWeight=t -1" },
		{ "OOMScoreAdjust", "-5", "OOMScoreAdjust=i -5" },
		{ "X", "int32 -2147483648", "X=i -2147483648" },
		{ "X", "int64 -9223372036854775808", "X=x -9223372036854775808" },
		{ "X", "uint32 0x10", "X=u 16" },
		{ "X", "byte 255", "X=y 255" },
		{ "X", "uint16 258", "X=q 258" },
		{ "After", "['a.service', \"b.service\"]", "After=as ['a.service','b.service']" },
		{ "X", "[ uint64 1 , 2,3 ]", "X=at [1,2,3]" },
		{ "X", "[uint64 1, uint64 2]", "X=at [1,2]" },
		{ "X", "[byte 1, 2]", "X=ay [1,2]" },
		{ "X", "[true]", "X=ab [1]" },
		{ "TimeoutStopSec", "uint64 5", "TimeoutStopUSec=t 5000000" },
		{ "TimeoutStopSec", "1.5", "TimeoutStopUSec=t 1500000" },
		{ "TimeoutStopUSec", "uint64 7", "TimeoutStopUSec=t 7" },
		{ "Delegate", "true", "" }, /* which the runtime asks for itself */
		{ "Delegate", " true ", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *text;

		if (annotate(cases[i][0], cases[i][1], &text) < 0)
			fail_msg("%s", text);
		assert_string_equal(text, cases[i][2]);
	}
}

static void wrong_annotations(void **state)
{
	static const char *const cases[][2] = {
		{ "", "true" },
		{ "lower", "true" },
		{ "Has.Dot", "true" },
		{ "Has Space", "true" },
		{ "PIDs", "[uint32 1]" },
		{ "Slice", "'x.slice'" },
		{ "Delegate", "false" },
		{ "Delegate", "truer" },
		{ "Delegate", "'true'" },
		{ "Delegate", "['memory']" },
		{ "DelegateControllers", "true" },
		{ "DelegateSubgroup", "'x'" },
		{ "PIDFDs", "1" },
		{ "X", "" },
		{ "X", "bare" },
		{ "X", "'open" },
		{ "X", "'a' 'b'" },
		{ "X", "'\\n'" },
		{ "X", "truer" },
		{ "X", "5 6" },
		{ "X", "5x" },
		{ "X", "byte 256" },
		{ "X", "byte -1" },
		{ "X", "int32 2147483648" },
		{ "X", "2147483648" },
		{ "X", "uint64 -1" },
		{ "X", "uint64 18446744073709551616" },
		{ "X", "uint64" },
		{ "X", "[]" },
		{ "X", "[1,]" },
		{ "X", "[1" },
		{ "X", "[1, 'a']" },
		{ "X", "['a', 1]" },
		{ "X", "[true, 1]" },
		{ "X", "[[1]]" },
		{ "X", "<1>" },
		{ "X", "--5" },
		{ "TimeoutStopSec", "'5'" },
		{ "TimeoutStopSec", "-5" },
		{ "TimeoutStopSec", "5 s" },
		{ "TimeoutStopSec", "1e300" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *text;

		if (annotate(cases[i][0], cases[i][1], &text) != -EINVAL)
			fail_msg("%s = %s was taken as %s", cases[i][0], cases[i][1], text);
		assert_non_null(strstr(text, "/annotations/org.systemd.property."));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(wrong_names),
		cmocka_unit_test(limits),
		cmocka_unit_test(cpu_limits),
		cmocka_unit_test(what_systemd_does_not_know),
		cmocka_unit_test(annotations),
		cmocka_unit_test(wrong_annotations),
	};

	return cmocka_run_group_tests(tests, NULL, drop_arena);
}
