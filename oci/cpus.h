/* Lists of processors or memory nodes: "0-3,7". Internal to oci/. */
#pragma once

#include "oci/spec.h"

/* Parse text into mask (SPEC_CPU_MAX bits; NULL: only check). Blanks around numbers are allowed; an empty list is not. */
bool cpus_parse(const char *text, uint64_t *mask);
