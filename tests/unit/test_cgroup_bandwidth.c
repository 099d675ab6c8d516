/*
 * Network bandwidth: the annotations; the programs, run by a small interpreter here, on several processors too; and the kernel's own
 * verifier, counters and sockets. How exact TCP becomes by all that is measured by tests/net and tests/vm/suites.
 */
#include "cgroups/bandwidth.h"
#include "cgroups/program.h"
#include "child.h"

#include "base/sys.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SECOND UINT64_C(1000000000)

/* --- text ------------------------------------------------------------------------------------------------------------- */

static void limits_as_text(void **state)
{
	static const struct {
		const char *text;
		uint64_t rate, burst;
	} good[] = {
		{ "max", BANDWIDTH_UNLIMITED, 0 },
		{ "1000", 1000, 131072 },
		{ "1k", 1000, 131072 },
		{ "1kbit", 1000, 131072 },
		{ "1Ki", 1024, 131072 },
		{ "1M", 1000000, 131072 },
		{ "100M", 100000000, 5000000 },
		{ "100Mbit", 100000000, 5000000 },
		{ "100Mbps", 100000000, 5000000 },
		{ "1.5G", 1500000000, 75000000 },
		{ "0.000001T", 1000000, 131072 },
		{ "2.000000001G", 2000000001, 100000000 },
		{ "1Gi", 1073741824, 53687091 },
		{ "1.5Mi", 1572864, 131072 },
		{ "1000T", BANDWIDTH_RATE_MAX, BANDWIDTH_BURST_MAX },
		{ "100M,burst=1", 100000000, 1 },
		{ "100M,burst=256Ki", 100000000, 262144 },
		{ "100Mbit,burst=256KiB", 100000000, 262144 },
		{ "100M,burst=1.5M", 100000000, 1500000 },
		{ "1k,burst=1Gi", 1000, BANDWIDTH_BURST_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct bandwidth_limit limit;

		if (bandwidth_parse(good[i].text, &limit) < 0)
			fail_msg("%s: %s", good[i].text, error_record()->text);
		assert_true(limit.set);
		if (limit.rate != good[i].rate || limit.burst != good[i].burst)
			fail_msg("%s: rate %" PRIu64 ", burst %" PRIu64, good[i].text, limit.rate, limit.burst);
	}
}

static void limits_become_text(void **state)
{
	static const struct {
		const char *text, *again;
	} texts[] = {
		{ "max", "max" },
		{ "1000", "1k" },
		{ "1Kibps", "1Ki" },
		{ "1024000", "1000Ki" },
		{ "1.5Gbit", "1500M" },
		{ "2.000000001G", "2000000001" },
		{ "1000T", "1000T" },
		{ "100M,burst=5M", "100M" },
		{ "100M,burst=256KiB", "100M,burst=256Ki" },
		{ "1M,burst=128Ki", "1M" },
		{ "1k,burst=1Gi", "1k,burst=1Gi" },
		{ "8Gi,burst=1", "8Gi,burst=1" },
	};
	struct arena _cleanup_arena_ arena = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct bandwidth_limit limit, again;

		assert_int_equal(bandwidth_parse(texts[i].text, &limit), 0);
		assert_string_equal(bandwidth_to_text(&limit, &arena), texts[i].again);
		assert_int_equal(bandwidth_parse(texts[i].again, &again), 0);
		assert_true(again.rate == limit.rate && again.burst == limit.burst);
	}
}

static void what_is_no_limit(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"0",
		"999",
		"0.9k",
		"10x",
		"x",
		"M",
		"-1M",
		"+1M",
		" 1M",
		"1M ",
		"1 M",
		"1m",
		"1K",
		"1MB",
		"1kb",
		"1Mbits",
		"1e6",
		"0x10000",
		"1.M",
		".5M",
		"1.0000000001G",
		"1..5M",
		"1,5M",
		"1001T",
		"1000Ti",
		"18446744073709551615",
		"18446744073709551616000",
		"99999999999999999999999",
		"Max",
		"max,burst=1k",
		"maximum",
		"inf",
		"1M,",
		"1M,burst",
		"1M,burst=",
		"1M,burst=0",
		"1M,burst=-1",
		"1M,burst=2Gi",
		"1M,burst=1Gi1",
		"1M,burst=1kbit",
		"1M,burst=1k,burst=1k",
		"1M,brust=1k",
		"1M burst=1k",
		"1M,BURST=1k",
		"1M\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct bandwidth_limit limit;
		char quoted[64];

		if (bandwidth_parse(bad[i], &limit) != -EINVAL)
			fail_msg("'%s' was taken for %" PRIu64, bad[i], limit.rate);
		snprintf(quoted, sizeof quoted, "\"%s\": ", bad[i]);
		assert_non_null(strstr(error_record()->text, quoted));
	}
}

