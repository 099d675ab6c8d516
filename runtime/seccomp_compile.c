#include "runtime/seccomp_compile.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "runtime/seccomp_bpf.h"

#include <ctype.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>

#define ARCHITECTURES 24
#define X32_BIT 0x40000000U
#define NO_CALL UINT32_MAX       /* what a tracer leaves of a call that is to be skipped: in no table */
#define TABLE_SIZE 512           /* numbers that an architecture has, counted from its base */

/* libseccomp's numbers for calls that an architecture has (also) as a function of another call: -101 is socketcall(1, …). */
#define SOCKETCALL 100
#define IPC 200
#define FUNCTIONS 100

/* --- Actions ---------------------------------------------------------------------------------------------------------- */

/* The value that the kernel knows an action by. data is errnoRet, which the validator lets through only where it fits. */
static uint32_t action_value(enum seccomp_action action, const struct opt_u64 *data)
{
	static const uint32_t values[] = {
		[SECCOMP_KILL_THREAD] = SECCOMP_RET_KILL_THREAD, [SECCOMP_KILL_PROCESS] = SECCOMP_RET_KILL_PROCESS,
		[SECCOMP_TRAP] = SECCOMP_RET_TRAP, [SECCOMP_ERRNO] = SECCOMP_RET_ERRNO, [SECCOMP_TRACE] = SECCOMP_RET_TRACE,
		[SECCOMP_ALLOW] = SECCOMP_RET_ALLOW, [SECCOMP_LOG] = SECCOMP_RET_LOG, [SECCOMP_NOTIFY] = SECCOMP_RET_USER_NOTIF,
	};

	if (action != SECCOMP_ERRNO && action != SECCOMP_TRACE)
		return values[action];
	return values[action] | (data->set ? (uint32_t)data->value & SECCOMP_RET_DATA : EPERM);
}

/* As the kernel ranks actions where several filters disagree. */
static bool is_stricter(uint32_t action, uint32_t than)
{
	return (int32_t)(action & SECCOMP_RET_ACTION_FULL) < (int32_t)(than & SECCOMP_RET_ACTION_FULL);
}

/* --- What a compilation works on -------------------------------------------------------------------------------------- */

/* One rule for one system call by one of its numbers. */
struct call {
	uint32_t number, action;
	unsigned order;                            /* of the rule in the profile */
	const char *name;
	size_t condition_count;
	const struct spec_seccomp_arg *conditions;
};

struct calls {
	struct arena *arena;
	size_t count, room;
	struct call *items;
};

struct architecture {
	uint32_t token;                            /* SCMP_ARCH_* */
	bool narrow;                               /* 32-bit arguments */
	int socketcall, ipc;                       /* their numbers, or negative */
	uint32_t *direct;                          /* by libseccomp's number, its sign changed; NO_CALL: none. NULL: not asked yet */
};

struct compilation {
	struct arena arena;
	const struct spec_seccomp *spec;
	uint32_t default_action;
	uint32_t *rule_actions;
	size_t architecture_count;
	struct architecture architectures[ARCHITECTURES];
};

static void end_compilation(struct compilation *compilation)
{
	arena_free(&compilation->arena);
}

static void put_call(struct calls *calls, const struct call *call)
{
	if (calls->count == calls->room) {
		size_t room = calls->room ? 2 * calls->room : 1024;
		struct call *grown = arena_array(calls->arena, room, sizeof *grown);

		if (calls->count)
			memcpy(grown, calls->items, calls->count * sizeof *grown);
		calls->items = grown;
		calls->room = room;
	}
	calls->items[calls->count++] = *call;
}

/* --- Architectures ---------------------------------------------------------------------------------------------------- */

/* "SCMP_ARCH_X86_64" is "x86_64" for libseccomp. 0 when it does not know it. */
static uint32_t architecture_token(const char *name)
{
	char lower[32];
	size_t prefix = strlen("SCMP_ARCH_"), length = strlen(name);

	if (length < prefix || length - prefix >= sizeof lower)
		return 0;
	for (size_t i = 0; i <= length - prefix; i++)
		lower[i] = (char)tolower((unsigned char)name[prefix + i]);
	return seccomp_arch_resolve_name(lower);
}

