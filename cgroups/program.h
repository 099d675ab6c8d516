/*
 * eBPF programs on a cgroup, by bpf(2): loaded, found again by name, attached in place of an earlier one of ours. Programs of others
 * (systemd's, an engine's) on the same group stay: with BPF_F_ALLOW_MULTI all of them have their say.
 */
#pragma once

#include "cgroups/cgroup.h"

#include <linux/bpf.h>

struct cgroup_program {
	const char *name;                 /* what tells our program from another: below BPF_OBJ_NAME_LEN */
	const char *what;                 /* for errors: "device filter" */
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
};

/* Load instructions. Returns a descriptor; -errno with the record, which has the verifier's words. */
int cgroup_program_load(const struct cgroup_program *program, const struct bpf_insn *code, size_t count);

/* Descriptor of the program of this name that is attached to this group: 1 and *fd, 0 when there is none. */
int cgroup_program_find(const struct cgroup *cgroup, const struct cgroup_program *program, int *fd);

/* Attach loaded, atomically in place of old (-1: none). */
int cgroup_program_attach(const struct cgroup *cgroup, const struct cgroup_program *program, int loaded, int old);

int cgroup_program_detach(const struct cgroup *cgroup, const struct cgroup_program *program, int old);