static void annotations(void **state)
{
	struct string_pair items[] = {
		{ (char[]){ "org.berth.network" }, (char[]){ "1x" } },
		{ (char[]){ BANDWIDTH_INGRESS }, (char[]){ "2M" } },
		{ (char[]){ "org.berth.network.egress.x" }, (char[]){ "1x" } },
		{ (char[]){ BANDWIDTH_EGRESS }, (char[]){ "10x" } },
	};
	struct string_map map = { .set = true, .count = 3, .items = items };
	struct bandwidth bandwidth;

	(void)state;
	assert_int_equal(bandwidth_from_annotations(&map, &bandwidth), 0);
	assert_false(bandwidth.egress.set);
	assert_true(bandwidth.ingress.set);
	assert_int_equal(bandwidth.ingress.rate, 2000000);
	assert_string_equal(bandwidth_asked(&bandwidth), BANDWIDTH_INGRESS);
	map.count = 4;
	assert_int_equal(bandwidth_from_annotations(&map, &bandwidth), -EINVAL);
	assert_ptr_equal(strstr(error_record()->text, "/annotations/org.berth.network.egress: \"10x\": "),
			 error_record()->text);
	items[3].value[2] = 'k';
	assert_int_equal(bandwidth_from_annotations(&map, &bandwidth), 0);
	assert_int_equal(bandwidth.egress.rate, 10000);
	assert_string_equal(bandwidth_asked(&bandwidth), BANDWIDTH_EGRESS);
	assert_int_equal(bandwidth_from_annotations(&(struct string_map){ 0 }, &bandwidth), 0);
	assert_null(bandwidth_asked(&bandwidth));
}

/* --- the interpreter -------------------------------------------------------------------------------------------------- */

#define LIMITS 100
#define COUNTS 101

/* What all processors share. */
static struct bandwidth_limits limits;
static struct bandwidth_counts counts;
static uint64_t now;

struct processor {
	const struct bandwidth_program *program;
	size_t pc;
	bool done;
	uint64_t r[11];
	char stack[512];
	const void *context;
	size_t context_size;
	/* what the pacing program asked for */
	uint32_t pace, flags;
};

/* Any memory that the program has no reason to touch fails the test. */
static char *memory(struct processor *cpu, uint64_t address, size_t size, bool write)
{
	const struct {
		const void *start;
		size_t size;
		bool writable;
	} regions[] = {
		{ &limits, sizeof limits, true },
		{ &counts, sizeof counts, true },
		{ cpu->stack, sizeof cpu->stack, true },
		{ cpu->context, cpu->context_size, false },
	};

	for (size_t i = 0; i < COUNT(regions); i++) {
		uint64_t start = (uint64_t)(uintptr_t)regions[i].start;

		if (address >= start && address + size <= start + regions[i].size && (regions[i].writable || !write)) {
			assert_int_equal(address % size, 0);
			return (char *)(uintptr_t)address;
		}
	}
	fail_msg("instruction %zu: no such memory", cpu->pc);
	return NULL;
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
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_LSH:
		assert_true(b < 64);
		return a << b;
	case BPF_RSH:
		assert_true(b < 64);
		return a >> b;
	default:
		fail_msg("operation %#x", (unsigned)operation);
		return 0;
	}
}

static bool holds(int condition, uint64_t a, uint64_t b)
{
	switch (condition) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLE:
		return a <= b;
	default:
		fail_msg("condition %#x", (unsigned)condition);
		return false;
	}
}

static void call_helper(struct processor *cpu, int32_t helper)
{
	uint64_t *r = cpu->r;

	switch (helper) {
	case BPF_FUNC_ktime_get_ns:
		r[0] = now;
		break;
	case BPF_FUNC_setsockopt:
		assert_int_equal(r[1], (uint64_t)(uintptr_t)cpu->context);
		assert_int_equal(r[2], SOL_SOCKET);
		assert_int_equal(r[3], SO_MAX_PACING_RATE);
		assert_int_equal(r[5], sizeof cpu->pace);
		memcpy(&cpu->pace, memory(cpu, r[4], sizeof cpu->pace, false), sizeof cpu->pace);
		r[0] = 0;
		break;
	case BPF_FUNC_sock_ops_cb_flags_set:
		assert_int_equal(r[1], (uint64_t)(uintptr_t)cpu->context);
		cpu->flags = (uint32_t)r[2];
		r[0] = 0;
		break;
	default:
		fail_msg("helper %d", helper);
	}
	/* The kernel's calling convention clobbers them. */
	for (int i = 1; i <= 5; i++)
		r[i] = UINT64_C(0xdeadbeefdeadbeef);
}

static void load_wide(struct processor *cpu, const struct bpf_insn *i)
{
	uint32_t offset = (uint32_t)i[1].imm;

	if (i->src_reg == BPF_PSEUDO_MAP_VALUE && i->imm == LIMITS)
		cpu->r[i->dst_reg] = (uint64_t)(uintptr_t)&limits + offset;
	else if (i->src_reg == BPF_PSEUDO_MAP_VALUE && i->imm == COUNTS)
		cpu->r[i->dst_reg] = (uint64_t)(uintptr_t)&counts + offset;
	else
		cpu->r[i->dst_reg] = (uint32_t)i->imm | (uint64_t)offset << 32;
	assert_true(i->src_reg == BPF_PSEUDO_MAP_VALUE || i->src_reg == 0);
	cpu->pc++;
}

static void do_atomic(struct processor *cpu, const struct bpf_insn *i)
{
	uint64_t *r = cpu->r, old;
	char *at = memory(cpu, r[i->dst_reg] + (uint64_t)i->off, 8, true);

	memcpy(&old, at, 8);
	assert_true(i->imm == BPF_ADD || i->imm == BPF_CMPXCHG);
	uint64_t new = i->imm == BPF_ADD ? old + r[i->src_reg] : old == r[0] ? r[i->src_reg] : old;

	memcpy(at, &new, 8);
	if (i->imm == BPF_CMPXCHG)
		r[0] = old;
}

static void load_or_store(struct processor *cpu, const struct bpf_insn *i)
{
	size_t size = BPF_SIZE(i->code) == BPF_DW ? 8 : 4;
	bool store = BPF_CLASS(i->code) == BPF_STX;
	char *at = memory(cpu, cpu->r[store ? i->dst_reg : i->src_reg] + (uint64_t)i->off, size, store);

	assert_int_equal(BPF_MODE(i->code), BPF_MEM);
	assert_true(BPF_SIZE(i->code) == BPF_DW || BPF_SIZE(i->code) == BPF_W);
	if (store) {
		memcpy(at, &cpu->r[i->src_reg], size);
		return;
	}
	cpu->r[i->dst_reg] = 0;
	memcpy(&cpu->r[i->dst_reg], at, size);
}

