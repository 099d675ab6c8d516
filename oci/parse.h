/*
 * JSON to struct spec. Pure: nothing here reads more than the file it is given.
 *
 * Syntax: RFC 8259, strictly. Refused with a clear error: more than SPEC_MAX_SIZE bytes, nesting deeper than SPEC_MAX_DEPTH,
 * lists of more than 65536 elements, duplicate keys, comments, a byte order mark, text after the document, NUL (raw or
 * \u0000) in a string, broken UTF-8 (overlong forms, surrogates, also as \u escapes), numbers that are not integers of the
 * field's range (1.0 and 1e3 are none), a wrong JSON type. null for a property means that it is absent. Names of properties
 * are exact, also in case. Unknown properties are ignored (config.md "Extensibility"), but their syntax is checked all the
 * same. Errors name the JSON path, the value and what was expected: "/linux/resources/memory/limit: -5: must be -1
 * (unlimited) or a number of bytes". They are -EINVAL.
 */
#pragma once

#include "oci/spec.h"

#define SPEC_MAX_SIZE ((size_t)4 << 20)
#define SPEC_MAX_DEPTH 64

/*
 * Parse and validate (oci/validate.h) a configuration of size bytes. Here and below: spec is nothing but an arena, empty or with room of the
 * caller's (base/arena.h). On failure nothing needs freeing.
 */
int spec_parse(struct spec *spec, const char *json, size_t size);

/* Read, parse and validate config.json of the directory dirfd, a bundle or a container's in the store. */
int spec_load(struct spec *spec, int dirfd);

/*
 * Parse a process object alone (`exec --process FILE`) into spec->process of an otherwise empty spec, and validate it.
 * JSON paths start at the process object.
 */
int spec_parse_process(struct spec *spec, const char *json, size_t size);

/* Parse an array of mounts alone (`mounts add FILE`) into spec->mounts; JSON paths start at "/mounts". */
int spec_parse_mounts(struct spec *spec, const char *json, size_t size);

/* Parse a resources object alone (`update --resources`). */
int spec_parse_resources(struct spec *spec, const char *json, size_t size);
