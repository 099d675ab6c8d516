/* What is said to criu and what it answers; its log; mounts that a dump leaves out; descriptors.json. */
#include "base/error.h"
#include "oci/descriptors.h"
#include "runtime/criu.h"
#include "runtime/criu_mounts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static void assert_bytes(const struct wire *wire, const char *hex)
{
	char text[512] = "";

	for (size_t i = 0; i < wire->size && i < sizeof text / 2 - 1; i++)
		snprintf(text + 2 * i, 3, "%02x", wire->data[i]);
	assert_string_equal(text, hex);
}

/* --- the wire --------------------------------------------------------------------------------------------------------- */

static void numbers_and_texts(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct wire wire = { .arena = &arena }, inner = { .arena = &arena };

	(void)state;
	wire_put_number(&wire, 1, 0);
	wire_put_number(&wire, 1, 150);
	wire_put_number(&wire, 16, -1);
	wire_put_text(&wire, 2, "testing");
	wire_put_number(&inner, 3, 1);
	wire_put_message(&wire, 4, &inner);
	assert_bytes(&wire, "0800"
	                    "089601"
	                    "8001ffffffffffffffffff01"
	                    "120774657374696e67"
	                    "22021801");
	struct wire_input input = { wire.data, wire.size };
	struct wire_field field;

	assert_int_equal(wire_next(&input, &field), 1);
	assert_int_equal(field.value, 0);
	assert_int_equal(wire_next(&input, &field), 1);
	assert_int_equal(field.value, 150);
	assert_int_equal(wire_next(&input, &field), 1);
	assert_int_equal(field.number, 16);
	assert_true((int64_t)field.value == -1);
	assert_int_equal(wire_next(&input, &field), 1);
	assert_true(field.is_bytes);
	assert_string_equal(wire_text(&field.bytes, &arena), "testing");
	assert_int_equal(wire_next(&input, &field), 1);
	struct wire_input bytes = field.bytes;

	assert_int_equal(wire_next(&bytes, &field), 1);
	assert_int_equal(field.number, 3);
	assert_int_equal(wire_next(&input, &field), 0);
}