static void begin(struct processor *cpu, const struct bandwidth_program *program, const void *context, size_t size)
{
	*cpu = (struct processor){ .program = program, .context = context, .context_size = size };
	memset(cpu->r, 0xee, sizeof cpu->r);
	cpu->r[1] = (uint64_t)(uintptr_t)context;
	cpu->r[10] = (uint64_t)(uintptr_t)(cpu->stack + sizeof cpu->stack);
}

static void step(struct processor *cpu)
{
	const struct bpf_insn *i = &cpu->program->code[cpu->pc];
	uint64_t operand = BPF_SRC(i->code) == BPF_X ? cpu->r[i->src_reg] : (uint64_t)(int64_t)i->imm;

	assert_true(cpu->pc < cpu->program->count);
	if (i->code == (BPF_JMP | BPF_EXIT))
		cpu->done = true;
	else if (i->code == (BPF_JMP | BPF_CALL))
		call_helper(cpu, i->imm);
	else if (i->code == (BPF_LD | BPF_IMM | BPF_DW))
		load_wide(cpu, i);
	else if (i->code == (BPF_STX | BPF_ATOMIC | BPF_DW))
		do_atomic(cpu, i);
	else if (BPF_CLASS(i->code) == BPF_LDX || BPF_CLASS(i->code) == BPF_STX)
		load_or_store(cpu, i);
	else if (BPF_CLASS(i->code) == BPF_ALU64)
		cpu->r[i->dst_reg] = operate(BPF_OP(i->code), cpu->r[i->dst_reg], operand);
	else if (BPF_CLASS(i->code) == BPF_JMP)
		cpu->pc += holds(BPF_OP(i->code), cpu->r[i->dst_reg], operand) ? (size_t)i->off : 0;
	else
		fail_msg("instruction %#x", i->code);
	cpu->pc++;
}

static uint64_t run(struct processor *cpu)
{
	while (!cpu->done)
		step(cpu);
	return cpu->r[0];
}

/* --- policing --------------------------------------------------------------------------------------------------------- */

static struct bandwidth_program egress, ingress, pacing;

static int build(void **state)
{
	(void)state;
	bandwidth_program_build(&egress, BANDWIDTH_POLICE_EGRESS, LIMITS, COUNTS);
	bandwidth_program_build(&ingress, BANDWIDTH_POLICE_INGRESS, LIMITS, COUNTS);
	bandwidth_program_build(&pacing, BANDWIDTH_PACE, LIMITS, COUNTS);
	assert_true(egress.count <= BANDWIDTH_CODE_MAX && ingress.count <= BANDWIDTH_CODE_MAX &&
		    pacing.count <= BANDWIDTH_CODE_MAX);
	limits = (struct bandwidth_limits){ 0 };
	counts = (struct bandwidth_counts){ 0 };
	now = 1000 * SECOND;
	return 0;
}

static struct __sk_buff packet(uint32_t bytes)
{
	return (struct __sk_buff){ .len = bytes, .ifindex = 7, .protocol = htons(ETH_P_IP) };
}

static uint64_t police(const struct bandwidth_program *program, struct __sk_buff skb)
{
	struct processor cpu;

	begin(&cpu, program, &skb, sizeof skb);
	return run(&cpu);
}

/* 8000 bits a second are a millisecond a byte. */
static struct bandwidth_gate slow_gate(uint64_t burst)
{
	return (struct bandwidth_gate){ .rate = 8000, .burst = burst, .tolerance = burst * 1000000 };
}

