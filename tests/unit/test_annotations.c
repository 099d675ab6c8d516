/* The annotations org.berth.*, as text; and which emulator runs what. */
#include "base/error.h"
#include "rootfs/emulate.h"
#include "runtime/annotations.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct arena arena;

static int parse(const char *key, const char *value, struct extras *extras)
{
	struct string_pair pair = { arena_strdup(&arena, key), arena_strdup(&arena, value) };
	struct spec spec = {
		.annotations = { .set = true, .count = 1, .items = &pair },
		.process = { .no_new_privileges = true },
	};

	spec.linux_.namespaces[NS_USER].set = true;
	return extras_parse(extras, &spec, &arena);
}

static void refused(const char *key, const char *value, const char *text)
{
	struct extras extras;

	assert_int_equal(parse(key, value, &extras), -EINVAL);
	if (!strstr(error_record()->text, text) || !strstr(error_record()->text, key))
		fail_msg("%s=%s: \"%s\" is not in \"%s\"", key, value, text, error_record()->text);
}

static void test_flags(void **state)
{
	struct extras extras;

	(void)state;
	assert_int_equal(parse("org.berth.ksm", "true", &extras), 0);
	assert_true(extras.ksm && !extras.core_sched && !extras.emulate && !extras.landlock.set);
	assert_int_equal(parse("org.berth.core-sched", "true", &extras), 0);
	assert_true(!extras.ksm && extras.core_sched);
	assert_int_equal(parse("org.berth.emulate", "true", &extras), 0);
	assert_true(extras.emulate);
	assert_int_equal(parse("org.berth.ksm", "false", &extras), 0);
	assert_false(extras.ksm);
	refused("org.berth.ksm", "TRUE", "must be \"true\" or \"false\"");
	refused("org.berth.ksm", " true", "must be");
	refused("org.berth.core-sched", "", "must be");
	assert_int_equal(parse("run.oci.keep_original_groups", "1", &extras), 0);
	assert_true(extras.keep_groups);
	assert_int_equal(parse("run.oci.keep_original_groups", "0", &extras), 0);
	assert_false(extras.keep_groups);
	refused("run.oci.keep_original_groups", "", "must be \"1\" or \"0\"");
	refused("run.oci.keep_original_groups", "true", "must be \"1\" or \"0\"");
}

static void test_names(void **state)
{
	struct extras extras;

	(void)state;
	assert_int_equal(parse("org.berth", "x", &extras), 0);
	assert_int_equal(parse("org.berthing.ksm", "x", &extras), 0);
	assert_int_equal(parse("com.org.berth.ksm", "x", &extras), 0);
	assert_int_equal(parse("org.berth.network.egress", "x", &extras), 0);  /* parsed elsewhere */
	assert_int_equal(parse("run.oci.keep_original_groups_", "x", &extras), 0);
	assert_int_equal(parse("run.oci.handler", "krun", &extras), 0);
	refused("org.berth.", "true", "no such annotation");
	refused("org.berth.ksm2", "true", "org.berth.landlock");
	refused("org.berth.network", "1M", "org.berth.network.ingress");
}

static void test_needs(void **state)
{
	struct string_pair pair = { (char[]){ "org.berth.emulate" }, (char[]){ "true" } };
	struct spec spec = { .annotations = { .set = true, .count = 1, .items = &pair } };
	struct extras extras;

	(void)state;
	assert_int_equal(extras_parse(&extras, &spec, &arena), -EINVAL);
	spec.linux_.namespaces[NS_USER] = (struct spec_namespace){ .set = true, .path = (char[]){ "/proc/1/ns/user" } };
	assert_int_equal(extras_parse(&extras, &spec, &arena), -EINVAL);
	spec.linux_.namespaces[NS_USER].path = NULL;
	assert_int_equal(extras_parse(&extras, &spec, &arena), 0);
	pair = (struct string_pair){ (char[]){ "org.berth.landlock" }, (char[]){ "{\"exec\":[\"/\"]}" } };
	assert_int_equal(extras_parse(&extras, &spec, &arena), -EINVAL);
	spec.process.no_new_privileges = true;
	assert_int_equal(extras_parse(&extras, &spec, &arena), 0);
}

static void test_rules(void **state)
{
	static const char key[] = "org.berth.landlock";
	struct extras extras;

	(void)state;
	assert_int_equal(parse(key, "{\"ro\":[\"/etc\"],\"rw\":[\"/a\",\"/b\"],\"exec\":[\"/usr\"],\"abi\":5}", &extras), 0);
	const struct landlock_rules *rules = &extras.landlock;

	assert_true(rules->set && rules->abi == 5);
	assert_int_equal(rules->ro.count, 1);
	assert_int_equal(rules->rw.count, 2);
	assert_string_equal(rules->rw.items[1], "/b");
	assert_string_equal(rules->exec.items[0], "/usr");
	assert_int_equal(parse(key, "{\"exec\":[\"/\"]}", &extras), 0);
	assert_int_equal(extras.landlock.abi, LANDLOCK_ABI_LEAST);
	refused(key, "{}", "/exec");
	refused(key, "{\"exec\":[\"/\"],\"rx\":[\"/\"]}", "must be ro, rw, exec or abi");
	refused(key, "{\"exec\":[\"/\"],\"ro\":[\"/\",\"etc\"]}", "/ro/1: \"etc\"");
	refused(key, "{\"exec\":[\"/\"],\"abi\":2}", "/abi");
	refused(key, "{\"exec\":[\"/\"]} x", "");
}

static void test_emulators(void **state)
{
	(void)state;
	assert_string_equal(emulate_program(ELFCLASS64, ELFDATA2LSB, EM_AARCH64, "x86_64"), "qemu-aarch64-static");
	assert_string_equal(emulate_program(ELFCLASS64, ELFDATA2LSB, EM_X86_64, "aarch64"), "qemu-x86_64-static");
	assert_string_equal(emulate_program(ELFCLASS32, ELFDATA2LSB, EM_ARM, "x86_64"), "qemu-arm-static");
	assert_string_equal(emulate_program(ELFCLASS64, ELFDATA2MSB, EM_S390, "x86_64"), "qemu-s390x-static");
	assert_null(emulate_program(ELFCLASS64, ELFDATA2LSB, EM_X86_64, "x86_64"));
	assert_null(emulate_program(ELFCLASS64, ELFDATA2LSB, EM_AARCH64, "aarch64"));
	assert_null(emulate_program(ELFCLASS32, ELFDATA2LSB, EM_ARM, "aarch64"));
	assert_null(emulate_program(ELFCLASS64, ELFDATA2MSB, EM_AARCH64, "x86_64"));
	assert_null(emulate_program(ELFCLASS32, ELFDATA2LSB, EM_RISCV, "x86_64"));
	assert_null(emulate_program(ELFCLASS64, ELFDATA2LSB, 9999, "x86_64"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_emulators),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	arena_free(&arena);
	return r;
}
