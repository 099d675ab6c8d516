#include "base/error.h"
#include "oci/show.h"
#include "oci/validate.h"
#include "oci/version.h"

#include <errno.h>

static int check_platform(const struct spec *spec)
{
	static const char *const sections[FOREIGN_SECTIONS] = {
		[FOREIGN_SOLARIS] = "solaris", [FOREIGN_WINDOWS] = "windows", [FOREIGN_VM] = "vm",
		[FOREIGN_ZOS] = "zos",         [FOREIGN_FREEBSD] = "freebsd",
	};

	for (size_t i = 0; i < FOREIGN_SECTIONS; i++)
		if (spec->foreign[i])
			return refuse(ENOTSUP, "/%s: this runtime runs Linux containers without a virtual machine: "
			                       "the section cannot be honoured", sections[i]);
	/* Drafts: their examples are still good JSON, but what they mean was never fixed. */
	if (version_major(spec->oci_version) != 1)
		return refuse(ENOTSUP, "/ociVersion: %s: this runtime implements version 1 of the specification",
		              show(spec->oci_version).text);
	return 0;
}

static int check_present(const struct spec *spec)
{
	if (!spec->root.set)
		return refuse(EINVAL, "/root: missing, but required");
	if (!spec->process.set)
		return refuse(EINVAL, "/process: missing, but required to start a container");
	if (spec->process.args.count == 0)
		return refuse(EINVAL, "/process/args: missing, but required");
	return 0;
}

/* What would change the host, or nothing, without a namespace of the container's own. */
static int check_namespaces(const struct spec *spec)
{
	const struct spec_linux *linux_ = &spec->linux_;
	const struct {
		const char *path;
		enum namespace_type needs;
		bool used;
	} rows[] = {
		{ "/hostname", NS_UTS, spec->hostname },
		{ "/domainname", NS_UTS, spec->domainname },
		{ "/linux/uidMappings", NS_USER, linux_->uid_maps.count },
		{ "/linux/gidMappings", NS_USER, linux_->gid_maps.count },
		{ "/linux/timeOffsets/boottime", NS_TIME, linux_->boottime.set },
		{ "/linux/timeOffsets/monotonic", NS_TIME, linux_->monotonic.set },
		{ "/linux/netDevices", NS_NETWORK, linux_->net_device_count },
		{ "/linux/maskedPaths", NS_MOUNT, linux_->masked_paths.count },
		{ "/linux/readonlyPaths", NS_MOUNT, linux_->readonly_paths.count },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].used && !linux_->namespaces[rows[i].needs].set)
			return refuse(EINVAL, "%s: needs a %s namespace in /linux/namespaces", rows[i].path,
			              ns_type_name(rows[i].needs));
	/* Clocks can only be set before the first process enters. */
	if ((linux_->boottime.set || linux_->monotonic.set) && linux_->namespaces[NS_TIME].path)
		return refuse(EINVAL, "/linux/timeOffsets: needs a new time namespace, not one to join");
	return 0;
}

/* Without maps, every id in the new namespace would be the overflow id, and nothing could be set up. */
static int check_user_namespace(const struct spec *spec)
{
	if (!spec_new_namespace(spec, NS_USER))
		return 0;
	if (spec->linux_.uid_maps.count == 0)
		return refuse(EINVAL, "/linux/uidMappings: missing, but required for a new user namespace");
	if (spec->linux_.gid_maps.count == 0)
		return refuse(EINVAL, "/linux/gidMappings: missing, but required for a new user namespace");
	return 0;
}

int spec_validate_resources_runnable(const struct spec_resources *resources, const char *path)
{
	/*
	 * What only cgroup v1 had. config-linux.md "Unified": a runtime may convert; "if the conversion is not possible the
	 * runtime MUST generate an error". Values that ask for what v2 does anyway pass.
	 */
	const struct {
		bool used;
		const char *name, *reason;
	} rows[] = {
		/* -1 and 0: no limit of its own, and v2 counts kernel memory in memory.max */
		{ resources->memory.kernel.value > 0, "memory/kernel", "memory.max includes kernel memory" },
		{ resources->memory.kernel_tcp.value > 0, "memory/kernelTCP", "memory.max includes TCP buffers" },
		/* any value differs from the system's vm.swappiness, or may tomorrow */
		{ resources->memory.swappiness.set, "memory/swappiness", "there is no swappiness of a cgroup" },
		/* false is what v2 does */
		{ resources->memory.disable_oom_killer.value, "memory/disableOOMKiller", "the OOM killer cannot be disabled" },
		/* useHierarchy: v2 always accounts hierarchically; false was v1's default and limits nothing here */
		/* 0: no realtime budget, which is what a cgroup without it has */
		{ resources->cpu.realtime_runtime.value != 0, "cpu/realtimeRuntime", "there are no realtime budgets" },
		{ resources->cpu.realtime_period.value != 0, "cpu/realtimePeriod", "there are no realtime budgets" },
		/* 0: the default */
		{ resources->block_io.leaf_weight.value != 0, "blockIO/leafWeight", "a cgroup with children has no processes" },
		/* 0: no class */
		{ resources->net_class_id.value != 0, "network/classID", "there is no net_cls controller" },
		{ resources->net_priority_count != 0, "network/priorities", "there is no net_prio controller" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].used)
			return refuse(ENOTSUP, "%s/%s: cgroup v1 only: in cgroup v2, %s", path, rows[i].name, rows[i].reason);
	for (size_t i = 0; i < resources->block_io.weight_count; i++)
		if (resources->block_io.weights[i].leaf_weight.value)
			return refuse(ENOTSUP, "%s/blockIO/weightDevice/%zu/leafWeight: cgroup v1 only: in cgroup v2, "
			                       "a cgroup with children has no processes", path, i);
	return 0;
}

int spec_validate_runnable(const struct spec *spec)
{
	int r = check_platform(spec);

	if (r >= 0)
		r = check_present(spec);
	if (r >= 0)
		r = check_namespaces(spec);
	if (r >= 0)
		r = check_user_namespace(spec);
	return r < 0 ? r : spec_validate_resources_runnable(&spec->linux_.resources, "/linux/resources");
}
