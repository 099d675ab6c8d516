#include "oci/json.h"

#include "oci/utf8.h"
#include "oci/yajl_memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

struct json {
	struct arena *arena;
	yajl_alloc_funcs memory;
	yajl_gen gen;
	unsigned depth;
	bool begun;
};

/* A generator that refuses a call was called in the wrong order: a bug that no input can cause. */
static void check(yajl_gen_status status)
{
	if (status != yajl_gen_status_ok) {
		fprintf(stderr, "berth: bug: JSON written in the wrong order (%d)\n", (int)status);
		abort();
	}
}

struct json *json_new(struct arena *arena, bool indented)
{
	struct json *json = arena_alloc(arena, sizeof *json);

	json->arena = arena;
	json->memory = yajl_memory(arena);
	json->gen = yajl_gen_alloc(&json->memory);
	yajl_gen_config(json->gen, yajl_gen_beautify, (int)indented);
	yajl_gen_config(json->gen, yajl_gen_indent_string, "  ");
	return json;
}

static void begin(struct json *json, yajl_gen_status status)
{
	check(status);
	json->begun = true;
	json->depth++;
}

static void end(struct json *json, yajl_gen_status status)
{
	check(status);
	json->depth--;
}

static void scalar(struct json *json, yajl_gen_status status)
{
	check(status);
	json->begun = true;
}

void json_object(struct json *json)
{
	begin(json, yajl_gen_map_open(json->gen));
}

void json_object_end(struct json *json)
{
	end(json, yajl_gen_map_close(json->gen));
}

void json_array(struct json *json)
{
	begin(json, yajl_gen_array_open(json->gen));
}

void json_array_end(struct json *json)
{
	end(json, yajl_gen_array_close(json->gen));
}

void json_key(struct json *json, const char *key)
{
	json_string(json, key);
}

static bool is_utf8(const char *text, size_t size)
{
	for (size_t i = 0; i < size;) {
		size_t length = utf8_length(text + i, size - i);

		if (!length)
			return false;
		i += length;
	}
	return true;
}

/* Each byte that is not UTF-8 becomes U+FFFD. */
static const char *replace_invalid(struct arena *arena, const char *text, size_t *size)
{
	char *fixed = arena_array(arena, *size, 3), *out = fixed;

	for (size_t i = 0; i < *size;) {
		size_t length = utf8_length(text + i, *size - i);

		if (length) {
			memcpy(out, text + i, length);
			out += length;
		} else {
			memcpy(out, "\xef\xbf\xbd", 3);
			out += 3;
		}
		i += length ? length : 1;
	}
	*size = (size_t)(out - fixed);
	return fixed;
}

void json_string(struct json *json, const char *value)
{
	size_t size = strlen(value);

	if (!is_utf8(value, size))
		value = replace_invalid(json->arena, value, &size);
	scalar(json, yajl_gen_string(json->gen, (const unsigned char *)value, size));
}

static void number(struct json *json, const char *text)
{
	scalar(json, yajl_gen_number(json->gen, text, strlen(text)));
}

void json_int(struct json *json, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)value);
	number(json, text);
}

void json_uint(struct json *json, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	number(json, text);
}

void json_bool(struct json *json, bool value)
{
	scalar(json, yajl_gen_bool(json->gen, value));
}

void json_null(struct json *json)
{
	scalar(json, yajl_gen_null(json->gen));
}

void json_double(struct json *json, double value)
{
	char text[40];

	if (!isfinite(value)) {
		json_null(json);
		return;
	}
	snprintf(text, sizeof text, "%.17g", value);
	number(json, text);
}

void json_pair_string(struct json *json, const char *key, const char *value)
{
	if (!value)
		return;
	json_key(json, key);
	json_string(json, value);
}

void json_pair_int(struct json *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_int(json, value);
}

void json_pair_uint(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_uint(json, value);
}

void json_pair_bool(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	json_bool(json, value);
}

void json_strings(struct json *json, const struct strings *strings)
{
	json_array(json);
	for (size_t i = 0; i < strings->count; i++)
		json_string(json, strings->items[i]);
	json_array_end(json);
}

void json_string_map(struct json *json, const struct string_map *map)
{
	json_object(json);
	for (size_t i = 0; i < map->count; i++) {
		json_key(json, map->items[i].key);
		json_string(json, map->items[i].value);
	}
	json_object_end(json);
}

char *json_finish(struct json *json)
{
	const unsigned char *text;
	size_t size;

	if (!json->begun || json->depth) {
		fputs("berth: bug: JSON is not complete\n", stderr);
		abort();
	}
	check(yajl_gen_get_buf(json->gen, &text, &size));
	while (size && text[size - 1] == '\n')
		size--;
	return arena_strndup(json->arena, (const char *)text, size);
}