static void a_burst_passes_and_then_the_rate(void **state)
{
	(void)state;
	limits.egress = slow_gate(3000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(police(&egress, packet(1000)), BANDWIDTH_PASS);
	assert_int_equal(limits.egress.clock, 1003 * SECOND);
	assert_int_equal(police(&egress, packet(1000)), BANDWIDTH_DROP_EGRESS);
	assert_int_equal(limits.egress.clock, 1003 * SECOND);
	now += SECOND - 1;
	assert_int_equal(police(&egress, packet(1000)), BANDWIDTH_DROP_EGRESS);
	now++;
	assert_int_equal(police(&egress, packet(1000)), BANDWIDTH_PASS);
	assert_int_equal(police(&egress, packet(1000)), BANDWIDTH_DROP_EGRESS);
	assert_memory_equal(&counts.egress, (&(struct bandwidth_count){ 4000, 4, 3000, 3 }), sizeof counts.egress);
	/* The other way is another matter. */
	assert_memory_equal(&counts.ingress, (&(struct bandwidth_count){ 0 }), sizeof counts.ingress);
	assert_int_equal(limits.ingress.clock, 0);
}

static void a_pause_saves_one_burst(void **state)
{
	uint64_t passed = 0;

	(void)state;
	limits.ingress = slow_gate(3000);
	now += 1000000 * SECOND;
	while (police(&ingress, packet(1000)) == BANDWIDTH_PASS)
		passed++;
	assert_int_equal(passed, 3);
	assert_int_equal(police(&ingress, packet(1000)), BANDWIDTH_DROP_INGRESS);
	assert_memory_equal(&counts.ingress, (&(struct bandwidth_count){ 3000, 3, 2000, 2 }), sizeof counts.ingress);
}

static void any_size_passes_and_is_paid_for(void **state)
{
	(void)state;
	limits.egress = slow_gate(1);
	assert_int_equal(police(&egress, packet(65000)), BANDWIDTH_PASS);
	now += 64 * SECOND;
	assert_int_equal(police(&egress, packet(1500)), BANDWIDTH_DROP_EGRESS);
	now += SECOND;
	assert_int_equal(police(&egress, packet(1500)), BANDWIDTH_PASS);
}

static void large_packets_leave_half_to_others(void **state)
{
	(void)state;
	limits.egress = slow_gate(10000);
	assert_int_equal(police(&egress, packet(5000)), BANDWIDTH_PASS);
	assert_int_equal(police(&egress, packet(65000)), BANDWIDTH_PASS);
	now += 65 * SECOND - 1;
	assert_int_equal(police(&egress, packet(65000)), BANDWIDTH_DROP_EGRESS);
	assert_int_equal(police(&egress, packet(5000)), BANDWIDTH_DROP_EGRESS);
	assert_int_equal(police(&egress, packet(1000)), BANDWIDTH_PASS);
	assert_int_equal(police(&egress, packet(1000)), BANDWIDTH_PASS);
	assert_int_equal(police(&egress, packet(5000)), BANDWIDTH_DROP_EGRESS);
	now += 2 * SECOND + 1;
	assert_int_equal(police(&egress, packet(5000)), BANDWIDTH_PASS);
}

static void small_packets_pass_longer_but_not_for_ever(void **state)
{
	uint64_t passed = 0;

	(void)state;
	limits.egress = slow_gate(1000);
	while (police(&egress, packet(BANDWIDTH_SMALL_PACKET + 1)) == BANDWIDTH_PASS)
		;
	while (police(&egress, packet(100)) == BANDWIDTH_PASS)
		passed++;
	/* From 0.771 s ahead until more than 2 s. */
	assert_int_equal(passed, 13);
	assert_int_equal(limits.egress.clock - now, 2071 * SECOND / 1000);
	assert_int_equal(police(&egress, packet(40)), BANDWIDTH_DROP_EGRESS);
}

static void segments_have_headers_each(void **state)
{
	struct __sk_buff skb = packet(52 + 10 * 1000);

	(void)state;
	skb.gso_segs = 10;
	police(&egress, skb);
	assert_int_equal(counts.egress.passed_bytes, 10 * (52 + 1000));
	skb.protocol = htons(ETH_P_IPV6);
	skb.len = 72 + 10 * 1000;
	police(&ingress, skb);
	assert_int_equal(counts.ingress.passed_bytes, 10 * (72 + 1000));
	skb.gso_segs = 1;
	police(&ingress, skb);
	assert_int_equal(counts.ingress.passed_bytes, 10 * (72 + 1000) + 72 + 10 * 1000);
	/* That is also what they cost. */
	skb.gso_segs = 10;
	limits.egress = slow_gate(1);
	police(&egress, skb);
	assert_int_equal(limits.egress.clock - now, 10720 * SECOND / 1000);
}

static void loopback_is_no_network(void **state)
{
	struct __sk_buff skb = packet(1000);

	(void)state;
	limits.egress = limits.ingress = slow_gate(1);
	skb.ifindex = 1;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(police(&egress, skb), BANDWIDTH_PASS);
		assert_int_equal(police(&ingress, skb), BANDWIDTH_PASS);
	}
	assert_memory_equal(&counts, (&(struct bandwidth_counts){ 0 }), sizeof counts);
	assert_int_equal(limits.egress.clock, 0);
	/* A packet that came over no device that the kernel still knows is limited. */
	skb.ifindex = 0;
	police(&ingress, skb);
	assert_int_equal(counts.ingress.passed_packets, 1);
}

static void without_a_limit_it_counts(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(police(&egress, packet(65000)), BANDWIDTH_PASS);
	assert_memory_equal(&counts.egress, (&(struct bandwidth_count){ 65000000, 1000, 0, 0 }), sizeof counts.egress);
	assert_int_equal(limits.egress.clock, 0);
}

/* Three times the rate is offered, at odd moments and in odd sizes, and never a burst's time without anything. */
static void offer(uint64_t rate, uint32_t largest, unsigned *seed)
{
	uint64_t begun = now, usual = bandwidth_default_burst(rate), burst = usual < 2 * largest ? 2 * largest : usual,
		 bytes_ns = 8 * SECOND;

	limits.egress = (struct bandwidth_gate){ .rate = rate, .burst = burst, .tolerance = burst * bytes_ns / rate };
	counts = (struct bandwidth_counts){ 0 };
	for (int i = 0; i < 100000; i++) {
		uint32_t size = 300 + (uint32_t)rand_r(seed) % (largest - 300);

		police(&egress, packet(size));
		now += size * bytes_ns / rate / 3 * ((unsigned)rand_r(seed) % 3);
	}
	double seconds = (double)(now - begun) / 1e9, most = seconds * (double)rate / 8 + (double)burst + largest;
	double passed = (double)counts.egress.passed_bytes;

	if (passed > most * 1.0005 || passed < (most - (double)burst) * 0.995)
		fail_msg("at %" PRIu64 " bits a second %.0f bytes passed of %.0f", rate, passed, most);
}

static void the_rate_is_exact_in_the_long_run(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (uint64_t rate = 8000; rate <= 10 * SECOND; rate *= 5) {
		offer(rate, 1500, &seed);
		offer(rate, 65535, &seed);
	}
}

