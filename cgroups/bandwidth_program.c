#include "cgroups/bandwidth_program.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <sys/socket.h>

/* Of <asm-generic/socket.h>, which <sys/socket.h> of some C libraries leaves out. */
#ifndef SO_MAX_PACING_RATE
#define SO_MAX_PACING_RATE 47
#endif

#define LOOPBACK 1 /* its index in every network namespace */
#define BITS_NANOSECONDS INT64_C(8000000000)
#define MOST_HALVINGS 8
#define FRACTION_BITS 7

enum {
	R0 = BPF_REG_0,
	R1,
	R2,
	R3,
	R4,
	R5,
	R6,
	R7,
	R8,
	R9,
	FRAME,
};

/* --- instructions --------------------------------------------------------------------------------------------------------- */

static size_t emit(struct bandwidth_program *p, int code, int to, int from, size_t off, int32_t number)
{
	p->code[p->count] = (struct bpf_insn){
		.code = (uint8_t)code,
		.dst_reg = (uint8_t)(to & 15),
		.src_reg = (uint8_t)(from & 15),
		.off = (int16_t)off,
		.imm = number,
	};
	return p->count++;
}

static void with_number(struct bandwidth_program *p, int operation, int to, int32_t number)
{
	emit(p, BPF_ALU64 | BPF_K | operation, to, 0, 0, number);
}

static void with_register(struct bandwidth_program *p, int operation, int to, int from)
{
	emit(p, BPF_ALU64 | BPF_X | operation, to, from, 0, 0);
}

/* A 32-bit member of the context. */
static void load_context(struct bandwidth_program *p, int to, int context, size_t offset)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, to, context, offset, 0);
}

static void load(struct bandwidth_program *p, int to, int from, size_t offset)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_DW, to, from, offset, 0);
}

static void load_wide(struct bandwidth_program *p, int to, int kind, int32_t low, int32_t high)
{
	emit(p, BPF_LD | BPF_IMM | BPF_DW, to, kind, 0, low);
	emit(p, 0, 0, 0, 0, high);
}

/* The address of what is at offset in the one element of a map. */
static void load_map(struct bandwidth_program *p, int to, int map, size_t offset)
{
	load_wide(p, to, BPF_PSEUDO_MAP_VALUE, map, (int32_t)offset);
}

static void load_bits_nanoseconds(struct bandwidth_program *p, int to)
{
	load_wide(p, to, 0, (int32_t)(uint32_t)BITS_NANOSECONDS, (int32_t)(BITS_NANOSECONDS >> 32));
}

static void add_atomically(struct bandwidth_program *p, int base, size_t offset, int from)
{
	emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, base, from, offset, BPF_ADD);
}

