#include "cgroups/device_program.h"

#include <stdlib.h>

#define ALL_ACCESS (DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD)
#define ANY (-1)

/*
 * What every container may do: use the devices that config-linux.md "Default Devices" has the runtime supply, and make nodes of
 * any device, which opens none of them.
 */
static const struct spec_device_rule defaults[] = {
	{ true, 'c', 1, 3, ALL_ACCESS },     /* null */
	{ true, 'c', 1, 5, ALL_ACCESS },     /* zero */
	{ true, 'c', 1, 7, ALL_ACCESS },     /* full */
	{ true, 'c', 1, 8, ALL_ACCESS },     /* random */
	{ true, 'c', 1, 9, ALL_ACCESS },     /* urandom */
	{ true, 'c', 5, 0, ALL_ACCESS },     /* tty */
	{ true, 'c', 5, 1, ALL_ACCESS },     /* console */
	{ true, 'c', 5, 2, ALL_ACCESS },     /* ptmx */
	{ true, 'c', 136, ANY, ALL_ACCESS }, /* pts */
	{ true, 'a', ANY, ANY, DEVICE_MKNOD },
};
#define DEFAULT_COUNT (sizeof defaults / sizeof *defaults)

/* The most instructions that a rule can cost, and those around the rules. */
#define MOST_PER_RULE 8
#define FRAME 24

/* A device as the kernel numbers it, in 32 bits. */
#define MINOR_BITS 20
#define MAJOR_MAX 4095
#define MINOR_MAX ((1 << MINOR_BITS) - 1)

/*
 * The set of allowed accesses has six bits: three for the block device of a number, above them three for the character
 * device.
 */
#define CHAR_SHIFT 3

enum {
	ALLOWED = BPF_REG_0, /* the set */
	CONTEXT = BPF_REG_1, /* struct bpf_cgroup_dev_ctx; not needed after the prologue */
	MATCH = BPF_REG_1,
	OTHER = BPF_REG_2,
	ASKED = BPF_REG_6,  /* access_type of the context */
	DEVICE = BPF_REG_7, /* major << 20 | minor */
};

/* Devices start … start + length - 1. */
struct interval {
	uint32_t start, length;
};

/* Rules in a row that add, or take, the same accesses. */
struct group {
	bool allow;
	uint32_t accesses;
	size_t count;
	struct interval *intervals; /* room for one a rule */
};

/* --- instructions ----------------------------------------------------------------------------------------------------- */

static void emit(struct device_program *p, int code, int to, int from, int off, int32_t number)
{
	p->code[p->count++] = (struct bpf_insn){
		.code = (uint8_t)code,
		.dst_reg = (uint8_t)(to & 15),
		.src_reg = (uint8_t)(from & 15),
		.off = (int16_t)off,
		.imm = number,
	};
}

static void with_number(struct device_program *p, int operation, int to, int64_t number)
{
	emit(p, BPF_ALU64 | BPF_K | operation, to, 0, 0, (int32_t)number);
}

static void with_register(struct device_program *p, int operation, int to, int from)
{
	emit(p, BPF_ALU64 | BPF_X | operation, to, from, 0, 0);
}

static void load_field(struct device_program *p, int to, size_t offset)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, to, CONTEXT, (int)offset, 0);
}

