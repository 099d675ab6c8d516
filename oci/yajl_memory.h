/* yajl does not check its allocations: these stop the process where they fail, as the arena does. Internal to oci/. */
#pragma once

#include <stddef.h>
#include <yajl/yajl_common.h>

extern const yajl_alloc_funcs yajl_memory;

/* memory, unless it is NULL for lack of memory. */
void *must(void *memory);
