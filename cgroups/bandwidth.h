/*
 * Network bandwidth of a container: what it sends (egress) and what it receives (ingress), each held to a rate by eBPF programs on its
 * cgroup. They see the packets of its sockets, IPv4 and IPv6, in whatever network namespace the sockets are; no device is touched.
 * docs/bandwidth.md says how it works, how exact it is, and what it cannot see. It takes CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN in
 * the initial user namespace.
 */
#pragma once

#include "cgroups/bandwidth_program.h"
#include "cgroups/stats.h"

#define BANDWIDTH_EGRESS "org.berth.network.egress"
#define BANDWIDTH_INGRESS "org.berth.network.ingress"

#define BANDWIDTH_UNLIMITED UINT64_MAX

#define BANDWIDTH_RATE_MIN UINT64_C(1000)             /* 1k */
#define BANDWIDTH_RATE_MAX UINT64_C(1000000000000000) /* 1000T */
#define BANDWIDTH_BURST_MAX (UINT64_C(1) << 30)

struct bandwidth_limit {
	bool set;       /* false: nothing is asked for; in an update, it stays as it is */
	uint64_t rate;  /* bits a second, headers of IP and above included; BANDWIDTH_UNLIMITED: packets are counted only */
	uint64_t burst; /* bytes that may go at once after a pause; unused with BANDWIDTH_UNLIMITED */
};

struct bandwidth {
	struct bandwidth_limit egress, ingress;
};

/* --- as text (pure) ------------------------------------------------------------------------------------------------------- */

/*
 * RATE[,burst=SIZE], or "max". RATE is in bits a second: a number with up to nine decimals, a suffix k, M, G, T (powers of 1000), Ki, Mi,
 * Gi, Ti (powers of 1024) or none, and "bit" or "bps" or nothing: "100M", "1.5Gbit", "512Kibps". SIZE is in bytes, with the same suffixes
 * and "B" or nothing: "100M,burst=256Ki". Without it the burst is bandwidth_default_burst(). -EINVAL with the record, which quotes text.
 */
int bandwidth_parse(const char *text, struct bandwidth_limit *limit);

/* The same as text that parses to the same limit: "100M", "1500k,burst=256Ki", "max"; in arena. */
char *bandwidth_to_text(const struct bandwidth_limit *limit, struct arena *arena);

/* 0.4 seconds at this rate, in bytes, but no less than 128 KiB and no more than BANDWIDTH_BURST_MAX: see docs/bandwidth.md. */
uint64_t bandwidth_default_burst(uint64_t rate);

/* The two annotations, of all that there are. -EINVAL with the record, which names the annotation. */
int bandwidth_from_annotations(const struct string_map *annotations, struct bandwidth *bandwidth);

/* The annotation that asks for something, "org.berth.network.egress" before the other; NULL when none does. */
const char *bandwidth_asked(const struct bandwidth *bandwidth);

/* --- on a cgroup ---------------------------------------------------------------------------------------------------------- */

/*
 * A change of limits in two steps, where others change with them: prepare does what may fail (it loads and attaches the programs, with no
 * limits yet, if they are not there), commit sets the limits that are asked for. The programs stay for the life of the cgroup; a later
 * change is one write to their map. Close without commit takes away what prepare attached. What was owed at an old rate is forgotten.
 */
struct cgroup_bandwidth {
	const struct cgroup *cgroup;
	int programs[BANDWIDTH_PROGRAMS]; /* attached by prepare, or -1 */
	int limits;                       /* map, or -1 */
	struct bandwidth asked;
};

#define CGROUP_BANDWIDTH_NONE ((struct cgroup_bandwidth){ .programs = { -1, -1, -1 }, .limits = -1 })

/* cgroup must live until close. -EPERM for callers without the capabilities. */
int cgroup_bandwidth_prepare(struct cgroup_bandwidth *change, const struct cgroup *cgroup, const struct bandwidth *bandwidth);
int cgroup_bandwidth_commit(struct cgroup_bandwidth *change);
void cgroup_bandwidth_close(struct cgroup_bandwidth *change);
#define _cleanup_bandwidth_ __attribute__((cleanup(cgroup_bandwidth_close)))

/* Both steps; nothing at all where nothing is asked for. */
int cgroup_set_bandwidth(const struct cgroup *cgroup, const struct bandwidth *bandwidth);

/* Limits and counters; set stays false where there are no programs, or the caller may not look at them. */
void cgroup_bandwidth_read(const struct cgroup *cgroup, struct stats_network *stats);
