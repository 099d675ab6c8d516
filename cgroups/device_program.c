#include "cgroups/device_program.h"

#include <string.h>

#define ALL_ACCESS (DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD)
#define ANY (-1)
#define MOST_PER_RULE 10
#define FRAME 16  /* instructions around the rules */

/*
 * What every container may do: make nodes of any device, which opens none of them, and use the devices that config-linux.md
 * "Default Devices" has the runtime supply.
 */
static const struct spec_device_rule defaults[] = {
	{ true, 'c', ANY, ANY, DEVICE_MKNOD },
	{ true, 'b', ANY, ANY, DEVICE_MKNOD },
	{ true, 'c', 1, 3, ALL_ACCESS },    /* null */
	{ true, 'c', 1, 5, ALL_ACCESS },    /* zero */
	{ true, 'c', 1, 7, ALL_ACCESS },    /* full */
	{ true, 'c', 1, 8, ALL_ACCESS },    /* random */
	{ true, 'c', 1, 9, ALL_ACCESS },    /* urandom */
	{ true, 'c', 5, 0, ALL_ACCESS },    /* tty */
	{ true, 'c', 5, 1, ALL_ACCESS },    /* console */
	{ true, 'c', 5, 2, ALL_ACCESS },    /* ptmx */
	{ true, 'c', 136, ANY, ALL_ACCESS },  /* pts */
};

/*
 * R0 the allowed accesses, R6 those that are asked for, and the device in three widths: R7 type, major, minor; R8 type, major;
 * R9 type. As one number: type << 56 | major << 24 | minor; the kernel's majors have 12 bits and its minors 20.
 */
enum { ALLOWED = BPF_REG_0, CONTEXT = BPF_REG_1, MATCH = BPF_REG_1, MASK = BPF_REG_2, ASKED = BPF_REG_6, DEVICE = BPF_REG_7,
       TYPE_MAJOR = BPF_REG_8, TYPE = BPF_REG_9 };

#define TYPE_SHIFT 56
#define MAJOR_SHIFT 24

static void emit(struct device_program *p, int code, int to, int from, int off, int32_t number)
{
	p->code[p->count++] = (struct bpf_insn){
		.code = (uint8_t)code, .dst_reg = (uint8_t)(to & 15), .src_reg = (uint8_t)(from & 15), .off = (int16_t)off, .imm = number,
	};
}

static void emit_number(struct device_program *p, int operation, int to, int32_t number)
{
	emit(p, BPF_ALU64 | BPF_K | operation, to, 0, 0, number);
}

static void emit_register(struct device_program *p, int operation, int to, int from)
{
	emit(p, BPF_ALU64 | BPF_X | operation, to, from, 0, 0);
}

static void emit_load_field(struct device_program *p, int to, size_t offset)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, to, CONTEXT, (int)offset, 0);
}

static void emit_load_number(struct device_program *p, int to, uint64_t number)
{
	emit(p, BPF_LD | BPF_DW | BPF_IMM, to, 0, 0, (int32_t)(uint32_t)number);
	emit(p, 0, 0, 0, 0, (int32_t)(number >> 32));
}

