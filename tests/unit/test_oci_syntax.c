/* JSON itself: what RFC 8259 does not allow, what it allows and we do not, and the limits. */
#include "tests/unit/oci.h"

static void test_not_json(void **state)
{
	static const struct bad rows[] = {
		{ "", "not valid JSON: line 1, column 1: parse error: premature EOF" },
		{ "  \n ", "not valid JSON: line 2, column 1: parse error: premature EOF" },
		{ "{", "not valid JSON: line 1, column 1: parse error: premature EOF" },
		{ "{]", "not valid JSON: line 1, column 2: parse error: invalid object key (must be a string)" },
		{ CONFIG("'a':1") "x", "not valid JSON: line 1, column 29: parse error: trailing garbage" },
		{ CONFIG("'a':1") "{}", "not valid JSON: line 1, column 29: parse error: trailing garbage" },
		{ CONFIG("'a':1") " 1", "not valid JSON: line 1, column 30: parse error: trailing garbage" },
		{ CONFIG("'a':01"),
		  "not valid JSON: line 1, column 27, after /a: parse error: after key and value, inside map, I expect ',' or '}'" },
		{ CONFIG("'a':1,"),
		  "not valid JSON: line 1, column 29, after /a: parse error: invalid object key (must be a string)" },
		{ CONFIG("\n'linux':{\n'mountLabel':nil}"),
		  "not valid JSON: line 3, column 14, after /linux/mountLabel: lexical error: invalid string in json text." },
		{ CONFIG("'a':'\n'"),
		  "not valid JSON: line 1, column 27, after /a: lexical error: invalid character inside string." },
		{ CONFIG("'a':'\x01'"),
		  "not valid JSON: line 1, column 27, after /a: lexical error: invalid character inside string." },
		{ CONFIG("'a':'\\x'"),
		  "not valid JSON: line 1, column 28, after /a: lexical error: inside a string, '\\' occurs before a character which it may not." },
		{ CONFIG("'a':'\\u12g4'"),
		  "not valid JSON: line 1, column 31, after /a: lexical error: invalid (non-hex) character occurs after '\\u' inside string." },
		{ CONFIG("'a':+1"), "not valid JSON: line 1, column 27, after /a: lexical error: invalid char in json text." },
		{ CONFIG("'a':.5"), "not valid JSON: line 1, column 27, after /a: lexical error: invalid char in json text." },
		{ CONFIG("'a':1.e2"),
		  "not valid JSON: line 1, column 28, after /a: lexical error: malformed number, a digit is required after the decimal point." },
		{ CONFIG("'a':NaN"), "not valid JSON: line 1, column 27, after /a: lexical error: invalid char in json text." },
		{ CONFIG("'a' 1"),
		  "not valid JSON: line 1, column 27, after /a: parse error: object key and value must be separated by a colon (':')" },
		{ CONFIG("'a':'b' 'c':1"),
		  "not valid JSON: line 1, column 32, after /a: parse error: after key and value, inside map, I expect ',' or '}'" },
		{ CONFIG("a:1"),
		  "not valid JSON: line 1, column 23, after /ociVersion: lexical error: invalid char in json text." },
		{ CONFIG("'a':[1,]"),
		  "not valid JSON: line 1, column 30, after /a/1: parse error: unallowed token at this point in JSON text" },
		{ CONFIG("'a':'unterminated"), "not valid JSON: line 1, column 40, after /a: parse error: premature EOF" },
		{ CONFIG("/* c */'a':1"),
		  "not valid JSON: line 1, column 22, after /ociVersion: lexical error: probable comment found in input text, comments are not enabled." },
		{ CONFIG("'a':1 // c\n"),
		  "not valid JSON: line 1, column 28, after /a: lexical error: probable comment found in input text, comments are not enabled." },
		{ "\xef\xbb\xbf{}", "not valid JSON: line 1, column 1: lexical error: invalid char in json text." },
	};

	(void)state;
	EXPECT_BAD(rows);
}

