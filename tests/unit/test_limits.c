/* Limits and scheduling: each is set in a child process, which then asks the kernel. */
#include "base/sys.h"
#include "runtime/limits.h"
#include "tests/unit/child.h"

#include <linux/mempolicy.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif
#define RESET_ON_FORK 1
#define CAP_SYS_RESOURCE 24

static bool says(const char *text)
{
	return strstr(error_record()->text, text) != NULL;
}

static void become_unprivileged(void)
{
	require(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
}

/* --- Resource limits -------------------------------------------------------------------------------------------------- */

static void set_rlimits(const void *unused)
{
	struct spec_rlimit limits[] = {
		{ RLIMIT_NOFILE, "RLIMIT_NOFILE", 100, 200 },
		{ RLIMIT_CORE, "RLIMIT_CORE", 0, UINT64_MAX },
		{ RLIMIT_STACK, "RLIMIT_STACK", 0x200000000, 0x300000000 },
	};
	const struct spec_process process = { .rlimit_count = 3, .rlimits = limits };
	struct rlimit now;

	(void)unused;
	require(limits_set_rlimits(&process) == 0);
	require(getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur == 100 && now.rlim_max == 200);
	require(getrlimit(RLIMIT_CORE, &now) == 0 && now.rlim_cur == 0 && now.rlim_max == RLIM_INFINITY);
	require(getrlimit(RLIMIT_STACK, &now) == 0 && now.rlim_cur == 0x200000000 && now.rlim_max == 0x300000000);
}

static void refuse_rlimits(const void *unused)
{
	struct spec_rlimit limits[] = { { RLIMIT_CPU, "RLIMIT_CPU", 10, 20 }, { RLIMIT_NOFILE, "RLIMIT_NOFILE", 30, 20 } };
	const struct spec_process process = { .rlimit_count = 2, .rlimits = limits };
	struct rlimit now;

	(void)unused;
	require(limits_set_rlimits(&process) == -EINVAL);
	require(says("/process/rlimits/1: RLIMIT_NOFILE: soft 30 is above hard 20"));
	require(getrlimit(RLIMIT_CPU, &now) == 0 && now.rlim_cur == 10);

	limits[1] = (struct spec_rlimit){ RLIMIT_NOFILE, "RLIMIT_NOFILE", 10, UINT64_C(1) << 40 };
	require(limits_set_rlimits(&process) == -EPERM);
	require(says("/process/rlimits/1/hard: RLIMIT_NOFILE of 1099511627776 is above fs.nr_open, which is "));

	limits[1] = (struct spec_rlimit){ 99, "RLIMIT_PATIENCE", 1, 1 };
	require(limits_set_rlimits(&process) == -EINVAL);
	require(says("/process/rlimits/1: set RLIMIT_PATIENCE to soft 1, hard 1"));

	become_unprivileged();
	limits[0] = (struct spec_rlimit){ RLIMIT_CPU, "RLIMIT_CPU", 10, UINT64_MAX };
	require(limits_set_rlimits(&process) == -EPERM);
	require(says("/process/rlimits/0/hard: raise RLIMIT_CPU from 20 to unlimited without CAP_SYS_RESOURCE"));
}

static void test_rlimits(void **state)
{
	(void)state;
	assert_true(child_succeeds(set_rlimits, NULL));
	assert_true(child_succeeds(refuse_rlimits, NULL));
}

/* --- Out of memory ---------------------------------------------------------------------------------------------------- */

static struct spec_process score(int64_t value)
{
	return (struct spec_process){ .oom_score_adj = { true, value } };
}

static void require_score(const char *wanted)
{
	char text[16];

	require(read_text_at(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof text) >= 0 && strcmp(text, wanted) == 0);
}

static void set_score(const void *unused)
{
	const struct spec_process absent = { 0 }, high = score(500), higher = score(700), low = score(-1000);

	(void)unused;
	require(limits_set_oom_score(getpid(), &high) == 0);
	require_score("500");
	require(limits_set_oom_score(getpid(), &absent) == 0);
	require_score("500");
	prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE);
	become_unprivileged();
	/* setuid has made the process undumpable, and its files root's: what is there already is no error */
	require(limits_set_oom_score(getpid(), &high) == 0);
	require(limits_set_oom_score(getpid(), &higher) == -EACCES);
	require(prctl(PR_SET_DUMPABLE, 1) == 0);
	require(limits_set_oom_score(getpid(), &high) == 0);
	require(limits_set_oom_score(getpid(), &higher) == 0);
	require_score("700");
	require(limits_set_oom_score(getpid(), &low) == -EACCES);
	require(says("/process/oomScoreAdj: set -1000 (lowering it needs CAP_SYS_RESOURCE"));
	require_score("700");
}