static void emit_prologue(struct device_program *p, uint32_t initially)
{
	load_field(p, ASKED, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	load_field(p, DEVICE, offsetof(struct bpf_cgroup_dev_ctx, major));
	load_field(p, OTHER, offsetof(struct bpf_cgroup_dev_ctx, minor));
	with_number(p, BPF_LSH, DEVICE, MINOR_BITS);
	with_register(p, BPF_OR, DEVICE, OTHER);
	with_number(p, BPF_MOV, ALLOWED, initially);
}

/* R0 = 1 if nothing is asked for beyond what is allowed, else 0. An access that this program does not know is denied. */
static void emit_epilogue(struct device_program *p)
{
	/* The low half of ASKED is the type: 1 block, 2 character; the high half the accesses. */
	with_register(p, BPF_MOV, OTHER, ASKED);
	with_number(p, BPF_AND, OTHER, 0xffff);
	with_number(p, BPF_SUB, OTHER, BPF_DEVCG_DEV_BLOCK);
	with_number(p, BPF_MUL, OTHER, CHAR_SHIFT);
	with_register(p, BPF_RSH, ALLOWED, OTHER);
	with_number(p, BPF_AND, ALLOWED, BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE);
	with_number(p, BPF_RSH, ASKED, 16);
	with_number(p, BPF_XOR, ALLOWED, -1);
	with_register(p, BPF_AND, ALLOWED, ASKED);
	with_number(p, BPF_SUB, ALLOWED, 1);
	with_number(p, BPF_RSH, ALLOWED, 63);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* --- rules ------------------------------------------------------------------------------------------------------------ */

static uint32_t accesses_of(char type, unsigned access)
{
	uint32_t kernel = (access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0U) |
			  (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0U) | (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0U);

	return (type == 'c' ? 0 : kernel) | (type == 'b' ? 0 : kernel << CHAR_SHIFT);
}

/* ALLOWED gains or loses accesses if the highest bit of MATCH says so. */
static void emit_effect(struct device_program *p, bool allow, uint32_t accesses)
{
	with_number(p, BPF_RSH, MATCH, 63);
	with_number(p, BPF_MUL, MATCH, accesses);
	if (!allow)
		with_number(p, BPF_XOR, MATCH, -1);
	with_register(p, allow ? BPF_OR : BPF_AND, ALLOWED, MATCH);
}

static int compare_intervals(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Sort them and join those that touch, as long as the length fits an instruction's operand. */
static void merge_intervals(struct group *group)
{
	size_t kept = 0;

	qsort(group->intervals, group->count, sizeof *group->intervals, compare_intervals);
	for (size_t i = 1; i < group->count; i++) {
		struct interval *last = &group->intervals[kept], *next = &group->intervals[i];
		uint64_t end = (uint64_t)last->start + last->length, next_end = (uint64_t)next->start + next->length;

		if (next->start <= end && (next_end > end ? next_end : end) - last->start <= INT32_MAX)
			last->length = (uint32_t)((next_end > end ? next_end : end) - last->start);
		else
			group->intervals[++kept] = *next;
	}
	group->count = kept + 1;
}

/* A device is in an interval if (its distance from the start, modulo 2^32) - length, in 64 bits, is negative. */
static void emit_group(struct device_program *p, struct group *group)
{
	if (group->count == 0)
		return;
	merge_intervals(group);
	for (size_t i = 0; i < group->count; i++) {
		int to = i == 0 ? MATCH : OTHER;

		emit(p, BPF_ALU | BPF_X | BPF_MOV, to, DEVICE, 0, 0);
		emit(p, BPF_ALU | BPF_K | BPF_SUB, to, 0, 0, (int32_t)group->intervals[i].start);
		with_number(p, BPF_SUB, to, group->intervals[i].length);
		if (i > 0)
			with_register(p, BPF_OR, MATCH, OTHER);
	}
	emit_effect(p, group->allow, group->accesses);
	group->count = 0;
}

static void emit_minor_of_any_major(struct device_program *p, int64_t minor, bool allow, uint32_t accesses)
{
	with_register(p, BPF_MOV, MATCH, DEVICE);
	with_number(p, BPF_AND, MATCH, MINOR_MAX);
	with_number(p, BPF_XOR, MATCH, minor);
	with_number(p, BPF_SUB, MATCH, 1);
	emit_effect(p, allow, accesses);
}

static void emit_rule(struct device_program *p, struct group *group, const struct spec_device_rule *rule)
{
	uint32_t accesses = accesses_of(rule->type, rule->access);

	/* Numbers that no device has. */
	if (rule->major > MAJOR_MAX || rule->minor > MINOR_MAX)
		return;
	if (group->allow != rule->allow || group->accesses != accesses || rule->major == ANY)
		emit_group(p, group);
	if (rule->major == ANY && rule->minor == ANY) {
		with_number(p, rule->allow ? BPF_OR : BPF_AND, ALLOWED, rule->allow ? (int64_t)accesses : ~(int64_t)accesses);
	} else if (rule->major == ANY) {
		emit_minor_of_any_major(p, rule->minor, rule->allow, accesses);
	} else {
		group->allow = rule->allow;
		group->accesses = accesses;
		group->intervals[group->count++] = (struct interval){
			.start = (uint32_t)rule->major << MINOR_BITS | (rule->minor == ANY ? 0 : (uint32_t)rule->minor),
			.length = rule->minor == ANY ? 1U << MINOR_BITS : 1,
		};
	}
}

static bool is_everything(const struct spec_device_rule *rule)
{
	return rule->type == 'a' && rule->major == ANY && rule->minor == ANY && (rule->access & ALL_ACCESS) == ALL_ACCESS;
}

void device_program_build(struct device_program *program, struct arena *arena, const struct spec_device_rule *rules,
			  size_t count, const struct spec_device *devices, size_t device_count)
{
	size_t first = 0, denials = 0, own = count == 0 ? device_count : 0;
	bool all = false;

	*program = (struct device_program){ 0 };
	/* Nothing before a rule on everything matters. */
	for (size_t i = 0; i < count; i++)
		if (is_everything(&rules[i])) {
			all = rules[i].allow;
			first = i + 1;
		}
	for (size_t i = first; i < count; i++)
		denials += !rules[i].allow;
	if (all && denials == 0)
		return;

	size_t most = count - first + own + DEFAULT_COUNT;
	struct group group = { .intervals = arena_array(arena, most, sizeof *group.intervals) };

	program->code = arena_array(arena, most * MOST_PER_RULE + FRAME, sizeof *program->code);
	emit_prologue(program, all ? accesses_of('a', ALL_ACCESS) : 0);
	for (size_t i = first; i < count; i++)
		emit_rule(program, &group, &rules[i]);
	for (size_t i = 0; i < own; i++)
		if (devices[i].type != 'p')
			emit_rule(program, &group,
				  &(struct spec_device_rule){ true, devices[i].type, devices[i].major, devices[i].minor,
							      ALL_ACCESS });
	for (size_t i = 0; i < DEFAULT_COUNT; i++)
		emit_rule(program, &group, &defaults[i]);
	emit_epilogue(program);
}
