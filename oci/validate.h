/*
 * Rules that the JSON types cannot express: what must be present, ranges, combinations, duplicates. Pure.
 * What is valid but this runtime cannot honour is refused here too, never ignored. Errors are -EINVAL (-ENOTSUP for the latter)
 * and name the JSON path, the value and what was expected.
 */
#pragma once

#include "oci/spec.h"

int spec_validate(const struct spec *spec);
int spec_validate_process(const struct spec_process *process, const char *path);
int spec_validate_resources(const struct spec_resources *resources, const char *path);