static void test_oom_score(void **state)
{
	(void)state;
	assert_true(child_succeeds(set_score, NULL));
}

/* --- Scheduling ------------------------------------------------------------------------------------------------------- */

struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t min, max;
};

static struct attributes scheduling(void)
{
	struct attributes attributes = { 0 };

	require(syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0);
	return attributes;
}

static void set_scheduler(const void *argument)
{
	const struct spec_scheduler *scheduler = argument;

	require(limits_set_scheduler(scheduler) == 0);
	const struct attributes now = scheduling();

	require(now.policy == scheduler->policy && now.nice == scheduler->nice && now.priority == (uint32_t)scheduler->priority);
	require(now.flags == scheduler->flags);
	if (scheduler->policy == SCHED_DEADLINE)
		require(now.runtime == scheduler->runtime && now.deadline == scheduler->deadline && now.period == scheduler->period);
}

static void refuse_scheduler(const void *unused)
{
	const struct spec_scheduler none = { .set = true, .policy = SCHED_FIFO, .priority = 0 };
	const struct spec_scheduler priority = { .set = true, .policy = SCHED_BATCH, .priority = 3 };
	const struct spec_scheduler deadline = { .set = true, .policy = SCHED_DEADLINE, .runtime = 20000000, .deadline = 10000000,
		                                 .period = 10000000 };
	const struct spec_scheduler fifo = { .set = true, .policy = SCHED_FIFO, .priority = 7 };

	(void)unused;
	require(limits_set_scheduler(&none) == -EINVAL && says("/process/scheduler: policy 1") && says("must be 1 to 99"));
	require(limits_set_scheduler(&priority) == -EINVAL && says("must be 0 for this policy"));
	require(limits_set_scheduler(&deadline) == -EINVAL && says("runtime <= deadline <= period"));
	become_unprivileged();
	require(limits_set_scheduler(&fifo) == -EPERM && says("CAP_SYS_NICE"));
	require(scheduling().policy == SCHED_OTHER);
}