/* Some processors at once, of which each may be held up after any instruction: what passes is paid for, once. */
static void processors_agree(void **state)
{
	enum { PROCESSORS = 4, PACKETS = 20000, SIZE = 1000 };
	static struct processor cpus[PROCESSORS];
	static struct __sk_buff skb;
	unsigned seed = 1;
	uint64_t packets = 0, begun = now, idle = 0;

	(void)state;
	skb = packet(SIZE);
	limits.egress = slow_gate(5000);
	for (int i = 0; i < PROCESSORS; i++)
		begin(&cpus[i], &egress, &skb, sizeof skb);
	while (packets < PACKETS) {
		struct processor *cpu = &cpus[(unsigned)rand_r(&seed) % PROCESSORS];

		step(cpu);
		now += (unsigned)rand_r(&seed) % 20 * 1000000;
		if (!cpu->done)
			continue;
		packets++;
		begin(cpu, &egress, &skb, sizeof skb);
		if (packets % 1000 == 0) {
			/* A pause, after which all of them find a clock that lags. */
			now += 100 * SECOND;
			idle += 100 * SECOND;
		}
	}
	for (int i = 0; i < PROCESSORS; i++)
		run(&cpus[i]);

	uint64_t passed = counts.egress.passed_packets, bursts = PACKETS / 1000 + 1;
	double seconds = (double)(now - begun - idle) / 1e9;

	assert_int_equal(passed + counts.egress.dropped_packets, PACKETS + PROCESSORS);
	assert_true(counts.egress.dropped_packets > PACKETS / 10);
	/* One a second, a burst after each pause, and what each other processor had let pass meanwhile. */
	assert_true((double)passed <= seconds + (double)(bursts * (5 + PROCESSORS)));
	assert_true((double)passed >= seconds * 0.98);
}

/* --- pacing ----------------------------------------------------------------------------------------------------------- */

#define RATE UINT64_C(100000000)
#define BASE (RATE / 8)

static void pace_at_100m(void)
{
	limits.egress = (struct bandwidth_gate){ .rate = RATE, .burst = 5000000, .tolerance = 400000000 };
	limits.pacing = (struct bandwidth_pacing){ .base = BASE, .floor = 131072, .slack = 5242880, .step = 50000000 };
}

static struct processor paced(struct bpf_sock_ops ops)
{
	struct processor cpu;

	begin(&cpu, &pacing, &ops, sizeof ops);
	assert_int_equal(run(&cpu), 1);
	return cpu;
}

static uint32_t pace_when_ahead(uint64_t ahead)
{
	limits.egress.clock = now + ahead;
	return paced((struct bpf_sock_ops){ .op = BPF_SOCK_OPS_RTT_CB }).pace;
}

static void sockets_slow_down_together(void **state)
{
	uint32_t last = UINT32_MAX;

	(void)state;
	pace_at_100m();
	limits.egress.clock = now - SECOND;
	assert_int_equal(paced((struct bpf_sock_ops){ .op = BPF_SOCK_OPS_RTT_CB }).pace, BASE + BASE / 4);
	assert_int_equal(pace_when_ahead(0), BASE + BASE / 4);
	assert_int_equal(pace_when_ahead(5242880 / 2), BASE + BASE / 8);
	assert_int_equal(pace_when_ahead(5242880), BASE);
	assert_in_range(pace_when_ahead(5242880 + 25000000), BASE * 3 / 4 - 1, BASE * 3 / 4 + 1);
	assert_int_equal(pace_when_ahead(5242880 + 50000000), BASE / 2);
	assert_int_equal(pace_when_ahead(5242880 + 150000000), BASE / 8);
	assert_int_equal(pace_when_ahead(5242880 + 400000000), 131072);
	assert_int_equal(pace_when_ahead(UINT64_C(1) << 55), 131072);
	for (uint64_t ahead = 0; ahead < SECOND; ahead += 999999) {
		uint32_t pace = pace_when_ahead(ahead);

		assert_true(pace <= last && pace >= 131072);
		last = pace;
	}
	/* Pacing charges nothing. */
	assert_memory_equal(&counts, (&(struct bandwidth_counts){ 0 }), sizeof counts);
}

static void paces_at_the_ends_of_the_scale(void **state)
{
	(void)state;
	/* 1 kbit/s */
	limits.egress = (struct bandwidth_gate){ .rate = 1000, .tolerance = 131072000000 };
	limits.pacing = (struct bandwidth_pacing){ .base = 125, .floor = 125, .slack = 524288000000, .step = 16384000000 };
	assert_int_equal(pace_when_ahead(0), 125 + 31);
	assert_int_equal(pace_when_ahead(524288000000), 125);
	assert_int_equal(pace_when_ahead(UINT64_C(1) << 60), 125);
	/* 1 Pbit/s; slack is less than a nanosecond */
	limits.pacing = (struct bandwidth_pacing){ .base = 125000000000000, .floor = 488281250000, .slack = 0, .step = 1 };
	assert_int_equal(pace_when_ahead(0), UINT32_MAX);
	assert_int_equal(pace_when_ahead(1000), UINT32_MAX);
	/* No limit any longer. */
	limits.pacing = (struct bandwidth_pacing){ .base = UINT64_C(1) << 32, .step = 1 };
	limits.egress.clock = 0;
	assert_int_equal(paced((struct bpf_sock_ops){ .op = BPF_SOCK_OPS_RTT_CB }).pace, UINT32_MAX);
	/* None ever. */
	limits.pacing = (struct bandwidth_pacing){ 0 };
	assert_int_equal(paced((struct bpf_sock_ops){ .op = BPF_SOCK_OPS_RTT_CB }).pace, 0);
}

