#include "cli/top_rows.h"

#include "cli/table.h"
#include "oci/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MICROSECONDS 1e6 /* of a second */
#define NANOSECONDS 1e9
#define PERCENT 100.0
#define BITS 8.0     /* of a byte */
#define LARGEST 1e18 /* that is sure to fit an integer */

/* --- quantities ------------------------------------------------------------------------------------------------------ */

static struct top_value known(double value)
{
	return (struct top_value){ .set = true, .value = value };
}

static struct top_value known_if(bool set, uint64_t value)
{
	return set ? known((double)value) : (struct top_value){ 0 };
}

static struct top_value limit_if(bool set, uint64_t value)
{
	return set && value == STATS_UNLIMITED ? known(INFINITY) : known_if(set, value);
}

/* Counters go up, but for a device that has gone. */
static struct top_value rate(uint64_t before, uint64_t now, double unit, double seconds)
{
	return before <= now && seconds > 0 ? known((double)(now - before) * unit / seconds) : (struct top_value){ 0 };
}

static struct top_value stall(const struct stats_pressure *pressure)
{
	return pressure->set ? known(pressure->some.avg10) : (struct top_value){ 0 };
}

static void sum_io(const struct stats_io *io, uint64_t *read, uint64_t *write)
{
	*read = *write = 0;
	for (size_t i = 0; i < io->count; i++) {
		*read += io->devices[i].read_bytes;
		*write += io->devices[i].write_bytes;
	}
}

/* --- rows ------------------------------------------------------------------------------------------------------------ */

static void add_traffic(struct top_row *row, const struct container_usage *old, const struct container_usage *new,
			double seconds)
{
	const struct stats_network *before = &old->stats.network, *now = &new->stats.network;

	row->by_limits = now->set;
	if (now->set && before->set) {
		row->received = rate(before->ingress.passed_bytes, now->ingress.passed_bytes, BITS, seconds);
		row->sent = rate(before->egress.passed_bytes, now->egress.passed_bytes, BITS, seconds);
	} else if (!now->set && !before->set && new->traffic.set && old->traffic.set) {
		row->received = rate(old->traffic.received, new->traffic.received, BITS, seconds);
		row->sent = rate(old->traffic.sent, new->traffic.sent, BITS, seconds);
	}
}

static void add_rates(struct top_row *row, const struct top_look *before, const struct top_look *now)
{
	const struct cgroup_stats *old = &before->usage.stats, *new = &now->usage.stats;
	double seconds = (double)(now->time - before->time) / NANOSECONDS;
	uint64_t read_before, written_before, read, written;

	if (old->cpu.set && new->cpu.set)
		row->cpu = rate(old->cpu.usage, new->cpu.usage, PERCENT / MICROSECONDS, seconds);
	sum_io(&old->io, &read_before, &written_before);
	sum_io(&new->io, &read, &written);
	if (old->io.set && new->io.set) {
		row->read = rate(read_before, read, 1, seconds);
		row->write = rate(written_before, written, 1, seconds);
	}
	add_traffic(row, &before->usage, &now->usage, seconds);
}

static struct top_row make_row(const struct top_look *look)
{
	const struct cgroup_stats *stats = &look->usage.stats;

	return (struct top_row){
		.id = look->id,
		.status = look->usage.status,
		.pid = look->usage.pid,
		.memory = known_if(stats->memory.set, stats->memory.current),
		.memory_max = limit_if(stats->memory.set, stats->memory.max),
		/* Without the controller, the processes have been counted. */
		.pids = known_if(stats->cpu.set, stats->pids.current),
		.pids_max = limit_if(stats->pids.set, stats->pids.max),
		.pressure_cpu = stall(&stats->cpu.pressure),
		.pressure_memory = stall(&stats->memory.pressure),
		.pressure_io = stall(&stats->io.pressure),
	};
}

static bool is_same(const struct top_look *before, const struct top_look *now)
{
	return strcmp(before->id, now->id) == 0 && before->usage.pid > 0 && before->usage.pid == now->usage.pid &&
	       before->usage.start_time == now->usage.start_time && before->time < now->time;
}