static void add_architecture(struct compilation *compilation, uint32_t token)
{
	for (size_t i = 0; i < compilation->architecture_count; i++)
		if (compilation->architectures[i].token == token)
			return;
	compilation->architectures[compilation->architecture_count++] = (struct architecture){
		.token = token,
		.narrow = token != SCMP_ARCH_X32 && !(token & __AUDIT_ARCH_64BIT),
		.socketcall = seccomp_syscall_resolve_name_arch(token, "socketcall"),
		.ipc = seccomp_syscall_resolve_name_arch(token, "ipc"),
	};
}

static int add_architectures(struct compilation *compilation)
{
	const struct strings *names = &compilation->spec->architectures;
	uint32_t native = seccomp_arch_native();

	add_architecture(compilation, native);
	for (size_t i = 0; i < names->count; i++) {
		uint32_t token = architecture_token(names->items[i]);

		if (token == 0 || compilation->architecture_count == ARCHITECTURES)
			return refuse(ENOTSUP, "/linux/seccomp/architectures/%zu: this libseccomp does not know %s", i, names->items[i]);
		if ((token ^ native) & __AUDIT_ARCH_LE)
			return refuse(EINVAL, "/linux/seccomp/architectures/%zu: %s: its byte order is not that of this machine", i,
			              names->items[i]);
		add_architecture(compilation, token);
	}
	return 0;
}

/* What the kernel calls it: x32 is x86-64 there. */
static uint32_t audit_arch(uint32_t token)
{
	return token == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : token;
}

/* --- Numbers ---------------------------------------------------------------------------------------------------------- */

/* The call behind libseccomp's number for a function of socketcall or ipc; negative when the architecture does not have it. */
static int multiplexer(const struct architecture *arch, int number)
{
	if (number < -SOCKETCALL && number > -SOCKETCALL - FUNCTIONS)
		return arch->socketcall;
	return number < -IPC && number > -IPC - FUNCTIONS ? arch->ipc : -1;
}

/* libseccomp does not say which number a function has as a call of its own, only which name a number has. */
static void find_direct_numbers(struct compilation *compilation, struct architecture *arch)
{
	uint32_t base = (uint32_t)(arch->socketcall >= 0 ? arch->socketcall : arch->ipc) / 1000 * 1000;

	arch->direct = arena_array(&compilation->arena, IPC + FUNCTIONS, sizeof *arch->direct);
	for (size_t i = 0; i < IPC + FUNCTIONS; i++)
		arch->direct[i] = NO_CALL;
	for (uint32_t number = base; number < base + TABLE_SIZE; number++) {
		_cleanup_free_ char *name = seccomp_syscall_resolve_num_arch(arch->token, (int)number);
		int function = name ? seccomp_syscall_resolve_name_arch(arch->token, name) : 0;

		if (multiplexer(arch, function) >= 0)
			arch->direct[-function] = number;
	}
}

static const struct spec_seccomp_arg *function_is(struct compilation *compilation, uint32_t function)
{
	struct spec_seccomp_arg *arg = arena_alloc(&compilation->arena, sizeof *arg);

	*arg = (struct spec_seccomp_arg){ .index = 0, .op = SCMP_CMP_EQ, .value = function };
	return arg;
}

static void put_multiplexed(struct compilation *compilation, struct architecture *arch, struct calls *calls, struct call *call,
                            int number)
{
	int through = multiplexer(arch, number);

	if (through < 0)
		return;
	if (!arch->direct)
		find_direct_numbers(compilation, arch);
	call->number = arch->direct[-number];
	if (call->number != NO_CALL)
		put_call(calls, call);
	if (call->condition_count > 0 && !is_stricter(call->action, compilation->default_action))
		return;
	struct call function = *call;

	function.number = (uint32_t)through;
	function.condition_count = 1;
	function.conditions = function_is(compilation, (uint32_t)-number % FUNCTIONS);
	put_call(calls, &function);
}

static void put_numbers(struct compilation *compilation, struct architecture *arch, struct calls *calls, struct call *call)
{
	int number = seccomp_syscall_resolve_name_arch(arch->token, call->name);

	if (number == __NR_SCMP_ERROR) {
		if (arch == compilation->architectures)
			log_debug("/linux/seccomp/syscalls/%u: unknown system call %s skipped", call->order, call->name);
	} else if (number < 0) {
		put_multiplexed(compilation, arch, calls, call, number);
	} else {
		call->number = (uint32_t)number;
		put_call(calls, call);
	}
}

