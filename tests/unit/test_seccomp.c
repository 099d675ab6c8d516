/*
 * Filters: the compiled program against an oracle that reads the profile itself, and installed ones against the kernel.
 */
#include "base/log.h"
#include "base/sys.h"
#include "runtime/seccomp.h"
#include "tests/unit/child.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#define NAMES 512
#define RULES 1024
#define X32_BIT 0x40000000U

/* --- Profiles --------------------------------------------------------------------------------------------------------- */

struct profile {
	struct arena arena;
	struct spec_seccomp spec;
};

static void profile_free(struct profile *profile)
{
	arena_free(&profile->arena);
}
#define _cleanup_profile_ __attribute__((cleanup(profile_free)))

/* Strings from a list with blanks between. */
static struct strings words(struct arena *arena, const char *list)
{
	struct strings strings = { .set = true, .items = arena_array(arena, NAMES, sizeof(char *)) };

	for (char *copy = arena_strdup(arena, list), *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		strings.items[strings.count++] = word;
	return strings;
}

static struct profile profile_new(enum seccomp_action default_action, const char *architectures)
{
	struct profile profile = { .spec = { .set = true, .default_action = default_action } };

	if (architectures)
		profile.spec.architectures = words(&profile.arena, architectures);
	profile.spec.rules = arena_array(&profile.arena, RULES, sizeof *profile.spec.rules);
	return profile;
}

static struct spec_seccomp_rule *add(struct profile *profile, const char *names, enum seccomp_action action)
{
	struct spec_seccomp_rule *rule = &profile->spec.rules[profile->spec.rule_count++];

	*rule = (struct spec_seccomp_rule){
		.names = words(&profile->arena, names), .action = action, .args = arena_array(&profile->arena, 12, sizeof *rule->args)
	};
	return rule;
}

static void when(struct spec_seccomp_rule *rule, uint32_t index, enum scmp_compare op, uint64_t value, uint64_t value_two)
{
	rule->args[rule->arg_count++] = (struct spec_seccomp_arg){ index, value, value_two, (int)op };
}

static struct opt_u64 number(uint64_t value)
{
	return (struct opt_u64){ true, value };
}

static const char x86_family[] = "SCMP_ARCH_X86_64 SCMP_ARCH_X86 SCMP_ARCH_X32";

/* Every name that x86-64 has but each seventh, in two rules, and conditions of all kinds: as long as Docker's profile. */
static struct profile long_profile(void)
{
	struct profile profile = profile_new(SECCOMP_ERRNO, x86_family);
	struct spec_seccomp_rule *allow = add(&profile, "", SECCOMP_ALLOW), *deny = add(&profile, "", SECCOMP_ERRNO);

	profile.spec.default_errno_ret = number(38);
	deny->errno_ret = number(77);
	for (int call = 0; call < 480; call++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, call);
		struct strings *names = call % 11 == 3 ? &deny->names : &allow->names;

		if (name && call % 7 != 0 && strcmp(name, "personality") != 0 && strcmp(name, "clone") != 0 &&
		    strcmp(name, "prctl") != 0 && strcmp(name, "socket") != 0)
			names->items[names->count++] = arena_strdup(&profile.arena, name);
		free(name);
	}
	static const uint64_t personas[] = { 0, 8, 0x20000, 0x20008, 0xffffffff };

	for (size_t i = 0; i < sizeof personas / sizeof *personas; i++)
		when(add(&profile, "personality", SECCOMP_ALLOW), 0, SCMP_CMP_EQ, personas[i], 0);
	when(add(&profile, "clone", SECCOMP_ALLOW), 0, SCMP_CMP_MASKED_EQ, 0x7e020000, 0);
	struct spec_seccomp_rule *netlink = add(&profile, "socket", SECCOMP_ERRNO);

	netlink->errno_ret = number(22);
	when(netlink, 0, SCMP_CMP_EQ, 16, 0);
	when(netlink, 2, SCMP_CMP_EQ, 9, 0);
	when(add(&profile, "socket", SECCOMP_ALLOW), 2, SCMP_CMP_NE, 9, 0);
	struct spec_seccomp_rule *either = add(&profile, "prctl", SECCOMP_ALLOW);

	when(either, 0, SCMP_CMP_LT, 3, 0);
	when(either, 0, SCMP_CMP_GE, 0x100000000, 0);
	return profile;
}

/* --- The oracle ------------------------------------------------------------------------------------------------------- */

/* The kernel's machine for classic BPF, as far as seccomp lets programs use it. */
static uint32_t run_program(const struct seccomp_filter *filter, const struct seccomp_data *data)
{
	uint32_t accumulator = 0;

	for (unsigned at = 0; at < filter->length; at++) {
		const struct sock_filter *i = &filter->program[at];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&accumulator, (const char *)data + i->k, sizeof accumulator);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			accumulator &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			at += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += accumulator == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			at += accumulator > i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += accumulator >= i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			print_error("instruction %#x\n", i->code);
			return 0xdeadbeef;
		}
	}
	return 0xdeadbeef;
}

static bool holds(const struct spec_seccomp_arg *arg, const uint64_t *args)
{
	uint64_t value = args[arg->index];

	switch (arg->op) {
	case SCMP_CMP_NE:
		return value != arg->value;
	case SCMP_CMP_LT:
		return value < arg->value;
	case SCMP_CMP_LE:
		return value <= arg->value;
	case SCMP_CMP_EQ:
		return value == arg->value;
	case SCMP_CMP_GE:
		return value >= arg->value;
	case SCMP_CMP_GT:
		return value > arg->value;
	default:
		return (value & arg->value) == (arg->value_two & arg->value);  /* seccomp_rule_add(3) */
	}
}

