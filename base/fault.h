#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Make memory present, and the caller's own where a fork has left it shared: what is about to be written to. One system call
 * (MADV_POPULATE_WRITE, Linux 5.14) instead of a fault for each page; without it, or where pages are larger than 4 KiB, it is those faults.
 */

/* size bytes from begin; in a process that is forked later, the same once more. */
void fault_in(uintptr_t begin, size_t size);
void fault_in_again(void);

/* The caller's stack from `below` bytes under its frame to `above` bytes over it. */
void stack_fault_in(size_t below, size_t above);
