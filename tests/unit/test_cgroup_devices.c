/*
 * The device filter's program, run by a small interpreter here and compared with the rules' meaning: config-linux.md "Allowed
 * Device list". That the kernel's verifier takes it is test_cgroup_live.c's.
 */
#include "cgroups/device_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define R DEVICE_READ
#define W DEVICE_WRITE
#define M DEVICE_MKNOD
#define RWM (R | W | M)
#define ANY (-1)
#define LAST_MINOR 0xfffff
#define COUNT(array) (sizeof(array) / sizeof *(array))

struct request {
	char type;
	uint32_t major, minor;
	unsigned access;
};

static uint32_t access_bits(unsigned access)
{
	return (access & M ? BPF_DEVCG_ACC_MKNOD : 0U) | (access & R ? BPF_DEVCG_ACC_READ : 0U) |
	       (access & W ? BPF_DEVCG_ACC_WRITE : 0U);
}

static uint64_t operate(int operation, uint64_t a, uint64_t b)
{
	switch (operation) {
	case BPF_MOV:
		return b;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_LSH:
		return a << b;
	case BPF_RSH:
		return a >> b;
	default:
		fail_msg("operation %#x", (unsigned)operation);
		return 0;
	}
}

/* What the program returns: 1 allow, 0 deny. Any instruction that the program has no reason to hold fails the test. */
static uint64_t run(const struct device_program *program, const struct bpf_cgroup_dev_ctx *context)
{
	uint64_t r[11] = { 0 };

	for (size_t pc = 0; pc < program->count; pc++) {
		const struct bpf_insn *i = &program->code[pc];

		if (i->code == (BPF_JMP | BPF_EXIT)) {
			assert_int_equal(pc, program->count - 1);
			return r[0];
		}
		if (i->code == (BPF_LDX | BPF_MEM | BPF_W)) {
			uint32_t word;

			assert_int_equal(i->src_reg, BPF_REG_1);
			assert_true(i->off >= 0 && (size_t)i->off + 4 <= sizeof *context);
			memcpy(&word, (const char *)context + i->off, 4);
			r[i->dst_reg] = word;
			continue;
		}
		uint64_t operand = BPF_SRC(i->code) == BPF_X ? r[i->src_reg] : (uint64_t)(int64_t)i->imm;

		if (BPF_CLASS(i->code) == BPF_ALU) {
			r[i->dst_reg] = (uint32_t)operate(BPF_OP(i->code), (uint32_t)r[i->dst_reg], (uint32_t)operand);
			continue;
		}
		assert_int_equal(BPF_CLASS(i->code), BPF_ALU64);
		r[i->dst_reg] = operate(BPF_OP(i->code), r[i->dst_reg], operand);
	}
	fail_msg("the program does not end");
	return 0;
}

static bool allows(const struct device_program *program, struct request request)
{
	struct bpf_cgroup_dev_ctx context = {
		.access_type = access_bits(request.access) << 16 |
			       (request.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = request.major,
		.minor = request.minor,
	};

	return program->count == 0 || run(program, &context) == 1;
}

/* The meaning, written down once more, without cleverness. */
static bool should_allow(const struct spec_device_rule *rules, size_t count, struct request q)
{
	unsigned allowed = 0;

	for (size_t i = 0; i < count; i++) {
		bool matches = (rules[i].type == 'a' || rules[i].type == q.type) &&
			       (rules[i].major == ANY || rules[i].major == q.major) &&
			       (rules[i].minor == ANY || rules[i].minor == q.minor);

		if (matches && rules[i].allow)
			allowed |= rules[i].access;
		if (matches && !rules[i].allow)
			allowed &= ~rules[i].access;
	}
	allowed |= M;
	if (q.type == 'c' && ((q.major == 1 && strchr("\3\5\7\10\11", (int)q.minor) && q.minor) ||
			      (q.major == 5 && q.minor <= 2) || q.major == 136))
		allowed = RWM;
	return (q.access & ~allowed) == 0;
}

static void defaults(void **state)
{
	static const struct spec_device_rule deny[] = { { false, 'a', ANY, ANY, RWM } };
	static const uint32_t open_to_all[][2] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 },   { 1, 9 },
						   { 5, 0 }, { 5, 1 }, { 5, 2 }, { 136, 0 }, { 136, 1000 } };
	static const uint32_t closed[][2] = { { 1, 1 },    { 1, 4 },   { 1, 11 },  { 5, 3 }, { 10, 229 },
					      { 10, 200 }, { 135, 0 }, { 137, 0 }, { 0, 0 } };
	_cleanup_arena_ struct arena arena = { 0 };
	struct device_program program;

	(void)state;
	/* No rule at all means the same. */
	for (size_t rules = 0; rules < 2; rules++) {
		device_program_build(&program, &arena, deny, rules, NULL, 0);
		assert_true(program.count > 0);
		for (size_t i = 0; i < COUNT(open_to_all); i++)
			assert_true(allows(&program, (struct request){ 'c', open_to_all[i][0], open_to_all[i][1], RWM }));
		for (size_t i = 0; i < COUNT(closed); i++) {
			struct request q = { 'c', closed[i][0], closed[i][1], R };

			assert_false(allows(&program, q));
			q.access = W;
			assert_false(allows(&program, q));
			q.access = M;
			assert_true(allows(&program, q));
			q.access = R | M;
			assert_false(allows(&program, q));
		}
		/* Block devices with the numbers of the character devices. */
		assert_false(allows(&program, (struct request){ 'b', 1, 3, R }));
		assert_true(allows(&program, (struct request){ 'b', 1, 3, M }));
	}
}

