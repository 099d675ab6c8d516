/*
 * Device rules as an eBPF program (BPF_PROG_TYPE_CGROUP_DEVICE). Pure: rules in, instructions out.
 *
 * The program walks the rules in order with the set of allowed accesses in a register: a rule that matches the device adds its
 * accesses or takes them away, and at the end the request must be within the set. It has no branch: every rule costs 7 to 10
 * instructions whether it matches or not, and the verifier's work grows with the number of rules and not with that of the paths.
 */
#pragma once

#include "oci/spec.h"

#include <linux/bpf.h>

struct device_program {
	struct bpf_insn *code;  /* in arena */
	size_t count;           /* 0: everything is allowed, no program is needed */
};

/* See cgroup_set_devices() for what is allowed. */
void device_program_build(struct device_program *program, struct arena *arena, const struct spec_device_rule *rules, size_t count,
                          const struct spec_device *devices, size_t device_count);
