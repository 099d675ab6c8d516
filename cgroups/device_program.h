/*
 * Device rules as an eBPF program (BPF_PROG_TYPE_CGROUP_DEVICE). Pure: rules in, instructions out.
 *
 * The program walks the rules in order with the set of allowed accesses in a register: a rule that matches the device adds
 * its accesses or takes them away, and at the end the request must be within the set. It has no branch, so the verifier walks
 * it once; the kernel spends about half a microsecond of a container's start on each instruction, so neighbouring rules that
 * do the same are one group, in which adjacent devices are one interval: four instructions each.
 */
#pragma once

#include "oci/spec.h"

#include <linux/bpf.h>

struct device_program {
	struct bpf_insn *code; /* in arena */
	size_t count;          /* 0: everything is allowed, no program is needed */
};

/* See cgroup_set_devices() for what is allowed. */
void device_program_build(struct device_program *program, struct arena *arena, const struct spec_device_rule *rules,
			  size_t count, const struct spec_device *devices, size_t device_count);