static void test_not_an_object(void **state)
{
	static const struct bad rows[] = {
		{ "[]", "/: the document must be an object" },
		{ "null", "/: the document must be an object" },
		{ "true", "/: the document must be an object" },
		{ "'x'", "/: the document must be an object" },
		{ "1e400", "/: the document must be an object" },
	};

	(void)state;
	EXPECT_BAD(rows);
}

static void test_text(void **state)
{
	static const struct bad rows[] = {
		{ CONFIG("'a':'\xc0\xaf'"), "not valid JSON: line 1, column 28: not UTF-8" },
		{ CONFIG("'a':'\xe0\x80\xaf'"), "not valid JSON: line 1, column 28: not UTF-8" },
		{ CONFIG("'a':'\xed\xa0\x80'"), "not valid JSON: line 1, column 28: not UTF-8" },
		{ CONFIG("'a':'\xf0\x80\x80\xaf'"), "not valid JSON: line 1, column 28: not UTF-8" },
		{ CONFIG("'a':'\xf4\x90\x80\x80'"), "not valid JSON: line 1, column 28: not UTF-8" },
		{ CONFIG("'a':'\xf5\x80\x80\x80'"), "not valid JSON: line 1, column 28: not UTF-8" },
		{ CONFIG("\n'a':'0123456789\xff'"), "not valid JSON: line 2, column 16: not UTF-8" },
		{ CONFIG("'a':'\xc3'"), "not valid JSON: line 1, column 28: not UTF-8" },
		{ CONFIG("'a':'\xe2\x82'"), "not valid JSON: line 1, column 28: not UTF-8" },
		{ CONFIG("'a':'\xe2\x28\xa1'"), "not valid JSON: line 1, column 28: not UTF-8" },
		{ CONFIG("'a':'\\ud800'"), "not valid JSON: line 1, column 28: the escape is half of a surrogate pair" },
		{ CONFIG("'a':'\\ud800x'"), "not valid JSON: line 1, column 28: the escape is half of a surrogate pair" },
		{ CONFIG("'a':'\\uD800\\uD800'"), "not valid JSON: line 1, column 28: the escape is half of a surrogate pair" },
		{ CONFIG("'a':'\\udc00'"), "not valid JSON: line 1, column 28: the escape is half of a surrogate pair" },
		{ CONFIG("'a':'\\ud800\\u0041'"), "not valid JSON: line 1, column 28: the escape is half of a surrogate pair" },
		{ CONFIG("'a':'\\u0000'"), "/a: \"\\x00\": must not contain NUL" },
		{ CONFIG("'a':[{'b\\u0000c':1}]"), "/a/0/b\\x00c: a key must not contain NUL" },
		{ CONFIG("'hostname':'a\\u0000b'"), "/hostname: \"a\\x00b\": must not contain NUL" },
		{ LINUX("'maskedPaths':['/a','/b\\u0000']"), "/linux/maskedPaths/1: \"/b\\x00\": must not contain NUL" },
		{ LINUX("'sysctl':{'a\\u0000':'1'}"), "/linux/sysctl/a\\x00: a key must not contain NUL" },
		{ LINUX("'sysctl':{'a':'1\\u0000'}"), "/linux/sysctl/a: \"1\\x00\": must not contain NUL" },
	};

	(void)state;
	EXPECT_BAD(rows);
}

static void test_raw_nul(void **state)
{
	static const char json[] = "{\"ociVersion\":\"1.3.0\",\"hostname\":\"a\0b\"}";
	static const char after[] = "{\"ociVersion\":\"1.3.0\"}\0";

	(void)state;
	expect_bad(spec_parse, json, sizeof json - 1, EINVAL,
	           "not valid JSON: line 1, column 35, after /hostname: lexical error: invalid character inside string.");
	expect_bad(spec_parse, after, sizeof after - 1, EINVAL, "not valid JSON: line 1, column 23: parse error: trailing garbage");
}

