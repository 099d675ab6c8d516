/* yajl's memory comes from an arena, and goes with it; so no allocation of its fails. Internal to oci/. */
#pragma once

#include "base/arena.h"

#include <yajl/yajl_common.h>

yajl_alloc_funcs yajl_memory(struct arena *arena);
