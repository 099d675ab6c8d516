#include "cgroups/unit.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PREFIX "berth"

/* --- names ------------------------------------------------------------------------------------------------------------ */

/* Characters that unit names may not hold are written as \xNN, as systemd-escape does. */
static int append_escaped(char *name, size_t size, const char *text, size_t length)
{
	static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.-";
	size_t used = strlen(name);

	for (size_t i = 0; i < length; i++) {
		bool plain = text[i] && strchr(legal, text[i]) && !(used == 0 && text[i] == '.');
		int n = snprintf(name + used, size - used, plain ? "%c" : "\\x%02x", (unsigned char)text[i]);

		used += (size_t)n;
		if (used >= size)
			return refuse(ENAMETOOLONG, "/linux/cgroupsPath: the name of the scope is longer than systemd allows");
	}
	return 0;
}

static bool is_slice_name(const char *text, size_t length)
{
	static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.-\\";
	const size_t suffix = strlen(".slice");

	if (length <= suffix || length > 255 || memcmp(text + length - suffix, ".slice", suffix) != 0)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!text[i] || !strchr(legal, text[i]))
			return false;
	return true;
}

static int name_scope(struct cgroup_unit *unit, const char *prefix, size_t prefix_length, const char *name)
{
	int r = append_escaped(unit->name, sizeof unit->name, prefix, prefix_length);

	if (r >= 0 && prefix_length > 0)
		r = append_escaped(unit->name, sizeof unit->name, "-", 1);
	if (r >= 0)
		r = append_escaped(unit->name, sizeof unit->name, name, strlen(name));
	return r < 0 ? r : append_escaped(unit->name, sizeof unit->name, ".scope", 6);
}

int cgroup_plan_unit(const struct cgroup_request *request, struct cgroup_unit *unit)
{
	const char *path = request->cgroups_path, *slice = request->rootless ? "user.slice" : "system.slice";

	*unit = (struct cgroup_unit){ 0 };
	snprintf(unit->slice, sizeof unit->slice, "%s", slice);
	if (!path || !*path)
		return name_scope(unit, DEFAULT_PREFIX, strlen(DEFAULT_PREFIX), request->id);

	const char *prefix = strchr(path, ':'), *name = prefix ? strchr(prefix + 1, ':') : NULL;

	if (!name || strchr(name + 1, ':') || !name[1])
		return refuse(EINVAL,
			      "/linux/cgroupsPath: '%s': with the systemd cgroup manager it must be \"slice:prefix:name\"",
			      path);
	size_t length = (size_t)(prefix - path);

	if (length > 0 && !is_slice_name(path, length))
		return refuse(EINVAL, "/linux/cgroupsPath: '%.*s' is not the name of a slice", (int)length, path);
	if (length > 0)
		snprintf(unit->slice, sizeof unit->slice, "%.*s", (int)length, path);
	return name_scope(unit, prefix + 1, (size_t)(name - prefix - 1), name + 1);
}

/* --- properties ------------------------------------------------------------------------------------------------------- */

static void put_name_and_type(struct dbus_body *body, const char *name, const char *type)
{
	dbus_align(body, 8);
	dbus_put_string(body, name);
	dbus_put_signature(body, type);
}

void cgroup_put_unit_string(struct dbus_body *body, const char *name, const char *value)
{
	put_name_and_type(body, name, "s");
	dbus_put_string(body, value);
}

void cgroup_put_unit_bool(struct dbus_body *body, const char *name, bool value)
{
	put_name_and_type(body, name, "b");
	dbus_put_u32(body, value);
}

void cgroup_put_unit_u64(struct dbus_body *body, const char *name, uint64_t value)
{
	put_name_and_type(body, name, "t");
	dbus_put_u64(body, value);
}

