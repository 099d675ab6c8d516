/*
 * Rules that the JSON types cannot express: what must be present, ranges, combinations, duplicates. Pure. Errors name the JSON
 * path, the value and what was expected. Two questions, because a configuration can be well-formed and yet not be one for here
 * (the examples of the specification are; so is a bundle for Windows, or for cgroup v1):
 *
 * - spec_validate*: is it well-formed? Part of spec_parse() and its like. -EINVAL.
 * - spec_validate_runnable: can this runtime do all that it says? For `create` and `run`. What is valid but cannot be honoured
 *   is refused, never ignored: -ENOTSUP for what this runtime or Linux does not have, -EINVAL for what is missing or does not go
 *   together.
 */
#pragma once

#include "oci/spec.h"

int spec_validate(const struct spec *spec);

/* spec->mounts alone. */
int spec_validate_mounts(const struct spec *spec);

/* path: of the object in its document, for messages: "/process", or "" when it is the document. */
int spec_validate_process(const struct spec_process *process, const char *path);
int spec_validate_resources(const struct spec_resources *resources, const char *path);

/*
 * root and process with args are there; ociVersion is 1.x; no section for another platform; what needs a namespace (hostname,
 * domainname, id maps, time offsets, network devices) has it; the resources exist in cgroup v2.
 */
int spec_validate_runnable(const struct spec *spec);

/* The part about resources: what only cgroup v1 has is refused. spec_parse_resources() includes it. */
int spec_validate_resources_runnable(const struct spec_resources *resources, const char *path);