static void emit_prologue(struct device_program *p, uint32_t initially)
{
	emit_load_field(p, ASKED, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit_load_field(p, TYPE_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load_field(p, DEVICE, offsetof(struct bpf_cgroup_dev_ctx, minor));
	emit_register(p, BPF_MOV, TYPE, ASKED);
	emit_number(p, BPF_AND, TYPE, 0xffff);
	emit_number(p, BPF_RSH, ASKED, 16);
	emit_register(p, BPF_MOV, MASK, TYPE);
	emit_number(p, BPF_LSH, MASK, TYPE_SHIFT - MAJOR_SHIFT);
	emit_register(p, BPF_OR, TYPE_MAJOR, MASK);
	emit_register(p, BPF_MOV, MASK, TYPE_MAJOR);
	emit_number(p, BPF_LSH, MASK, MAJOR_SHIFT);
	emit_register(p, BPF_OR, DEVICE, MASK);
	emit_number(p, BPF_MOV, ALLOWED, (int32_t)initially);
}

/* R0 = 1 if nothing is asked for beyond what is allowed, else 0. An access that this program does not know is denied. */
static void emit_epilogue(struct device_program *p)
{
	emit_number(p, BPF_XOR, ALLOWED, -1);
	emit_register(p, BPF_AND, ALLOWED, ASKED);
	emit_number(p, BPF_SUB, ALLOWED, 1);
	emit_number(p, BPF_RSH, ALLOWED, 63);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static uint32_t kernel_access(unsigned access)
{
	return (access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0U) | (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0U) |
	       (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0U);
}

/* MATCH = 0 if the device is the rule's, else another number (without its highest bit). */
static void emit_compare(struct device_program *p, const struct spec_device_rule *rule)
{
	uint64_t type = rule->type == 'c' ? BPF_DEVCG_DEV_CHAR : rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : 0;
	uint64_t wanted = type << TYPE_SHIFT, mask = type ? (uint64_t)0xff << TYPE_SHIFT : 0;

	if (rule->major != ANY) {
		wanted |= (uint64_t)rule->major << MAJOR_SHIFT;
		mask |= (uint64_t)0xffffffff << MAJOR_SHIFT;
	}
	if (rule->minor != ANY) {
		wanted |= (uint64_t)rule->minor;
		mask |= 0xffffff;
	}
	if (mask == ~((uint64_t)0)) {
		emit_load_number(p, MATCH, wanted);
		emit_register(p, BPF_XOR, MATCH, DEVICE);
	} else if (type && rule->minor == ANY) {
		bool has_major = rule->major != ANY;

		emit_load_number(p, MATCH, wanted >> (has_major ? MAJOR_SHIFT : TYPE_SHIFT));
		emit_register(p, BPF_XOR, MATCH, has_major ? TYPE_MAJOR : TYPE);
	} else {
		emit_load_number(p, MATCH, wanted);
		emit_load_number(p, MASK, mask);
		emit_register(p, BPF_AND, MASK, DEVICE);
		emit_register(p, BPF_XOR, MATCH, MASK);
	}
}

static void emit_rule(struct device_program *p, const struct spec_device_rule *rule)
{
	uint32_t access = kernel_access(rule->access);

	/* A number that no device has. */
	if (rule->major > UINT32_MAX || rule->minor > 0xffffff)
		return;
	emit_compare(p, rule);
	/* 0 becomes 1, anything else 0; times the rule's accesses. */
	emit_number(p, BPF_SUB, MATCH, 1);
	emit_number(p, BPF_RSH, MATCH, 63);
	emit_number(p, BPF_MUL, MATCH, (int32_t)access);
	if (!rule->allow)
		emit_number(p, BPF_XOR, MATCH, -1);
	emit_register(p, rule->allow ? BPF_OR : BPF_AND, ALLOWED, MATCH);
}

static bool is_everything(const struct spec_device_rule *rule)
{
	return rule->type == 'a' && rule->major == ANY && rule->minor == ANY && (rule->access & ALL_ACCESS) == ALL_ACCESS;
}

void device_program_build(struct device_program *program, struct arena *arena, const struct spec_device_rule *rules, size_t count,
                          const struct spec_device *devices, size_t device_count)
{
	const size_t default_count = sizeof defaults / sizeof *defaults;
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
	program->code = arena_array(arena, (count - first + own + default_count) * MOST_PER_RULE + 2 * FRAME, sizeof *program->code);
	emit_prologue(program, all ? kernel_access(ALL_ACCESS) : 0);
	for (size_t i = first; i < count; i++)
		emit_rule(program, &rules[i]);
	for (size_t i = 0; i < own; i++)
		if (devices[i].type != 'p')
			emit_rule(program, &(struct spec_device_rule){ true, devices[i].type, devices[i].major, devices[i].minor, ALL_ACCESS });
	for (size_t i = 0; i < default_count; i++)
		emit_rule(program, &defaults[i]);
	emit_epilogue(program);
}
