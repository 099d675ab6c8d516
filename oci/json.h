/* JSON out: a thin layer over yajl_gen that keeps its result in an arena and cannot fail half way unnoticed. */
#pragma once

#include "base/arena.h"
#include "oci/spec.h"

#include <stdbool.h>
#include <stdint.h>

struct json;

/* Everything that it needs comes from arena. */
struct json *json_new(struct arena *arena, bool indented);
void json_object(struct json *json);
void json_object_end(struct json *json);
void json_array(struct json *json);
void json_array_end(struct json *json);
void json_key(struct json *json, const char *key);
/* Bytes that are not UTF-8, as names of files may have, become U+FFFD. */
void json_string(struct json *json, const char *value);
void json_int(struct json *json, int64_t value);
void json_uint(struct json *json, uint64_t value);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
/* What JSON has no number for (infinite, not a number) becomes null. */
void json_double(struct json *json, double value);
/* Key and value in one; a NULL string is left out together with its key. */
void json_pair_string(struct json *json, const char *key, const char *value);
void json_pair_int(struct json *json, const char *key, int64_t value);
void json_pair_uint(struct json *json, const char *key, uint64_t value);
void json_pair_bool(struct json *json, const char *key, bool value);
void json_strings(struct json *json, const struct strings *strings);
void json_string_map(struct json *json, const struct string_map *map);
/*
 * The text, in the arena, with no newline at its end. Aborts when the calls did not form a whole document: that is a bug, not an input.
 */
char *json_finish(struct json *json);
