#include "base/fault.h"

#include <stdint.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define PAGE ((uintptr_t)4096) /* sysconf(3) would look in a table, which is another page */

static void populate(uintptr_t begin, uintptr_t end)
{
	begin &= ~(PAGE - 1);
	end = (end + PAGE - 1) & ~(PAGE - 1);
	(void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
}

static uintptr_t common_begin, common_end;

void fault_in(uintptr_t begin, size_t size)
{
	common_begin = begin;
	common_end = begin + size;
	fault_in_again();
}

void fault_in_again(void)
{
	populate(common_begin, common_end);
}

void stack_fault_in(size_t below, size_t above)
{
	const uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	populate(here - below, here + above);
}