/* All conditions must hold; of several on one argument, any. */
static bool applies(const struct spec_seccomp_rule *rule, const uint64_t *args)
{
	bool all = true, any = rule->arg_count == 0, alternatives = false;
	unsigned seen = 0;

	for (size_t i = 0; i < rule->arg_count; i++) {
		alternatives |= seen >> rule->args[i].index & 1;
		seen |= 1U << rule->args[i].index;
		all = all && holds(&rule->args[i], args);
		any = any || holds(&rule->args[i], args);
	}
	return alternatives ? any : all;
}

static uint32_t value_of(enum seccomp_action action, const struct opt_u64 *data)
{
	static const uint32_t values[] = {
		[SECCOMP_KILL_THREAD] = SECCOMP_RET_KILL_THREAD, [SECCOMP_KILL_PROCESS] = SECCOMP_RET_KILL_PROCESS,
		[SECCOMP_TRAP] = SECCOMP_RET_TRAP, [SECCOMP_ERRNO] = SECCOMP_RET_ERRNO, [SECCOMP_TRACE] = SECCOMP_RET_TRACE,
		[SECCOMP_ALLOW] = SECCOMP_RET_ALLOW, [SECCOMP_LOG] = SECCOMP_RET_LOG, [SECCOMP_NOTIFY] = SECCOMP_RET_USER_NOTIF,
	};
	bool takes_data = action == SECCOMP_ERRNO || action == SECCOMP_TRACE;

	return values[action] | (takes_data ? data->set ? (uint32_t)data->value : EPERM : 0);
}

/* The first unconditional rule decides; else the first conditional one that applies. What says the default says nothing. */
static uint32_t expected(const struct spec_seccomp *spec, uint32_t token, uint32_t call, const uint64_t *args)
{
	uint32_t fallback = value_of(spec->default_action, &spec->default_errno_ret);

	for (int conditional = 0; conditional < 2; conditional++) {
		for (size_t i = 0; i < spec->rule_count; i++) {
			const struct spec_seccomp_rule *rule = &spec->rules[i];
			uint32_t action = value_of(rule->action, &rule->errno_ret);

			if (action == fallback || (rule->arg_count > 0) != conditional)
				continue;
			for (size_t j = 0; j < rule->names.count; j++) {
				int named = seccomp_syscall_resolve_name_arch(token, rule->names.items[j]);

				if (named >= 0 && (uint32_t)named == call && applies(rule, args))
					return action;
			}
		}
	}
	return fallback;
}

static const uint64_t argument_sets[][6] = {
	{ 0 }, { 8 }, { 16, 0, 9 }, { 16, 0, 8 }, { 2, 0, 9 }, { 0x20000 }, { 0x20008 }, { 0xffffffff }, { 3 },
	{ 0x100000000 }, { 0x100000002 }, { 0x7e020000 }, { 0x20000000 }, { UINT64_MAX, UINT64_MAX, UINT64_MAX },
};

static void compare(const struct seccomp_filter *filter, const struct spec_seccomp *spec, uint32_t token, uint32_t audit)
{
	bool narrow = token == SCMP_ARCH_X86;

	for (uint32_t call = 0; call < 700; call++) {
		uint32_t number_ = call | (token == SCMP_ARCH_X32 ? X32_BIT : 0);

		/* On i386 these have two numbers, or are functions of another call: the oracle knows only one. */
		if (narrow && (call == 102 || call == 117 || call == 337 || call == 345 || (call >= 359 && call <= 402)))
			continue;
		for (size_t i = 0; i < sizeof argument_sets / sizeof *argument_sets; i++) {
			struct seccomp_data data = { .nr = (int)number_, .arch = audit };

			/* A 32-bit process has 32-bit arguments. */
			for (int j = 0; j < 6; j++)
				data.args[j] = narrow ? argument_sets[i][j] & UINT32_MAX : argument_sets[i][j];
			uint32_t got = run_program(filter, &data), want = expected(spec, token, number_, (const uint64_t *)data.args);

			if (got != want)
				print_error("arch %#x, call %u, arguments %zu: %#x, wanted %#x\n", token, call, i, got, want);
			assert_int_equal(got, want);
		}
	}
}

static void test_long_profile_against_the_oracle(void **state)
{
	struct profile _cleanup_profile_ profile = long_profile();
	struct seccomp_filter _cleanup_seccomp_ filter = { 0 };

	(void)state;
	assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), 0);
	compare(&filter, &profile.spec, SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64);
	compare(&filter, &profile.spec, SCMP_ARCH_X32, AUDIT_ARCH_X86_64);
	compare(&filter, &profile.spec, SCMP_ARCH_X86, AUDIT_ARCH_I386);
}

/* libseccomp itself as a second oracle, for what it is reliable in: unconditional rules and single equalities. */
static bool lets_with(const struct seccomp_filter *filter, const char *call, uint64_t first)
{
	return seccomp_lets(filter, seccomp_syscall_resolve_name(call), &first);
}

