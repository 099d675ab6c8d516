/* cgroup_plan_path(): where a container's group lies. */
#include "cgroups/cgroup.h"

#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void plans(void **state)
{
	static const struct {
		const char *asked, *own, *path;
	} cases[] = {
		/* absolute: below the mount, whatever the caller's group */
		{ "/a", "/", "/a" },
		{ "/a/b/c", "/user.slice/x", "/a/b/c" },
		{ "/a", NULL, "/a" },
		{ "//a///b/", "/", "/a/b" },
		{ "/./a/.", "/", "/a" },
		{ "/...", "/", "/..." },
		{ "/a b", "/", "/a b" },
		/* relative: beside the caller */
		{ "a", "/", "/a" },
		{ "a/b", "/", "/a/b" },
		{ "a", "/me", "/a" },
		{ "a/b", "/user.slice/me.scope", "/user.slice/a/b" },
		{ "machine.slice:libpod:1", "/", "/machine.slice:libpod:1" },
		/* none: the id, likewise */
		{ NULL, "/", "/id" },
		{ "", "/", "/id" },
		{ NULL, "/user.slice/me.scope", "/user.slice/id" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cgroup_request request = { .cgroups_path = cases[i].asked, .id = "id" };
		char path[4096];

		assert_int_equal(cgroup_plan_path(&request, cases[i].own, path, sizeof path), 0);
		assert_string_equal(path, cases[i].path);
	}
}

static void refuses(void **state)
{
	static const struct {
		const char *asked, *own, *says;
	} cases[] = {
		{ "/", "/", "no group of its own" },
		{ "///", "/", "no group of its own" },
		{ "/.", "/", "no group of its own" },
		{ ".", "/a/b", "no group of its own" },
		{ "/..", "/", "'..'" },
		{ "/a/../b", "/", "'..'" },
		{ "../b", "/x/y", "'..'" },
		{ "a/..", "/x/y", "'..'" },
		{ "/a\nb", "/", "control character" },
		{ "/a\x7f", "/", "control character" },
		{ "/me", "/me", "the runtime itself" },
		{ "me", "/me", "the runtime itself" },
		/* the runtime's group is outside of its cgroup namespace */
		{ "a", "/../other", "own cgroup" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cgroup_request request = { .cgroups_path = cases[i].asked, .id = "id" };
		char path[4096];

		assert_int_equal(cgroup_plan_path(&request, cases[i].own, path, sizeof path), -EINVAL);
		assert_non_null(strstr(error_record()->text, cases[i].says));
	}
}

static void refuses_what_does_not_fit(void **state)
{
	char asked[5000] = "/", path[4096];
	struct cgroup_request request = { .cgroups_path = asked, .id = "id" };

	(void)state;
	memset(asked + 1, 'a', 255);
	assert_int_equal(cgroup_plan_path(&request, "/", path, sizeof path), 0);
	asked[256] = 'a';
	assert_int_equal(cgroup_plan_path(&request, "/", path, sizeof path), -ENAMETOOLONG);
	memset(asked, 0, sizeof asked);
	for (size_t i = 0; i < 4094; i++)
		asked[i] = i % 2 ? 'a' : '/';
	assert_int_equal(cgroup_plan_path(&request, "/", path, sizeof path), 0);
	assert_int_equal(strlen(path), 4094);
	strcat(asked, "/a");
	assert_int_equal(cgroup_plan_path(&request, "/", path, sizeof path), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans),
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