static void test_scheduler(void **state)
{
	const struct spec_scheduler cases[] = {
		{ .set = true, .policy = SCHED_OTHER, .nice = 5 },
		{ .set = true, .policy = SCHED_OTHER, .nice = -5 },
		{ .set = true, .policy = SCHED_BATCH, .nice = 1 },
		{ .set = true, .policy = SCHED_IDLE },
		{ .set = true, .policy = SCHED_FIFO, .priority = 10 },
		{ .set = true, .policy = SCHED_RR, .priority = 20, .flags = RESET_ON_FORK },
		{ .set = true, .policy = SCHED_DEADLINE, .runtime = 1000000, .deadline = 10000000, .period = 20000000 },
	};
	const struct spec_scheduler absent = { 0 };

	(void)state;
	assert_int_equal(limits_set_scheduler(&absent), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_true(child_succeeds(set_scheduler, &cases[i]));
	assert_true(child_succeeds(refuse_scheduler, NULL));
}

static void set_io_priority(const void *argument)
{
	const struct spec_io_priority *priority = argument;

	require(limits_set_io_priority(priority) == 0);
	long now = syscall(SYS_ioprio_get, 1, 0);

	require(now >> 13 == priority->class && (now & 0x1fff) == priority->priority);
}

static void refuse_io_priority(const void *unused)
{
	const struct spec_io_priority wrong = { true, 6, 0 }, real_time = { true, 1, 0 };

	(void)unused;
	require(limits_set_io_priority(&wrong) == -EINVAL && says("/process/ioPriority: class 6, priority 0"));
	become_unprivileged();
	require(limits_set_io_priority(&real_time) == -EPERM && says("real-time class needs"));
}

static void test_io_priority(void **state)
{
	const struct spec_io_priority cases[] = { { true, 1, 3 }, { true, 2, 7 }, { true, 3, 0 } }, absent = { 0 };

	(void)state;
	assert_int_equal(limits_set_io_priority(&absent), 0);
	assert_int_equal(syscall(SYS_ioprio_get, 1, 0) >> 13, 0);
	for (size_t i = 0; i < 3; i++)
		assert_true(child_succeeds(set_io_priority, &cases[i]));
	assert_true(child_succeeds(refuse_io_priority, NULL));
}

static void set_affinity(const void *unused)
{
	uint64_t mask[SPEC_CPU_MAX / 64] = { 1 }, now[SPEC_CPU_MAX / 64] = { 0 };
	char text[] = "0";
	struct spec_cpus cpus = { true, text, mask };

	(void)unused;
	require(limits_set_affinity(&cpus, "/process/execCPUAffinity/final") == 0);
	require(syscall(SYS_sched_getaffinity, 0, sizeof now, now) > 0 && now[0] == 1);
	/* CPUs that are not there beside one that is */
	mask[SPEC_CPU_MAX / 64 - 1] = UINT64_MAX;
	require(limits_set_affinity(&cpus, "/process/execCPUAffinity/final") == 0);
	require(syscall(SYS_sched_getaffinity, 0, sizeof now, now) > 0 && now[0] == 1);
	mask[0] = 0;
	require(limits_set_affinity(&cpus, "/process/execCPUAffinity/final") == -EINVAL);
	require(says("/process/execCPUAffinity/final: 0 (none of these CPUs"));
	cpus.set = false;
	require(limits_set_affinity(&cpus, "/process/execCPUAffinity/final") == 0);
}

static void test_affinity(void **state)
{
	(void)state;
	assert_true(child_succeeds(set_affinity, NULL));
}

/* --- Memory policy and personality ------------------------------------------------------------------------------------ */

static void set_policy(const void *unused)
{
	uint64_t mask[SPEC_CPU_MAX / 64] = { 1 }, now[SPEC_CPU_MAX / 64] = { 0 };
	char text[] = "0";
	struct spec_memory_policy policy = {
		.set = true, .mode = MPOL_BIND, .flags = MPOL_F_STATIC_NODES, .nodes = { true, text, mask }
	};
	int mode = -1;

	(void)unused;
	require(limits_set_memory_policy(&policy) == 0);
	require(syscall(SYS_get_mempolicy, &mode, now, SPEC_CPU_MAX, 0, 0) == 0);
	require(mode == (MPOL_BIND | MPOL_F_STATIC_NODES) && now[0] == 1);
	policy.mode = MPOL_INTERLEAVE;
	policy.flags = 0;
	require(limits_set_memory_policy(&policy) == 0);
	require(syscall(SYS_get_mempolicy, &mode, now, SPEC_CPU_MAX, 0, 0) == 0 && mode == MPOL_INTERLEAVE);
	/* Nodes where there must be none, and none where there must be one. */
	policy.mode = MPOL_DEFAULT;
	require(limits_set_memory_policy(&policy) == -EINVAL && says("/linux/memoryPolicy: mode 0, flags 0, nodes 0 ("));
	policy.nodes.set = false;
	policy.nodes.text = NULL;
	policy.mode = MPOL_BIND;
	require(limits_set_memory_policy(&policy) == -EINVAL && says("nodes (none)"));
	policy.mode = MPOL_DEFAULT;
	require(limits_set_memory_policy(&policy) == 0);
	require(syscall(SYS_get_mempolicy, &mode, now, SPEC_CPU_MAX, 0, 0) == 0 && mode == MPOL_DEFAULT);
	/* A node that no kernel has, beside one that is there: the last bit is not lost. */
	policy.nodes.set = true;
	policy.nodes.text = text;
	policy.mode = MPOL_BIND;
	mask[SPEC_CPU_MAX / 64 - 1] = UINT64_C(1) << 63;
	require(limits_set_memory_policy(&policy) == -EINVAL);
}

static void test_memory_policy(void **state)
{
	const struct spec_memory_policy absent = { 0 };
	int mode;

	(void)state;
	assert_int_equal(limits_set_memory_policy(&absent), 0);
	if (syscall(SYS_get_mempolicy, &mode, NULL, 0, 0, 0) < 0 && errno == ENOSYS)
		skip();
	assert_true(child_succeeds(set_policy, NULL));
}

static void set_personality(const void *unused)
{
	const struct spec_personality linux32 = { true, PER_LINUX32 }, plain = { true, PER_LINUX }, absent = { 0 };
	struct utsname before, after;

	(void)unused;
	require(uname(&before) == 0);
	require(limits_set_personality(&linux32) == 0);
	require(personality(0xffffffff) == PER_LINUX32);
	require(uname(&after) == 0 && strcmp(before.machine, after.machine) != 0);
	require(limits_set_personality(&absent) == 0);
	require(personality(0xffffffff) == PER_LINUX32);
	require(limits_set_personality(&plain) == 0);
	require(personality(0xffffffff) == PER_LINUX);
}

static void test_personality(void **state)
{
	(void)state;
	assert_true(child_succeeds(set_personality, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rlimits),
		cmocka_unit_test(test_oom_score),
		cmocka_unit_test(test_scheduler),
		cmocka_unit_test(test_io_priority),
		cmocka_unit_test(test_affinity),
		cmocka_unit_test(test_memory_policy),
		cmocka_unit_test(test_personality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