static void call(struct bandwidth_program *p, int helper)
{
	emit(p, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static void return_number(struct bandwidth_program *p, int32_t number)
{
	with_number(p, BPF_MOV, R0, number);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Jumps go forward: they are emitted first, and land() says where they end. */
static size_t jump(struct bandwidth_program *p)
{
	return emit(p, BPF_JMP | BPF_JA, 0, 0, 0, 0);
}

static size_t jump_number(struct bandwidth_program *p, int condition, int left, int32_t number)
{
	return emit(p, BPF_JMP | BPF_K | condition, left, 0, 0, number);
}

static size_t jump_register(struct bandwidth_program *p, int condition, int left, int right)
{
	return emit(p, BPF_JMP | BPF_X | condition, left, right, 0, 0);
}

static void land(struct bandwidth_program *p, size_t jump)
{
	p->code[jump].off = (int16_t)(p->count - jump - 1);
}

/* --- policing ------------------------------------------------------------------------------------------------------------- */

enum {
	COST = R3,
	LIMIT = R5,
	CONTEXT = R6,
	GATE = R7,  /* struct bandwidth_gate */
	COUNT = R8, /* struct bandwidth_count */
	BYTES = R9,
};

/* BYTES = the packet's size, as its segments will have it on the wire. */
static void emit_size(struct bandwidth_program *p)
{
	load_context(p, BYTES, CONTEXT, offsetof(struct __sk_buff, len));
	load_context(p, R1, CONTEXT, offsetof(struct __sk_buff, gso_segs));
	size_t whole = jump_number(p, BPF_JLE, R1, 1);

	load_context(p, R2, CONTEXT, offsetof(struct __sk_buff, protocol));
	with_number(p, BPF_SUB, R1, 1);
	with_number(p, BPF_MOV, R3, BANDWIDTH_HEADERS_IPV4);
	size_t ipv4 = jump_number(p, BPF_JEQ, R2, htons(ETH_P_IP));

	with_number(p, BPF_MOV, R3, BANDWIDTH_HEADERS_IPV6);
	land(p, ipv4);
	with_register(p, BPF_MUL, R1, R3);
	with_register(p, BPF_ADD, BYTES, R1);
	land(p, whole);
}

/*
 * R0 = now on entry; R1 = how far the clock is ahead of it. A clock that lags is set to now, unless another processor comes
 * first: then it is where that one has put it.
 */
static void emit_debt(struct bandwidth_program *p)
{
	load(p, R1, GATE, offsetof(struct bandwidth_gate, clock));
	with_register(p, BPF_MOV, R2, R0);
	size_t ahead = jump_register(p, BPF_JGE, R1, R2);

	with_register(p, BPF_MOV, R0, R1);
	emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, GATE, R2, offsetof(struct bandwidth_gate, clock), BPF_CMPXCHG);
	with_register(p, BPF_MOV, R1, R0);
	size_t moved = jump_register(p, BPF_JGE, R1, R2);

	with_register(p, BPF_MOV, R1, R2);
	land(p, ahead);
	land(p, moved);
	with_register(p, BPF_SUB, R1, R2);
}

/* COST = the time that the packet takes at the rate. One that was lifted meanwhile makes it 0: so divides eBPF by 0. */
static void emit_cost(struct bandwidth_program *p)
{
	load_bits_nanoseconds(p, COST);
	with_register(p, BPF_MUL, COST, BYTES);
	load(p, R4, GATE, offsetof(struct bandwidth_gate, rate));
	with_register(p, BPF_DIV, COST, R4);
}

/* LIMIT = how far the clock may be ahead for this packet to pass: see the header. */
static void emit_limit(struct bandwidth_program *p)
{
	load(p, R4, GATE, offsetof(struct bandwidth_gate, tolerance));
	with_register(p, BPF_MOV, LIMIT, R4);
	with_number(p, BPF_LSH, LIMIT, 1);
	size_t small = jump_number(p, BPF_JLE, BYTES, BANDWIDTH_SMALL_PACKET);

	with_number(p, BPF_RSH, LIMIT, 2);
	size_t larger = jump_register(p, BPF_JGE, COST, R4);

	with_register(p, BPF_SUB, R4, COST);
	size_t large = jump_register(p, BPF_JGE, LIMIT, R4);

	with_register(p, BPF_MOV, LIMIT, R4);
	land(p, small);
	land(p, larger);
	land(p, large);
}

/* Fall through, with the clock moved, if the packet may pass. Returns the jump that is taken if it may not. */
static size_t emit_gate(struct bandwidth_program *p)
{
	call(p, BPF_FUNC_ktime_get_ns);
	emit_debt(p);
	emit_cost(p);
	emit_limit(p);
	size_t beyond = jump_register(p, BPF_JGT, R1, LIMIT);

	add_atomically(p, GATE, offsetof(struct bandwidth_gate, clock), COST);
	return beyond;
}

static void emit_count(struct bandwidth_program *p, size_t bytes, size_t packets)
{
	add_atomically(p, COUNT, bytes, BYTES);
	with_number(p, BPF_MOV, R1, 1);
	add_atomically(p, COUNT, packets, R1);
}

/* What goes to the container itself is not on any network. */
static void build_police(struct bandwidth_program *p, int limits, size_t gate, int counts, size_t count, int32_t drop)
{
	with_register(p, BPF_MOV, CONTEXT, R1);
	load_context(p, R1, CONTEXT, offsetof(struct __sk_buff, ifindex));
	size_t network = jump_number(p, BPF_JNE, R1, LOOPBACK);

	return_number(p, BANDWIDTH_PASS);
	land(p, network);
	emit_size(p);
	load_map(p, GATE, limits, gate);
	load_map(p, COUNT, counts, count);
	load(p, R1, GATE, offsetof(struct bandwidth_gate, rate));
	size_t unlimited = jump_number(p, BPF_JEQ, R1, 0), beyond = emit_gate(p);

	land(p, unlimited);
	emit_count(p, offsetof(struct bandwidth_count, passed_bytes), offsetof(struct bandwidth_count, passed_packets));
	return_number(p, BANDWIDTH_PASS);
	land(p, beyond);
	emit_count(p, offsetof(struct bandwidth_count, dropped_bytes), offsetof(struct bandwidth_count, dropped_packets));
	return_number(p, drop);
}

/* --- pacing --------------------------------------------------------------------------------------------------------------- */

enum {
	PACING = R7, /* struct bandwidth_pacing */
	PACE = R8,   /* bytes a second */
	CLOCK = R9,  /* of egress */
};

#define MAX_JUMPS 8

struct jumps {
	size_t count, from[MAX_JUMPS];
};

static void collect(struct jumps *jumps, size_t jump)
{
	jumps->from[jumps->count++] = jump;
}

static void land_all(struct bandwidth_program *p, const struct jumps *jumps)
{
	for (size_t i = 0; i < jumps->count; i++)
		land(p, jumps->from[i]);
}

static void compare_members(struct bandwidth_program *p, size_t local, size_t remote, struct jumps *differ)
{
	load_context(p, R1, CONTEXT, local);
	load_context(p, R2, CONTEXT, remote);
	collect(differ, jump_register(p, BPF_JNE, R1, R2));
}

/* Jumps in out are taken by a connection of the container with itself: 127.0.0.0/8, or an address with the same. Others fall through. */
static void emit_leave_local(struct bandwidth_program *p, struct jumps *out)
{
	struct jumps remote = { 0 };

	load_context(p, R1, CONTEXT, offsetof(struct bpf_sock_ops, family));
	size_t ipv6 = jump_number(p, BPF_JEQ, R1, AF_INET6);

	load_context(p, R1, CONTEXT, offsetof(struct bpf_sock_ops, remote_ip4));
	with_number(p, BPF_AND, R1, (int32_t)htonl(0xff000000));
	collect(out, jump_number(p, BPF_JEQ, R1, (int32_t)htonl(0x7f000000)));
	compare_members(p, offsetof(struct bpf_sock_ops, local_ip4), offsetof(struct bpf_sock_ops, remote_ip4), &remote);
	collect(out, jump(p));
	land(p, ipv6);
	for (size_t i = 0; i < 4; i++)
		compare_members(p, offsetof(struct bpf_sock_ops, local_ip6) + i * 4,
				offsetof(struct bpf_sock_ops, remote_ip6) + i * 4, &remote);
	collect(out, jump(p));
	land_all(p, &remote);
}

/* Have the socket call us again, once in a round trip. */
static void emit_begin(struct bandwidth_program *p)
{
	load_context(p, R2, CONTEXT, offsetof(struct bpf_sock_ops, bpf_sock_ops_cb_flags));
	with_number(p, BPF_OR, R2, BPF_SOCK_OPS_RTT_CB_FLAG);
	with_register(p, BPF_MOV, R1, CONTEXT);
	call(p, BPF_FUNC_sock_ops_cb_flags_set);
}

/* PACE from base to base + a quarter, for a clock that is R1 < slack ahead. */
static void emit_hurry(struct bandwidth_program *p, int slack)
{
	with_register(p, BPF_MOV, R3, slack);
	with_register(p, BPF_SUB, R3, R1);
	with_register(p, BPF_MOV, R4, PACE);
	with_number(p, BPF_RSH, R4, 2);
	with_register(p, BPF_MUL, R3, R4);
	with_register(p, BPF_DIV, R3, slack);
	with_register(p, BPF_ADD, PACE, R3);
}

/* PACE halved for each step that the clock is ahead beyond slack, linearly in between. */
static void emit_slow_down(struct bandwidth_program *p, int slack)
{
	with_register(p, BPF_SUB, R1, slack);
	load(p, R2, PACING, offsetof(struct bandwidth_pacing, step));
	with_register(p, BPF_MOV, R3, R1);
	with_register(p, BPF_DIV, R3, R2);
	with_register(p, BPF_MOV, R4, R3);
	with_register(p, BPF_MUL, R4, R2);
	with_register(p, BPF_SUB, R1, R4);
	with_number(p, BPF_LSH, R1, FRACTION_BITS);
	with_register(p, BPF_DIV, R1, R2);
	with_number(p, BPF_MOV, R4, 2 << FRACTION_BITS);
	with_register(p, BPF_SUB, R4, R1);
	size_t few = jump_number(p, BPF_JLE, R3, MOST_HALVINGS);

	with_number(p, BPF_MOV, R3, MOST_HALVINGS);
	land(p, few);
	with_number(p, BPF_ADD, R3, FRACTION_BITS + 1);
	with_register(p, BPF_MUL, PACE, R4);
	with_register(p, BPF_RSH, PACE, R3);
}

static void emit_pace(struct bandwidth_program *p)
{
	call(p, BPF_FUNC_ktime_get_ns);
	with_number(p, BPF_MOV, R1, 0);
	size_t idle = jump_register(p, BPF_JGE, R0, CLOCK);

	with_register(p, BPF_MOV, R1, CLOCK);
	with_register(p, BPF_SUB, R1, R0);
	land(p, idle);
	load(p, R5, PACING, offsetof(struct bandwidth_pacing, slack));
	size_t much = jump_register(p, BPF_JGE, R1, R5);

	emit_hurry(p, R5);
	size_t done = jump(p);

	land(p, much);
	emit_slow_down(p, R5);
	land(p, done);
	load(p, R1, PACING, offsetof(struct bandwidth_pacing, floor));
	size_t above = jump_register(p, BPF_JGE, PACE, R1);

	with_register(p, BPF_MOV, PACE, R1);
	land(p, above);
}

/* The kernel takes 32 bits from us; all of them set mean no pacing. */
static void emit_set(struct bandwidth_program *p)
{
	with_number(p, BPF_MOV, R1, -1);
	with_number(p, BPF_RSH, R1, 32);
	size_t fits = jump_register(p, BPF_JLE, PACE, R1);

	with_register(p, BPF_MOV, PACE, R1);
	land(p, fits);
	emit(p, BPF_STX | BPF_MEM | BPF_W, FRAME, PACE, (size_t)-4, 0);
	with_register(p, BPF_MOV, R1, CONTEXT);
	with_number(p, BPF_MOV, R2, SOL_SOCKET);
	with_number(p, BPF_MOV, R3, SO_MAX_PACING_RATE);
	with_register(p, BPF_MOV, R4, FRAME);
	with_number(p, BPF_ADD, R4, -4);
	with_number(p, BPF_MOV, R5, 4);
	call(p, BPF_FUNC_setsockopt);
}

static void build_pace(struct bandwidth_program *p, int limits)
{
	struct jumps out = { 0 };

	with_register(p, BPF_MOV, CONTEXT, R1);
	load_context(p, R1, CONTEXT, offsetof(struct bpf_sock_ops, op));
	size_t again = jump_number(p, BPF_JEQ, R1, BPF_SOCK_OPS_RTT_CB);
	size_t active = jump_number(p, BPF_JEQ, R1, BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB);

	collect(&out, jump_number(p, BPF_JNE, R1, BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB));
	land(p, active);
	emit_leave_local(p, &out);
	emit_begin(p);
	land(p, again);
	load_map(p, PACING, limits, offsetof(struct bandwidth_limits, egress));
	load(p, CLOCK, PACING, offsetof(struct bandwidth_gate, clock));
	load_map(p, PACING, limits, offsetof(struct bandwidth_limits, pacing));
	load(p, PACE, PACING, offsetof(struct bandwidth_pacing, base));
	collect(&out, jump_number(p, BPF_JEQ, PACE, 0));
	emit_pace(p);
	emit_set(p);
	land_all(p, &out);
	return_number(p, 1);
}

void bandwidth_program_build(struct bandwidth_program *program, enum bandwidth_program_kind kind, int limits, int counts)
{
	program->count = 0;
	switch (kind) {
	case BANDWIDTH_POLICE_EGRESS:
		build_police(program, limits, offsetof(struct bandwidth_limits, egress), counts,
			     offsetof(struct bandwidth_counts, egress), BANDWIDTH_DROP_EGRESS);
		break;
	case BANDWIDTH_POLICE_INGRESS:
		build_police(program, limits, offsetof(struct bandwidth_limits, ingress), counts,
			     offsetof(struct bandwidth_counts, ingress), BANDWIDTH_DROP_INGRESS);
		break;
	case BANDWIDTH_PACE:
	case BANDWIDTH_PROGRAMS:
		build_pace(program, limits);
	}
}
