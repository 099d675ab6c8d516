/* Load a device program and put it on the group in place of the one that we put there before. */
#include "cgroups/cgroup.h"
#include "cgroups/device_program.h"
#include "cgroups/program.h"

#include "base/fd.h"

static const struct cgroup_program filter = { "berth_devices", "device filter", BPF_PROG_TYPE_CGROUP_DEVICE,
					      BPF_CGROUP_DEVICE };

int cgroup_devices_prepare(struct cgroup_devices *change, const struct cgroup *cgroup, const struct spec_device_rule *rules,
			   size_t count, const struct spec_device *devices, size_t device_count)
{
	ARENA_SCRATCH(arena, 4096);
	struct device_program program;

	*change = CGROUP_DEVICES_NONE;
	int r = cgroup_program_find(cgroup, &filter, &change->old);

	if (r < 0)
		return r;
	device_program_build(&program, &arena, rules, count, devices, device_count);
	if (program.count == 0)
		return 0;
	change->loaded = cgroup_program_load(&filter, program.code, program.count);
	return change->loaded < 0 ? change->loaded : 0;
}

/* Every filter on the way down must allow an access, so ours never widens what systemd's denies. */
int cgroup_devices_commit(const struct cgroup_devices *change, const struct cgroup *cgroup)
{
	if (change->loaded >= 0)
		return cgroup_program_attach(cgroup, &filter, change->loaded, change->old);
	return change->old >= 0 ? cgroup_program_detach(cgroup, &filter, change->old) : 0;
}

void cgroup_devices_close(struct cgroup_devices *change)
{
	close_fd(&change->old);
	close_fd(&change->loaded);
}

int cgroup_set_devices(struct cgroup *cgroup, const struct spec_device_rule *rules, size_t count,
		       const struct spec_device *devices, size_t device_count)
{
	_cleanup_devices_ struct cgroup_devices change;
	int r = cgroup_devices_prepare(&change, cgroup, rules, count, devices, device_count);

	return r < 0 ? r : cgroup_devices_commit(&change, cgroup);
}