static int descending(struct top_value a, struct top_value b)
{
	double x = a.set ? a.value : -1, y = b.set ? b.value : -1;

	return x > y ? -1 : x < y;
}

static int compare_rows(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;
	int order = descending(x->cpu, y->cpu);

	if (order == 0)
		order = descending(x->memory, y->memory);
	/* Those that have ended come last. */
	if (order == 0)
		order = (y->pid > 0) - (x->pid > 0);
	return order != 0 ? order : strcmp(x->id, y->id);
}

struct top_row *top_rows(const struct top_sample *before, const struct top_sample *now, struct arena *arena)
{
	struct top_row *rows = arena_array(arena, now->count + 1, sizeof *rows);
	size_t old = 0;

	for (size_t i = 0; i < now->count; i++) {
		const struct top_look *look = &now->looks[i];

		rows[i] = make_row(look);
		while (old < before->count && strcmp(before->looks[old].id, look->id) < 0)
			old++;
		if (old < before->count && is_same(&before->looks[old], look))
			add_rates(&rows[i], &before->looks[old], look);
	}
	if (now->count > 0)
		qsort(rows, now->count, sizeof *rows, compare_rows);
	return rows;
}

/* --- as a table ------------------------------------------------------------------------------------------------------ */

/* Three digits or so, and the unit with its prefix: "12.3Mi". */
static char *scaled(struct arena *arena, double value, double step, const char *const *prefixes, const char *unit)
{
	size_t i = 0;

	/* What would be written as 1000 is 1.0 of the next. */
	while (value >= 999.5 && prefixes[i + 1]) {
		value /= step;
		i++;
	}
	return arena_printf(arena, "%.*f%s%s", i > 0 && value < 99.95 ? 1 : 0, value, prefixes[i], unit);
}

static char *as_bytes(struct arena *arena, double value)
{
	static const char *const prefixes[] = { "", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", NULL };

	return scaled(arena, value, 1024, prefixes, "");
}

static char *as_bits(struct arena *arena, double value)
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T", "P", "E", NULL };

	return scaled(arena, value, 1000, prefixes, "bit");
}

static char *as_percent(struct arena *arena, double value)
{
	return arena_printf(arena, "%.1f", value);
}

static char *as_number(struct arena *arena, double value)
{
	return arena_printf(arena, "%.0f", value);
}

enum { NAME_COLUMNS = 2, VALUE_COLUMNS = 12, COLUMNS = NAME_COLUMNS + VALUE_COLUMNS };

/* What matters most comes first. */
static const struct table_column columns[COLUMNS] = {
	{ "ID", false },     { "STATUS", false }, { "CPU%", true },    { "MEM", true },      { "MEM-MAX", true },
	{ "READ/s", true },  { "WRITE/s", true }, { "PIDS", true },    { "PIDS-MAX", true }, { "NET-IN", true },
	{ "NET-OUT", true }, { "PSI-CPU", true }, { "PSI-MEM", true }, { "PSI-IO", true },
};

static const struct value_column {
	size_t offset; /* of the struct top_value */
	char *(*format)(struct arena *arena, double value);
} values[VALUE_COLUMNS] = {
	{ offsetof(struct top_row, cpu), as_percent },
	{ offsetof(struct top_row, memory), as_bytes },
	{ offsetof(struct top_row, memory_max), as_bytes },
	{ offsetof(struct top_row, read), as_bytes },
	{ offsetof(struct top_row, write), as_bytes },
	{ offsetof(struct top_row, pids), as_number },
	{ offsetof(struct top_row, pids_max), as_number },
	{ offsetof(struct top_row, received), as_bits },
	{ offsetof(struct top_row, sent), as_bits },
	{ offsetof(struct top_row, pressure_cpu), as_percent },
	{ offsetof(struct top_row, pressure_memory), as_percent },
	{ offsetof(struct top_row, pressure_io), as_percent },
};

