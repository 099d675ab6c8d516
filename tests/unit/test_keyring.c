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

static void init_and_exec(const void *unused)
{
	char id[64], name[80];

	(void)unused;
	snprintf(id, sizeof id, "test-%d", getpid());
	snprintf(name, sizeof name, "_ses.%s", id);
	long before = session();

	require(keyring_join(-1, id, NULL, true) == 0);
	long ours = session();

	require(ours > 0 && ours != before && is_named(name));
	/* the container's other users may search it: bit 0x080000 */
	require(strstr(description(), ";3f1b0000;") || strstr(description(), ";3f1f0000;") || strstr(description(), ";3f3b0000;"));

	/* exec comes from elsewhere and finds it by its name */
	require(keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0) > 0 && session() != ours);
	pid_t pid = fork();

	if (pid == 0) {
		require(keyring_join(-1, id, NULL, false) == 0);
		require(is_named(name));
		_exit(0);
	}
	int status;

	require(waitpid(pid, &status, 0) == pid && status == 0);
}

/* One of the name that somebody else made is not taken by init. */
static void somebody_was_first(const void *unused)
{
	char id[64], name[80];

	(void)unused;
	snprintf(id, sizeof id, "test-%d", getpid());
	snprintf(name, sizeof name, "_ses.%s", id);
	require(keyring_join(-1, id, NULL, true) == 0);
	long theirs = session();
	pid_t pid = fork();

	if (pid == 0) {
		require(keyring_join(-1, id, NULL, true) == 0);
		require(session() != theirs && !is_named(name));
		_exit(0);
	}
	int status;

	require(waitpid(pid, &status, 0) == pid && status == 0);
}

static void test_keyring(void **state)
{
	(void)state;
	if (session() == -ENOSYS)
		skip();
	assert_true(child_succeeds(init_and_exec, NULL));
	assert_true(child_succeeds(somebody_was_first, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_keyring) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
