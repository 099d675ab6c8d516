/* JSON out: the writer, the forms of a container's state, the features document. */
#include "oci/features.h"
#include "oci/json.h"
#include "oci/state.h"
#include "tests/unit/oci.h"

#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>

static char key[] = "com.example/key", quotes[] = "\"quoted\"\n", letter[] = "a", nothing[] = "";
static struct string_pair pairs[] = { { key, quotes }, { letter, nothing } };

static struct state sample(struct arena *arena)
{
	return (struct state){
		.oci_version = arena_strdup(arena, "1.0.2-dev"),
		.id = arena_strdup(arena, "c1"),
		.bundle = arena_strdup(arena, "/bundle"),
		.rootfs = arena_strdup(arena, "/bundle/rootfs"),
		.owner = arena_strdup(arena, "0"),
		.created = arena_strdup(arena, "2024-01-02T03:04:05.000000006Z"),
		.pid = 42,
		.start_time = UINT64_MAX,
		.pidfd_inode = UINT64_MAX,
		.cgroup = arena_strdup(arena, "/a/b"),
		.systemd_cgroup = true,
		.own_pid_namespace = true,
		.no_late_hooks = true,
		.rdt_class = arena_strdup(arena, "a"),
		.rdt_monitor = arena_strdup(arena, "b"),
		.rdt_own = true,
		.external_descriptors = arena_strdup(arena, "[\"/dev/null\",\"pipe:[1]\",\"\"]"),
		.annotations = { true, 2, pairs },
		.namespaces = { [NS_MOUNT] = { 4, 4026531840 }, [NS_TIME] = { UINT64_MAX, UINT64_MAX } },
	};
}

static void test_writer(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct json *json = json_new(&arena, false);

	(void)state;
	json_object(json);
	json_pair_string(json, "s", "a\"\\\b\n\x01\x7f\xc3\xa9");
	json_pair_string(json, "left out", NULL);
	json_pair_string(json, "not utf-8", "a\xff\xc3z\xed\xa0\x80");
	json_pair_int(json, "min", INT64_MIN);
	json_pair_uint(json, "max", UINT64_MAX);
	json_pair_bool(json, "yes", true);
	json_key(json, "list");
	json_array(json);
	json_null(json);
	json_double(json, 0.1);
	json_double(json, -1e300);
	json_double(json, (double)INFINITY);
	json_array_end(json);
	json_key(json, "empty");
	json_strings(json, &(struct strings){ 0 });
	json_key(json, "map");
	json_string_map(json, &(struct string_map){ true, 2, pairs });
	json_object_end(json);
	assert_string_equal(json_finish(json),
	                    "{\"s\":\"a\\\"\\\\\\b\\n\\u0001\x7f\xc3\xa9\","
	                    "\"not utf-8\":\"a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\","
	                    "\"min\":-9223372036854775808,\"max\":18446744073709551615,\"yes\":true,"
	                    "\"list\":[null,0.10000000000000001,-1.0000000000000001e+300,null],\"empty\":[],"
	                    "\"map\":{\"com.example/key\":\"\\\"quoted\\\"\\n\",\"a\":\"\"}}");
}

static void test_writer_indents(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct json *json = json_new(&arena, true);

	(void)state;
	json_object(json);
	json_pair_int(json, "a", 1);
	json_key(json, "b");
	json_array(json);
	json_bool(json, false);
	json_array_end(json);
	json_object_end(json);
	assert_string_equal(json_finish(json), "{\n  \"a\": 1,\n  \"b\": [\n    false\n  ]\n}");
}

/* A document that is not whole is a bug of ours, and stops the process. */
static void misuse(int how)
{
	struct arena arena = { 0 };
	struct json *json = json_new(&arena, false);

	close(STDERR_FILENO);
	switch (how) {
	case 0:  /* nothing written */
		break;
	case 1:  /* not closed */
		json_array(json);
		break;
	case 2:  /* a number for a key */
		json_object(json);
		json_int(json, 1);
		break;
	default: /* two documents */
		json_int(json, 1);
		json_int(json, 2);
	}
	json_finish(json);
	_exit(0);
}

