/*
 * What `berth top` makes of numbers: the layout for any width, rates from two looks, table and JSON; and the counters of network devices.
 */
#include "cli/table.c"
#include "cli/top_rows.c"

#include "namespaces/traffic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define MEBI (UINT64_C(1) << 20)

/* --- layout ---------------------------------------------------------------------------------------------------------- */

static const struct table_column three[] = { { "NAME", false }, { "N", true }, { "STATUS", false } };
static const char *const cells[] = { "a-name-of-twenty-two-c", "12345", "up", "b", "6", "running" };

static void check_table(const char *const *texts, size_t rows, size_t width, const char *wanted)
{
	struct arena _cleanup_arena_ arena = { 0 };

	assert_string_equal(table_to_text(&(struct table){ three, 3, rows, texts }, width, &arena), wanted);
}

static void a_table_fits(void **state)
{
	static const char *const whole = "NAME                        N  STATUS\n"
					 "a-name-of-twenty-two-c  12345  up\n"
					 "b                           6  running\n";

	(void)state;
	check_table(cells, 2, 0, whole);
	check_table(cells, 2, 38, whole);
	/* The name gives first, down to 12. */
	check_table(cells, 2, 37,
		    "NAME                       N  STATUS\na-name-of-twenty-two+  12345  up\nb                          6  "
		    "running\n");
	check_table(cells, 2, 28, "NAME              N  STATUS\na-name-of-t+  12345  up\nb                 6  running\n");
	/* Then a column goes, and the name has its place. */
	check_table(cells, 2, 27, "NAME                      N\na-name-of-twenty-tw+  12345\nb                         6\n");
	check_table(cells, 2, 18, "NAME\na-name-of-twenty-+\nb\n");
	/* In the end there are but names. */
	check_table(cells, 2, 3, "NA+\na-+\nb\n");
	check_table(cells, 2, 1, "+\n+\nb\n");
	check_table(cells, 0, 0, "NAME  N  STATUS\n");
	check_table(cells, 0, 9, "NAME  N\n");
}

static void no_line_is_longer_than_the_width(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };

	(void)state;
	for (size_t width = 1; width < 60; width++) {
		const char *text = table_to_text(&(struct table){ three, 3, 2, cells }, width, &arena);
		size_t lines = 0;

		for (const char *line = text; *line; line += strcspn(line, "\n") + 1, lines++)
			if (strcspn(line, "\n") > width)
				fail_msg("in %zu columns: %s", width, text);
		assert_int_equal(lines, 3);
	}
}

static void cells_cannot_steer_the_terminal(void **state)
{
	static const char *const evil[] = { "\033[2Jx\n\177\302\233", "\r", "\t" };

	(void)state;
	check_table(evil, 1, 0, "NAME       N  STATUS\n?[2Jx????  ?  ?\n");
}

/* --- rates ----------------------------------------------------------------------------------------------------------- */

static struct top_look look_at(const char *id, double seconds, pid_t pid)
{
	return (struct top_look){
		.id = (char *)(uintptr_t)id,
		.time = (uint64_t)(seconds * (double)SECOND),
		.usage = { .status = STATUS_RUNNING, .pid = pid, .start_time = 7, .stats.cpu.set = true },
	};
}

static bool is_about(struct top_value value, double wanted)
{
	return value.set && value.value > wanted - 0.001 && value.value < wanted + 0.001;
}

static void rates_come_from_two_looks(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct stats_device first[] = { { .read_bytes = 100, .write_bytes = 5 }, { .read_bytes = 50 } };
	struct stats_device second[] = { { .read_bytes = 1100, .write_bytes = 5 }, { .read_bytes = 1050 } };
	struct top_look before = look_at("a", 10, 3), now = look_at("a", 12, 3);

	(void)state;
	before.usage.stats.cpu.usage = 1000000;
	now.usage.stats.cpu.usage = 4000000;
	before.usage.stats.io = (struct stats_io){ .set = true, .count = 2, .devices = first };
	now.usage.stats.io = (struct stats_io){ .set = true, .count = 2, .devices = second };
	before.usage.traffic = (struct traffic){ .set = true, .received = 1000, .sent = 0 };
	now.usage.traffic = (struct traffic){ .set = true, .received = 3000, .sent = 500 };
	struct top_row *row = top_rows(&(struct top_sample){ 1, &before }, &(struct top_sample){ 1, &now }, &arena);

	assert_true(is_about(row->cpu, 150));
	assert_true(is_about(row->read, 1000) && is_about(row->write, 0));
	assert_true(is_about(row->received, 8000) && is_about(row->sent, 2000));
	assert_false(row->by_limits || row->memory.set || row->pids_max.set || row->pressure_cpu.set);
}