static void accesses_of_several_rules_add_up(void **state)
{
	static const struct spec_device_rule rules[] = { { false, 'a', ANY, ANY, RWM },
							 { true, 'c', 10, 229, R },
							 { true, 'c', 10, ANY, W } };
	_cleanup_arena_ struct arena arena = { 0 };
	struct device_program program;

	(void)state;
	device_program_build(&program, &arena, rules, COUNT(rules), NULL, 0);
	assert_true(allows(&program, (struct request){ 'c', 10, 229, R | W }));
	assert_false(allows(&program, (struct request){ 'c', 10, 228, R | W }));
	assert_true(allows(&program, (struct request){ 'c', 10, 228, W }));
}

static void an_unknown_access_is_denied(void **state)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct device_program program;
	struct bpf_cgroup_dev_ctx context = { .access_type = 8U << 16 | BPF_DEVCG_DEV_CHAR, .major = 1, .minor = 3 };

	(void)state;
	device_program_build(&program, &arena, NULL, 0, NULL, 0);
	assert_int_equal(run(&program, &context), 0);
}

static void everything_needs_no_program(void **state)
{
	static const struct spec_device_rule all[] = { { false, 'c', 1, 3, R },
						       { true, 'a', ANY, ANY, RWM },
						       { true, 'b', 8, 0, R } };
	static const struct spec_device_rule but_one[] = { { true, 'a', ANY, ANY, RWM }, { false, 'b', 8, 0, W } };
	static const struct spec_device_rule characters[] = { { true, 'c', ANY, ANY, RWM } };
	_cleanup_arena_ struct arena arena = { 0 };
	struct device_program program;

	(void)state;
	device_program_build(&program, &arena, all, COUNT(all), NULL, 0);
	assert_int_equal(program.count, 0);
	device_program_build(&program, &arena, but_one, COUNT(but_one), NULL, 0);
	assert_true(program.count > 0);
	assert_false(allows(&program, (struct request){ 'b', 8, 0, W }));
	assert_true(allows(&program, (struct request){ 'b', 8, 0, R }));
	assert_true(allows(&program, (struct request){ 'c', 10, 1, RWM }));
	device_program_build(&program, &arena, characters, COUNT(characters), NULL, 0);
	assert_true(allows(&program, (struct request){ 'c', 10, 1, RWM }));
	assert_false(allows(&program, (struct request){ 'b', 10, 1, R }));
}

static void own_devices_count_where_no_rule_speaks(void **state)
{
	const struct spec_device devices[] = { { .type = 'c', .path = (char[]){ "/dev/fuse" }, .major = 10, .minor = 229 },
					       { .type = 'p', .path = (char[]){ "/dev/fifo" } } };
	static const struct spec_device_rule rules[] = { { false, 'a', ANY, ANY, RWM }, { true, 'c', 10, 229, R } };
	_cleanup_arena_ struct arena arena = { 0 };
	struct device_program program;

	(void)state;
	device_program_build(&program, &arena, NULL, 0, devices, 2);
	assert_true(allows(&program, (struct request){ 'c', 10, 229, RWM }));
	assert_false(allows(&program, (struct request){ 'c', 0, 0, R }));
	assert_false(allows(&program, (struct request){ 'c', 10, 228, R }));
	device_program_build(&program, &arena, rules, 2, devices, 2);
	assert_true(allows(&program, (struct request){ 'c', 10, 229, R }));
	assert_false(allows(&program, (struct request){ 'c', 10, 229, W }));
}