static void test_good_text(void **state)
{
	struct spec _cleanup_spec_ spec = { 0 };
	static const char json[] = "\t\r\n {\"ociVersion\":\"1.3.0\", \"hostname\" : \"\\u00e9\\\"\\\\\\/\\b\\f\\n\\r\\t\\ud83d\\ude00\xc3\xa9\xf0\x9f\x98\x80\x7f\", "
		"\"\\u0064omainname\":\"\\\\ud800\" , \"x\":[1e400, -0.0, 1E-999, 123456789012345678901234567890, null, true, {}, []]} \n";

	(void)state;
	assert_int_equal(spec_parse(&spec, json, sizeof json - 1), 0);
	assert_string_equal(spec.hostname, "\xc3\xa9\"\\/\b\f\n\r\t\xf0\x9f\x98\x80\xc3\xa9\xf0\x9f\x98\x80\x7f");
	assert_string_equal(spec.domainname, "\\ud800");
}

static void test_duplicate_keys(void **state)
{
	static const struct bad rows[] = {
		{ "{'ociVersion':'1.3.0','ociVersion':'1.3.0'}", "/ociVersion: given twice" },
		{ "{'ociVersion':'1.3.0','\\u006fciVersion':'1.3.0'}", "/ociVersion: given twice" },
		{ "{'ociVersion':null,'ociVersion':'1.3.0'}", "/ociVersion: given twice" },
		{ CONFIG("'a':1,'b':2,'a':3"), "/a: given twice" },
		{ CONFIG("'x':[0,{'a':{'b':1,'\\u0062':{}}}]"), "/x/1/a/b: given twice" },
		{ PROCESS("'user':{'uid':1,'gid':1,'uid':0}"), "/process/user/uid: given twice" },
		{ CONFIG("'annotations':{'k':'1','l':'','k':'2'}"), "/annotations/k: given twice" },
		{ LINUX("'sysctl':{'a.b':'1','a.b':'1'}"), "/linux/sysctl/a.b: given twice" },
		{ RESOURCES("'rdma':{'a':{'hcaObjects':1},'a':{'hcaObjects':1}}"), "/linux/resources/rdma/a: given twice" },
		{ RESOURCES("'memory':{'limit':1,'future':1,'future':1}"), "/linux/resources/memory/future: given twice" },
	};

	(void)state;
	EXPECT_BAD(rows);
	expect_good(spec_parse, CONFIG("'a':{'b':1,'c':{'b':1,'d':1}},'b':1,'c':[{'b':1},{'b':1}]"));
}

/* Many different keys and one twice: found without comparing each with each. */
static void test_many_keys(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	const size_t keys = 60000;
	char *json = arena_alloc(&arena, keys * 16 + 100), *out = json + sprintf(json, "{\"ociVersion\":\"1.3.0\",\"annotations\":{");

	(void)state;
	for (size_t i = 0; i < keys; i++)
		out += sprintf(out, "%s\"k%06zu\":\"\"", i ? "," : "", i == keys - 1 ? 7 : i);
	out += sprintf(out, "}}");
	expect_bad(spec_parse, json, (size_t)(out - json), EINVAL, "/annotations/k000007: given twice");
}

static void test_too_many(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	const size_t count = 65537;
	char *json = arena_alloc(&arena, count * 4 + 100), *out = json + sprintf(json, "{\"ociVersion\":\"1.3.0\",\"linux\":{\"maskedPaths\":[");

	(void)state;
	for (size_t i = 0; i < count; i++)
		out += sprintf(out, "%s\"/\"", i ? "," : "");
	out += sprintf(out, "]}}");
	expect_bad(spec_parse, json, (size_t)(out - json), EINVAL, "/linux/maskedPaths/65536: more than 65536 elements");
}

/* An unknown property whose value is depth arrays. */
static char *nested(size_t depth, struct arena *arena, size_t *size)
{
	char *json = arena_alloc(arena, 2 * depth + 100), *out = json + sprintf(json, "{\"ociVersion\":\"1.3.0\",\"x\":");

	memset(out, '[', depth);
	memset(out + depth, ']', depth);
	out += 2 * depth;
	*out++ = '}';
	*size = (size_t)(out - json);
	return json;
}