static char *format_value(struct arena *arena, const struct top_row *row, const struct value_column *column)
{
	struct top_value value;

	memcpy(&value, (const char *)row + column->offset, sizeof value);
	if (!value.set)
		return arena_strdup(arena, "-");
	return isinf(value.value) ? arena_strdup(arena, "max") : column->format(arena, value.value);
}

char *top_rows_to_table(const struct top_row *rows, size_t count, size_t width, struct arena *arena)
{
	const char **cells = arena_array(arena, count * COLUMNS + 1, sizeof *cells), **cell = cells;

	for (size_t i = 0; i < count; i++) {
		*cell++ = rows[i].id;
		*cell++ = status_name(rows[i].status);
		for (size_t j = 0; j < VALUE_COLUMNS; j++)
			*cell++ = format_value(arena, &rows[i], &values[j]);
	}
	return table_to_text(&(struct table){ columns, COLUMNS, count, cells }, width, arena);
}

static void add_up(struct top_value *sum, struct top_value value)
{
	if (value.set)
		*sum = known(sum->value + value.value);
}

char *top_rows_to_summary(const struct top_row *rows, size_t count, const char *time, struct arena *arena)
{
	struct top_value cpu = { 0 }, memory = { 0 };
	size_t running = 0;

	for (size_t i = 0; i < count; i++) {
		running += rows[i].status == STATUS_RUNNING;
		add_up(&cpu, rows[i].cpu);
		add_up(&memory, rows[i].memory);
	}
	return arena_printf(arena, "%s  %zu container%s, %zu running  CPU%% %s  MEM %s", time, count, count == 1 ? "" : "s",
			    running, cpu.set ? as_percent(arena, cpu.value) : "-",
			    memory.set ? as_bytes(arena, memory.value) : "-");
}

/* --- as JSON --------------------------------------------------------------------------------------------------------- */

static void put_percent(struct json *json, const char *key, struct top_value value)
{
	json_key(json, key);
	if (value.set)
		json_double(json, value.value);
	else
		json_null(json);
}

static void put_number(struct json *json, const char *key, struct top_value value)
{
	json_key(json, key);
	if (value.set && value.value < LARGEST)
		json_uint(json, (uint64_t)(value.value + 0.5));
	else
		json_null(json);
}

static void put_pair(struct json *json, const char *key, const char *first, struct top_value one, const char *second,
		     struct top_value other)
{
	json_key(json, key);
	json_object(json);
	put_number(json, first, one);
	put_number(json, second, other);
}

static void put_row(struct json *json, const struct top_row *row)
{
	json_object(json);
	json_pair_string(json, "id", row->id);
	json_pair_string(json, "status", status_name(row->status));
	json_pair_int(json, "pid", row->pid);
	json_key(json, "cpu");
	json_object(json);
	put_percent(json, "percent", row->cpu);
	put_percent(json, "pressure", row->pressure_cpu);
	json_object_end(json);
	put_pair(json, "memory", "usage", row->memory, "limit", row->memory_max);
	put_percent(json, "pressure", row->pressure_memory);
	json_object_end(json);
	put_pair(json, "io", "readBytesPerSecond", row->read, "writeBytesPerSecond", row->write);
	put_percent(json, "pressure", row->pressure_io);
	json_object_end(json);
	put_pair(json, "pids", "current", row->pids, "limit", row->pids_max);
	json_object_end(json);
	put_pair(json, "network", "receivedBitsPerSecond", row->received, "sentBitsPerSecond", row->sent);
	json_key(json, "source");
	if (row->sent.set)
		json_string(json, row->by_limits ? "limits" : "interfaces");
	else
		json_null(json);
	json_object_end(json);
	json_object_end(json);
}

char *top_rows_to_json(const struct top_row *rows, size_t count, struct arena *arena)
{
	struct json *json = json_new(arena, false);

	json_array(json);
	for (size_t i = 0; i < count; i++)
		put_row(json, &rows[i]);
	json_array_end(json);
	return json_finish(json);
}
