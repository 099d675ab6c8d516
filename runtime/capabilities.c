#include "runtime/capabilities.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"

#include <ctype.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/prctl.h>

/* The upper bounds of what can be granted. */
struct available {
	uint64_t bounding, permitted;
};

static uint64_t kernel_capabilities(void)
{
	int count = cap_max_bits();

	return count < 64 ? (UINT64_C(1) << count) - 1 : UINT64_MAX;
}

static bool has(uint64_t set, int capability)
{
	return set >> capability & 1;
}

/* "CAP_CHOWN, CAP_KILL", cut off where buffer ends; numbers where libcap has no name. */
static void format_set(uint64_t set, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = 0;
	for (int capability = 0; capability < 64 && used < size; capability++) {
		if (!has(set, capability))
			continue;
		char *name = cap_to_name(capability);
		size_t start = used;
		int n = snprintf(buffer + used, size - used, "%s%s", used ? ", " : "", name ? name : "?");

		cap_free(name);
		used += n > 0 ? (size_t)n : 0;
		for (size_t i = start; i < used && i < size; i++)
			buffer[i] = (char)toupper((unsigned char)buffer[i]);
	}
}

/* The part of wanted that is in allowed; the rest is warned about with the reason. */
static uint64_t grant(const char *set, uint64_t wanted, uint64_t allowed, const char *reason)
{
	char names[1024];

	if (wanted & ~allowed) {
		format_set(wanted & ~allowed, names, sizeof names);
		log_warning("/process/capabilities/%s: not granted (%s): %s", set, reason, names);
	}
	return wanted & allowed;
}

/* Bounding only as far as wanted: each capability costs a system call. */
static int read_available(struct available *available, bool all_capabilities, uint64_t wanted)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	available->bounding = available->permitted = kernel_capabilities();
	if (all_capabilities)
		return 0;
	if (syscall(SYS_capget, &header, data) < 0)
		return fail(errno, "read the capabilities of this process");
	available->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	wanted &= available->bounding;
	for (int capability = 0; capability < 64; capability++) {
		if (has(wanted, capability) && cap_get_bound(capability) != 1)
			available->bounding &= ~(UINT64_C(1) << capability);
	}
	return 0;
}

int capabilities_prepare(const struct spec_capabilities *wanted, bool all_capabilities, struct spec_capabilities *granted)
{
	static const char lacking[] = "this process or the kernel does not have them";
	struct available available;
	int r = read_available(&available, all_capabilities, wanted->bounding | wanted->inheritable | wanted->ambient);

	if (r < 0)
		return r;
	for (size_t i = 0; i < wanted->unknown.count; i++)
		log_warning("/process/capabilities: not granted (no such capability): %s", wanted->unknown.items[i]);

	uint64_t effective = grant("effective", wanted->effective, available.permitted, lacking);
	uint64_t inheritable = grant("inheritable", wanted->inheritable, available.permitted & available.bounding, lacking);
	uint64_t ambient = grant("ambient", wanted->ambient, available.permitted & available.bounding, lacking);

	*granted = (struct spec_capabilities){ .set = wanted->set };
	granted->bounding = grant("bounding", wanted->bounding, available.bounding, lacking);
	granted->permitted = grant("permitted", wanted->permitted, available.permitted, lacking);
	granted->effective = grant("effective", effective, granted->permitted, "not permitted, so they cannot be effective");
	granted->inheritable = grant("inheritable", inheritable, granted->bounding, "not bounding, so they cannot be inheritable");
	granted->ambient = grant("ambient", ambient, granted->permitted & granted->inheritable,
	                         "not permitted and inheritable, so they cannot be ambient");
	return 0;
}

int capabilities_set_bounding(const struct spec_capabilities *granted)
{
	int count = cap_max_bits();

	for (int capability = 0; capability < count; capability++) {
		if (has(granted->bounding, capability) || cap_drop_bound(capability) == 0)
			continue;
		int code = errno;

		/* Without CAP_SETPCAP nothing can be dropped, which matters only where something is left to drop. */
		if (code != EPERM || cap_get_bound(capability) != 0)
			return fail(code, "drop capability %d from the bounding set", capability);
	}
	return 0;
}

int capabilities_keep_only(uint64_t set)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return fail(errno, "read the capabilities of this process");
	for (int half = 0; half < 2; half++) {
		data[half].effective &= (uint32_t)(set >> 32 * half);
		data[half].permitted &= (uint32_t)(set >> 32 * half);
		data[half].inheritable &= (uint32_t)(set >> 32 * half);
	}
	return syscall(SYS_capset, &header, data) < 0 ? fail(errno, "give up capabilities") : 0;
}

int capabilities_keep(void)
{
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? fail(errno, "keep capabilities over the change of user (PR_SET_KEEPCAPS)") : 0;
}

static int set_ambient(uint64_t ambient)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return fail(errno, "clear the ambient capabilities");
	for (int capability = 0; capability < 64; capability++) {
		if (has(ambient, capability) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			return fail(errno, "/process/capabilities/ambient: raise capability %d", capability);
	}
	return 0;
}

int capabilities_set(const struct spec_capabilities *granted)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	for (int half = 0; half < 2; half++) {
		data[half].effective = (uint32_t)(granted->effective >> 32 * half);
		data[half].permitted = (uint32_t)(granted->permitted >> 32 * half);
		data[half].inheritable = (uint32_t)(granted->inheritable >> 32 * half);
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return fail(errno, "/process/capabilities: set effective %#llx, permitted %#llx, inheritable %#llx",
		            (unsigned long long)granted->effective, (unsigned long long)granted->permitted,
		            (unsigned long long)granted->inheritable);
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return fail(errno, "end keeping capabilities (PR_SET_KEEPCAPS)");
	return set_ambient(granted->ambient);
}