static void test_what_it_lets_through(void **state)
{
	struct profile _cleanup_profile_ profile = long_profile();
	struct seccomp_filter _cleanup_seccomp_ filter = { 0 };
	unsigned conditional = 0;

	(void)state;
	assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), 0);
	for (int call = 0; call < 700; call++) {
		unsigned allowed = 0;

		for (size_t i = 0; i < sizeof argument_sets / sizeof *argument_sets; i++)
			allowed += expected(&profile.spec, SCMP_ARCH_X86_64, (uint32_t)call, argument_sets[i]) == SECCOMP_RET_ALLOW;
		bool some = allowed > 0 && allowed < sizeof argument_sets / sizeof *argument_sets;

		conditional += some;
		assert_int_equal(seccomp_lets(&filter, call, NULL), allowed > 0 && !some);
	}
	assert_int_equal(conditional, 4);
	assert_true(lets_with(&filter, "clone", CLONE_PARENT | CLONE_PIDFD));
	assert_false(lets_with(&filter, "clone", CLONE_NEWUSER));
	assert_true(lets_with(&filter, "personality", 0x20008));
	assert_false(lets_with(&filter, "personality", 0x20009));
	/* That goes by another argument. */
	assert_false(lets_with(&filter, "socket", 2));
}

static void libseccomp_program(const struct spec_seccomp *spec, struct seccomp_filter *filter)
{
	scmp_filter_ctx context_ = seccomp_init(value_of(spec->default_action, &spec->default_errno_ret));
	int fd = memfd_create("libseccomp", MFD_CLOEXEC);

	assert_int_equal(seccomp_attr_set(context_, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), 0);
	assert_int_equal(seccomp_arch_add(context_, SCMP_ARCH_X86), 0);
	assert_int_equal(seccomp_arch_add(context_, SCMP_ARCH_X32), 0);
	for (size_t i = 0; i < spec->rule_count; i++) {
		const struct spec_seccomp_rule *rule = &spec->rules[i];

		for (size_t j = 0; j < rule->names.count; j++) {
			struct scmp_arg_cmp condition = { 0 };

			if (rule->arg_count)
				condition = (struct scmp_arg_cmp){ rule->args->index, (enum scmp_compare)rule->args->op, rule->args->value, 0 };
			int r = seccomp_rule_add_array(context_, value_of(rule->action, &rule->errno_ret),
			                               seccomp_syscall_resolve_name(rule->names.items[j]),
			                               (unsigned)rule->arg_count, &condition);

			if (r < 0)
				print_error("%s\n", rule->names.items[j]);
			assert_int_equal(r, 0);
		}
	}
	assert_int_equal(seccomp_export_bpf(context_, fd), 0);
	off_t size = lseek(fd, 0, SEEK_END);

	filter->program = arena_reserve(&filter->arena, (size_t)size);
	filter->length = (unsigned short)((size_t)size / sizeof *filter->program);
	assert_int_equal(pread(fd, filter->program, (size_t)size, 0), size);
	close(fd);
	seccomp_release(context_);
}

static void test_against_libseccomp(void **state)
{
	static const uint32_t architectures[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_ARM };
	static const uint32_t bases[] = { 0, X32_BIT, UINT32_MAX - 100, X32_BIT - 100 };
	struct profile _cleanup_profile_ profile = long_profile();
	struct seccomp_filter _cleanup_seccomp_ filter = { 0 }, other = { 0 };

	(void)state;
	/* The first seven rules are of the kind. */
	profile.spec.rule_count = 7;
	add(&profile, "recv send", SECCOMP_TRAP);
	assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), 0);
	libseccomp_program(&profile.spec, &other);
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 4; j++) {
			for (uint32_t call = 0; call < 1000; call++) {
				for (uint64_t argument = 0; argument < 30; argument++) {
					struct seccomp_data data = {
						.nr = (int)(bases[j] + call), .arch = architectures[i], .args = { argument }
					};

					assert_int_equal(run_program(&filter, &data), run_program(&other, &data));
				}
			}
		}
	}
}

/* --- Conditions ------------------------------------------------------------------------------------------------------- */

static const uint64_t edges[] = {
	0, 1, 2, 3, 8, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000000, 0x100000003, 0x200000008, 0x7e020000,
	0x8000000000000000, UINT64_MAX - 1, UINT64_MAX,
};
#define EDGES (sizeof edges / sizeof *edges)

static void check_call(const struct seccomp_filter *filter, const struct spec_seccomp *spec, uint32_t call,
                       const uint64_t *args)
{
	struct seccomp_data data = { .nr = (int)call, .arch = AUDIT_ARCH_X86_64 };

	memcpy(data.args, args, sizeof data.args);
	uint32_t got = run_program(filter, &data), want = expected(spec, SCMP_ARCH_X86_64, call, args);

	if (got != want) {
		print_error("args %#llx %#llx %#llx\n", (unsigned long long)args[0], (unsigned long long)args[1],
		            (unsigned long long)args[2]);
		for (size_t i = 0; i < spec->rule_count; i++) {
			print_error("rule %zu: action %d", i, spec->rules[i].action);
			for (size_t j = 0; j < spec->rules[i].arg_count; j++)
				print_error(", arg %u op %d %#llx %#llx", spec->rules[i].args[j].index, spec->rules[i].args[j].op,
				            (unsigned long long)spec->rules[i].args[j].value,
				            (unsigned long long)spec->rules[i].args[j].value_two);
			print_error("\n");
		}
	}
	assert_int_equal(got, want);
}

