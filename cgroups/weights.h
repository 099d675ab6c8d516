/* Weights of cgroup v1, in which the configuration speaks, as those of cgroup v2. Pure. */
#pragma once

#include <stdint.h>

/* cpu.shares (2 … 262144, others count as the nearer end) to cpu.weight (1 … 10000). */
uint64_t cgroup_cpu_weight(uint64_t shares);

/* blkio.weight (10 … 1000) to io.weight (1 … 10000), linearly. */
uint64_t cgroup_io_weight(uint64_t weight);