static void test_writer_misuse(void **state)
{
	(void)state;
	for (int how = 0; how < 4; how++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			misuse(how);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

#define ANNOTATIONS "\"annotations\":{\"com.example/key\":\"\\\"quoted\\\"\\n\",\"a\":\"\"}"

static void test_oci_state(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct state container = sample(&arena);

	(void)state;
	assert_string_equal(state_to_oci_json(&container, STATUS_RUNNING, &arena),
	                    "{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"running\",\"pid\":42,\"bundle\":\"/bundle\"," ANNOTATIONS "}");
	container.annotations = (struct string_map){ 0 };
	assert_string_equal(state_to_oci_json(&container, STATUS_STOPPED, &arena),
	                    "{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"stopped\",\"bundle\":\"/bundle\"}");
	container.pid = 0;
	assert_string_equal(state_to_oci_json(&container, STATUS_CREATING, &arena),
	                    "{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"creating\",\"bundle\":\"/bundle\"}");
}

static void test_seccomp_state(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct state container = sample(&arena);

	(void)state;
	container.annotations = (struct string_map){ 0 };
	assert_string_equal(state_to_seccomp_json(&container, STATUS_CREATING, 42, "m", &arena),
	                    "{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":42,\"metadata\":\"m\",\"state\":{"
	                    "\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"creating\",\"pid\":42,\"bundle\":\"/bundle\"}}");
	assert_string_equal(state_to_seccomp_json(&container, STATUS_RUNNING, 50, NULL, &arena),
	                    "{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":50,\"state\":{"
	                    "\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"running\",\"pid\":42,\"bundle\":\"/bundle\"}}");
}

static void test_report(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct state container = sample(&arena);

	(void)state;
	assert_string_equal(state_to_report_json(&container, STATUS_PAUSED, true, &arena),
	                    "{\n  \"ociVersion\": \"1.0.2-dev\",\n  \"id\": \"c1\",\n  \"pid\": 42,\n  \"status\": \"paused\",\n"
	                    "  \"bundle\": \"/bundle\",\n  \"rootfs\": \"/bundle/rootfs\",\n"
	                    "  \"created\": \"2024-01-02T03:04:05.000000006Z\",\n"
	                    "  \"annotations\": {\n    \"com.example/key\": \"\\\"quoted\\\"\\n\",\n    \"a\": \"\"\n  },\n"
	                    "  \"owner\": \"0\"\n}");
	container.annotations = (struct string_map){ 0 };
	container.owner = NULL;
	assert_string_equal(state_to_report_json(&container, STATUS_STOPPED, true, &arena),
	                    "{\n  \"ociVersion\": \"1.0.2-dev\",\n  \"id\": \"c1\",\n  \"pid\": 0,\n  \"status\": \"stopped\",\n"
	                    "  \"bundle\": \"/bundle\",\n  \"rootfs\": \"/bundle/rootfs\",\n"
	                    "  \"created\": \"2024-01-02T03:04:05.000000006Z\",\n  \"owner\": \"\"\n}");
}

static void assert_same_string(const char *a, const char *b)
{
	assert_int_equal(!a, !b);
	if (a)
		assert_string_equal(a, b);
}

static void round_trip(const struct state *before)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct state _cleanup_state_ after = { 0 };
	const char *json = state_to_stored_json(before, &arena);

	if (state_parse(&after, json, strlen(json)) < 0)
		fail_msg("%s: %s", json, error_record()->text);
	assert_same_string(after.oci_version, before->oci_version);
	assert_same_string(after.id, before->id);
	assert_same_string(after.bundle, before->bundle);
	assert_same_string(after.rootfs, before->rootfs);
	assert_same_string(after.owner, before->owner);
	assert_same_string(after.created, before->created);
	assert_same_string(after.cgroup, before->cgroup);
	assert_same_string(after.rdt_class, before->rdt_class);
	assert_same_string(after.rdt_monitor, before->rdt_monitor);
	assert_int_equal(after.rdt_own, before->rdt_own);
	assert_same_string(after.external_descriptors, before->external_descriptors);
	assert_true(after.pid == before->pid && after.start_time == before->start_time);
	assert_true(after.systemd_cgroup == before->systemd_cgroup && after.pidfd_inode == before->pidfd_inode);
	assert_true(after.own_pid_namespace == before->own_pid_namespace && after.no_late_hooks == before->no_late_hooks && after.at_once == before->at_once);
	assert_int_equal(after.annotations.count, before->annotations.count);
	for (size_t i = 0; i < after.annotations.count; i++) {
		assert_string_equal(after.annotations.items[i].key, before->annotations.items[i].key);
		assert_string_equal(after.annotations.items[i].value, before->annotations.items[i].value);
	}
	assert_memory_equal(after.namespaces, before->namespaces, sizeof after.namespaces);
}

static void test_stored(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct state all = sample(&arena), none = { .oci_version = letter, .id = letter, .bundle = letter }, flags = none;

	(void)state;
	for (enum namespace_type type = 0; type < NS_TYPES; type++) {
		all.namespaces[type].device = 10 + type;
		all.namespaces[type].inode = 20 + type;
	}
	flags.at_once = true;
	round_trip(&all);
	round_trip(&none);
	round_trip(&flags);
}

static void test_stored_bad(void **state)
{
	static const struct bad rows[] = {
		{ "", "not valid JSON: line 1, column 1: parse error: premature EOF" },
		{ "{'version':1,'ociVersion':'1.0.0','id':'a','bundle':'/','pid':1", "not valid JSON: line 1, column 63, after /pid: "
		  "parse error: premature EOF" },
		{ "{'version':2,'ociVersion':'1.0.0','id':'a','bundle':'/','pid':1}", "/version: 2: written by another version of this program" },
		{ "{'ociVersion':'1.0.0','id':'a','bundle':'/','pid':1}", "/version: missing, but required" },
		{ "{'version':1,'ociVersion':'1.0.0','bundle':'/','pid':1}", "/id: missing, but required" },
		{ "{'version':1,'ociVersion':'1.0.0','id':'a','bundle':'/'}", "/pid: missing, but required" },
		{ "{'version':1,'ociVersion':'1.0.0','id':'a','bundle':'/','pid':-1}", "/pid: -1: must be an integer from 0 to 2147483647" },
		{ "{'version':1,'ociVersion':'1.0.0','id':'a','bundle':'/','pid':1,'namespaces':{'mnt':{'device':1}}}",
		  "/namespaces/mnt/inode: missing, but required" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena _cleanup_arena_ arena = { 0 };
		struct state container = { 0 };
		char *json = quoted(rows[i].json, &arena);

		assert_int_equal(state_parse(&container, json, strlen(json)), -EINVAL);
		assert_string_equal(error_record()->text, rows[i].error);
		assert_null(container.arena.blocks);
	}
}

/* Each "key": of a document, in order. */
static size_t keys_of(const char *json, char keys[][64], size_t max)
{
	size_t count = 0;

	for (const char *p = json; (p = strchr(p, '"'));) {
		const char *end = strchr(p + 1, '"');

		assert_non_null(end);
		if (end[1] == ':' && count < max && end - p - 1 < 64)
			snprintf(keys[count++], 64, "%.*s", (int)(end - p - 1), p + 1);
		p = end + 1;
	}
	return count;
}

/* All properties that runc's document in the specification has, and no other but the newer ones of version 1.3. */
static void test_features_keys(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char *item = letter, theirs[64][64], ours[64][64], *runc;
	const struct strings list = { true, 1, &item };
	struct string_pair annotations[] = {
		{ arena_strdup(&arena, "io.github.seccomp.libseccomp.version"), nothing },
		{ arena_strdup(&arena, "org.opencontainers.runc.checkpoint.enabled"), nothing },
		{ arena_strdup(&arena, "org.opencontainers.runc.commit"), nothing },
		{ arena_strdup(&arena, "org.opencontainers.runc.version"), nothing },
	};
	static const char *const newer[] = { "rdma", "memoryPolicy", "modes", "flags", "intelRdt", "schemata", "monitoring",
	                                     "mountExtensions", "idmap", "potentiallyUnsafeConfigAnnotations", "enabled" };
	const struct features features = {
		list, list, list, list, list, list, list, list, list, list,
		.seccomp = true, .annotations = { true, 4, annotations }, .unsafe_annotations = list,
	};
	size_t size, their_count, our_count;

	(void)state;
	assert_int_equal(read_file_at(AT_FDCWD, "tests/oci/features/runc.json", &arena, 65536, &runc, &size), 0);
	their_count = keys_of(runc, theirs, 64);
	our_count = keys_of(features_to_json(&features, &arena), ours, 64);
	assert_true(their_count > 20 && our_count < 64);
	for (size_t i = 0, k = 0; i < our_count; i++) {
		bool is_newer = false;

		if (k < their_count && strcmp(ours[i], theirs[k]) == 0) {
			k++;
			continue;
		}
		for (size_t n = 0; n < sizeof newer / sizeof *newer; n++)
			is_newer |= strcmp(ours[i], newer[n]) == 0;
		if (!is_newer)
			fail_msg("unexpected \"%s\" where runc has \"%s\"", ours[i], k < their_count ? theirs[k] : "nothing");
		if (i + 1 == our_count)
			assert_int_equal(k, their_count);
	}
}

static void test_features(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char *namespaces[] = { arena_strdup(&arena, "mount"), arena_strdup(&arena, "time") };
	const struct features features = {
		.namespaces = { true, 2, namespaces }, .seccomp_archs = { true, 0, NULL }, .cgroup_v2 = true, .apparmor = true,
		.intel_rdt = true,
	};

	(void)state;
	assert_string_equal(
		features_to_json(&features, &arena),
		"{\n  \"ociVersionMin\": \"1.0.0\",\n  \"ociVersionMax\": \"1.3.0\",\n  \"hooks\": [\n    \"prestart\",\n    \"createRuntime\",\n"
		"    \"createContainer\",\n    \"startContainer\",\n    \"poststart\",\n    \"poststop\"\n  ],\n  \"linux\": {\n"
		"    \"namespaces\": [\n      \"mount\",\n      \"time\"\n    ],\n"
		"    \"cgroup\": {\n      \"v1\": false,\n      \"v2\": true,\n      \"systemd\": false,\n      \"systemdUser\": false,\n"
		"      \"rdma\": false\n    },\n"
		"    \"seccomp\": {\n      \"enabled\": false,\n      \"archs\": [\n\n      ]\n    },\n"
		"    \"apparmor\": {\n      \"enabled\": true\n    },\n    \"selinux\": {\n      \"enabled\": false\n    },\n"
		"    \"memoryPolicy\": {\n\n    },\n"
		"    \"intelRdt\": {\n      \"enabled\": true,\n      \"schemata\": true,\n      \"monitoring\": true\n    },\n"
		"    \"mountExtensions\": {\n      \"idmap\": {\n        \"enabled\": false\n      }\n    },\n"
		"    \"netDevices\": {\n      \"enabled\": false\n    }\n  }\n}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_writer_indents),
		cmocka_unit_test(test_writer_misuse),
		cmocka_unit_test(test_oci_state),
		cmocka_unit_test(test_seccomp_state),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_stored),
		cmocka_unit_test(test_stored_bad),
		cmocka_unit_test(test_features_keys),
		cmocka_unit_test(test_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
