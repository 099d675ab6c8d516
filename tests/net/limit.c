/*
 * What berth's library does to the bandwidth of a cgroup, without the rest of berth: limits a way anew, and shows limits and counters.
 *
 *   limit CGROUP egress|ingress TEXT    TEXT as in the annotation
 *   limit CGROUP                        WAY RATE BURST PASSED_BYTES PASSED_PACKETS DROPPED_BYTES DROPPED_PACKETS, a line a way
 */
#include "base/error.h"
#include "cgroups/bandwidth.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void show(const char *way, const struct stats_flow *flow)
{
	printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", way, flow->rate, flow->burst,
	       flow->passed_bytes, flow->passed_packets, flow->dropped_bytes, flow->dropped_packets);
}

static int show_all(const struct cgroup *cgroup)
{
	struct stats_network stats;

	cgroup_bandwidth_read(cgroup, &stats);
	if (!stats.set)
		return refuse(ENOENT, "the cgroup has no limits");
	show("egress", &stats.egress);
	show("ingress", &stats.ingress);
	return 0;
}

static int set(const struct cgroup *cgroup, const char *way, const char *text)
{
	struct bandwidth bandwidth = { 0 };
	int r = bandwidth_parse(text, strcmp(way, "egress") == 0 ? &bandwidth.egress : &bandwidth.ingress);

	return r < 0 ? r : cgroup_set_bandwidth(cgroup, &bandwidth);
}

int main(int argc, char **argv)
{
	struct cgroup cgroup = { .fd = argc > 1 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1 };

	if (cgroup.fd < 0 || (argc != 2 && argc != 4)) {
		fprintf(stderr, "limit: no cgroup, or wrong arguments\n");
		return 2;
	}
	snprintf(cgroup.path, sizeof cgroup.path, "%s", argv[1]);
	if ((argc == 2 ? show_all(&cgroup) : set(&cgroup, argv[2], argv[3])) >= 0)
		return 0;
	fprintf(stderr, "limit: %s\n", error_record()->text);
	return 1;
}