/* Any conditions on any arguments with any actions: what libseccomp 2.5.4 gets wrong, or never comes back from. */
static void test_random_conditions(void **state)
{
	static const enum seccomp_action some[] = { SECCOMP_ALLOW, SECCOMP_TRAP, SECCOMP_LOG, SECCOMP_KILL_THREAD, SECCOMP_ERRNO };

	(void)state;
	srand(1);
	for (int round = 0; round < 400; round++) {
		struct profile _cleanup_profile_ profile = profile_new(round % 2 ? SECCOMP_ERRNO : SECCOMP_ALLOW, NULL);
		struct seccomp_filter _cleanup_seccomp_ filter = { 0 };

		for (int i = rand() % 6; i >= 0; i--) {
			struct spec_seccomp_rule *rule = add(&profile, "mkdir", some[rand() % 5]);

			for (int j = rand() % 5; j > 0; j--)
				when(rule, (uint32_t)rand() % 3, (enum scmp_compare)(1 + rand() % 7), edges[(size_t)rand() % EDGES],
				     edges[(size_t)rand() % EDGES]);
		}
		assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), 0);
		for (size_t i = 0; i < EDGES * EDGES * EDGES; i += 1 + (size_t)rand() % 5) {
			const uint64_t args[6] = { edges[i % EDGES], edges[i / EDGES % EDGES], edges[i / EDGES / EDGES] };

			check_call(&filter, &profile.spec, SYS_mkdir, args);
		}
	}
}

static void check_many(uint64_t count)
{
	static const uint32_t calls[] = { SYS_personality, SYS_prctl, SYS_mkdir, SYS_getpid, SYS_read, SYS_write, SYS_rmdir };
	struct profile _cleanup_profile_ profile = profile_new(SECCOMP_ERRNO, NULL);
	struct seccomp_filter _cleanup_seccomp_ filter = { 0 };

	for (uint64_t i = 0; i < count; i++)
		when(add(&profile, i % 2 ? "personality" : "personality prctl", SECCOMP_ALLOW), 0, SCMP_CMP_EQ, i * 3, 0);
	add(&profile, "mkdir getpid read", SECCOMP_ALLOW);
	assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), 0);
	for (uint64_t i = 0; i < count * 3 + 3; i += 1 + count / 64) {
		const uint64_t args[6] = { i }, high[6] = { i | 0x100000000 };

		for (size_t j = 0; j < sizeof calls / sizeof *calls; j++) {
			check_call(&filter, &profile.spec, calls[j], args);
			check_call(&filter, &profile.spec, calls[j], high);
		}
	}
}

/* About as much as a conditional jump reaches, and far more, for one call and for a whole branch of the tree. */
static void test_many_conditions(void **state)
{
	(void)state;
	for (uint64_t count = 20; count < 80; count++)
		check_many(count);
	check_many(300);
}

static void test_too_many_conditions(void **state)
{
	struct profile profile = profile_new(SECCOMP_ERRNO, x86_family);
	struct seccomp_filter filter = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		when(add(&profile, "personality", SECCOMP_ALLOW), 0, SCMP_CMP_EQ, i, 0);
	assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), -E2BIG);
	assert_non_null(strstr(error_record()->text, "the kernel takes 4096"));
	profile_free(&profile);
}

static uint32_t answer_of(const struct seccomp_filter *filter, uint32_t arch, int call, uint64_t argument)
{
	struct seccomp_data data = { .nr = call, .arch = arch, .args = { argument } };

	return run_program(filter, &data);
}

/* On i386, socketcall(1, …) is socket(…), whose arguments it hides. */
static void test_functions_of_socketcall(void **state)
{
	enum { SOCKETCALL = 102, I386_SOCKET = 359, I386_BIND = 361 };

	(void)state;
	for (int stricter = 0; stricter < 2; stricter++) {
		struct profile _cleanup_profile_ profile = profile_new(stricter ? SECCOMP_ALLOW : SECCOMP_ERRNO, x86_family);
		struct seccomp_filter _cleanup_seccomp_ filter = { 0 };
		uint32_t fallback = stricter ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EPERM;
		uint32_t other = stricter ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_ALLOW;

		when(add(&profile, "socket", stricter ? SECCOMP_ERRNO : SECCOMP_ALLOW), 0, SCMP_CMP_EQ, 38, 0);
		add(&profile, "bind", stricter ? SECCOMP_ERRNO : SECCOMP_ALLOW);
		assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), 0);
		assert_int_equal(answer_of(&filter, AUDIT_ARCH_I386, I386_SOCKET, 38), other);
		assert_int_equal(answer_of(&filter, AUDIT_ARCH_I386, I386_SOCKET, 2), fallback);
		assert_int_equal(answer_of(&filter, AUDIT_ARCH_I386, I386_BIND, 2), other);
		assert_int_equal(answer_of(&filter, AUDIT_ARCH_I386, SOCKETCALL, 2), other);
		assert_int_equal(answer_of(&filter, AUDIT_ARCH_I386, SOCKETCALL, 3), fallback);
		/* Which family, cannot be seen: what is forbidden for some is for all, what is allowed for some is for none. */
		assert_int_equal(answer_of(&filter, AUDIT_ARCH_I386, SOCKETCALL, 1), SECCOMP_RET_ERRNO | EPERM);
	}
}

