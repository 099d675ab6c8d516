#include "oci/yajl_memory.h"

#include <string.h>

/* What yajl does not tell when it wants more. */
struct header {
	_Alignas(max_align_t) size_t size;
};

static void *allocate(void *context, size_t size)
{
	struct header *header = arena_alloc(context, sizeof *header + size);

	header->size = size;
	return header + 1;
}

static void *reallocate(void *context, void *old, size_t size)
{
	size_t before = old ? ((struct header *)old - 1)->size : 0;

	if (size <= before)
		return old;
	void *memory = allocate(context, size);

	if (before)
		memcpy(memory, old, before);
	return memory;
}

static void release(void *context, void *memory)
{
	(void)context;
	(void)memory;
}

yajl_alloc_funcs yajl_memory(struct arena *arena)
{
	return (yajl_alloc_funcs){ allocate, reallocate, release, arena };
}