static void the_counters_of_limits_come_first(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct top_look before = look_at("a", 1, 3), now = look_at("a", 2, 3);
	const struct top_sample old = { 1, &before }, new = { 1, &now };

	(void)state;
	before.usage.traffic = now.usage.traffic = (struct traffic){ .set = true };
	now.usage.stats.network = (struct stats_network){ .set = true,
							  .egress.passed_bytes = 1000,
							  .ingress.passed_bytes = 50 };
	/* Limited only now: what was counted before is something else. */
	assert_false(top_rows(&old, &new, &arena)->sent.set);
	before.usage.stats.network = (struct stats_network){ .set = true,
							     .egress.passed_bytes = 500,
							     .ingress.passed_bytes = 50 };
	struct top_row *row = top_rows(&old, &new, &arena);

	assert_true(row->by_limits && is_about(row->sent, 4000) && is_about(row->received, 0));
	/* A device that has gone takes its bytes along. */
	before.usage.stats.network.set = now.usage.stats.network.set = false;
	before.usage.traffic.sent = 1;
	row = top_rows(&old, &new, &arena);
	assert_true(!row->sent.set && row->received.set);
}

static void another_container_of_that_name_has_no_rates(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct top_look before = look_at("a", 1, 3), now = look_at("a", 2, 4);
	const struct top_sample old = { 1, &before }, new = { 1, &now };

	(void)state;
	assert_false(top_rows(&old, &new, &arena)->cpu.set);
	now.usage.pid = 3;
	assert_true(top_rows(&old, &new, &arena)->cpu.set);
	now.usage.start_time = 8;
	assert_false(top_rows(&old, &new, &arena)->cpu.set);
	now.usage.start_time = 7;
	now.time = before.time;
	assert_false(top_rows(&old, &new, &arena)->cpu.set);
	before.usage.pid = now.usage.pid = 0;
	now.time++;
	assert_false(top_rows(&old, &new, &arena)->cpu.set);
	assert_false(top_rows(&(struct top_sample){ 0 }, &new, &arena)->cpu.set);
}

static void the_busiest_comes_first(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct top_look before[] = { look_at("b", 1, 2), look_at("c", 1, 3), look_at("e", 1, 5), look_at("x", 1, 9) };
	struct top_look now[] = {
		look_at("a", 2, 1), look_at("b", 2, 2), look_at("c", 2, 3),
		look_at("d", 2, 0), look_at("e", 2, 5), look_at("f", 2, 6),
	};
	char order[] = "......";

	(void)state;
	now[2].usage.stats.cpu.usage = 5;
	now[4].usage.stats.cpu.usage = 50000;
	now[5].usage.stats.memory = (struct stats_memory){ .set = true, .current = 1 };
	now[3].usage = (struct container_usage){ .status = STATUS_STOPPED };
	struct top_row *rows = top_rows(&(struct top_sample){ 4, before }, &(struct top_sample){ 6, now }, &arena);

	for (size_t i = 0; i < 6; i++)
		order[i] = rows[i].id[0];
	assert_string_equal(order, "ecbfad");
	assert_string_equal(top_rows_to_summary(rows, 6, "12:00:00", &arena),
			    "12:00:00  6 containers, 5 running  CPU% 5.0  MEM 1");
	assert_string_equal(top_rows_to_summary(rows, 0, "", &arena), "  0 containers, 0 running  CPU% -  MEM -");
}

/* --- as text --------------------------------------------------------------------------------------------------------- */

static void quantities(void **state)
{
	static const struct {
		double value;
		const char *bytes, *bits;
	} texts[] = {
		{ 0, "0", "0bit" },
		{ 999.4, "999", "999bit" },
		{ 999.6, "1.0Ki", "1.0kbit" },
		{ 1024, "1.0Ki", "1.0kbit" },
		{ 12345, "12.1Ki", "12.3kbit" },
		{ 102297, "99.9Ki", "102kbit" },
		{ 1023487, "999Ki", "1.0Mbit" },
		{ 536870912, "512Mi", "537Mbit" },
		{ 5e18, "4.3Ei", "5.0Ebit" },
		{ 5e21, "4337Ei", "5000Ebit" },
	};
	struct arena _cleanup_arena_ arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_string_equal(as_bytes(&arena, texts[i].value), texts[i].bytes);
		assert_string_equal(as_bits(&arena, texts[i].value), texts[i].bits);
	}
}

static struct top_row example(void)
{
	struct top_look look = look_at("web", 1, 42);
	struct cgroup_stats *stats = &look.usage.stats;
	struct arena _cleanup_arena_ arena = { 0 };