/* -1 written as 64 bits is the -1 of a 32-bit process. */
static void test_32_bit_arguments(void **state)
{
	enum { I386_PRCTL = 172 };
	struct profile _cleanup_profile_ profile = profile_new(SECCOMP_ERRNO, x86_family);
	struct seccomp_filter _cleanup_seccomp_ filter = { 0 };

	(void)state;
	when(add(&profile, "prctl", SECCOMP_ALLOW), 0, SCMP_CMP_EQ, UINT64_MAX, 0);
	when(add(&profile, "prctl", SECCOMP_LOG), 0, SCMP_CMP_GE, 0x100000000, 0);
	assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), 0);
	assert_int_equal(answer_of(&filter, AUDIT_ARCH_I386, I386_PRCTL, UINT32_MAX), SECCOMP_RET_ALLOW);
	assert_int_equal(answer_of(&filter, AUDIT_ARCH_I386, I386_PRCTL, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(answer_of(&filter, AUDIT_ARCH_X86_64, SYS_prctl, UINT32_MAX), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(answer_of(&filter, AUDIT_ARCH_X86_64, SYS_prctl, UINT64_MAX), SECCOMP_RET_ALLOW);
	assert_int_equal(answer_of(&filter, AUDIT_ARCH_X86_64, SYS_prctl, UINT64_MAX - 1), SECCOMP_RET_LOG);
}

/* Of rules without conditions the first counts, and that a later one does not is logged. */
static void test_shadowed_rules_are_logged(void **state)
{
	struct profile _cleanup_profile_ profile = profile_new(SECCOMP_ALLOW, NULL);
	struct seccomp_filter _cleanup_seccomp_ filter = { 0 };
	char text[4096] = "";
	int fd = memfd_create("log", MFD_CLOEXEC), copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	(void)state;
	add(&profile, "mkdir", SECCOMP_ALLOW);
	add(&profile, "mkdir rmdir", SECCOMP_ERRNO);
	add(&profile, "rmdir", SECCOMP_ERRNO);
	add(&profile, "chroot mkdir no_such_call", SECCOMP_KILL_PROCESS);
	log_open(fd, LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
	int r = seccomp_prepare(&filter, &profile.spec, NULL);

	log_open(-1, LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
	assert_int_equal(r, 0);
	assert_true(pread(copy, text, sizeof text - 1, 0) > 0);
	close(copy);
	assert_non_null(strstr(text, "level=debug msg=\"/linux/seccomp/syscalls/3: mkdir: never counts, because of rule 1\""));
	assert_null(strstr(text, "rmdir"));
	assert_non_null(strstr(text, "level=debug msg=\"/linux/seccomp/syscalls/3: unknown system call no_such_call skipped\""));
	assert_int_equal(answer_of(&filter, AUDIT_ARCH_X86_64, SYS_mkdir, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(answer_of(&filter, AUDIT_ARCH_X86_64, SYS_chroot, 0), SECCOMP_RET_KILL_PROCESS);
}

static void test_other_architectures_kill(void **state)
{
	static const uint32_t others[] = { AUDIT_ARCH_ARM, AUDIT_ARCH_AARCH64, AUDIT_ARCH_S390X, AUDIT_ARCH_I386, 0, UINT32_MAX };
	struct profile _cleanup_profile_ profile = profile_new(SECCOMP_ALLOW, "SCMP_ARCH_X86_64");
	struct seccomp_filter _cleanup_seccomp_ filter = { 0 };
	struct seccomp_data x32 = { .nr = (int)(X32_BIT | 39), .arch = AUDIT_ARCH_X86_64 };

	(void)state;
	add(&profile, "mkdir", SECCOMP_ERRNO);
	assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), 0);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct seccomp_data data = { .nr = 39, .arch = others[i] };

		assert_int_equal(run_program(&filter, &data), SECCOMP_RET_KILL_PROCESS);
	}
	assert_int_equal(run_program(&filter, &x32), SECCOMP_RET_KILL_PROCESS);
}

/* The machine's own architecture is in the filter, listed or not; short profiles and empty ones compile to what they say. */
static void test_short_profiles(void **state)
{
	static const char *const architectures[] = { NULL, "", "SCMP_ARCH_X86", "SCMP_ARCH_X86 SCMP_ARCH_X86_64" };
	static const enum seccomp_action defaults[] = {
		SECCOMP_ALLOW, SECCOMP_ERRNO, SECCOMP_KILL_PROCESS, SECCOMP_LOG, SECCOMP_TRACE
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < 5; j++) {
			for (size_t rules = 0; rules < 3; rules++) {
				struct profile _cleanup_profile_ profile = profile_new(defaults[j], architectures[i]);
				struct seccomp_filter _cleanup_seccomp_ filter = { 0 };

				if (rules > 0)
					add(&profile, "mkdir no_such_call", SECCOMP_TRAP);
				if (rules > 1)
					when(add(&profile, "rmdir", SECCOMP_TRAP), 1, SCMP_CMP_GT, 0xfffffffff, 0);
				assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), 0);
				compare(&filter, &profile.spec, SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64);
			}
		}
	}
}

static void test_error_numbers(void **state)
{
	static const struct {
		struct opt_u64 data;
		uint32_t errno_value, trace_value;
	} cases[] = { { { false, 0 }, EPERM, EPERM }, { { true, 0 }, 0, 0 }, { { true, 4095 }, 4095, 4095 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct profile _cleanup_profile_ profile = profile_new(SECCOMP_ALLOW, NULL);
		struct seccomp_filter _cleanup_seccomp_ filter = { 0 };
		struct seccomp_data mkdir_call = { .nr = SYS_mkdir, .arch = AUDIT_ARCH_X86_64 };
		struct seccomp_data rmdir_call = { .nr = SYS_rmdir, .arch = AUDIT_ARCH_X86_64 };

		add(&profile, "mkdir", SECCOMP_ERRNO)->errno_ret = cases[i].data;
		add(&profile, "rmdir", SECCOMP_TRACE)->errno_ret = cases[i].data;
		assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), 0);
		assert_int_equal(run_program(&filter, &mkdir_call), SECCOMP_RET_ERRNO | cases[i].errno_value);
		assert_int_equal(run_program(&filter, &rmdir_call), SECCOMP_RET_TRACE | cases[i].trace_value);
	}
}

