#include "runtime/limits.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <limits.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <sys/resource.h>

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13

/* --- Resource limits -------------------------------------------------------------------------------------------------- */

struct kernel_rlimit {
	uint64_t soft, hard;
};

static int sys_prlimit(pid_t pid, int resource, const struct kernel_rlimit *new, struct kernel_rlimit *old)
{
	return (int)sys_result(syscall(SYS_prlimit64, pid, resource, new, old));
}

/* "1024" or "unlimited". */
struct limit_text {
	char text[24];
};

static struct limit_text limit_text(uint64_t value)
{
	struct limit_text limit;

	snprintf(limit.text, sizeof limit.text, value == UINT64_MAX ? "unlimited" : "%llu", (unsigned long long)value);
	return limit;
}

/* The highest RLIMIT_NOFILE that anyone may have, or 0 where it cannot be read. */
static uint64_t most_files(void)
{
	char text[24];

	return read_text_at(AT_FDCWD, "/proc/sys/fs/nr_open", text, sizeof text) > 0 ? strtoull(text, NULL, 10) : 0;
}

static int explain_rlimit(size_t number, const struct spec_rlimit *limit, int code)
{
	struct kernel_rlimit now = { 0 };

	if (code != EPERM || sys_prlimit(0, limit->resource, NULL, &now) < 0)
		return fail(code, "/process/rlimits/%zu: set %s to soft %s, hard %s", number, limit->name,
		            limit_text(limit->soft).text, limit_text(limit->hard).text);
	uint64_t most = limit->resource == RLIMIT_NOFILE ? most_files() : 0;

	if (most && limit->hard > most)
		return refuse(code, "/process/rlimits/%zu/hard: %s of %s is above fs.nr_open, which is %llu", number, limit->name,
		              limit_text(limit->hard).text, (unsigned long long)most);
	return fail(code, "/process/rlimits/%zu/hard: raise %s from %s to %s without CAP_SYS_RESOURCE", number, limit->name,
	            limit_text(now.hard).text, limit_text(limit->hard).text);
}

int limits_set_rlimits(const struct spec_process *process)
{
	for (size_t i = 0; i < process->rlimit_count; i++) {
		const struct spec_rlimit *limit = &process->rlimits[i];
		struct kernel_rlimit new = { limit->soft, limit->hard };
		int r = sys_prlimit(0, limit->resource, &new, NULL);

		if (r == -EINVAL && limit->soft > limit->hard)
			return refuse(EINVAL, "/process/rlimits/%zu: %s: soft %s is above hard %s", i, limit->name,
			              limit_text(limit->soft).text, limit_text(limit->hard).text);
		if (r < 0)
			return explain_rlimit(i, limit, -r);
	}
	return 0;
}

void limits_allow_rlimits(pid_t pid, const struct spec_process *process)
{
	for (size_t i = 0; i < process->rlimit_count; i++) {
		const struct spec_rlimit *limit = &process->rlimits[i];
		struct kernel_rlimit now;

		if (sys_prlimit(pid, limit->resource, NULL, &now) < 0 || now.hard >= limit->hard)
			continue;
		now.hard = limit->hard;
		sys_prlimit(pid, limit->resource, &now, NULL);
	}
}

/* --- Out of memory ---------------------------------------------------------------------------------------------------- */

int limits_set_oom_score(pid_t pid, const struct spec_process *process)
{
	const struct opt_i64 *score = &process->oom_score_adj;
	char path[48], text[24], now[24];

	if (!score->set)
		return 0;
	snprintf(path, sizeof path, "/proc/%d/oom_score_adj", (int)pid);
	snprintf(text, sizeof text, "%lld", (long long)score->value);
	int r = write_file_at(AT_FDCWD, path, text);

	if (r >= 0 || (r == -EACCES && read_text_at(AT_FDCWD, path, now, sizeof now) >= 0 && strcmp(now, text) == 0))
		return 0;
	return fail(-r, "/process/oomScoreAdj: set %s%s", text,
	            r == -EACCES ? " (lowering it needs CAP_SYS_RESOURCE on the host)" : "");
}

/* --- Scheduling ------------------------------------------------------------------------------------------------------- */