static void test_depth(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct spec _cleanup_spec_ spec = { 0 };
	size_t size;
	char *json = nested(63, &arena, &size);
	static const size_t too_deep[] = { 64, 65, 10000, 1000000 };

	(void)state;
	assert_int_equal(spec_parse(&spec, json, size), 0);
	for (size_t i = 0; i < sizeof too_deep / sizeof *too_deep; i++) {
		struct spec refused = { 0 };

		json = nested(too_deep[i], &arena, &size);
		assert_int_equal(spec_parse(&refused, json, size), -EINVAL);
		assert_non_null(strstr(error_record()->text, "/x/0/0/0"));
		assert_non_null(strstr(error_record()->text, ": nested deeper than 64 levels"));
	}
}

static void test_size(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct spec _cleanup_spec_ spec = { 0 };
	const size_t large = (size_t)10 << 20;
	char *json = arena_alloc(&arena, large);

	(void)state;
	memset(json, ' ', large);
	memcpy(json, "{\"ociVersion\":\"1.3.0\"}", 22);
	assert_int_equal(spec_parse(&spec, json, SPEC_MAX_SIZE), 0);
	expect_bad(spec_parse, json, large, EINVAL, "10485760 bytes: a configuration must not be larger than 4194304 bytes");
}

/* What a hostile file puts into a message stays one line of printable text. */
static void test_shown_values(void **state)
{
	static const struct bad rows[] = {
		{ LINUX("'rootfsPropagation':'a\\nb\\u001b[2J\\u009b\\'\\\\\xc3\xa9'"),
		  "/linux/rootfsPropagation: \"a\\x0ab\\x1b[2J\\x9b\\\"\\\\é\": must be one of \"private\", \"shared\", \"slave\", \"unbindable\", \"rprivate\", \"rshared\", \"rslave\", \"runbindable\"" },
		{ LINUX("'rootfsPropagation':'0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789'"),
		  "/linux/rootfsPropagation: \"01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234...\": must be one of \"private\", \"shared\", \"slave\", \"unbindable\", \"rprivate\", \"rshared\", \"rslave\", \"runbindable\"" },
		{ LINUX("'sysctl':{'a\\nb':1}"), "/linux/sysctl/a\\x0ab: 1: must be a string" },
		{ LINUX("'sysctl':{'a/b':1}"), "/linux/sysctl/a/b: 1: must be a string" },
	};

	(void)state;
	EXPECT_BAD(rows);
}

static int load(const char *text, size_t size, struct spec *spec)
{
	char dir[] = "/tmp/berth-test.XXXXXX";

	assert_non_null(mkdtemp(dir));
	_cleanup_fd_ int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(dirfd >= 0);
	if (text) {
		_cleanup_fd_ int fd = openat(dirfd, "config.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		assert_int_equal(write_all(fd, text, size), 0);
	}
	int r = spec_load(spec, dirfd);

	unlinkat(dirfd, "config.json", 0);
	rmdir(dir);
	return r;
}

static void test_load(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct spec _cleanup_spec_ spec = { 0 };
	const size_t large = SPEC_MAX_SIZE + 1;
	static const char good[] = "{\"ociVersion\":\"1.3.0\",\"hostname\":\"a\"}", bad[] = "{\"ociVersion\":1}";

	(void)state;
	assert_int_equal(load(NULL, 0, &spec), -ENOENT);
	assert_string_equal(error_record()->text, "open config.json: No such file or directory");
	assert_int_equal(load(bad, sizeof bad - 1, &spec), -EINVAL);
	assert_string_equal(error_record()->text, "config.json: /ociVersion: 1: must be a string");
	assert_int_equal(load(memset(arena_alloc(&arena, large), ' ', large), large, &spec), -EINVAL);
	assert_string_equal(error_record()->text, "config.json: must not be larger than 4194304 bytes");
	assert_int_equal(load(good, sizeof good - 1, &spec), 0);
	assert_string_equal(spec.hostname, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_json),
		cmocka_unit_test(test_not_an_object),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_raw_nul),
		cmocka_unit_test(test_good_text),
		cmocka_unit_test(test_duplicate_keys),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_shown_values),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
