/* A group's files as numbers: read from a directory that looks like a group. */
#include "cgroups/stats.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <cmocka.h>

static char directory[64];
static struct cgroup group;
static struct arena arena;

static void put(const char *file, const char *text)
{
	int fd = openat(group.fd, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, text, strlen(text)), 0);
	close_fd(&fd);
}

static int make_group(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/berth-unit-stats.XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	group = (struct cgroup){ .path = "/test", .fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	put("cgroup.procs", "7\n9\n");
	put("cpu.stat", "usage_usec 30\nuser_usec 20\nsystem_usec 10\n");
	return group.fd < 0;
}

static int drop_group(void **state)
{
	DIR *dir = opendir(directory);

	(void)state;
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		unlinkat(group.fd, entry->d_name, 0);
	closedir(dir);
	rmdir(directory);
	close_fd(&group.fd);
	arena_free(&arena);
	return 0;
}

static struct cgroup_stats read_stats(void)
{
	struct cgroup_stats stats;

	if (cgroup_read_stats(&group, &arena, &stats) < 0)
		fail_msg("%s", error_record()->text);
	return stats;
}

/* --- without and with controllers --------------------------------------------------------------------------------------- */

static void a_group_without_controllers_has_cpu_and_processes(void **state)
{
	(void)state;
	struct cgroup_stats stats = read_stats();

	assert_true(stats.cpu.set);
	assert_int_equal(stats.cpu.usage, 30);
	assert_int_equal(stats.cpu.user, 20);
	assert_int_equal(stats.cpu.system, 10);
	assert_int_equal(stats.cpu.periods, 0);
	assert_false(stats.cpu.pressure.set);
	assert_false(stats.memory.set);
	assert_false(stats.pids.set);
	assert_int_equal(stats.pids.current, 2);
	assert_true(stats.pids.max == STATS_UNLIMITED);
	assert_false(stats.io.set);
	assert_int_equal(stats.hugetlb_count, 0);
	assert_int_equal(stats.rdma_count, 0);
}

static void cpu_with_a_quota(void **state)
{
	(void)state;
	put("cpu.stat", "usage_usec 18446744073709551615\nuser_usec 1\nsystem_usec 2\nnice_usec 3\ncore_sched.force_idle_usec 4\n"
	                "nr_periods 5\nnr_throttled 6\nthrottled_usec 7\nnr_bursts 8\nburst_usec 9\n");
	struct cgroup_stats stats = read_stats();

	assert_true(stats.cpu.usage == UINT64_MAX);
	assert_int_equal(stats.cpu.periods, 5);
	assert_int_equal(stats.cpu.throttled_periods, 6);
	assert_int_equal(stats.cpu.throttled, 7);
	assert_int_equal(stats.cpu.bursts, 8);
	assert_int_equal(stats.cpu.burst, 9);
}

static void pressure_is_read_without_the_controller_too(void **state)
{
	static const char text[] = "some avg10=1.25 avg60=0.50 avg300=100.00 total=12345678901\n"
	                           "full avg10=0.25 avg60=0.00 avg300=3.00 total=42\n";

	(void)state;
	put("memory.pressure", text);
	put("io.pressure", text);
	/* Before Linux 5.13, CPU pressure had no second line. */
	put("cpu.pressure", "some avg10=2.00 avg60=0.00 avg300=0.00 total=7\n");
	struct cgroup_stats stats = read_stats();

	assert_false(stats.memory.set);
	assert_true(stats.memory.pressure.set);
	assert_true(stats.io.pressure.set);
	assert_true(stats.memory.pressure.some.avg10 == 1.25 && stats.memory.pressure.some.avg60 == 0.5);
	assert_true(stats.memory.pressure.some.avg300 == 100 && stats.memory.pressure.some.total == 12345678901);
	assert_true(stats.memory.pressure.full.avg10 == 0.25 && stats.memory.pressure.full.avg300 == 3);
	assert_int_equal(stats.memory.pressure.full.total, 42);
	assert_true(stats.cpu.pressure.some.avg10 == 2);
	assert_int_equal(stats.cpu.pressure.some.total, 7);
	assert_int_equal(stats.cpu.pressure.full.total, 0);
}

static void memory(void **state)
{
	(void)state;
	put("memory.current", "4096\n");
	put("memory.max", "8192\n");
	put("memory.peak", "6000\n");
	put("memory.low", "0\n");
	put("memory.swap.current", "100\n");
	put("memory.swap.max", "max\n");
	put("memory.stat", "anon 1\nfile 2\nno-number\nkernel 3\n");
	put("memory.events", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n");
	struct stats_memory memory = read_stats().memory;

	assert_true(memory.set && memory.swap_set);
	assert_int_equal(memory.current, 4096);
	assert_int_equal(memory.max, 8192);
	assert_int_equal(memory.peak, 6000);
	assert_int_equal(memory.swap, 100);
	assert_true(memory.swap_max == STATS_UNLIMITED);
	assert_int_equal(memory.low_events, 1);
	assert_int_equal(memory.high_events, 2);
	assert_int_equal(memory.max_events, 3);
	assert_int_equal(memory.oom_events, 4);
	assert_int_equal(memory.oom_kills, 5);
	assert_int_equal(memory.oom_group_kills, 6);
	assert_int_equal(memory.stat_count, 3);
	assert_string_equal(memory.stat[2].key, "kernel");
	assert_int_equal(memory.stat[2].value, 3);
}

static void a_missing_limit_is_none(void **state)
{
	(void)state;
	put("memory.current", "4096\n");
	put("pids.current", "3\n");
	struct cgroup_stats stats = read_stats();

	assert_true(stats.memory.max == STATS_UNLIMITED);
	assert_false(stats.memory.swap_set);
	assert_true(stats.pids.set);
	assert_int_equal(stats.pids.current, 3);
	assert_true(stats.pids.max == STATS_UNLIMITED);
}

static void io_by_device(void **state)
{
	(void)state;
	put("io.stat", "7:0 \n8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
	               "254:1048575 rbytes=18446744073709551615 wbytes=0\n");
	struct stats_io io = read_stats().io;

	assert_true(io.set);
	assert_int_equal(io.count, 2);
	assert_int_equal(io.devices[0].major, 8);
	assert_int_equal(io.devices[0].minor, 16);
	assert_int_equal(io.devices[0].read_bytes, 1);
	assert_int_equal(io.devices[0].write_bytes, 2);
	assert_int_equal(io.devices[0].read_ios, 3);
	assert_int_equal(io.devices[0].write_ios, 4);
	assert_int_equal(io.devices[0].discard_bytes, 5);
	assert_int_equal(io.devices[0].discard_ios, 6);
	assert_int_equal(io.devices[1].minor, 1048575);
	assert_true(io.devices[1].read_bytes == UINT64_MAX);
}

static void huge_pages_and_rdma(void **state)
{
	(void)state;
	put("hugetlb.2MB.current", "4194304\n");
	put("hugetlb.2MB.max", "max\n");
	put("hugetlb.2MB.events", "max 3\n");
	put("hugetlb.2MB.rsvd.current", "99\n");
	put("hugetlb..current", "1\n");
	put("rdma.current", "mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=3 hca_object=0\n");
	struct cgroup_stats stats = read_stats();

	assert_int_equal(stats.hugetlb_count, 1);
	assert_string_equal(stats.hugetlb[0].page_size, "2MB");
	assert_int_equal(stats.hugetlb[0].current, 4194304);
	assert_true(stats.hugetlb[0].max == STATS_UNLIMITED);
	assert_int_equal(stats.hugetlb[0].fails, 3);
	assert_int_equal(stats.rdma_count, 2);
	assert_string_equal(stats.rdma[0].device, "mlx4_0");
	assert_int_equal(stats.rdma[0].objects, 2000);
	assert_int_equal(stats.rdma[1].handles, 3);
}

static void usage_is_a_part_of_it(void **state)
{
	struct cgroup_stats stats;

	(void)state;
	put("memory.current", "4096\n");
	put("memory.max", "8192\n");
	put("memory.stat", "anon 1\n");
	put("memory.swap.current", "100\n");
	put("memory.pressure", "some avg10=1.50 avg60=0.00 avg300=0.00 total=9\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
	put("io.stat", "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n");
	put("pids.current", "3\n");
	put("pids.max", "max\n");
	put("hugetlb.2MB.current", "4194304\n");
	put("rdma.current", "mlx4_0 hca_handle=2 hca_object=2000\n");
	assert_int_equal(cgroup_read_usage(&group, &arena, &stats), 0);
	assert_int_equal(stats.cpu.usage, 30);
	assert_true(stats.memory.set && stats.memory.current == 4096 && stats.memory.max == 8192);
	assert_true(stats.memory.pressure.set && stats.memory.pressure.some.total == 9);
	assert_true(stats.io.count == 1 && stats.io.devices[0].write_bytes == 2);
	assert_true(stats.pids.set && stats.pids.current == 3 && stats.pids.max == STATS_UNLIMITED);
	assert_true(stats.memory.stat_count == 0 && !stats.memory.swap_set && stats.hugetlb_count == 0 && stats.rdma_count == 0);
	unlinkat(group.fd, "cgroup.procs", 0);
	assert_int_equal(cgroup_read_usage(&group, &arena, &stats), -ENOENT);
	unlinkat(group.fd, "cpu.stat", 0);
	assert_int_equal(cgroup_read_usage(&group, &arena, &stats), -ENOENT);
}

static void a_group_that_is_gone(void **state)
{
	struct cgroup_stats stats;

	(void)state;
	unlinkat(group.fd, "cpu.stat", 0);
	assert_int_equal(cgroup_read_stats(&group, &arena, &stats), -EIO);
	unlinkat(group.fd, "cgroup.procs", 0);
	assert_int_equal(cgroup_read_stats(&group, &arena, &stats), -ENOENT);
	assert_string_equal(error_record()->text, "cgroup /test is gone");
	/* Gone while it was read. */
	put("cpu.stat", "usage_usec 30\n");
	put("pids.current", "1\n");
	assert_int_equal(cgroup_read_stats(&group, &arena, &stats), -ENOENT);
}

/* --- notification ------------------------------------------------------------------------------------------------------- */

static bool is_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

static void a_watch_tells_of_memory_events(void **state)
{
	(void)state;
	put("memory.events", "oom_kill 0\n");
	_cleanup_fd_ int watch = cgroup_watch(&group);

	assert_true(watch >= 0);
	assert_true(fcntl(watch, F_GETFD) & FD_CLOEXEC);
	assert_false(is_readable(watch));
	put("memory.events", "oom_kill 1\n");
	assert_true(is_readable(watch));
	assert_int_equal(cgroup_watch_drain(watch), 0);
	assert_false(is_readable(watch));
	assert_int_equal(cgroup_watch_drain(watch), 0);
}

static void without_memory_events_a_watch_is_silent(void **state)
{
	(void)state;
	_cleanup_fd_ int watch = cgroup_watch(&group);

	assert_true(watch >= 0);
	put("memory.events", "oom_kill 1\n");
	assert_false(is_readable(watch));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_group, drop_group)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_group_without_controllers_has_cpu_and_processes),
		TEST(cpu_with_a_quota),
		TEST(pressure_is_read_without_the_controller_too),
		TEST(memory),
		TEST(a_missing_limit_is_none),
		TEST(io_by_device),
		TEST(huge_pages_and_rdma),
		TEST(usage_is_a_part_of_it),
		TEST(a_group_that_is_gone),
		TEST(a_watch_tells_of_memory_events),
		TEST(without_memory_events_a_watch_is_silent),
	};

	return cmocka_run_group_tests_name("cgroup statistics", tests, NULL, NULL);
}