/* --- What is refused -------------------------------------------------------------------------------------------------- */

static void refused(struct profile *profile, int code, const char *text)
{
	struct seccomp_filter filter = { 0 };

	assert_int_equal(seccomp_prepare(&filter, &profile->spec, NULL), -code);
	if (!strstr(error_record()->text, text))
		print_error("%s\n", error_record()->text);
	assert_non_null(strstr(error_record()->text, text));
	assert_null(filter.program);
	profile_free(profile);
}

static void test_refused(void **state)
{
	struct profile p = profile_new(SECCOMP_ALLOW, NULL);

	(void)state;
	p.spec.listener_path = arena_strdup(&p.arena, "/run/agent");
	add(&p, "mkdir sendmsg", SECCOMP_NOTIFY);
	refused(&p, EINVAL, "/linux/seccomp/syscalls/0/names/1: sendmsg");
	p = profile_new(SECCOMP_ALLOW, "SCMP_ARCH_X86_64 SCMP_ARCH_S390X");
	refused(&p, EINVAL, "/linux/seccomp/architectures/1: SCMP_ARCH_S390X");
	p = profile_new(SECCOMP_ALLOW, "SCMP_ARCH_PDP11");
	refused(&p, ENOTSUP, "/linux/seccomp/architectures/0: this libseccomp does not know SCMP_ARCH_PDP11");
	p = profile_new(SECCOMP_ALLOW, "X86");
	refused(&p, ENOTSUP, "/linux/seccomp/architectures/0");
	p = profile_new(SECCOMP_ALLOW, NULL);
	p.spec.flags = 1U << 20;
	refused(&p, ENOTSUP, "/linux/seccomp/flags");
}

/* The same rule twice is no contradiction (Podman's profiles have some). */
static void test_repetition_is_fine(void **state)
{
	struct profile _cleanup_profile_ profile = profile_new(SECCOMP_ALLOW, NULL);
	struct seccomp_filter _cleanup_seccomp_ filter = { 0 };

	(void)state;
	add(&profile, "mkdir mkdir", SECCOMP_ERRNO);
	add(&profile, "mkdir", SECCOMP_ERRNO);
	when(add(&profile, "rmdir", SECCOMP_ERRNO), 0, SCMP_CMP_NE, 9, 0);
	when(add(&profile, "rmdir", SECCOMP_ERRNO), 0, SCMP_CMP_NE, 9, 0);
	assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), 0);
	compare(&filter, &profile.spec, SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64);
}

static void test_absent_is_nothing(void **state)
{
	struct spec_seccomp absent = { .set = false };
	struct seccomp_filter filter = { 0 };

	(void)state;
	assert_int_equal(seccomp_prepare(&filter, &absent, NULL), 0);
	assert_int_equal(filter.length, 0);
	assert_int_equal(seccomp_install(&filter), 0);
	assert_string_equal(status_line("Seccomp"), "0");
}

/* --- In the kernel ---------------------------------------------------------------------------------------------------- */

static void install(const struct profile *profile)
{
	struct seccomp_filter filter = { 0 };

	require(seccomp_prepare(&filter, &profile->spec, NULL) == 0);
	require(seccomp_install(&filter) == 0);
	seccomp_free(&filter);
}

static long raw(long call, long a)
{
	return sys_result(syscall(call, a, 0L, 0L, 0L, 0L, 0L));
}

static void deny_and_look(const void *argument)
{
	install(argument);
	require(strcmp(status_line("Seccomp"), "2") == 0);
	require(strcmp(status_line("NoNewPrivs"), "0") == 0);
	require(raw(SYS_mkdir, (long)"/nonexistent/a") == -ENOTBLK);
	require(raw(SYS_rmdir, (long)"/nonexistent/a") == 0);
	require(raw(SYS_unlink, (long)"/nonexistent/a") == -EPERM);
	require(raw(SYS_mkdirat, -1) != -ENOTBLK);
	/* There is no tracer. */
	require(raw(SYS_chroot, (long)"/nonexistent/a") == -ENOSYS);
	require(raw(SYS_personality, 0xffffffff) >= 0);
	require(raw(SYS_personality, 0x8) == -EXDEV);
	require(raw(SYS_personality, 0x40000) == -EXDEV);
}

static void test_denied_calls(void **state)
{
	struct profile _cleanup_profile_ profile = profile_new(SECCOMP_ALLOW, x86_family);

	(void)state;
	add(&profile, "mkdir", SECCOMP_ERRNO)->errno_ret = number(ENOTBLK);
	add(&profile, "rmdir", SECCOMP_ERRNO)->errno_ret = number(0);
	add(&profile, "unlink", SECCOMP_ERRNO);
	add(&profile, "chroot", SECCOMP_TRACE);
	struct spec_seccomp_rule *rule = add(&profile, "personality", SECCOMP_ERRNO);

	rule->errno_ret = number(EXDEV);
	when(rule, 0, SCMP_CMP_EQ, 8, 0);
	when(rule, 0, SCMP_CMP_MASKED_EQ, 0xf0000, 0x40000);
	assert_true(child_succeeds(deny_and_look, &profile));
}

struct attempt {
	const struct profile *profile;
	long call;
};

static void install_and_call(const void *argument)
{
	const struct attempt *attempt = argument;

	install(attempt->profile);
	raw(attempt->call, 0);
	_exit(7);
}

