/*
 * The eBPF programs that hold a container to its bandwidth, and the two maps that they share with us. Pure: instructions out.
 *
 * A packet's cost is the time that it takes at the rate. The clock of a way (egress, ingress) is the time at which what has passed so far
 * is paid for: a packet moves it by its cost, and passes if it is then no more than the tolerance ahead of now (virtual scheduling, the
 * generic cell rate algorithm of ITU-T I.371). Segmentation offload hands us up to 64 KiB and more at once, so a packet of any size may pass
 * while no more than half of the tolerance is used up; the other half is left to ordinary packets, so that the large ones cannot shut them
 * out. Small packets may pass to twice the tolerance. Every step on the clock is one atomic operation, so processors can only disagree
 * about a few packets at the edge of the tolerance, never about how much has passed.
 */
#pragma once

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

enum bandwidth_program_kind {
	BANDWIDTH_POLICE_EGRESS,  /* BPF_CGROUP_INET_EGRESS: drop what is beyond the rate, and tell TCP at once */
	BANDWIDTH_POLICE_INGRESS, /* BPF_CGROUP_INET_INGRESS: the same; the sender learns by the loss */
	BANDWIDTH_PACE,           /* BPF_CGROUP_SOCK_OPS: have TCP sockets send no faster, so that nothing need be dropped */
	BANDWIDTH_PROGRAMS,
};

/* One way's limit. */
struct bandwidth_gate {
	uint64_t rate;      /* bits a second; 0: none */
	uint64_t burst;     /* bytes; for who reads it back */
	uint64_t tolerance; /* nanoseconds: burst at the rate */
	uint64_t clock;     /* nanoseconds of CLOCK_MONOTONIC; moved by the programs */
};

/*
 * How fast each TCP socket may send: base while the egress clock is slack ahead of now, up to a quarter more when it is less, and half as
 * much for each step more. So sockets that together send too fast slow down together, to equal shares, and make up for it when timers
 * are late.
 */
struct bandwidth_pacing {
	uint64_t base, floor; /* bytes a second; base 0: sockets are left alone */
	uint64_t slack, step; /* nanoseconds */
};

/* The value of the first map: we write it whole. */
struct bandwidth_limits {
	struct bandwidth_gate egress, ingress;
	struct bandwidth_pacing pacing;
};

/* The value of the second map: the programs write it. */
struct bandwidth_count {
	uint64_t passed_bytes, passed_packets, dropped_bytes, dropped_packets;
};
struct bandwidth_counts {
	struct bandwidth_count egress, ingress;
};

/* Acknowledgements, handshakes, name look-ups. */
#define BANDWIDTH_SMALL_PACKET 256

/* What segmentation offload hides of each further segment: IP and TCP headers with time stamps. */
#define BANDWIDTH_HEADERS_IPV4 52
#define BANDWIDTH_HEADERS_IPV6 72

/* What a policing program says of a packet. */
#define BANDWIDTH_PASS 1
#define BANDWIDTH_DROP_EGRESS 2 /* drop as a full queue would, not with EPERM */
#define BANDWIDTH_DROP_INGRESS 0

#define BANDWIDTH_CODE_MAX 96

struct bandwidth_program {
	struct bpf_insn code[BANDWIDTH_CODE_MAX];
	size_t count;
};

/* limits and counts are descriptors of array maps with one element each. */
void bandwidth_program_build(struct bandwidth_program *program, enum bandwidth_program_kind kind, int limits, int counts);
