#pragma once

#include <stddef.h>

/*
 * Make the caller's stack present, and the caller's own where a fork has left it shared: from `below` bytes under its frame to `above` bytes over
 * it. One system call (MADV_POPULATE_WRITE, Linux 5.14) instead of a fault for each page; without it, it is those faults.
 */
void stack_fault_in(size_t below, size_t above);