static struct bpf_sock_ops connection(uint32_t op, int family, const char *local, const char *remote)
{
	struct bpf_sock_ops ops = { .op = op, .family = (uint32_t)family, .bpf_sock_ops_cb_flags = BPF_SOCK_OPS_STATE_CB_FLAG };

	assert_int_equal(inet_pton(family, local, family == AF_INET ? &ops.local_ip4 : ops.local_ip6), 1);
	assert_int_equal(inet_pton(family, remote, family == AF_INET ? &ops.remote_ip4 : ops.remote_ip6), 1);
	return ops;
}

static void new_connections_are_paced(void **state)
{
	static const uint32_t begins[] = { BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB };
	static const struct {
		int family;
		const char *local, *remote;
		bool paced;
	} connections[] = {
		{ AF_INET, "10.0.0.1", "10.0.0.2", true },
		{ AF_INET, "10.0.0.1", "10.0.0.1", false },
		{ AF_INET, "127.0.0.1", "127.0.0.53", false },
		{ AF_INET, "10.0.0.127", "10.0.1.127", true },
		{ AF_INET6, "fd00::1", "fd00::2", true },
		{ AF_INET6, "fd00::1", "fd00::1", false },
		{ AF_INET6, "::1", "::1", false },
		{ AF_INET6, "fd00:1::1", "fd00:2::1", true },
		{ AF_INET6, "fd00::1:0:0:1", "fd00::1", true },
		{ AF_INET6, "fd00::1:1", "fd00::1", true },
	};

	(void)state;
	pace_at_100m();
	limits.egress.clock = now + limits.pacing.slack;
	for (size_t i = 0; i < COUNT(connections); i++)
		for (size_t j = 0; j < COUNT(begins); j++) {
			struct processor cpu = paced(
				connection(begins[j], connections[i].family, connections[i].local, connections[i].remote));

			if (cpu.pace != (connections[i].paced ? BASE : 0))
				fail_msg("%s to %s: %u", connections[i].local, connections[i].remote, cpu.pace);
			/* The flags of others stay. */
			assert_int_equal(cpu.flags,
					 connections[i].paced ? BPF_SOCK_OPS_STATE_CB_FLAG | BPF_SOCK_OPS_RTT_CB_FLAG : 0);
		}
	/* Nothing else is our business. */
	for (uint32_t op = 0; op < 32; op++) {
		struct processor cpu = paced(connection(op, AF_INET, "10.0.0.1", "10.0.0.2"));
		bool begin_or_rtt = op == BPF_SOCK_OPS_RTT_CB || op == begins[0] || op == begins[1];

		assert_int_equal(cpu.pace, begin_or_rtt ? BASE : 0);
	}
}

/* --- for real --------------------------------------------------------------------------------------------------------- */

static struct cgroup group = { .fd = -1 };
static char own_group[4096];
static int tun = -1;

#define NEEDS_GROUP()             \
	do {                      \
		if (group.fd < 0) \
			skip();   \
	} while (0)

static void must(int r)
{
	if (r < 0)
		fail_msg("%s (%d)", error_record()->text, r);
}

static int add_ipv6_address(void)
{
	struct {
		struct in6_addr address;
		uint32_t prefix;
		int index;
	} request = { .prefix = 64 };
	struct ifreq device = { .ifr_name = "tun0" };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	inet_pton(AF_INET6, "fd07::1", &request.address);
	r = ioctl(fd, SIOCGIFINDEX, &device);
	request.index = device.ifr_ifindex;
	if (r == 0)
		r = ioctl(fd, SIOCSIFADDR, &request);
	close(fd);
	return r;
}

/* A network device whose other end we hold: 10.7.0.1/24 and fd07::1/64. */
static int make_tun(void)
{
	struct ifreq device = { .ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI };
	struct sockaddr_in *address = (struct sockaddr_in *)(void *)&device.ifr_addr;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun < 0 || ioctl(tun, TUNSETIFF, &device) < 0)
		return -1;
	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	inet_pton(AF_INET, "10.7.0.1", &address->sin_addr);
	r = ioctl(fd, SIOCSIFADDR, &device);
	inet_pton(AF_INET, "255.255.255.0", &address->sin_addr);
	if (r == 0)
		r = ioctl(fd, SIOCSIFNETMASK, &device);
	device.ifr_flags = IFF_UP | IFF_RUNNING;
	if (r == 0)
		r = ioctl(fd, SIOCSIFFLAGS, &device);
	close(fd);
	return r == 0 ? add_ipv6_address() : r;
}

static int private_place(void **state)
{
	char path[64];

	(void)state;
	if (geteuid() != 0 || access("/dev/net/tun", F_OK) < 0)
		return 0;
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 || sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	(void)sys_umount2("/sys/fs/cgroup", MNT_DETACH);
	if (sys_mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL) < 0)
		return -1;
	if (cgroup_own_path(own_group, sizeof own_group) < 0)
		return -1;
	snprintf(path, sizeof path, "/berth-unit-bandwidth.%d", (int)getpid());
	if (cgroup_create(&group, &(struct cgroup_request){ .cgroups_path = path, .id = "unit" }) < 0)
		return -1;
	return make_tun();
}

static int leave_place(void **state)
{
	(void)state;
	return group.fd >= 0 ? cgroup_remove(&group) : 0;
}

static int forget_programs(void **state)
{
	static const struct cgroup_program ours[] = {
		{ "berth_egress", "", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS },
		{ "berth_ingress", "", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS },
		{ "berth_pacing", "", BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS },
	};
	int found = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(ours) && group.fd >= 0; i++) {
		_cleanup_fd_ int fd = -1;

		if (cgroup_program_find(&group, &ours[i], &fd) == 1 && cgroup_program_detach(&group, &ours[i], fd) == 0)
			found++;
	}
	return state ? 0 : found;
}

