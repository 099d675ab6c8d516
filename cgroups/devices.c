/* Load a device program and put it on the group in place of the one that we put there before. bpf(2). */
#include "cgroups/cgroup.h"
#include "cgroups/device_program.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

/* Tells our program from one that systemd or the container's engine attached to the same group. */
#define NAME "berth_devices"

#define MAX_PROGRAMS 64  /* the kernel's BPF_CGROUP_MAX_PROGS */

#define VERIFIER_LOG_SIZE ((size_t)64 * 1024)

static int load(const struct device_program *program, char *log, size_t log_size)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.expected_attach_type = BPF_CGROUP_DEVICE,
		.insns = (uint64_t)(uintptr_t)program->code,
		.insn_cnt = (uint32_t)program->count,
		.license = (uint64_t)(uintptr_t)"GPL",
		.log_level = log ? 1 : 0,
		.log_buf = (uint64_t)(uintptr_t)log,
		.log_size = (uint32_t)log_size,
	};

	memcpy(attr.prog_name, NAME, sizeof NAME);
	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof attr);
}

static int load_or_explain(const struct device_program *program)
{
	int fd = load(program, NULL, 0);

	if (fd >= 0)
		return fd;
	if (fd == -EPERM)
		return fail(-fd, "load the device filter (it takes CAP_BPF in the initial user namespace)");
	_cleanup_free_ char *log = calloc(1, VERIFIER_LOG_SIZE);
	int again = log ? load(program, log, VERIFIER_LOG_SIZE) : fd;

	if (again >= 0)
		return again;
	return fail(-fd, "load the device filter of %zu instructions%s%.200s", program->count, log && *log ? ": " : "", log ? log : "");
}

static bool is_ours(int program)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = {
		.info = { .bpf_fd = (uint32_t)program, .info_len = sizeof info, .info = (uint64_t)(uintptr_t)&info },
	};

	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr) == 0 && strncmp(info.name, NAME, sizeof info.name) == 0;
}

/* Descriptor of the program that we attached to this group before: 1 and *program, 0 when there is none. */
static int find_ours(const struct cgroup *cgroup, int *program)
{
	uint32_t ids[MAX_PROGRAMS];
	union bpf_attr query = {
		.query = { .target_fd = (uint32_t)cgroup->fd, .attach_type = BPF_CGROUP_DEVICE, .prog_ids = (uint64_t)(uintptr_t)ids,
		           .prog_cnt = MAX_PROGRAMS },
	};
	int r = sys_bpf(BPF_PROG_QUERY, &query, sizeof query);

	if (r < 0)
		return fail(-r, "list the device filters of cgroup %s", cgroup->path);
	for (uint32_t i = 0; i < query.query.prog_cnt; i++) {
		union bpf_attr attr = { .prog_id = ids[i] };
		_cleanup_fd_ int fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr);

		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return fail(-fd, "open device filter %u of cgroup %s", ids[i], cgroup->path);
		if (is_ours(fd)) {
			*program = steal_fd(&fd);
			return 1;
		}
	}
	return 0;
}

/* Every filter on the way down must allow an access (ALLOW_MULTI), so ours never widens what systemd's denies. */
static int attach(const struct cgroup *cgroup, int program, int old)
{
	union bpf_attr attr = {
		.target_fd = (uint32_t)cgroup->fd,
		.attach_bpf_fd = (uint32_t)program,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI | (old >= 0 ? BPF_F_REPLACE : 0),
		.replace_bpf_fd = old >= 0 ? (uint32_t)old : 0,
	};
	int r = sys_bpf(BPF_PROG_ATTACH, &attr, sizeof attr);

	return r < 0 ? fail(-r, "attach the device filter to cgroup %s", cgroup->path) : 0;
}

static int detach(const struct cgroup *cgroup, int old)
{
	union bpf_attr attr = { .target_fd = (uint32_t)cgroup->fd, .attach_bpf_fd = (uint32_t)old, .attach_type = BPF_CGROUP_DEVICE };
	int r = sys_bpf(BPF_PROG_DETACH, &attr, sizeof attr);

	return r < 0 ? fail(-r, "detach the device filter from cgroup %s", cgroup->path) : 0;
}

int cgroup_set_devices(struct cgroup *cgroup, const struct spec_device_rule *rules, size_t count,
                       const struct spec_device *devices, size_t device_count)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_fd_ int old = -1, loaded = -1;
	struct device_program program;
	int r = find_ours(cgroup, &old);

	if (r < 0)
		return r;
	device_program_build(&program, &arena, rules, count, devices, device_count);
	if (program.count == 0)
		return old >= 0 ? detach(cgroup, old) : 0;
	loaded = load_or_explain(&program);
	return loaded < 0 ? loaded : attach(cgroup, loaded, old);
}