static int signal_of(const struct profile *profile, long call)
{
	const struct attempt attempt = { profile, call };
	int status = child_status(install_and_call, &attempt);

	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void test_kill_trap_log(void **state)
{
	struct profile _cleanup_profile_ profile = profile_new(SECCOMP_ALLOW, NULL);

	(void)state;
	add(&profile, "mkdir", SECCOMP_KILL_PROCESS);
	add(&profile, "rmdir", SECCOMP_KILL_THREAD);
	add(&profile, "unlink", SECCOMP_TRAP);
	add(&profile, "chroot", SECCOMP_LOG);
	assert_int_equal(signal_of(&profile, SYS_mkdir), SIGSYS);
	assert_int_equal(signal_of(&profile, SYS_rmdir), SIGSYS);
	assert_int_equal(signal_of(&profile, SYS_unlink), SIGSYS);
	assert_int_equal(signal_of(&profile, SYS_chroot), -7);
}

/* mkdir (39) by the i386 table from a 64-bit process. */
static long call_i386(long number_)
{
	long result = 0;

#ifdef __x86_64__
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number_), "b"(0L), "c"(0L), "d"(0L) : "memory", "r8", "r9", "r10", "r11");
#else
	(void)number_;
#endif
	return result;
}

struct foreign {
	const struct profile *profile;
	bool x32;
	long wanted;
};

static void call_foreign(const void *argument)
{
	const struct foreign *foreign = argument;

	install(foreign->profile);
	require((foreign->x32 ? raw(SYS_mkdir | (long)X32_BIT, 0) : call_i386(39)) == foreign->wanted);
}

static void no_filter_i386(const void *unused)
{
	(void)unused;
	require(call_i386(20) == getpid());
}

static void test_other_tables_do_not_get_around_the_filter(void **state)
{
	struct profile _cleanup_profile_ native = profile_new(SECCOMP_ALLOW, "SCMP_ARCH_X86_64");
	struct profile _cleanup_profile_ family = profile_new(SECCOMP_ALLOW, x86_family);
	struct foreign x32_native = { &native, true, 0 }, x32_family = { &family, true, -ENOTBLK };
	struct foreign i386_native = { &native, false, 0 }, i386_family = { &family, false, -ENOTBLK };

	(void)state;
	add(&native, "mkdir", SECCOMP_ERRNO)->errno_ret = number(ENOTBLK);
	add(&family, "mkdir", SECCOMP_ERRNO)->errno_ret = number(ENOTBLK);
	int status = child_status(call_foreign, &x32_native);

	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	assert_true(child_succeeds(call_foreign, &x32_family));
	if (!child_succeeds(no_filter_i386, NULL)) {
		print_message("this kernel runs no i386 programs\n");
		return;
	}
	status = child_status(call_foreign, &i386_native);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	assert_true(child_succeeds(call_foreign, &i386_family));
}

static void install_unprivileged(const void *argument)
{
	struct seccomp_filter filter = { 0 };
	const struct profile *profile = argument;

	require(seccomp_prepare(&filter, &profile->spec, NULL) == 0);
	require(setresuid(1000, 1000, 1000) == 0);
	require(seccomp_install(&filter) == -EACCES && strstr(error_record()->text, "no_new_privs"));
	require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	require(seccomp_install(&filter) == 0);
	require(raw(SYS_mkdir, 0) == -EPERM);
	seccomp_free(&filter);
}

static void test_without_privilege(void **state)
{
	struct profile _cleanup_profile_ profile = profile_new(SECCOMP_ALLOW, NULL);

	(void)state;
	add(&profile, "mkdir", SECCOMP_ERRNO);
	assert_true(child_succeeds(install_unprivileged, &profile));
}

