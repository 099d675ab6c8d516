#include "runtime/seccomp_bpf.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>

/*
 * The program is written from its end to its beginning, so that whatever an instruction jumps to is there already. A place is
 * the number of instructions from it to the end, itself included: it stays the same while the program grows.
 */
typedef unsigned place;

#define FARTHEST 250  /* a conditional jump reaches 255; two trampolines may still come between */

static place emit(struct bpf_program *program, uint16_t code, uint32_t k, unsigned if_true, unsigned if_false)
{
	/* What does not fit is counted all the same, and refused in the end. */
	if (program->length < BPF_MAXINSNS)
		program->code[BPF_MAXINSNS - 1 - program->length] =
			(struct sock_filter){ code, (uint8_t)if_true, (uint8_t)if_false, k };
	return ++program->length;
}

static place emit_return(struct bpf_program *program, uint32_t action)
{
	return emit(program, BPF_RET | BPF_K, action, 0, 0);
}

static place emit_load(struct bpf_program *program, size_t offset)
{
	return emit(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* A place that a conditional jump written next can reach and that leads to target. */
static place reachable(struct bpf_program *program, place target)
{
	if (program->length - target <= FARTHEST)
		return target;
	return emit(program, BPF_JMP | BPF_JA, program->length - target, 0, 0);
}

static place emit_branch(struct bpf_program *program, uint16_t test, uint32_t k, place if_true, place if_false)
{
	if_true = reachable(program, if_true);
	if_false = reachable(program, if_false);
	return emit(program, (uint16_t)(BPF_JMP | test | BPF_K), k, program->length - if_true, program->length - if_false);
}

/* --- Conditions ------------------------------------------------------------------------------------------------------- */

enum half { LOW, HIGH };

static place emit_load_half(struct bpf_program *program, uint32_t argument, enum half half)
{
	bool second = (half == HIGH) == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

	return emit_load(program, offsetof(struct seccomp_data, args) + 8 * argument + (second ? 4 : 0));
}

static uint32_t half_of(uint64_t value, enum half half)
{
	return (uint32_t)(half == HIGH ? value >> 32 : value);
}

/* argument & mask == value */
static place emit_equal(struct bpf_program *program, uint32_t argument, uint64_t mask, uint64_t value, place yes, place no)
{
	for (enum half half = LOW; half <= HIGH; half++) {
		uint32_t bits = half_of(mask, half);

		if (bits == 0)
			continue;
		emit_branch(program, BPF_JEQ, half_of(value, half) & bits, yes, no);
		if (bits != UINT32_MAX)
			emit(program, BPF_ALU | BPF_AND | BPF_K, bits, 0, 0);
		yes = emit_load_half(program, argument, half);
	}
	return yes;
}

/* argument > value with BPF_JGT, argument >= value with BPF_JGE: the lower halves count where the upper ones are equal. */
static place emit_above(struct bpf_program *program, uint32_t argument, uint16_t test, uint64_t value, place yes, place no)
{
	emit_branch(program, test, half_of(value, LOW), yes, no);
	place low = emit_load_half(program, argument, LOW);
	place equal = emit_branch(program, BPF_JEQ, half_of(value, HIGH), low, no);

	emit_branch(program, BPF_JGT, half_of(value, HIGH), yes, equal);
	return emit_load_half(program, argument, HIGH);
}

static place emit_condition(struct bpf_program *program, const struct spec_seccomp_arg *arg, place yes, place no)
{
	switch ((enum scmp_compare)arg->op) {
	case SCMP_CMP_EQ:
		return emit_equal(program, arg->index, UINT64_MAX, arg->value, yes, no);
	case SCMP_CMP_NE:
		return emit_equal(program, arg->index, UINT64_MAX, arg->value, no, yes);
	case SCMP_CMP_MASKED_EQ:
		return emit_equal(program, arg->index, arg->value, arg->value_two, yes, no);
	case SCMP_CMP_GT:
		return emit_above(program, arg->index, BPF_JGT, arg->value, yes, no);
	case SCMP_CMP_GE:
		return emit_above(program, arg->index, BPF_JGE, arg->value, yes, no);
	case SCMP_CMP_LE:
		return emit_above(program, arg->index, BPF_JGT, arg->value, no, yes);
	case SCMP_CMP_LT:
		return emit_above(program, arg->index, BPF_JGE, arg->value, no, yes);
	default:
		/* The parser knows no other. */
		return no;
	}
}

/* --- Numbers ---------------------------------------------------------------------------------------------------------- */

static place emit_range(struct bpf_program *program, const struct bpf_range *range)
{
	place next = emit_return(program, range->action);

	for (size_t i = range->rule_count; i-- > 0;) {
		const struct bpf_rule *rule = &range->rules[i];
		place yes = emit_return(program, rule->action);

		for (size_t j = rule->condition_count; j-- > 0;)
			yes = emit_condition(program, &rule->conditions[j], yes, next);
		next = yes;
	}
	return next;
}

static place emit_tree(struct bpf_program *program, const struct bpf_range *ranges, size_t count)
{
	if (count == 1)
		return emit_range(program, ranges);
	size_t half = count / 2;
	place above = emit_tree(program, ranges + half, count - half);
	place below = emit_tree(program, ranges, half);

	return emit_branch(program, BPF_JGE, ranges[half].first, above, below);
}

int bpf_generate(struct bpf_program *program, const struct bpf_architecture *architectures, size_t count, uint32_t otherwise)
{
	program->length = 0;
	place next = emit_return(program, otherwise);

	for (size_t i = count; i-- > 0;) {
		emit_tree(program, architectures[i].ranges, architectures[i].range_count);
		place entry = emit_load(program, offsetof(struct seccomp_data, nr));

		next = emit_branch(program, BPF_JEQ, architectures[i].audit_arch, entry, next);
	}
	emit_load(program, offsetof(struct seccomp_data, arch));
	if (program->length > BPF_MAXINSNS)
		return -E2BIG;
	memmove(program->code, program->code + BPF_MAXINSNS - program->length, program->length * sizeof *program->code);
	return 0;
}

/* --- The program, read ------------------------------------------------------------------------------------------------ */

static bool compare(uint16_t code, uint32_t a, uint32_t b)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == b;
	case BPF_JGT:
		return a > b;
	default:
		return a >= b;
	}
}

uint32_t bpf_answer(const struct sock_filter *code, unsigned length, const struct seccomp_data *call, unsigned known)
{
	const size_t end = offsetof(struct seccomp_data, args) + known * sizeof *call->args;
	uint32_t a = 0;

	for (unsigned i = 0; i < length; i++) {
		const struct sock_filter *at = &code[i];

		switch (at->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (at->k + sizeof a > end)
				return SECCOMP_RET_KILL_PROCESS;
			memcpy(&a, (const char *)call + at->k, sizeof a);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= at->k;
			break;
		case BPF_JMP | BPF_JA:
			i += at->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
			i += compare(at->code, a, at->k) ? at->jt : at->jf;
			break;
		case BPF_RET | BPF_K:
			return at->k;
		default:
			return SECCOMP_RET_KILL_PROCESS;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}