	stats->memory = (struct stats_memory){ .set = true, .current = 300 * MEBI, .max = 512 * MEBI };
	stats->pids = (struct stats_pids){ .set = true, .current = 12, .max = STATS_UNLIMITED };
	stats->cpu.pressure = (struct stats_pressure){ .set = true, .some.avg10 = 1.25 };
	struct top_row row = *top_rows(&(struct top_sample){ 0 }, &(struct top_sample){ 1, &look }, &arena);

	row.cpu = known(12.34);
	row.sent = known(9.5e6);
	row.by_limits = true;
	row.id = "web";
	return row;
}

static void rows_as_a_table(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct top_row row = example();

	(void)state;
	assert_string_equal(top_rows_to_table(&row, 1, 0, &arena), "ID   STATUS   CPU%    MEM  MEM-MAX  READ/s  WRITE/s  PIDS  "
								   "PIDS-MAX  NET-IN  NET-OUT  PSI-CPU  PSI-MEM  PSI-IO\n"
								   "web  running  12.3  300Mi    512Mi       -        -    12  "
								   "     max       -  9.5Mbit      1.2        -       -\n");
	assert_string_equal(top_rows_to_table(&row, 1, 40, &arena),
			    "ID   STATUS   CPU%    MEM  MEM-MAX\nweb  running  12.3  300Mi    512Mi\n");
	assert_string_equal(top_rows_to_table(NULL, 0, 10, &arena), "ID  STATUS\n");
}

static void rows_as_json(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct top_row row = example();

	(void)state;
	row.cpu = known(12.5);
	assert_string_equal(
		top_rows_to_json(&row, 1, &arena),
		"[{\"id\":\"web\",\"status\":\"running\",\"pid\":42,\"cpu\":{\"percent\":12.5,\"pressure\":1.25},"
		"\"memory\":{\"usage\":314572800,\"limit\":536870912,\"pressure\":null},"
		"\"io\":{\"readBytesPerSecond\":null,\"writeBytesPerSecond\":null,\"pressure\":null},"
		"\"pids\":{\"current\":12,\"limit\":null},"
		"\"network\":{\"receivedBitsPerSecond\":null,\"sentBitsPerSecond\":9500000,\"source\":\"limits\"}}]");
	assert_string_equal(top_rows_to_json(NULL, 0, &arena), "[]");
	row.sent.set = false;
	assert_non_null(strstr(top_rows_to_json(&row, 1, &arena), "\"source\":null"));
}

/* --- network devices ------------------------------------------------------------------------------------------------- */

static const char titles[] = "Inter-|   Receive                                                |  Transmit\n"
			     " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop "
			     "fifo colls carrier compressed\n";

static struct traffic parse(const char *lines)
{
	char text[1024];

	snprintf(text, sizeof text, "%s%s", titles, lines);
	return traffic_parse(text);
}

static void counters_of_devices(void **state)
{
	struct traffic traffic = parse("    lo: 500 5 0 0 0 0 0 0 600 5 0 0 0 0 0 0\n"
				       "  eth0: 1000 10 1 2 3 4 5 6 2000 20 0 0 0 0 0 0\n"
				       "lo1:30 1 0 0 0 0 0 0 4000000000000000000 1 0 0 0 0 0 0");

	(void)state;
	assert_true(traffic.set);
	assert_int_equal(traffic.received, 1030);
	assert_true(traffic.sent == UINT64_C(4000000000000002000));
	traffic = parse("  eth0: 1 2\n: \n\nx");
	assert_true(traffic.set && traffic.received == 0 && traffic.sent == 0);
	assert_true(traffic_parse("").set);
}

static void counters_of_this_process(void **state)
{
	struct traffic traffic = { 0 };

	(void)state;
	assert_int_equal(traffic_read(getpid(), &traffic), 0);
	assert_true(traffic.set);
	assert_true(traffic_read(0x7fffffff, &traffic) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_fits),
		cmocka_unit_test(no_line_is_longer_than_the_width),
		cmocka_unit_test(cells_cannot_steer_the_terminal),
		cmocka_unit_test(rates_come_from_two_looks),
		cmocka_unit_test(the_counters_of_limits_come_first),
		cmocka_unit_test(another_container_of_that_name_has_no_rates),
		cmocka_unit_test(the_busiest_comes_first),
		cmocka_unit_test(quantities),
		cmocka_unit_test(rows_as_a_table),
		cmocka_unit_test(rows_as_json),
		cmocka_unit_test(counters_of_devices),
		cmocka_unit_test(counters_of_this_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
