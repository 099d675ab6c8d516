/* The tables themselves: what the compiler cannot check of them. */
#include "oci/names.h"
#include "oci/tables.h"
#include "tests/unit/oci.h"

static bool is_object(const struct field *field)
{
	return field->kind == KIND_OBJECT || field->kind == KIND_OBJECTS || field->kind == KIND_OBJECT_MAP;
}

static bool is_integer(const struct field *field)
{
	return (field->kind >= KIND_INT32 && field->kind <= KIND_OPT_UINT64) || field->kind == KIND_UINT32S;
}

static void check_field(const struct field *field)
{
	assert_int_equal(field->length, strlen(field->name));
	assert_true(!is_object(field) || field->table);
	assert_true(field->kind != KIND_OBJECT_MAP || !field->collect);
	if (is_integer(field)) {
		assert_true(field->max > 0 && (field->min < 0 || (uint64_t)field->min <= field->max));
		if (field->kind == KIND_UINT32 || field->kind == KIND_UINT32S)
			assert_true(field->min >= 0 && field->max <= UINT32_MAX);
		if (field->kind == KIND_INT32)
			assert_true(field->min >= INT32_MIN && field->max <= INT32_MAX);
		if (field->kind == KIND_INT64 || field->kind == KIND_OPT_INT64)
			assert_true(field->max <= INT64_MAX);
		if (field->kind == KIND_UINT64 || field->kind == KIND_OPT_UINT64)
			assert_true(field->min >= 0);
	}
	if (field->kind == KIND_NAME || field->kind == KIND_NAME_BITS)
		assert_true(field->names && (field->width == 4 || field->width == 8));
	assert_true(field->kind != KIND_TEXT || field->convert);
	if (field->flags & FIELD_EMPTY_IS_ABSENT)
		assert_true(field->kind == KIND_STRING || field->kind == KIND_TEXT);
	/* these live in a frame while they are read */
	if (field->kind == KIND_OBJECTS || field->kind == KIND_OBJECT_MAP || field->flags & FIELD_DISCARD)
		assert_true(field->table->size && field->table->size <= ELEMENT_MAX_SIZE);
}

/* text: all good configurations of tests/oci; each property must occur in them. */
static void check_table(const struct table *table, const char *text)
{
	assert_true(table->count && table->count <= TABLE_MAX_FIELDS);
	for (size_t i = 0; i < table->count; i++) {
		const struct field *field = &table->fields[i];
		char quoted_name[80];

		check_field(field);
		snprintf(quoted_name, sizeof quoted_name, "\"%s\":", field->name);
		if (!strstr(text, quoted_name))
			fail_msg("no configuration in tests/oci/good has %s", quoted_name);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(field->name, table->fields[k].name);
		if (is_object(field))
			check_table(field->table, text);
	}
}

static void test_tables(void **state)
{
	static const char *const files[] = { "everything", "windows", "vm-solaris" };
	struct arena _cleanup_arena_ arena = { 0 };
	char *text = arena_strdup(&arena, "");

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char *more;

		assert_int_equal(read_file_at(AT_FDCWD, arena_printf(&arena, "tests/oci/good/berth-%s.json", files[i]), &arena,
		                              SPEC_MAX_SIZE, &more, NULL), 0);
		text = arena_printf(&arena, "%s%s", text, more);
	}
	check_table(&table_config, text);
}

static void test_names(void **state)
{
	static const struct names *const all[] = {
		&names_capabilities, &names_rlimits, &names_sched_policies, &names_sched_flags, &names_io_classes, &names_namespaces,
		&names_propagation, &names_seccomp_actions, &names_seccomp_archs, &names_seccomp_operators, &names_seccomp_flags,
		&names_memory_policy_modes, &names_memory_policy_flags, &names_personalities,
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (size_t k = 0; k < all[i]->count; k++) {
			const struct name *name = &all[i]->items[k];

			assert_int_equal(name->length, strlen(name->text));
			assert_ptr_equal(names_find(all[i], name->text, name->length), name);
			assert_ptr_not_equal(names_find(all[i], name->text, (size_t)name->length - 1), name);
		}
	assert_string_equal(names_of_value(&names_capabilities, UINT64_C(1) << 21)->text, "CAP_SYS_ADMIN");
	assert_null(names_of_value(&names_capabilities, UINT64_C(1) << 41));
	assert_int_equal(names_capabilities.count, 41);
	assert_int_equal(names_seccomp_archs.count, 23);
}

static void test_namespace_types(void **state)
{
	(void)state;
	for (enum namespace_type type = 0; type < NS_TYPES; type++) {
		assert_string_equal(names_of_value(&names_namespaces, type)->text, ns_type_name(type));
		assert_true(ns_type_clone_flag(type) != 0);
	}
	assert_string_equal(ns_type_proc_name(NS_MOUNT), "mnt");
	assert_string_equal(ns_type_proc_name(NS_NETWORK), "net");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_namespace_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
