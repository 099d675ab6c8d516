/* What the tests of oci/ share: configurations in C strings, with ' for ". */
#pragma once

#include "base/error.h"
#include "base/fd.h"
#include "oci/parse.h"
#include "oci/validate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CONFIG(members) "{'ociVersion':'1.3.0'," members "}"
#define PROCESS(members) CONFIG("'process':{'cwd':'/'," members "}")
#define LINUX(members) CONFIG("'linux':{" members "}")
#define RESOURCES(members) LINUX("'resources':{" members "}")
#define SECCOMP(members) LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ALLOW'," members "}")

struct bad {
	const char *json, *error;
};

static inline char *quoted(const char *json, struct arena *arena)
{
	char *text = arena_strdup(arena, json);

	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	return text;
}

typedef int parse_function(struct spec *spec, const char *json, size_t size);

static inline void expect_good(parse_function *parse, const char *json)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct spec _cleanup_spec_ spec = { 0 };
	char *text = quoted(json, &arena);
	int r = parse(&spec, text, strlen(text));

	if (r < 0)
		fail_msg("%s\n  refused: %s", json, error_record()->text);
}

static inline void expect_bad(parse_function *parse, const char *json, size_t size, int code, const char *error)
{
	struct spec spec = { 0 };
	int r = parse(&spec, json, size);

	if (r >= 0)
		fail_msg("accepted: %s", json);
	if (r != -code || strcmp(error_record()->text, error) != 0)
		fail_msg("%s\n  gave %d: %s\n  not  %d: %s", json, r, error_record()->text, -code, error);
	assert_null(spec.arena.blocks);
}

static inline void expect_all_bad(parse_function *parse, const struct bad *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct arena _cleanup_arena_ arena = { 0 };
		char *text = quoted(rows[i].json, &arena);

		expect_bad(parse, text, strlen(text), EINVAL, rows[i].error);
	}
}
#define EXPECT_BAD(rows) expect_all_bad(spec_parse, rows, sizeof(rows) / sizeof *(rows))

/* The spec of a file; the test fails when it is refused. */
static inline void load_file(struct spec *spec, const char *path)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char *text;
	size_t size;

	if (read_file_at(AT_FDCWD, path, &arena, (size_t)16 << 20, &text, &size) < 0)
		fail_msg("cannot read %s: run the tests at the top of the tree", path);
	*spec = (struct spec){ 0 };
	if (spec_parse(spec, text, size) < 0)
		fail_msg("%s: %s", path, error_record()->text);
}
