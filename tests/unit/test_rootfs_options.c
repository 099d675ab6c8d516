/* The table of mount options against the specification's: every name, and what it comes to. */
#include "base/error.h"
#include "base/sys.h"
#include "rootfs/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#undef fail

static struct arena arena;

static int parse_into(struct mount_options *o, const char *list)
{
	struct spec_mount mount = { .options = { .set = true, .items = arena_array(&arena, 64, sizeof(char *)) } };
	char *save = NULL;

	for (char *item = strtok_r(arena_strdup(&arena, list), " ", &save); item; item = strtok_r(NULL, " ", &save))
		mount.options.items[mount.options.count++] = item;
	return mount_options_parse(o, &mount, 3, &arena);
}

static struct mount_options parse(const char *list)
{
	struct mount_options o;

	assert_int_equal(parse_into(&o, list), 0);
	return o;
}

/* The MUST, SHOULD and MAY names of config.md, in its order. */
static const char *const specified[] = {
	"async",          "atime",      "bind",         "defaults",    "dev",
	"diratime",       "dirsync",    "exec",         "iversion",    "lazytime",
	"loud",           "mand",       "noatime",      "nodev",       "nodiratime",
	"noexec",         "noiversion", "nolazytime",   "nomand",      "norelatime",
	"nostrictatime",  "nosuid",     "nosymfollow",  "private",     "ratime",
	"rbind",          "rdev",       "rdiratime",    "relatime",    "remount",
	"rexec",          "rnoatime",   "rnodiratime",  "rnoexec",     "rnorelatime",
	"rnostrictatime", "rnosuid",    "rnosymfollow", "ro",          "rprivate",
	"rrelatime",      "rro",        "rrw",          "rshared",     "rslave",
	"rstrictatime",   "rsuid",      "rsymfollow",   "runbindable", "rw",
	"shared",         "silent",     "slave",        "strictatime", "suid",
	"symfollow",      "sync",       "tmpcopyup",    "unbindable",  "idmap",
	"ridmap",
};

static bool is_listed(const char *name)
{
	for (const char *const *names = mount_option_names(); *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static void test_every_name_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof specified / sizeof *specified; i++) {
		assert_true(is_listed(specified[i]));
		assert_int_equal(parse(specified[i]).data_count, 0);
	}
	/* The text has rdev, but its opposite is missing there. */
	assert_true(is_listed("rnodev"));
}

/* set, clear of an attribute that is not an access time; the recursive form has an "r" in front. */
static const struct {
	const char *on, *off;
	uint64_t attribute;
} pairs[] = {
	{ "ro", "rw", MOUNT_ATTR_RDONLY },
	{ "nosuid", "suid", MOUNT_ATTR_NOSUID },
	{ "nodev", "dev", MOUNT_ATTR_NODEV },
	{ "noexec", "exec", MOUNT_ATTR_NOEXEC },
	{ "nodiratime", "diratime", MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", "symfollow", MOUNT_ATTR_NOSYMFOLLOW },
};

static void check_attributes(const struct mount_attributes *a, uint64_t set, uint64_t clear)
{
	assert_int_equal(a->set, set);
	assert_int_equal(a->clear, clear);
}

static void test_pairs(void **state)
{
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct mount_options o = parse(pairs[i].on);

		check_attributes(&o.top, pairs[i].attribute, 0);
		check_attributes(&o.recursive, 0, 0);
		o = parse(pairs[i].off);
		check_attributes(&o.top, 0, pairs[i].attribute);
		snprintf(text, sizeof text, "%s %s", pairs[i].on, pairs[i].off);
		o = parse(text);
		check_attributes(&o.top, 0, pairs[i].attribute);
		snprintf(text, sizeof text, "%s %s", pairs[i].off, pairs[i].on);
		o = parse(text);
		check_attributes(&o.top, pairs[i].attribute, 0);
		snprintf(text, sizeof text, "r%s", pairs[i].on);
		o = parse(text);
		check_attributes(&o.recursive, pairs[i].attribute, 0);
		check_attributes(&o.top, 0, 0);
		snprintf(text, sizeof text, "r%s r%s", pairs[i].on, pairs[i].off);
		o = parse(text);
		check_attributes(&o.recursive, 0, pairs[i].attribute);
		/* The later word, recursive or not, is the last about the mount itself. */
		snprintf(text, sizeof text, "%s r%s", pairs[i].on, pairs[i].off);
		o = parse(text);
		check_attributes(&o.top, 0, 0);
		check_attributes(&o.recursive, 0, pairs[i].attribute);
		snprintf(text, sizeof text, "r%s %s", pairs[i].on, pairs[i].off);
		o = parse(text);
		check_attributes(&o.top, 0, pairs[i].attribute);
		check_attributes(&o.recursive, pairs[i].attribute, 0);
	}
}

/* -1: nothing was said about the access time. */
static const struct {
	const char *options;
	int64_t value;
} access_times[] = {
	{ "relatime", MOUNT_ATTR_RELATIME },
	{ "noatime", MOUNT_ATTR_NOATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME },
	{ "atime", MOUNT_ATTR_RELATIME },
	{ "norelatime", -1 },
	{ "nostrictatime", MOUNT_ATTR_RELATIME },
	{ "noatime atime", MOUNT_ATTR_RELATIME },
	{ "strictatime atime", MOUNT_ATTR_STRICTATIME },
	{ "strictatime relatime", MOUNT_ATTR_RELATIME },
	{ "relatime strictatime", MOUNT_ATTR_STRICTATIME },
	{ "noatime strictatime", MOUNT_ATTR_STRICTATIME },
	{ "strictatime noatime", MOUNT_ATTR_NOATIME },
	{ "relatime norelatime", -1 },
	{ "noatime norelatime", MOUNT_ATTR_NOATIME },
	{ "strictatime nostrictatime", MOUNT_ATTR_RELATIME },
	{ "noatime nostrictatime", MOUNT_ATTR_NOATIME },
};