/* struct sched_attr of the kernel, whose header clashes with <sched.h>. */
struct kernel_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static const char *scheduler_hint(const struct spec_scheduler *scheduler, int code)
{
	if (code == EINVAL && scheduler->policy == SCHED_DEADLINE)
		return " (SCHED_DEADLINE wants 1024 <= runtime <= deadline <= period)";
	if (code == EINVAL && (scheduler->policy == SCHED_FIFO || scheduler->policy == SCHED_RR))
		return " (the priority must be 1 to 99)";
	if (code == EINVAL && scheduler->priority != 0)
		return " (the priority must be 0 for this policy)";
	if (code == EBUSY)
		return " (the machine has not that much time left to promise)";
	if (code == EPERM)
		return " (needs CAP_SYS_NICE, or RLIMIT_RTPRIO or RLIMIT_NICE; SCHED_DEADLINE also all CPUs of its root domain; a CPU "
		       "controller with real-time groups must have time for it)";
	return "";
}

int limits_set_scheduler(const struct spec_scheduler *scheduler)
{
	struct kernel_sched_attr attr = {
		.size = sizeof attr,
		.policy = scheduler->policy,
		.flags = scheduler->flags,
		.nice = scheduler->nice,
		.priority = (uint32_t)scheduler->priority,
		.runtime = scheduler->runtime,
		.deadline = scheduler->deadline,
		.period = scheduler->period,
	};

	/* Under SCHED_IDLE the kernel leaves the nice value as the caller has it. */
	if (!scheduler->set || (syscall(SYS_sched_setattr, 0, &attr, 0) == 0 &&
	                        (scheduler->policy != SCHED_IDLE || setpriority(PRIO_PROCESS, 0, scheduler->nice) == 0)))
		return 0;
	int code = errno;

	return fail(code, "/process/scheduler: policy %u, nice %d, priority %d, runtime %llu, deadline %llu, period %llu, "
	            "flags %#llx%s", scheduler->policy, scheduler->nice, scheduler->priority,
	            (unsigned long long)scheduler->runtime, (unsigned long long)scheduler->deadline,
	            (unsigned long long)scheduler->period, (unsigned long long)scheduler->flags, scheduler_hint(scheduler, code));
}

int limits_set_io_priority(const struct spec_io_priority *priority)
{
	int value = priority->class << IOPRIO_CLASS_SHIFT | priority->priority;

	if (!priority->set || syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value) == 0)
		return 0;
	int code = errno;

	return fail(code, "/process/ioPriority: class %d, priority %d%s", priority->class, priority->priority,
	            code == EPERM ? " (the real-time class needs CAP_SYS_ADMIN or CAP_SYS_NICE on the host)" : "");
}

void limits_reset_affinity(void)
{
	unsigned char all[SPEC_CPU_MAX / 8];

	memset(all, 0xff, sizeof all);
	(void)syscall(SYS_sched_setaffinity, 0, sizeof all, all);
}

int limits_set_affinity(const struct spec_cpus *cpus, const char *json_path)
{
	if (!cpus->set || syscall(SYS_sched_setaffinity, 0, SPEC_CPU_MAX / 8, cpus->mask) == 0)
		return 0;
	int code = errno;

	return fail(code, "%s: %s%s", json_path, cpus->text,
	            code == EINVAL ? " (none of these CPUs is there for this process)" : "");
}

/* --- Memory policy and personality ------------------------------------------------------------------------------------ */

int limits_set_memory_policy(const struct spec_memory_policy *policy)
{
	const uint64_t *nodes = policy->nodes.set ? policy->nodes.mask : NULL;

	if (!policy->set)
		return 0;
	/* The kernel takes one bit less than it is told. */
	if (syscall(SYS_set_mempolicy, policy->mode | (int)policy->flags, nodes, nodes ? SPEC_CPU_MAX + 1 : 0) == 0)
		return 0;
	int code = errno;

	return fail(code, "/linux/memoryPolicy: mode %d, flags %#x, nodes %s%s", policy->mode, policy->flags,
	            policy->nodes.text ? policy->nodes.text : "(none)",
	            code == EINVAL ? " (the mode does not take these flags or nodes, or the nodes are not there)" : "");
}

int limits_set_personality(const struct spec_personality *personality)
{
	if (personality->set && syscall(SYS_personality, personality->persona) < 0)
		return fail(errno, "/linux/personality: set domain %#lx", personality->persona);
	return 0;
}