static void what_is_no_message_is_refused(void **state)
{
	static const struct {
		const uint8_t *data;
		size_t size;
	} wrong[] = {
		{ BYTES("\x08") },                                              /* a number that is missing */
		{ BYTES("\x08\x80") },                                          /* … that goes on */
		{ BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02") },      /* … of more than 64 bits */
		{ BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01") },  /* … of more than ten bytes */
		{ BYTES("\x00\x01") },                                          /* field 0 */
		{ BYTES("\x80\x80\x80\x80\x80\x01\x01") },                      /* field beyond 2^29 */
		{ BYTES("\x0a\x05test") },                                      /* bytes that are missing */
		{ BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x") },     /* … of which there cannot be so many */
		{ BYTES("\x0b") }, { BYTES("\x0c") }, { BYTES("\x0e") },        /* types that are none, or long gone */
		{ BYTES("\x09\x01\x02\x03\x04\x05\x06\x07") },                  /* fixed size, too short */
		{ BYTES("\x0d\x01\x02\x03") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct wire_input input = { wrong[i].data, wrong[i].size };
		struct wire_field field;

		if (wire_next(&input, &field) != -EBADMSG)
			fail_msg("message %zu is taken", i);
	}
}

/* Every prefix of an answer, and every byte of it changed: refused or understood, and never read beyond (the sanitizers watch). */
static void answers_of_any_kind(void **state)
{
	static const char answer[] = "\x08\x06\x10\x01\x22\x02\x08\x07\x2a\x14\x0a\x10setup-namespaces\x10\x07"
	                             "\x38\x05\x42\x04\x08\x01\x10\x01\x4a\x03why";
	uint8_t copy[sizeof answer - 1];

	(void)state;
	for (size_t size = 0; size <= sizeof copy; size++)
		for (size_t i = 0; i < (size ? size : 1); i++)
			for (unsigned change = 0; change < 256; change += 5) {
				struct arena _cleanup_arena_ arena = { 0 };
				struct criu_response response;

				memcpy(copy, answer, sizeof copy);
				copy[i] ^= (uint8_t)change;
				uint8_t *exact = arena_alloc(&arena, size + 1);

				memcpy(exact, copy, size);
				int r = criu_decode(&response, exact, size, &arena);

				assert_true(r == 0 || r == -EBADMSG);
			}
}

static void an_answer_is_understood(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct criu_response response;

	(void)state;
	assert_int_equal(criu_decode(&response, BYTES("\x08\x06\x10\x01\x2a\x14\x0a\x10setup-namespaces\x10\x07"), &arena), 0);
	assert_int_equal(response.type, CRIU_NOTIFY);
	assert_true(response.success);
	assert_string_equal(response.script, "setup-namespaces");
	assert_int_equal(response.pid, 7);
	/* A restore that failed: pid -1, an errno, criu's words with what a terminal would act on. */
	assert_int_equal(criu_decode(&response,
	                             BYTES("\x08\x02\x10\x00\x22\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x38\x11\x4a\x03\x61\x1b\x62"),
	                             &arena), 0);
	assert_int_equal(response.type, CRIU_RESTORE);
	assert_false(response.success);
	assert_int_equal(response.pid, 0);
	assert_int_equal(response.code, 17);
	assert_string_equal(response.message, "a?b");
	assert_int_equal(criu_decode(&response, BYTES("\x08\x09\x10\x01\x42\x02\x08\x01"), &arena), 0);
	assert_true(response.has_memory_tracking);
	assert_false(response.has_lazy_pages);
}

static void a_request_has_what_was_asked_for(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct criu_options options = {
		.images_dir = 4, .pid = 300, .leave_running = true, .cgroups_mode = { true, CRIU_CGROUPS_IGNORE }
	};
	struct criu_request request = { .type = CRIU_DUMP, .options = &options };

	(void)state;
	criu_add_text(&options.inherit, arena_strdup(&arena, "a"), &arena);
	criu_add_text(&options.inherit, arena_strdup(&arena, "b"), &arena);
	criu_add_pair(&options.external_mounts, arena_strdup(&arena, "k"), arena_strdup(&arena, "v"), &arena);
	criu_add_pair(&options.external_mounts, arena_strdup(&arena, "k"), arena_strdup(&arena, "w"), &arena);
	struct wire wire = criu_encode(&request, &arena);

	assert_bytes(&wire, "0801"            /* type DUMP */
	                    "1223"            /* options of 35 bytes */
	                    "0804" "10ac02" "1801"
	                    "ba0106" "0a016b" "120176"
	                    "da0105" "0a0161" "1006"
	                    "da0105" "0a0162" "1007"
	                    "900200");
	request = (struct criu_request){ .type = CRIU_NOTIFY };
	wire = criu_encode(&request, &arena);
	assert_bytes(&wire, "08061800");
}

/* --- the log ---------------------------------------------------------------------------------------------------------- */

static void the_log_says_why(void **state)
{
	char text[256];

	(void)state;
	criu_log_errors("(00.01) Dumping\n(00.02)     17: Error (criu/files.c:1): one\nError (criu/util.c:6): exited, status=1\n"
	                "(00.03) Error (criu/a.c:2): two: (3)\n(00.04) Error (criu/b.c:2): thr\x1b" "ee\n"
	                "(00.05) Error (criu/c.c:9): four\n"
	                "(00.06) Error (criu/cr-dump.c:1975): Dumping FAILED.\n", text, sizeof text);
	assert_string_equal(text, "two: (3); thr ee; four");
	criu_log_errors("Error (no end\nError (x): end", text, sizeof text);
	assert_string_equal(text, "end");
	criu_log_errors("all is well\n", text, sizeof text);
	assert_string_equal(text, "");
	char narrow[8];

	criu_log_errors("Error (x): a long story\nError (x): and another\n", narrow, sizeof narrow);
	assert_string_equal(narrow, "a long ");
}

/* --- mounts ----------------------------------------------------------------------------------------------------------- */

static void what_is_of_the_host_is_external(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct spec_mount mounts[] = {
		{ .destination = arena_strdup(&arena, "/own/../volume/"),
		  .options = { true, 1, (char *[]){ arena_strdup(&arena, "rbind") } } },
		{ .destination = arena_strdup(&arena, "/tmp"), .type = arena_strdup(&arena, "tmpfs") },
	};
	struct spec spec = { .mounts = mounts, .mount_count = 2 };
	struct string_map map = { 0 };
	char *container = arena_strdup(&arena,
	                               "1 0 8:1 /lib/root / rw - ext4 /dev/sda rw\n"
	                               "2 1 0:50 / /proc rw - proc proc rw\n"
	                               "3 2 0:6 /null /proc/keys ro - devtmpfs dev rw\n"
	                               "4 1 0:51 / /tmp rw - tmpfs tmpfs rw\n"
	                               "5 1 0:52 / /volume rw - tmpfs tmpfs rw\n"
	                               "6 1 8:1 /lib/root/a /b rw - ext4 /dev/sda rw\n"
	                               "7 1 8:1 /srv/with\\040space /with\\040space rw master:1 - ext4 /dev/sda rw\n"
	                               "8 1 0:30 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
	                               "9 1 8:1 /lib/rootless /c rw - ext4 /dev/sda rw\n"
	                               "bad line\n"
	                               "10 1 8:1 / /cut\\0 rw - ext4 /dev/sda\\");
	char *host = arena_strdup(&arena, "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:6 / /dev rw - devtmpfs dev rw\n"
	                                  "3 1 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup rw");

	(void)state;
	criu_mounts_external(container, host, &spec, &map, &arena);
	assert_int_equal(map.count, 5);
	assert_string_equal(map.items[0].key, "/proc/keys");
	assert_string_equal(map.items[1].key, "/volume");
	assert_string_equal(map.items[2].key, "/with space");
	assert_string_equal(map.items[3].key, "/c");
	assert_string_equal(map.items[4].key, "/cut\\0"); /* no escape */
}

/* --- descriptors.json ------------------------------------------------------------------------------------------------- */

static void descriptors(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char null[] = "/dev/null", pipe[] = "pipe:[1]", closed[] = "";
	struct strings names = { true, 3, (char *[]){ null, pipe, closed } };
	struct strings read;

	(void)state;
	const char *json = descriptors_to_json(&names, &arena);

	assert_string_equal(json, "[\"/dev/null\",\"pipe:[1]\",\"\"]");
	assert_int_equal(descriptors_parse(&read, json, &arena), 0);
	assert_string_equal(read.items[1], "pipe:[1]");
	static const char *const wrong[] = { "", "[]", "[\"\",\"\"]", "[\"\",\"\",\"\",\"\"]", "[1,2,3]", "{}",
		                             "[\"\",\"\",\"\"],\"x\":[",
		                             "[\"\",\"\",\"\"]}", "null" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (descriptors_parse(&read, wrong[i], &arena) >= 0)
			fail_msg("%s is taken", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_texts),
		cmocka_unit_test(what_is_no_message_is_refused),
		cmocka_unit_test(answers_of_any_kind),
		cmocka_unit_test(an_answer_is_understood),
		cmocka_unit_test(a_request_has_what_was_asked_for),
		cmocka_unit_test(the_log_says_why),
		cmocka_unit_test(what_is_of_the_host_is_external),
		cmocka_unit_test(descriptors),
	};

	return cmocka_run_group_tests_name("criu", tests, NULL, NULL);
}
