/* The session keyring: init gets one that nobody had before, exec the same. */
#include "base/sys.h"
#include "runtime/keyring.h"
#include "tests/unit/child.h"

#include <linux/keyctl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static long keyctl(int command, unsigned long a, unsigned long b, unsigned long c)
{
	return sys_result(syscall(SYS_keyctl, command, a, b, c, 0));
}

static long session(void)
{
	return keyctl(KEYCTL_GET_KEYRING_ID, (unsigned long)KEY_SPEC_SESSION_KEYRING, 0, 0);
}

static const char *description(void)
{
	static char text[512];

	require(keyctl(KEYCTL_DESCRIBE, (unsigned long)KEY_SPEC_SESSION_KEYRING, (unsigned long)text, sizeof text) > 0);
	return text;
}

static bool is_named(const char *name)
{
	const char *found = strrchr(description(), ';');

	return found && strcmp(found + 1, name) == 0;
}

static char *new_name(void)
{
	static struct arena arena;
	char *name;

	require(keyring_new_name("test", &arena, &name) == 0);
	return name;
}

static void init_and_exec(const void *unused)
{
	const char *name = new_name();
	long before = session();

	(void)unused;
	require(keyring_join(-1, name, NULL, true) == 0);
	long ours = session();

	require(ours > 0 && ours != before && is_named(name));
	/* its possessors may do all with it; who has its user's id may search it, and cannot see its name */
	require(strstr(description(), ";3f080000;"));

	/* exec comes from elsewhere and finds it by its name */
	require(keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0) > 0 && session() != ours);
	require(keyctl(KEYCTL_DESCRIBE, (unsigned long)ours, 0, 0) == -EACCES);
	pid_t pid = fork();

	if (pid == 0) {
		require(keyring_join(-1, name, NULL, false) == 0);
		require(session() == ours && is_named(name));
		_exit(0);
	}
	int status;

	require(waitpid(pid, &status, 0) == pid && status == 0);
}

/* One of the name that somebody else made is not taken by init. */
static void somebody_was_first(const void *unused)
{
	const char *name = new_name();

	(void)unused;
	require(keyring_join(-1, name, NULL, true) == 0);
	long theirs = session();
	pid_t pid = fork();

	if (pid == 0) {
		require(keyring_join(-1, name, NULL, true) == 0);
		require(session() != theirs && !is_named(name));
		_exit(0);
	}
	int status;

	require(waitpid(pid, &status, 0) == pid && status == 0);
}

static void names_differ(const void *unused)
{
	const char *name = new_name();

	(void)unused;
	require(strlen(name) == strlen("_ses.test.0123456789abcdef") && strncmp(name, "_ses.test.", 10) == 0);
	require(strcmp(name, new_name()) != 0);
}

static void test_keyring(void **state)
{
	(void)state;
	if (session() == -ENOSYS)
		skip();
	assert_true(child_succeeds(names_differ, NULL));
	assert_true(child_succeeds(init_and_exec, NULL));
	assert_true(child_succeeds(somebody_was_first, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_keyring) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