static void enter(const char *path)
{
	char file[4200];

	snprintf(file, sizeof file, "/sys/fs/cgroup%s/cgroup.procs", path);
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	assert_int_equal(write(fd, "0", 1), 1);
	close(fd);
}

/* A socket belongs to the group in which it was made. */
static int socket_in_group(int family)
{
	enter(group.path);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	enter(own_group);
	assert_true(fd >= 0);
	return fd;
}

/* Over 8 s a packet, so that no delay of this test lets one more pass: 5 of PAYLOAD bytes are a burst. */
#define PAYLOAD 1000
#define BURST_OF_5 (5 * (PAYLOAD + 28) + 500)

static struct bandwidth slow(void)
{
	struct bandwidth_limit limit = { .set = true, .rate = 1000, .burst = BURST_OF_5 };

	return (struct bandwidth){ .egress = limit, .ingress = limit };
}

static struct stats_network network_stats(void)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct cgroup_stats stats;

	must(cgroup_read_stats(&group, &arena, &stats));
	return stats.network;
}

/* Packets of our test that came out at the device's other end. */
static size_t read_tun(void)
{
	char buffer[2048];
	size_t count = 0;
	ssize_t n;

	while ((n = read(tun, buffer, sizeof buffer)) > 0)
		count += n == PAYLOAD + 28 || n == PAYLOAD + 48;
	return count;
}

static void send_ten(int family, const char *address)
{
	static const char payload[PAYLOAD];
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	_cleanup_fd_ int fd = socket_in_group(family);

	inet_pton(family, address, family == AF_INET ? (void *)&in.sin_addr : (void *)&in6.sin6_addr);
	for (int i = 0; i < 10; i++) {
		ssize_t n = family == AF_INET ? sendto(fd, payload, sizeof payload, 0, (struct sockaddr *)&in, sizeof in)
					      : sendto(fd, payload, sizeof payload, 0, (struct sockaddr *)&in6, sizeof in6);

		/* As behind a full queue: the sender is not bothered. */
		assert_int_equal(n, PAYLOAD);
	}
}

static void what_is_sent_is_limited(void **state)
{
	static const struct {
		int family;
		const char *address;
		size_t headers;
	} ways[] = { { AF_INET, "10.7.0.2", 28 }, { AF_INET6, "fd07::2", 48 } };
	struct bandwidth limit = slow();

	(void)state;
	NEEDS_GROUP();
	for (size_t i = 0; i < COUNT(ways); i++) {
		must(cgroup_set_bandwidth(&group, &limit));
		read_tun();
		send_ten(ways[i].family, ways[i].address);
		assert_int_equal(read_tun(), 5);
		struct stats_network stats = network_stats();

		assert_true(stats.set);
		assert_int_equal(stats.egress.passed_packets, 5);
		assert_int_equal(stats.egress.passed_bytes, 5 * (PAYLOAD + ways[i].headers));
		assert_int_equal(stats.egress.dropped_packets, 5);
		assert_int_equal(stats.egress.dropped_bytes, 5 * (PAYLOAD + ways[i].headers));
		assert_int_equal(stats.egress.rate, 1000);
		assert_int_equal(stats.egress.burst, BURST_OF_5);
		assert_int_equal(stats.ingress.passed_packets + stats.ingress.dropped_packets, 0);
		forget_programs(state);
	}
	/* Of this process, which is not in the group, nothing was limited. */
	read_tun();
	send_ten(AF_INET, "10.7.0.2");
	assert_int_equal(read_tun(), 10);
}

/* A UDP datagram of PAYLOAD bytes from 10.7.0.2 to 10.7.0.1, port 5000. */
static void inject(void)
{
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char payload[PAYLOAD];
	} p = {
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .tot_len = htons(sizeof p) },
		.udp = { .uh_sport = htons(9), .uh_dport = htons(5000), .uh_ulen = htons(sizeof p.udp + PAYLOAD) },
	};
	uint16_t words[sizeof p.ip / 2];
	uint32_t sum = 0;

	inet_pton(AF_INET, "10.7.0.2", &p.ip.saddr);
	inet_pton(AF_INET, "10.7.0.1", &p.ip.daddr);
	memcpy(words, &p.ip, sizeof words);
	for (size_t i = 0; i < COUNT(words); i++)
		sum += words[i];
	p.ip.check = (uint16_t) ~(sum + (sum >> 16));
	assert_int_equal(write(tun, &p, sizeof p), sizeof p);
}

static void what_is_received_is_limited(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(5000) };
	struct bandwidth limit = slow();
	char buffer[2048];
	size_t received = 0;
	struct stats_network stats;

	(void)state;
	NEEDS_GROUP();
	must(cgroup_set_bandwidth(&group, &limit));
	_cleanup_fd_ int fd = socket_in_group(AF_INET);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	for (int i = 0; i < 10; i++)
		inject();
	/* The kernel may take its time. */
	for (int tries = 0; tries < 60000; tries++) {
		stats = network_stats();
		if (stats.ingress.passed_packets + stats.ingress.dropped_packets >= 10)
			break;
		usleep(1000);
	}
	assert_int_equal(stats.ingress.passed_packets, 5);
	assert_int_equal(stats.ingress.dropped_packets, 5);
	assert_int_equal(stats.ingress.passed_bytes, 5 * (PAYLOAD + 28));
	while (recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) == PAYLOAD)
		received++;
	assert_int_equal(received, 5);
}