/* "max", or a number with the suffixes that the kernel takes, too. */
static bool parse_number(const char *text, size_t length, uint64_t *number)
{
	static const char suffixes[] = "kmgt";
	char *end;

	if (length == 3 && memcmp(text, "max", 3) == 0) {
		*number = UINT64_MAX;
		return true;
	}
	if (length == 0 || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	const char *suffix = (size_t)(end - text) < length ? strchr(suffixes, *end | 0x20) : NULL;

	for (long i = suffix ? suffix - suffixes + 1 : 0; i > 0; i--)
		if (__builtin_mul_overflow(*number, (uint64_t)1024, number))
			return false;
	return errno == 0 && (size_t)(end - text) + (suffix ? 1 : 0) == length;
}

static void put_number(struct dbus_body *body, const char *property, const char *value)
{
	uint64_t number;

	if (parse_number(value, strlen(value), &number))
		cgroup_put_unit_u64(body, property, number);
}

/* systemd knows no limit of 0 tasks. The file gets it all the same. */
static void put_tasks(struct dbus_body *body, const char *property, const char *value)
{
	uint64_t number;

	if (parse_number(value, strlen(value), &number))
		cgroup_put_unit_u64(body, property, number > 0 ? number : 1);
}

/* A list such as "0-3,7" as bits, the lowest in the first byte. */
static void put_cpus(struct dbus_body *body, const char *property, const char *value)
{
	uint8_t mask[SPEC_CPU_MAX / 8] = { 0 };
	size_t bytes = 0;
	char *next;

	for (const char *text = value; *text; text = next + (*next == ',')) {
		unsigned long first = strtoul(text, &next, 10), last = *next == '-' ? strtoul(next + 1, &next, 10) : first;

		if (next == text || first > last || last >= SPEC_CPU_MAX || (*next && *next != ','))
			return;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			mask[cpu / 8] |= (uint8_t)(1U << cpu % 8);
		bytes = last / 8 + 1 > bytes ? last / 8 + 1 : bytes;
	}
	put_name_and_type(body, property, "ay");
	struct dbus_array array = dbus_begin_array(body, 1);

	dbus_put_bytes(body, mask, bytes);
	dbus_end_array(body, array);
}

static void put_device_number(struct dbus_body *body, const char *property, const char *device, size_t length, uint64_t number)
{
	char path[64];

	snprintf(path, sizeof path, "/dev/block/%.*s", (int)length, device);
	put_name_and_type(body, property, "a(st)");
	struct dbus_array array = dbus_begin_array(body, 8);

	dbus_align(body, 8);
	dbus_put_string(body, path);
	dbus_put_u64(body, number);
	dbus_end_array(body, array);
}

static bool is_device(const char *text, size_t length)
{
	return length > 0 && length < 32 && strspn(text, "0123456789:") == length;
}

/* "default WEIGHT", "MAJOR:MINOR WEIGHT" or "WEIGHT" */
static void put_io_weight(struct dbus_body *body, const char *property, const char *value)
{
	size_t length = strcspn(value, " ");
	const char *weight = value[length] ? value + length + 1 : value;
	uint64_t number;

	(void)property;
	if (!parse_number(weight, strlen(weight), &number))
		return;
	if (is_device(value, length) && weight != value)
		put_device_number(body, "IODeviceWeight", value, length, number);
	else
		cgroup_put_unit_u64(body, "IOWeight", number);
}

/* "MAJOR:MINOR rbps=NUMBER wiops=max …" */
static void put_io_max(struct dbus_body *body, const char *property, const char *value)
{
	static const struct {
		const char *key, *property;
	} kinds[] = {
		{ "rbps=", "IOReadBandwidthMax" },
		{ "wbps=", "IOWriteBandwidthMax" },
		{ "riops=", "IOReadIOPSMax" },
		{ "wiops=", "IOWriteIOPSMax" },
	};
	size_t device = strcspn(value, " ");
	uint64_t number;

	(void)property;
	if (!is_device(value, device))
		return;
	for (const char *word = value + device; *word; word += strcspn(word, " ")) {
		word += strspn(word, " ");
		for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
			size_t key = strlen(kinds[i].key);

			if (strncmp(word, kinds[i].key, key) == 0 &&
			    parse_number(word + key, strcspn(word, " ") - key, &number))
				put_device_number(body, kinds[i].property, value, device, number);
		}
	}
}

static const struct {
	const char *file, *property;
	void (*put)(struct dbus_body *body, const char *property, const char *value);
} properties[] = {
	{ "memory.max", "MemoryMax", put_number },
	{ "memory.high", "MemoryHigh", put_number },
	{ "memory.low", "MemoryLow", put_number },
	{ "memory.min", "MemoryMin", put_number },
	{ "memory.swap.max", "MemorySwapMax", put_number },
	{ "cpu.weight", "CPUWeight", put_number },
	{ "cpuset.cpus", "AllowedCPUs", put_cpus },
	{ "cpuset.mems", "AllowedMemoryNodes", put_cpus },
	{ "pids.max", "TasksMax", put_tasks },
	{ "io.weight", "IOWeight", put_io_weight },
	{ "io.max", "IOReadBandwidthMax", put_io_max },
};

/*
 * "QUOTA PERIOD", "QUOTA", or "max" for the quota. systemd has the quota as microseconds a second, and multiplies it with the
 * period again, rounding down; rounded up here, it comes out the same. (Over a daemon-reload systemd keeps it as a percentage
 * with two decimals, older ones with none.)
 */
static void put_cpu_max(struct dbus_body *body, const char *value, uint64_t period)
{
	size_t length = strcspn(value, " ");
	uint64_t quota, product;

	if (value[length] && parse_number(value + length + 1, strlen(value + length + 1), &period))
		cgroup_put_unit_u64(body, "CPUQuotaPeriodUSec", period);
	if (!parse_number(value, length, &quota) || period == 0)
		return;
	if (quota == UINT64_MAX)
		cgroup_put_unit_u64(body, "CPUQuotaPerSecUSec", UINT64_MAX);
	else if (!__builtin_mul_overflow(quota, (uint64_t)1000000, &product))
		cgroup_put_unit_u64(body, "CPUQuotaPerSecUSec", (product + period - 1) / period);
}

void cgroup_put_unit_limits(struct dbus_body *body, const struct cgroup_values *values, uint64_t period)
{
	for (size_t i = 0; i < values->count; i++) {
		const struct cgroup_value *value = &values->items[i];

		if (strcmp(value->file, "cpu.max") == 0)
			put_cpu_max(body, value->value, period);
		for (size_t k = 0; k < sizeof properties / sizeof *properties; k++)
			if (strcmp(value->file, properties[k].file) == 0)
				properties[k].put(body, properties[k].property, value->value);
	}
}
