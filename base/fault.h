#pragma once

#include <stddef.h>

/*
 * Make memory present, and the caller's own where a fork has left it shared: what is about to be written to, `size` bytes from begin, or the
 * caller's stack from `below` bytes under its frame to `above` bytes over it. One system call (MADV_POPULATE_WRITE, Linux 5.14) instead of a
 * fault for each page; without it, or where pages are larger than 4 KiB, it is those faults.
 */
void fault_in(const void *begin, size_t size);
void stack_fault_in(size_t below, size_t above);