/* --- Rules ------------------------------------------------------------------------------------------------------------ */

/* The conditions as the architecture's arguments can meet them. */
static const struct spec_seccomp_arg *conditions_for(struct compilation *compilation, const struct architecture *arch,
                                                     const struct spec_seccomp_rule *rule)
{
	if (!arch->narrow || rule->arg_count == 0)
		return rule->args;
	struct spec_seccomp_arg *args = arena_array(&compilation->arena, rule->arg_count, sizeof *args);

	for (size_t i = 0; i < rule->arg_count; i++) {
		args[i] = rule->args[i];
		if (args[i].op == SCMP_CMP_EQ || args[i].op == SCMP_CMP_NE || args[i].op == SCMP_CMP_MASKED_EQ) {
			args[i].value &= UINT32_MAX;
			args[i].value_two &= UINT32_MAX;
		}
	}
	return args;
}

static bool same_argument_twice(const struct spec_seccomp_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->arg_count; i++) {
		if (seen >> rule->args[i].index & 1)
			return true;
		seen |= 1U << rule->args[i].index;
	}
	return false;
}

static void put_rule(struct compilation *compilation, struct architecture *arch, struct calls *calls, size_t number)
{
	const struct spec_seccomp_rule *rule = &compilation->spec->rules[number];
	const struct spec_seccomp_arg *conditions = conditions_for(compilation, arch, rule);
	bool alternatives = same_argument_twice(rule);

	for (size_t i = 0; i < rule->names.count; i++) {
		for (size_t j = 0; j < (alternatives ? rule->arg_count : 1); j++) {
			struct call call = {
				.action = compilation->rule_actions[number],
				.order = (unsigned)number,
				.name = rule->names.items[i],
				.condition_count = alternatives ? 1 : rule->arg_count,
				.conditions = conditions + j,
			};

			put_numbers(compilation, arch, calls, &call);
		}
	}
}

static void prepare_rules(struct compilation *compilation)
{
	const struct spec_seccomp *spec = compilation->spec;

	compilation->default_action = action_value(spec->default_action, &spec->default_errno_ret);
	compilation->rule_actions = arena_array(&compilation->arena, spec->rule_count, sizeof *compilation->rule_actions);
	for (size_t i = 0; i < spec->rule_count; i++)
		compilation->rule_actions[i] = action_value(spec->rules[i].action, &spec->rules[i].errno_ret);
}

/* --- Ranges ----------------------------------------------------------------------------------------------------------- */

struct ranges {
	size_t count;
	struct bpf_range *items;
};

/* From first on, until the next call of this, range holds. */
static void put_range(struct ranges *ranges, const struct bpf_range *range)
{
	struct bpf_range *last = ranges->count ? &ranges->items[ranges->count - 1] : NULL;

	if (last && last->first == range->first) {
		ranges->count--;
		last = ranges->count ? last - 1 : NULL;
	}
	if (last && last->rule_count == 0 && range->rule_count == 0 && last->action == range->action)
		return;
	ranges->items[ranges->count++] = *range;
}

