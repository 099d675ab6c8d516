/*
 * From ranges of system call numbers to a classic BPF program for seccomp(2). Pure.
 *
 * The program is a binary tree over the numbers for each architecture, so a call costs about eight comparisons however long the
 * profile is; neighbouring numbers with the same answer are one range, so the program is short, which is what installing costs.
 */
#pragma once

#include "oci/spec.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

/* Alternatives to a range's action: the first whose conditions all hold. */
struct bpf_rule {
	uint32_t action;                      /* SECCOMP_RET_* with its data */
	size_t condition_count;
	const struct spec_seccomp_arg *conditions;
};

/* From first to the number before the next range's. */
struct bpf_range {
	uint32_t first;
	uint32_t action;
	size_t rule_count;
	const struct bpf_rule *rules;
};

struct bpf_architecture {
	uint32_t audit_arch;                  /* AUDIT_ARCH_* */
	size_t range_count;
	const struct bpf_range *ranges;       /* sorted; the first begins at 0 */
};

struct bpf_program {
	unsigned length;
	struct sock_filter code[BPF_MAXINSNS];
};

/*
 * What a program of bpf_generate() answers to a call: SECCOMP_RET_*. Of the arguments, only the first known are in call; where the program asks for
 * another, SECCOMP_RET_KILL_PROCESS.
 */
uint32_t bpf_answer(const struct sock_filter *code, unsigned length, const struct seccomp_data *call, unsigned known);

/* otherwise: the action for every other architecture. -E2BIG when it does not fit into BPF_MAXINSNS (record not filled). */
int bpf_generate(struct bpf_program *program, const struct bpf_architecture *architectures, size_t count, uint32_t otherwise);