static uint32_t program_id(void)
{
	static const struct cgroup_program program = { "berth_egress", "", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS };
	_cleanup_fd_ int fd = -1;
	struct bpf_prog_info info = { 0 };

	assert_int_equal(cgroup_program_find(&group, &program, &fd), 1);
	union bpf_attr attr = {
		.info = { .bpf_fd = (uint32_t)fd, .info_len = sizeof info, .info = (uint64_t)(uintptr_t)&info },
	};

	assert_int_equal(sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr), 0);
	return info.id;
}

static void a_change_keeps_programs_and_counters(void **state)
{
	struct bandwidth limit = slow();

	(void)state;
	NEEDS_GROUP();
	must(cgroup_set_bandwidth(&group, &limit));
	uint32_t id = program_id();

	send_ten(AF_INET, "10.7.0.2");
	/* What is not asked for stays; what was owed at the old rate is forgotten. */
	limit.ingress.set = false;
	limit.egress.rate = 1008;
	limit.egress.burst = 9 * (PAYLOAD + 28) + 40;
	must(cgroup_set_bandwidth(&group, &limit));
	send_ten(AF_INET, "10.7.0.2");
	struct stats_network stats = network_stats();

	assert_int_equal(program_id(), id);
	assert_int_equal(stats.egress.rate, 1008);
	assert_int_equal(stats.ingress.rate, 1000);
	assert_int_equal(stats.ingress.burst, BURST_OF_5);
	assert_int_equal(stats.egress.passed_packets, 5 + 9);
	/* The limit is lifted. */
	limit.egress.rate = BANDWIDTH_UNLIMITED;
	must(cgroup_set_bandwidth(&group, &limit));
	send_ten(AF_INET, "10.7.0.2");
	send_ten(AF_INET, "10.7.0.2");
	stats = network_stats();
	assert_int_equal(program_id(), id);
	assert_true(stats.egress.rate == STATS_UNLIMITED);
	assert_int_equal(stats.egress.burst, 0);
	assert_int_equal(stats.egress.passed_packets, 5 + 9 + 20);
	assert_int_equal(stats.egress.dropped_packets, 5 + 1);
}

static void a_change_that_is_given_up_leaves_nothing(void **state)
{
	struct bandwidth limit = slow();

	(void)state;
	NEEDS_GROUP();
	{
		struct cgroup_bandwidth _cleanup_bandwidth_ change = CGROUP_BANDWIDTH_NONE;

		must(cgroup_bandwidth_prepare(&change, &group, &limit));
		assert_true(network_stats().set);
		assert_true(network_stats().egress.rate == STATS_UNLIMITED);
	}
	assert_false(network_stats().set);
	assert_int_equal(forget_programs(NULL), 0);
	/* Given up when it is there already: nothing changes. */
	must(cgroup_set_bandwidth(&group, &limit));
	limit.egress.rate = 5000;
	{
		struct cgroup_bandwidth _cleanup_bandwidth_ change = CGROUP_BANDWIDTH_NONE;

		must(cgroup_bandwidth_prepare(&change, &group, &limit));
	}
	assert_int_equal(network_stats().egress.rate, 1000);
	assert_int_equal(forget_programs(NULL), 3);
}

static void nothing_asked_nothing_done(void **state)
{
	(void)state;
	NEEDS_GROUP();
	must(cgroup_set_bandwidth(&group, &(struct bandwidth){ 0 }));
	assert_false(network_stats().set);
	assert_int_equal(forget_programs(NULL), 0);
	/* Not even a look at the group, which is none. */
	must(cgroup_set_bandwidth(&(struct cgroup){ .fd = -1 }, &(struct bandwidth){ 0 }));
}

static void without_privileges(const void *argument)
{
	struct bandwidth limit = slow();
	struct stats_network stats;

	(void)argument;
	require(setresuid(65534, 65534, 65534) == 0);
	require(cgroup_set_bandwidth(&group, &limit) == -EPERM);
	require(strstr(error_record()->text, "CAP_BPF"));
	cgroup_bandwidth_read(&group, &stats);
	require(!stats.set);
	/* Who only reads statistics gets no error from here. */
	require(strstr(error_record()->text, "CAP_BPF"));
}

static void it_takes_privileges(void **state)
{
	(void)state;
	NEEDS_GROUP();
	assert_int_equal(child_status(without_privileges, NULL), 0);
	assert_int_equal(forget_programs(NULL), 0);
}

#define PURE(function) cmocka_unit_test_setup(function, build)
#define REAL(function) cmocka_unit_test_teardown(function, forget_programs)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_as_text),
		cmocka_unit_test(limits_become_text),
		cmocka_unit_test(what_is_no_limit),
		cmocka_unit_test(annotations),
		PURE(a_burst_passes_and_then_the_rate),
		PURE(a_pause_saves_one_burst),
		PURE(any_size_passes_and_is_paid_for),
		PURE(large_packets_leave_half_to_others),
		PURE(small_packets_pass_longer_but_not_for_ever),
		PURE(segments_have_headers_each),
		PURE(loopback_is_no_network),
		PURE(without_a_limit_it_counts),
		PURE(the_rate_is_exact_in_the_long_run),
		PURE(processors_agree),
		PURE(sockets_slow_down_together),
		PURE(paces_at_the_ends_of_the_scale),
		PURE(new_connections_are_paced),
		REAL(what_is_sent_is_limited),
		REAL(what_is_received_is_limited),
		REAL(a_change_keeps_programs_and_counters),
		REAL(a_change_that_is_given_up_leaves_nothing),
		REAL(nothing_asked_nothing_done),
		REAL(it_takes_privileges),
	};

	return cmocka_run_group_tests(tests, private_place, leave_place);
}
