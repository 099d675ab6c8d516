#include "base/stack.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void stack_fault_in(size_t below, size_t above)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), here = (uintptr_t)__builtin_frame_address(0);
	const uintptr_t begin = (here - below) & ~(page - 1), end = (here + above) & ~(page - 1);

	(void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
}
