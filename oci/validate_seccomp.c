/* config-linux.md "Seccomp". */
#include "base/error.h"
#include "oci/check.h"
#include "oci/names.h"
#include "oci/show.h"

#include <errno.h>
#include <string.h>

#define MAX_ERRNO 4095       /* of the kernel, which cuts larger values */
#define MAX_TRACE_DATA 65535 /* SECCOMP_RET_DATA */

/* "When the action doesn't support an errno, the runtime MUST print an error and fail." The caller says where. */
static int check_errno(enum seccomp_action action, const struct opt_u64 *errno_ret)
{
	uint64_t max = action == SECCOMP_TRACE ? MAX_TRACE_DATA : MAX_ERRNO;

	if (!errno_ret->set)
		return 0;
	if (action != SECCOMP_ERRNO && action != SECCOMP_TRACE)
		return refuse(EINVAL, "%llu: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take a value",
		              (unsigned long long)errno_ret->value);
	if (errno_ret->value > max)
		return refuse(EINVAL, "%llu: must be an integer from 0 to %llu", (unsigned long long)errno_ret->value,
		              (unsigned long long)max);
	return 0;
}

static int check_architectures(const struct strings *archs)
{
	for (size_t i = 0; i < archs->count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(archs->items[i], archs->items[k]) == 0)
				return refuse(EINVAL, "/linux/seccomp/architectures/%zu: \"%s\": must be listed only once", i,
				              archs->items[i]);
	return 0;
}

#define RULE "/linux/seccomp/syscalls/%zu"

static int check_rule(const struct spec_seccomp *seccomp, size_t index)
{
	const struct spec_seccomp_rule *rule = &seccomp->rules[index];

	if (rule->names.count == 0)
		return refuse(EINVAL, RULE "/names: must have at least one entry", index);
	for (size_t i = 0; i < rule->names.count; i++)
		if (!*rule->names.items[i])
			return refuse(EINVAL, RULE "/names/%zu: must not be empty", index, i);
	if (rule->action == SECCOMP_NOTIFY && !seccomp->listener_path)
		return refuse(EINVAL, RULE "/action: \"SCMP_ACT_NOTIFY\": needs /linux/seccomp/listenerPath", index);
	if (rule->action == SECCOMP_NOTIFY && seccomp->listener_path[0] != '/')
		return refuse(EINVAL, "/linux/seccomp/listenerPath: %s: must be an absolute path",
		              show(seccomp->listener_path).text);
	return context(check_errno(rule->action, &rule->errno_ret), RULE "/errnoRet", index);
}

int check_seccomp(const struct spec_seccomp *seccomp)
{
	int r = context(check_errno(seccomp->default_action, &seccomp->default_errno_ret), "/linux/seccomp/defaultErrnoRet");

	if (r >= 0 && seccomp->default_action == SECCOMP_NOTIFY)
		/* The first system call would wait for an agent that is told of the filter by a system call. */
		r = refuse(EINVAL, "/linux/seccomp/defaultAction: \"SCMP_ACT_NOTIFY\": cannot be the default");
	if (r >= 0 && seccomp->listener_metadata && !seccomp->listener_path)
		r = refuse(EINVAL, "/linux/seccomp/listenerMetadata: must not be given without listenerPath");
	if (r >= 0)
		r = check_architectures(&seccomp->architectures);
	for (size_t i = 0; r >= 0 && i < seccomp->rule_count; i++)
		r = check_rule(seccomp, i);
	return r;
}
