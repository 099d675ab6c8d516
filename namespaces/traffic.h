/*
 * What has passed through the network devices of a network namespace, as the kernel counts it (proc_pid_net(5)).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct traffic {
	bool set;
	uint64_t received, sent; /* bytes, of all devices but loopback */
};

/* Sum up the lines of a /proc/PID/net/dev. Pure; text is not changed. */
struct traffic traffic_parse(const char *text);

/* That of the namespace that pid is in, by the caller's /proc: who calls checks that it is still the same process. -errno, record not filled. */
int traffic_read(pid_t pid, struct traffic *traffic);