static void test_flags(void **state)
{
	const unsigned flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	struct profile _cleanup_profile_ profile = profile_new(SECCOMP_ALLOW, NULL);
	struct seccomp_filter _cleanup_seccomp_ filter = { 0 }, notify = { 0 };

	(void)state;
	assert_int_equal(seccomp_known_flags(flags | 1U << 20 | 1U << 31), flags);
	profile.spec.flags = flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	add(&profile, "mkdir", SECCOMP_ERRNO)->errno_ret = number(ENOTBLK);
	add(&profile, "rmdir", SECCOMP_ERRNO)->errno_ret = number(0);
	add(&profile, "unlink", SECCOMP_ERRNO);
	add(&profile, "chroot", SECCOMP_TRACE);
	struct spec_seccomp_rule *rule = add(&profile, "personality", SECCOMP_ERRNO);

	rule->errno_ret = number(EXDEV);
	when(rule, 0, SCMP_CMP_EQ, 8, 0);
	when(rule, 0, SCMP_CMP_MASKED_EQ, 0xf0000, 0x40000);
	assert_int_equal(seccomp_prepare(&filter, &profile.spec, NULL), 0);
	assert_int_equal(filter.flags, flags);
	assert_false(filter.notify);
	assert_true(child_succeeds(deny_and_look, &profile));

	profile.spec.listener_path = arena_strdup(&profile.arena, "/run/agent");
	rule->action = SECCOMP_NOTIFY;
	rule->errno_ret.set = false;
	assert_int_equal(seccomp_prepare(&notify, &profile.spec, NULL), 0);
	assert_true(notify.notify);
	assert_int_equal(notify.flags, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC_ESRCH |
	                                   SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

/* --- Notification ----------------------------------------------------------------------------------------------------- */

struct notified {
	const struct profile *profile;
	int socket;
};

static void call_notified(const void *argument)
{
	const struct notified *notified = argument;
	struct seccomp_filter filter = { 0 };

	require(seccomp_prepare(&filter, &notified->profile->spec, NULL) == 0);
	int listener = seccomp_install(&filter);

	require(listener > 2 && fcntl(listener, F_GETFD) == FD_CLOEXEC);
	require(send_with_fd(notified->socket, "x", 1, listener) == 0);
	close(listener);
	require(raw(SYS_mkdir, (long)"/nonexistent/a") == -ENOTBLK);
	/* A second listener is what the kernel forbids; the error says so. */
	require(seccomp_install(&filter) == -EBUSY && strstr(error_record()->text, "listener"));
	seccomp_free(&filter);
}

static void answer(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	struct seccomp_notif request = { 0 };

	assert_int_equal(poll(&p, 1, 60000), 1);
	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
	assert_int_equal(request.data.nr, SYS_mkdir);
	struct seccomp_notif_resp response = { .id = request.id, .error = -ENOTBLK };

	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
}

static void notify_with(unsigned flags)
{
	struct profile _cleanup_profile_ profile = profile_new(SECCOMP_ALLOW, NULL);
	int sockets[2], listener, status;
	char byte;

	profile.spec.listener_path = arena_strdup(&profile.arena, "/run/agent");
	profile.spec.flags = flags;
	add(&profile, "mkdir", SECCOMP_NOTIFY);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
	const struct notified notified = { &profile, sockets[1] };
	pid_t pid = fork();

	if (pid == 0) {
		call_notified(&notified);
		_exit(0);
	}
	assert_int_equal(recv_with_fd(sockets[0], &byte, 1, &listener), 1);
	answer(listener);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(listener);
	close(sockets[0]);
	close(sockets[1]);
}

static void test_notify(void **state)
{
	(void)state;
	notify_with(0);
	notify_with(SECCOMP_FILTER_FLAG_TSYNC);
	if (seccomp_known_flags(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV))
		notify_with(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

struct delivery {
	const char *path, *json;
	int listener;
};

static void deliver(const void *argument)
{
	const struct delivery *delivery = argument;

	require(seccomp_send_listener(delivery->path, delivery->json, delivery->listener) == 0);
}

/* An agent listening at path gets json with one descriptor, then end of file. */
static void receive_at(const char *path, const char *json)
{
	_cleanup_fd_ int agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), connection = -1, listener = -1;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = strlen(json), used = 0;
	char directory[512], *text = calloc(1, size + 2);
	int original = open("/proc/self/status", O_RDONLY | O_CLOEXEC), status;

	/* bind has no way around the length either */
	snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(path, '/') - path), path);
	_cleanup_fd_ int where = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d%s", where, strrchr(path, '/'));
	assert_int_equal(bind(agent, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(agent, 1), 0);
	const struct delivery delivery = { path, json, original };
	pid_t pid = fork();

	if (pid == 0) {
		deliver(&delivery);
		_exit(0);
	}
	connection = accept4(agent, NULL, NULL, SOCK_CLOEXEC);
	ssize_t n = recv_with_fd(connection, text, size + 1, &listener);

	while (n > 0) {
		used += (size_t)n;
		n = read(connection, text + used, size + 1 - used);
	}
	assert_int_equal(n, 0);
	assert_string_equal(text, json);
	struct stat sent, got;

	assert_int_equal(fstat(original, &sent), 0);
	assert_int_equal(fstat(listener, &got), 0);
	assert_true(sent.st_ino == got.st_ino && sent.st_dev == got.st_dev);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	unlink(path);
	close(original);
	free(text);
}

static void test_listener_is_sent(void **state)
{
	char directory[] = "/tmp/berth-test-XXXXXX", path[512], *long_json = malloc(400001);

	(void)state;
	memset(long_json, 'j', 400000);
	long_json[400000] = 0;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/agent", directory);
	receive_at(path, "{\"pid\":1}");
	receive_at(path, long_json);

	assert_int_equal(seccomp_send_listener(path, "{}", 0), -ENOENT);
	assert_non_null(strstr(error_record()->text, "/linux/seccomp/listenerPath: connect to the seccomp agent at /tmp/berth-test-"));

	char deep[400];
	snprintf(deep, sizeof deep, "%s/%0150d", directory, 0);
	assert_int_equal(mkdir(deep, 0700), 0);
	snprintf(path, sizeof path, "%s/agent", deep);
	assert_true(strlen(path) > sizeof((struct sockaddr_un *)NULL)->sun_path);
	receive_at(path, "{\"pid\":2}");
	assert_int_equal(seccomp_send_listener(path, "{}", 0), -ENOENT);
	assert_int_equal(rmdir(deep), 0);
	assert_int_equal(rmdir(directory), 0);
	free(long_json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_profile_against_the_oracle),
		cmocka_unit_test(test_what_it_lets_through),
		cmocka_unit_test(test_against_libseccomp),
		cmocka_unit_test(test_random_conditions),
		cmocka_unit_test(test_many_conditions),
		cmocka_unit_test(test_too_many_conditions),
		cmocka_unit_test(test_functions_of_socketcall),
		cmocka_unit_test(test_32_bit_arguments),
		cmocka_unit_test(test_shadowed_rules_are_logged),
		cmocka_unit_test(test_other_architectures_kill),
		cmocka_unit_test(test_short_profiles),
		cmocka_unit_test(test_error_numbers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_repetition_is_fine),
		cmocka_unit_test(test_absent_is_nothing),
		cmocka_unit_test(test_denied_calls),
		cmocka_unit_test(test_kill_trap_log),
		cmocka_unit_test(test_other_tables_do_not_get_around_the_filter),
		cmocka_unit_test(test_without_privilege),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_listener_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
