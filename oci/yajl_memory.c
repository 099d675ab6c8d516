#include "oci/yajl_memory.h"

#include <stdio.h>
#include <stdlib.h>

void *must(void *memory)
{
	if (!memory) {
		fputs("berth: out of memory\n", stderr);
		abort();
	}
	return memory;
}

static void *allocate(void *context, size_t size)
{
	(void)context;
	return must(malloc(size));
}

static void *reallocate(void *context, void *old, size_t size)
{
	(void)context;
	return must(realloc(old, size));
}

static void release(void *context, void *memory)
{
	(void)context;
	free(memory);
}

const yajl_alloc_funcs yajl_memory = { allocate, reallocate, release, NULL };
