/* Load a device program and put it on the group in place of the one that we put there before. */
#include "cgroups/cgroup.h"
#include "cgroups/device_program.h"
#include "cgroups/program.h"

#include "base/fd.h"

static const struct cgroup_program filter = { "berth_devices", "device filter", BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE };

/* Every filter on the way down must allow an access, so ours never widens what systemd's denies. */
int cgroup_set_devices(struct cgroup *cgroup, const struct spec_device_rule *rules, size_t count,
                       const struct spec_device *devices, size_t device_count)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_fd_ int old = -1, loaded = -1;
	struct device_program program;
	int r = cgroup_program_find(cgroup, &filter, &old);

	if (r < 0)
		return r;
	device_program_build(&program, &arena, rules, count, devices, device_count);
	if (program.count == 0)
		return old >= 0 ? cgroup_program_detach(cgroup, &filter, old) : 0;
	loaded = cgroup_program_load(&filter, program.code, program.count);
	return loaded < 0 ? loaded : cgroup_program_attach(cgroup, &filter, loaded, old);
}