static void check_atime(const struct mount_attributes *a, int64_t value)
{
	assert_int_equal(a->clear & MOUNT_ATTR__ATIME, value < 0 ? 0 : MOUNT_ATTR__ATIME);
	assert_int_equal(a->set & MOUNT_ATTR__ATIME, value < 0 ? 0 : value);
}

static void test_access_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof access_times / sizeof *access_times; i++) {
		struct mount_options o = parse(access_times[i].options);
		char *text = arena_strdup(&arena, ""), *save = NULL;

		check_atime(&o.top, access_times[i].value);
		for (char *w = strtok_r(arena_strdup(&arena, access_times[i].options), " ", &save); w;
		     w = strtok_r(NULL, " ", &save))
			text = arena_printf(&arena, "%s r%s", text, w);
		o = parse(text);
		check_atime(&o.recursive, access_times[i].value);
		check_atime(&o.top, -1);
	}
	struct mount_options o = parse("nodiratime strictatime");

	check_attributes(&o.top, MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME);
}

static void test_super_flags(void **state)
{
	(void)state;
	static const struct {
		const char *on, *off;
		unsigned flag;
	} flags[] = {
		{ "sync", "async", MS_SYNCHRONOUS },       { "silent", "loud", MS_SILENT },
		{ "mand", "nomand", MS_MANDLOCK },         { "iversion", "noiversion", MS_I_VERSION },
		{ "lazytime", "nolazytime", MS_LAZYTIME },
	};

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		struct mount_options o = parse(flags[i].on);

		assert_int_equal(o.super_set, flags[i].flag);
		assert_int_equal(o.super_clear, 0);
		o = parse(arena_printf(&arena, "%s %s", flags[i].on, flags[i].off));
		assert_int_equal(o.super_set, 0);
		assert_int_equal(o.super_clear, flags[i].flag);
		o = parse(arena_printf(&arena, "%s %s", flags[i].off, flags[i].on));
		assert_int_equal(o.super_set, flags[i].flag);
		assert_int_equal(o.super_clear, 0);
	}
	assert_int_equal(parse("dirsync").super_set, MS_DIRSYNC);
}

static void test_propagation(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		unsigned flag;
	} kinds[] = {
		{ "private", MS_PRIVATE }, { "shared", MS_SHARED }, { "slave", MS_SLAVE }, { "unbindable", MS_UNBINDABLE }
	};

	for (size_t i = 0; i < 4; i++) {
		struct mount_options o = parse(kinds[i].name);

		assert_int_equal(o.propagation, kinds[i].flag);
		assert_false(o.propagation_recursive);
		o = parse(arena_printf(&arena, "shared r%s", kinds[i].name));
		assert_int_equal(o.propagation, kinds[i].flag);
		assert_true(o.propagation_recursive);
	}
	assert_int_equal(parse("ro").propagation, 0);
}

static void test_modes(void **state)
{
	(void)state;
	assert_true(parse("bind").bind && !parse("bind").bind_recursive);
	assert_true(parse("rbind").bind && parse("rbind").bind_recursive);
	assert_true(parse("rbind bind").bind_recursive);
	assert_true(parse("remount").remount && !parse("remount").bind);
	assert_true(parse("tmpcopyup").copy_up);
	assert_true(parse("ro idmap").idmap && !parse("idmap").idmap_recursive);
	assert_int_equal(parse("ro idmap").idmap_index, 1);
	assert_true(parse("ridmap").idmap && parse("ridmap").idmap_recursive);
}

/* Neither the kernel nor a file system is told. */
static void test_what_mount8_keeps(void **state)
{
	struct mount_options o = parse(
		"defaults auto noauto nouser nousers noowner nogroup _netdev x-systemd.automount X-mount.mkdir "
		"comment=mine");

	(void)state;
	assert_int_equal(o.data_count, 0);
	check_attributes(&o.top, 0, 0);
	o = parse("ro defaults");
	check_attributes(&o.top, MOUNT_ATTR_RDONLY, 0);
	o = parse("user exec");
	check_attributes(&o.top, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC);
}

static void test_data(void **state)
{
	struct mount_options o = parse("nosuid size=64k mode=755 newinstance NOSUID");

	(void)state;
	assert_int_equal(o.data_count, 4);
	assert_string_equal(o.data[0], "size=64k");
	assert_string_equal(o.data[1], "mode=755");
	assert_string_equal(o.data[2], "newinstance");
	assert_string_equal(o.data[3], "NOSUID");
	o = parse("a=1,b,,c=2, lowerdir=/x\\,y:/z context=\"u:r:t:s0:c1,c2\",d");
	assert_int_equal(o.data_count, 6);
	assert_string_equal(o.data[0], "a=1");
	assert_string_equal(o.data[1], "b");
	assert_string_equal(o.data[2], "c=2");
	assert_string_equal(o.data[3], "lowerdir=/x\\,y:/z");
	assert_string_equal(o.data[4], "context=u:r:t:s0:c1,c2");
	assert_string_equal(o.data[5], "d");
}

static void test_inline_idmap_is_refused(void **state)
{
	struct mount_options o;

	(void)state;
	assert_int_equal(parse_into(&o, "ro idmap=uids=0-1-10;gids=0-1-10"), -EINVAL);
	assert_non_null(strstr(error_record()->text, "/mounts/3/options/1"));
}

static int free_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_name_is_known),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_access_times),
		cmocka_unit_test(test_super_flags),
		cmocka_unit_test(test_propagation),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_what_mount8_keeps),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_inline_idmap_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, free_arena);
}
