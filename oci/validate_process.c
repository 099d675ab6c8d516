#include "base/error.h"
#include "oci/check.h"
#include "oci/names.h"
#include "oci/show.h"
#include "oci/validate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static int check_rlimits(const struct spec_process *process, const char *path)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < process->rlimit_count; i++) {
		const struct spec_rlimit *rlimit = &process->rlimits[i];

		if (seen & UINT64_C(1) << rlimit->resource)
			return refuse(EINVAL, "%s/rlimits/%zu/type: \"%s\": must be listed only once", path, i, rlimit->name);
		if (rlimit->soft > rlimit->hard)
			return refuse(EINVAL, "%s/rlimits/%zu/soft: %llu: must not be larger than the hard limit %llu", path, i,
			              (unsigned long long)rlimit->soft, (unsigned long long)rlimit->hard);
		seen |= UINT64_C(1) << rlimit->resource;
	}
	return 0;
}

/* sched(7), sched_setattr(2) */
static int check_scheduler(const struct spec_scheduler *scheduler, const char *path)
{
	const char *policy = names_of_value(&names_sched_policies, scheduler->policy)->text;
	bool realtime = strcmp(policy, "SCHED_FIFO") == 0 || strcmp(policy, "SCHED_RR") == 0;
	bool deadline = strcmp(policy, "SCHED_DEADLINE") == 0;
	uint64_t period = scheduler->period ? scheduler->period : scheduler->deadline;

	if (strcmp(policy, "SCHED_ISO") == 0)
		return refuse(ENOTSUP, "%s/scheduler/policy: \"SCHED_ISO\": Linux reserves the name, but does not have "
		                       "the policy", path);
	if (realtime && scheduler->priority == 0)
		return refuse(EINVAL, "%s/scheduler/priority: 0: must be an integer from 1 to 99 for %s", path, policy);
	if (!realtime && scheduler->priority != 0)
		return refuse(EINVAL, "%s/scheduler/priority: %d: only SCHED_FIFO and SCHED_RR have a priority", path,
		              scheduler->priority);
	if (!deadline && (scheduler->runtime || scheduler->deadline || scheduler->period))
		return refuse(EINVAL, "%s/scheduler: runtime, deadline and period are for SCHED_DEADLINE only", path);
	if (deadline && !(scheduler->runtime && scheduler->runtime <= scheduler->deadline && scheduler->deadline <= period))
		return refuse(EINVAL, "%s/scheduler: SCHED_DEADLINE needs 0 < runtime <= deadline <= period", path);
	return 0;
}

/* "Runtimes MUST ignore consoleSize if terminal is false or unset." The kernel's struct winsize has 16 bits. */
static int check_console_size(const struct spec_process *process, const char *path)
{
	if (process->terminal && process->console_height.value > USHRT_MAX)
		return refuse(EINVAL, "%s/consoleSize/height: %llu: must be an integer from 0 to %d", path,
		              (unsigned long long)process->console_height.value, USHRT_MAX);
	if (process->terminal && process->console_width.value > USHRT_MAX)
		return refuse(EINVAL, "%s/consoleSize/width: %llu: must be an integer from 0 to %d", path,
		              (unsigned long long)process->console_width.value, USHRT_MAX);
	return 0;
}

int spec_validate_process(const struct spec_process *process, const char *path)
{
	char env[64];

	if (!process->cwd || process->cwd[0] != '/')
		return refuse(EINVAL, "%s/cwd: %s: must be an absolute path", path, show(process->cwd).text);
	/* "at least one entry is REQUIRED"; that args is there at all is needed only where the process is started. */
	if (process->args.set && process->args.count == 0)
		return refuse(EINVAL, "%s/args: must have at least one entry", path);
	snprintf(env, sizeof env, "%s/env", path);

	int r = check_env(&process->env, env);

	if (r >= 0)
		r = check_console_size(process, path);
	if (r >= 0)
		r = check_rlimits(process, path);
	if (r >= 0 && process->scheduler.set)
		r = check_scheduler(&process->scheduler, path);
	return r;
}