static int by_number(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static void tell_shadowed(const struct call *calls, size_t count, const struct call *decides)
{
	for (size_t i = 0; i < count; i++)
		if (calls[i].action != decides->action && calls[i].condition_count == 0)
			log_debug("/linux/seccomp/syscalls/%u: %s: never counts, because of rule %u", calls[i].order, calls[i].name,
			            decides->order);
}

/* What the rules for one number, which are sorted, come to. */
static struct bpf_range decide(struct compilation *compilation, const struct call *calls, size_t count)
{
	struct bpf_range range = { .first = calls->number, .action = compilation->default_action };

	for (size_t i = 0; i < count; i++) {
		if (calls[i].condition_count == 0) {
			tell_shadowed(calls, count, &calls[i]);
			range.action = calls[i].action;
			return range;
		}
	}
	struct bpf_rule *rules = arena_array(&compilation->arena, count, sizeof *rules);

	for (size_t i = 0; i < count; i++)
		rules[i] = (struct bpf_rule){ calls[i].action, calls[i].condition_count, calls[i].conditions };
	range.rules = rules;
	range.rule_count = count;
	return range;
}

static bool has_architecture(const struct compilation *compilation, uint32_t token)
{
	for (size_t i = 0; i < compilation->architecture_count; i++)
		if (compilation->architectures[i].token == token)
			return true;
	return false;
}

/* What holds from number on where no rule says more: the two halves of x86-64 are architectures of their own. */
static uint32_t background(const struct compilation *compilation, uint32_t audit, uint32_t number)
{
	if (audit != AUDIT_ARCH_X86_64 || number == NO_CALL)
		return compilation->default_action;
	return has_architecture(compilation, number < X32_BIT ? SCMP_ARCH_X86_64 : SCMP_ARCH_X32) ? compilation->default_action
	                                                                                          : SECCOMP_RET_KILL_PROCESS;
}

static struct bpf_architecture make_ranges(struct compilation *compilation, uint32_t audit, struct calls *calls)
{
	static const uint32_t borders[] = { 0, X32_BIT, NO_CALL };
	struct ranges ranges = { .items = arena_array(&compilation->arena, 2 * calls->count + 3, sizeof *ranges.items) };
	size_t border = 0, i = 0;

	if (calls->count)
		qsort(calls->items, calls->count, sizeof *calls->items, by_number);
	while (border < 3 || i < calls->count) {
		if (border < 3 && (i == calls->count || borders[border] <= calls->items[i].number)) {
			uint32_t from = borders[border++];

			put_range(&ranges, &(struct bpf_range){ .first = from, .action = background(compilation, audit, from) });
			continue;
		}
		uint32_t number = calls->items[i].number;
		size_t count = 1;

		while (i + count < calls->count && calls->items[i + count].number == number)
			count++;
		struct bpf_range range = decide(compilation, &calls->items[i], count);

		put_range(&ranges, &range);
		put_range(&ranges, &(struct bpf_range){ .first = number + 1, .action = background(compilation, audit, number + 1) });
		i += count;
	}
	return (struct bpf_architecture){ audit, ranges.count, ranges.items };
}

/* --- All together ----------------------------------------------------------------------------------------------------- */

static struct bpf_architecture compile_architecture(struct compilation *compilation, uint32_t audit)
{
	struct calls calls = { .arena = &compilation->arena };

	for (size_t i = 0; i < compilation->architecture_count; i++) {
		if (audit_arch(compilation->architectures[i].token) != audit)
			continue;
		for (size_t j = 0; j < compilation->spec->rule_count; j++)
			if (compilation->rule_actions[j] != compilation->default_action)
				put_rule(compilation, &compilation->architectures[i], &calls, j);
	}
	return make_ranges(compilation, audit, &calls);
}

static int generate(struct compilation *compilation, struct bpf_program *program)
{
	struct bpf_architecture architectures[ARCHITECTURES];
	size_t count = 0;

	for (size_t i = 0; i < compilation->architecture_count; i++) {
		uint32_t audit = audit_arch(compilation->architectures[i].token);
		bool done = false;

		for (size_t j = 0; j < count; j++)
			done |= architectures[j].audit_arch == audit;
		if (!done)
			architectures[count++] = compile_architecture(compilation, audit);
	}
	/* The whole process: a thread killed alone leaves one that hangs. */
	if (bpf_generate(program, architectures, count, SECCOMP_RET_KILL_PROCESS) < 0)
		return refuse(E2BIG, "/linux/seccomp: the filter has %u instructions, the kernel takes %d: "
		              "use fewer rules with args, or fewer architectures", program->length, BPF_MAXINSNS);
	return 0;
}

int seccomp_compile(struct seccomp_filter *filter, const struct spec_seccomp *seccomp)
{
	__attribute__((cleanup(end_compilation))) struct compilation compilation = { .spec = seccomp };
	struct bpf_program *program = arena_alloc(&compilation.arena, sizeof *program);

	prepare_rules(&compilation);
	int r = add_architectures(&compilation);

	if (r >= 0)
		r = generate(&compilation, program);
	if (r < 0)
		return r;
	const size_t size = program->length * sizeof *program->code;

	filter->program = memcpy(arena_reserve(&filter->arena, size), program->code, size);
	filter->length = (unsigned short)program->length;
	return 0;
}
