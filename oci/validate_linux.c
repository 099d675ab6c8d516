/* config-linux.md: everything but resources and seccomp. */
#include "base/error.h"
#include "oci/check.h"
#include "oci/show.h"
#include "oci/validate.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/mempolicy.h>
#include <string.h>

static int check_absolute(const struct strings *paths, const char *name)
{
	for (size_t i = 0; i < paths->count; i++)
		if (paths->items[i][0] != '/')
			return refuse(EINVAL, "/linux/%s/%zu: %s: must be an absolute path", name, i,
			              show(paths->items[i]).text);
	return 0;
}

static int check_devices(const struct spec_linux *linux_)
{
	for (size_t i = 0; i < linux_->device_count; i++)
		if (linux_->devices[i].path[0] != '/')
			return refuse(EINVAL, "/linux/devices/%zu/path: %s: must be an absolute path", i,
			              show(linux_->devices[i].path).text);
	return 0;
}

/* As the kernel's dev_valid_name(). */
static bool net_name_is_valid(const char *name)
{
	if (!*name || strlen(name) >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	return !strpbrk(name, "/: \t\n\v\f\r\xa0");
}

static int check_net_devices(const struct spec_linux *linux_)
{
	for (size_t i = 0; i < linux_->net_device_count; i++) {
		const struct spec_net_device *device = &linux_->net_devices[i];
		struct shown host = show_key(device->host_name, strlen(device->host_name));
		const char *percent = device->name ? strchr(device->name, '%') : NULL;

		if (!net_name_is_valid(device->host_name))
			return refuse(EINVAL, "/linux/netDevices/%s: not the name of a network device", host.text);
		if (device->name && !net_name_is_valid(device->name))
			return refuse(EINVAL, "/linux/netDevices/%s/name: %s: must be a name of 1 to %d bytes "
			                      "without '/', ':' or blanks", host.text, show(device->name).text, IFNAMSIZ - 1);
		if (percent && (percent[1] != 'd' || strchr(percent + 1, '%')))
			return refuse(EINVAL, "/linux/netDevices/%s/name: %s: '%%' is only for one template %%d", host.text,
			              show(device->name).text);
	}
	return 0;
}

/* ".." would lead out of where the driver puts containers; control characters have no place in unit and file names. */
static int check_cgroups_path(const char *path)
{
	if (!path)
		return 0;
	if (has_control_characters(path))
		return refuse(EINVAL, "/linux/cgroupsPath: %s: must not contain control characters", show(path).text);
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
			return refuse(EINVAL, "/linux/cgroupsPath: %s: must not contain \"..\"", show(path).text);
	}
	return 0;
}

/* closID is a directory of resctrl; these are its own. */
static bool clos_id_is_valid(const char *id)
{
	static const char *const reserved[] = { ".", "..", "info", "mon_data", "mon_groups" };

	if (strcmp(id, "/") == 0)
		return true;
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (strcmp(id, reserved[i]) == 0)
			return false;
	return strlen(id) <= 255 && !strchr(id, '/') && !has_control_characters(id);
}

static int check_intel_rdt(const struct spec_intel_rdt *rdt)
{
	if (rdt->clos_id && !clos_id_is_valid(rdt->clos_id))
		return refuse(EINVAL, "/linux/intelRdt/closID: %s: must be \"/\" or the name of a directory",
		              show(rdt->clos_id).text);
	if (rdt->l3_cache_schema && strchr(rdt->l3_cache_schema, '\n'))
		return refuse(EINVAL, "/linux/intelRdt/l3CacheSchema: %s: must be one line", show(rdt->l3_cache_schema).text);
	if (rdt->mem_bw_schema && (strncmp(rdt->mem_bw_schema, "MB:", 3) != 0 || strchr(rdt->mem_bw_schema, '\n')))
		return refuse(EINVAL, "/linux/intelRdt/memBwSchema: %s: must be one line that starts with \"MB:\"",
		              show(rdt->mem_bw_schema).text);
	for (size_t i = 0; i < rdt->schemata.count; i++)
		if (strchr(rdt->schemata.items[i], '\n'))
			return refuse(EINVAL, "/linux/intelRdt/schemata/%zu: %s: must be one line", i,
			              show(rdt->schemata.items[i]).text);
	return 0;
}

/* set_mempolicy(2) */
static int check_memory_policy(const struct spec_memory_policy *policy)
{
	bool nodes = policy->nodes.set;
	uint32_t node_flags = policy->flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES);

	if (nodes && (policy->mode == MPOL_DEFAULT || policy->mode == MPOL_LOCAL))
		return refuse(EINVAL, "/linux/memoryPolicy/nodes: %s: MPOL_DEFAULT and MPOL_LOCAL take no nodes",
		              show(policy->nodes.text).text);
	if (!nodes && policy->mode != MPOL_DEFAULT && policy->mode != MPOL_LOCAL && policy->mode != MPOL_PREFERRED)
		return refuse(EINVAL, "/linux/memoryPolicy/nodes: missing, but required for this mode");
	if (node_flags == (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES))
		return refuse(EINVAL, "/linux/memoryPolicy/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES "
		                      "exclude each other");
	if (node_flags && !nodes)
		return refuse(EINVAL, "/linux/memoryPolicy/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES need nodes");
	if (policy->flags & MPOL_F_NUMA_BALANCING && policy->mode != MPOL_BIND && policy->mode != MPOL_PREFERRED_MANY)
		return refuse(EINVAL, "/linux/memoryPolicy/flags: MPOL_F_NUMA_BALANCING needs MPOL_BIND or "
		                      "MPOL_PREFERRED_MANY");
	return 0;
}

static int check_sysctl(const struct string_map *sysctl)
{
	for (size_t i = 0; i < sysctl->count; i++)
		if (!*sysctl->items[i].key || has_control_characters(sysctl->items[i].key))
			return refuse(EINVAL, "/linux/sysctl: %s: must be the name of a kernel parameter",
			              show(sysctl->items[i].key).text);
	return 0;
}

int check_linux(const struct spec_linux *linux_)
{
	int r = check_id_maps(&linux_->uid_maps, "/linux/uidMappings");

	if (r >= 0)
		r = check_id_maps(&linux_->gid_maps, "/linux/gidMappings");
	if (r >= 0)
		r = check_devices(linux_);
	if (r >= 0)
		r = check_net_devices(linux_);
	if (r >= 0)
		r = check_cgroups_path(linux_->cgroups_path);
	if (r >= 0)
		r = spec_validate_resources(&linux_->resources, "/linux/resources");
	if (r >= 0)
		r = check_intel_rdt(&linux_->intel_rdt);
	if (r >= 0 && linux_->memory_policy.set)
		r = check_memory_policy(&linux_->memory_policy);
	if (r >= 0)
		r = check_sysctl(&linux_->sysctl);
	if (r >= 0 && linux_->seccomp.set)
		r = check_seccomp(&linux_->seccomp);
	if (r >= 0)
		r = check_absolute(&linux_->masked_paths, "maskedPaths");
	return r < 0 ? r : check_absolute(&linux_->readonly_paths, "readonlyPaths");
}