static void numbers_that_no_device_has_match_none(void **state)
{
	static const struct spec_device_rule rules[] = {
		{ false, 'a', ANY, ANY, RWM },           { true, 'c', 10 + (1LL << 12), 229, R },
		{ true, 'c', 10 + (1LL << 32), 229, R }, { true, 'c', 10, 229 + (1LL << 20), R },
		{ true, 'c', 9, 229 + (1LL << 20), R },  { true, 'b', INT64_MAX, INT64_MAX, R }
	};
	_cleanup_arena_ struct arena arena = { 0 };
	struct device_program program;

	(void)state;
	device_program_build(&program, &arena, rules, COUNT(rules), NULL, 0);
	assert_false(allows(&program, (struct request){ 'c', 10, 229, R }));
	assert_false(allows(&program, (struct request){ 'c', 11, 229, R }));
}

/* A list of every major has intervals that are longer than one operand can say. */
static void all_majors(void **state)
{
	static struct spec_device_rule rules[4097];
	_cleanup_arena_ struct arena arena = { 0 };
	struct device_program program;

	(void)state;
	for (int i = 0; i < 4096; i++)
		rules[i] = (struct spec_device_rule){ true, 'b', i, ANY, R };
	rules[4096] = (struct spec_device_rule){ false, 'b', 4095, LAST_MINOR, R };
	device_program_build(&program, &arena, rules, COUNT(rules), NULL, 0);
	for (uint32_t major = 0; major < 4096; major += 7) {
		assert_true(allows(&program, (struct request){ 'b', major, major, R }));
		assert_false(allows(&program, (struct request){ 'b', major, major, W }));
	}
	assert_true(allows(&program, (struct request){ 'b', 4095, LAST_MINOR - 1, R }));
	assert_false(allows(&program, (struct request){ 'b', 4095, LAST_MINOR, R }));
	assert_true(program.count < 100);
}

/* What engines send costs no more than the defaults do. */
static void what_is_allowed_anyway_costs_nothing(void **state)
{
	static const struct spec_device_rule deny[] = { { false, 'a', ANY, ANY, RWM } };
	static const struct spec_device_rule engine[] = { { false, 'a', ANY, ANY, RWM },
							  { true, 'c', 5, 1, RWM },
							  { true, 'c', 1, 3, RWM },
							  { true, 'c', 1, 9, RWM },
							  { true, 'c', 136, ANY, RWM } };
	_cleanup_arena_ struct arena arena = { 0 };
	struct device_program least, program;

	(void)state;
	device_program_build(&least, &arena, deny, COUNT(deny), NULL, 0);
	device_program_build(&program, &arena, engine, COUNT(engine), NULL, 0);
	assert_int_equal(program.count, least.count);
	assert_true(least.count < 48);
}

static void any_list_means_what_it_says(void **state)
{
	static const int64_t majors[] = { ANY, 0, 1, 2, 5, 136, 4094, 4095 },
			     minors[] = { ANY, 0, 1, 2, 3, 5, 0xffffe, 0xfffff };
	static const char types[] = { 'a', 'b', 'c' };
	_cleanup_arena_ struct arena arena = { 0 };
	struct spec_device_rule rules[12];

	(void)state;
	srandom(1);
	for (int round = 0; round < 3000; round++) {
		size_t count = 1 + (size_t)random() % COUNT(rules);
		struct device_program program;

		for (size_t i = 0; i < count; i++)
			rules[i] = (struct spec_device_rule){
				.allow = random() % 2,
				.type = types[random() % 3],
				.major = majors[random() % 8],
				.minor = minors[random() % 8],
				.access = (unsigned)random() % 8,
			};
		device_program_build(&program, &arena, rules, count, NULL, 0);
		for (int question = 0; question < 40; question++) {
			struct request q = { types[1 + random() % 2], (uint32_t)majors[1 + random() % 7],
					     (uint32_t)minors[1 + random() % 7], (unsigned)random() % 8 };

			assert_int_equal(allows(&program, q), should_allow(rules, count, q));
		}
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(accesses_of_several_rules_add_up),
		cmocka_unit_test(an_unknown_access_is_denied),
		cmocka_unit_test(everything_needs_no_program),
		cmocka_unit_test(own_devices_count_where_no_rule_speaks),
		cmocka_unit_test(numbers_that_no_device_has_match_none),
		cmocka_unit_test(all_majors),
		cmocka_unit_test(what_is_allowed_anyway_costs_nothing),
		cmocka_unit_test(any_list_means_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
