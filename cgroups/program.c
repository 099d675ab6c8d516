#include "cgroups/program.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#define MAX_PROGRAMS 64  /* the kernel's BPF_CGROUP_MAX_PROGS */

#define VERIFIER_LOG_SIZE ((size_t)64 * 1024)

static int load(const struct cgroup_program *program, const struct bpf_insn *code, size_t count, char *log, size_t log_size)
{
	union bpf_attr attr = {
		.prog_type = program->type,
		.expected_attach_type = program->attach_type,
		.insns = (uint64_t)(uintptr_t)code,
		.insn_cnt = (uint32_t)count,
		.license = (uint64_t)(uintptr_t)"GPL",
		.log_level = log ? 1 : 0,
		.log_buf = (uint64_t)(uintptr_t)log,
		.log_size = (uint32_t)log_size,
	};

	snprintf(attr.prog_name, sizeof attr.prog_name, "%s", program->name);
	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof attr);
}

int cgroup_program_load(const struct cgroup_program *program, const struct bpf_insn *code, size_t count)
{
	int fd = load(program, code, count, NULL, 0);

	if (fd >= 0)
		return fd;
	if (fd == -EPERM)
		return fail(-fd, "load the %s (it takes CAP_BPF in the initial user namespace)", program->what);
	_cleanup_free_ char *log = calloc(1, VERIFIER_LOG_SIZE);
	int again = log ? load(program, code, count, log, VERIFIER_LOG_SIZE) : fd;

	if (again >= 0)
		return again;
	return fail(-fd, "load the %s of %zu instructions%s%.200s", program->what, count, log && *log ? ": " : "", log ? log : "");
}

static bool has_name(int fd, const char *name)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = {
		.info = { .bpf_fd = (uint32_t)fd, .info_len = sizeof info, .info = (uint64_t)(uintptr_t)&info },
	};

	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr) == 0 && strncmp(info.name, name, sizeof info.name) == 0;
}

int cgroup_program_find(const struct cgroup *cgroup, const struct cgroup_program *program, int *fd)
{
	uint32_t ids[MAX_PROGRAMS] = { 0 };
	union bpf_attr query = {
		.query = { .target_fd = (uint32_t)cgroup->fd, .attach_type = program->attach_type,
		           .prog_ids = (uint64_t)(uintptr_t)ids, .prog_cnt = MAX_PROGRAMS },
	};
	int r = sys_bpf(BPF_PROG_QUERY, &query, sizeof query);

	if (r < 0)
		return fail(-r, "look for the %s of cgroup %s", program->what, cgroup->path);
	for (uint32_t i = 0; i < query.query.prog_cnt; i++) {
		union bpf_attr attr = { .prog_id = ids[i] };
		_cleanup_fd_ int found = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr);

		if (found == -ENOENT)
			continue;
		if (found < 0)
			return fail(-found, "open program %u of cgroup %s", ids[i], cgroup->path);
		if (has_name(found, program->name)) {
			*fd = steal_fd(&found);
			return 1;
		}
	}
	return 0;
}

int cgroup_program_attach(const struct cgroup *cgroup, const struct cgroup_program *program, int loaded, int old)
{
	union bpf_attr attr = {
		.target_fd = (uint32_t)cgroup->fd,
		.attach_bpf_fd = (uint32_t)loaded,
		.attach_type = program->attach_type,
		.attach_flags = BPF_F_ALLOW_MULTI | (old >= 0 ? BPF_F_REPLACE : 0),
		.replace_bpf_fd = old >= 0 ? (uint32_t)old : 0,
	};
	int r = sys_bpf(BPF_PROG_ATTACH, &attr, sizeof attr);

	return r < 0 ? fail(-r, "attach the %s to cgroup %s", program->what, cgroup->path) : 0;
}

int cgroup_program_detach(const struct cgroup *cgroup, const struct cgroup_program *program, int old)
{
	union bpf_attr attr = {
		.target_fd = (uint32_t)cgroup->fd, .attach_bpf_fd = (uint32_t)old, .attach_type = program->attach_type,
	};
	int r = sys_bpf(BPF_PROG_DETACH, &attr, sizeof attr);

	return r < 0 ? fail(-r, "detach the %s from cgroup %s", program->what, cgroup->path) : 0;
}
