/* Id maps: with the privilege, for the own id alone, and through newuidmap; the kernel's view of them is asserted. */
#include "namespaces/namespaces.h"

#include "base/sys.h"
#include "child.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MAPS(...)                                                                                                  \
	{                                                                                                          \
		sizeof((struct spec_id_map[]){ __VA_ARGS__ }) / sizeof(struct spec_id_map), (struct spec_id_map[]) \
		{                                                                                                  \
			__VA_ARGS__                                                                                \
		}                                                                                                  \
	}

static pid_t start_in_user_namespace(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	int pid = sys_clone3(&args);

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	require(waitpid(pid, NULL, 0) == pid);
}

/* A file of the process with runs of blanks made one: "0 1000 1\n1 5000 10\n". */
static const char *process_file(pid_t pid, const char *name)
{
	static char text[8192], path[64];
	char *to = text;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	if (read_text_at(AT_FDCWD, path, text, sizeof text) < 0)
		return "unreadable";
	for (char *from = text; *from; from++)
		if (*from != ' ' || (to > text && to[-1] != ' ' && to[-1] != '\n'))
			*to++ = *from;
	*to = 0;
	return text;
}

static void as_root(const void *unused)
{
	struct spec_id_maps uids = MAPS({ 0, 1000, 1 }, { 1, 500000, 65535 }), gids = MAPS({ 0, 2000, 10 });
	pid_t pid = start_in_user_namespace();

	(void)unused;
	require(pid > 0);
	require(ns_write_id_maps(pid, &uids, &gids) == 0);
	require(strcmp(process_file(pid, "uid_map"), "0 1000 1\n1 500000 65535") == 0);
	require(strcmp(process_file(pid, "gid_map"), "0 2000 10") == 0);
	require(strcmp(process_file(pid, "setgroups"), "allow") == 0);
	uid_t host = 0;

	require(ns_host_uid(pid, 0, &host) == 0 && host == 1000);
	require(ns_host_uid(pid, 1, &host) == 0 && host == 500000);
	require(ns_host_uid(pid, 65535, &host) == 0 && host == 565534);
	require(ns_host_uid(pid, 65536, &host) == -ERANGE && ns_host_uid(pid, UINT32_MAX, &host) == -ERANGE);
	/* A map is written once. There may be a newuidmap to ask, and it is refused too. */
	require(ns_write_id_maps(pid, &uids, &gids) < 0);
	require(strstr(error_record()->text, "/linux/uidMappings: "));
	stop(pid);
}

static void test_with_privilege(void **state)
{
	(void)state;
	assert_true(child_succeeds(as_root, NULL));
}

static void become_user(void)
{
	require(setgroups(0, NULL) == 0 && setresgid(1234, 1234, 1234) == 0 && setresuid(1234, 1234, 1234) == 0);
	/* What the change of ids took away; a runtime that was started by the user has it. */
	require(prctl(PR_SET_DUMPABLE, 1) == 0);
}

static void as_user(const void *unused)
{
	struct spec_id_maps own = MAPS({ 0, 1234, 1 });

	(void)unused;
	become_user();
	pid_t pid = start_in_user_namespace();

	require(pid > 0);
	require(ns_write_id_maps(pid, &own, &own) == 0);
	require(strcmp(process_file(pid, "uid_map"), "0 1234 1") == 0);
	require(strcmp(process_file(pid, "gid_map"), "0 1234 1") == 0);
	require(strcmp(process_file(pid, "setgroups"), "deny") == 0);
	stop(pid);
}

static void test_own_id_without_privilege(void **state)
{
	(void)state;
	assert_true(child_succeeds(as_user, NULL));
}

/* In a mount namespace where what the host may have can not be executed. */
static void hide_helpers(void)
{
	static const char *const helpers[] = { "/usr/bin/newuidmap", "/usr/bin/newgidmap", "/bin/newuidmap", "/bin/newgidmap" };

	require(unshare(CLONE_NEWNS) == 0 && sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++)
		require(access(helpers[i], F_OK) < 0 || sys_mount("/dev/null", helpers[i], NULL, MS_BIND, NULL) == 0);
}

static void as_user_without_helper(const void *unused)
{
	struct spec_id_maps many = MAPS({ 0, 1234, 1 }, { 1, 100000, 65535 });

	(void)unused;
	hide_helpers();
	become_user();
	pid_t pid = start_in_user_namespace();

	require(pid > 0);
	require(ns_write_id_maps(pid, &many, &many) == -EPERM);
	require(strstr(error_record()->text, "/linux/uidMappings: not permitted, and the program newuidmap"));
	stop(pid);
}

/* The helpers are scripts that tell how they were called. */
static void make_helper(const char *name, const char *last_command)
{
	char path[64], script[256];

	snprintf(path, sizeof path, "/usr/local/bin/%s", name);
	int n = snprintf(script, sizeof script,
			 "#!/bin/sh\n{ echo \"$0 $*\"; cat /proc/$$/environ; } >> /usr/local/bin/calls\n%s\n", last_command);
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	require(fd >= 0 && write(fd, script, (size_t)n) == n);
	require(fchmod(fd, 0755) == 0);
}

static void as_user_with_helpers(const void *last_command)
{
	struct spec_id_maps uids = MAPS({ 0, 1234, 1 }, { 1, 100000, 65535 }), gids = MAPS({ 5, 6, 7 });
	char expected[256], calls[1024];

	hide_helpers();
	require(sys_mount("helpers", "/usr/local/bin", "tmpfs", 0, "mode=777") == 0);
	make_helper("newuidmap", last_command);
	make_helper("newgidmap", last_command);
	/* What a caller could plant must not be found, nor reach the helper. */
	require(setenv("PATH", "/tmp", 1) == 0 && setenv("LD_PRELOAD", "", 1) == 0);
	become_user();
	umask(0);
	pid_t pid = start_in_user_namespace();

	require(pid > 0);
	int r = ns_write_id_maps(pid, &uids, &gids);

	if (strcmp(last_command, "exit 0") != 0) {
		require(r == -EPERM);
		require(strcmp(error_record()->text,
			       "/linux/uidMappings: /usr/local/bin/newuidmap (its ranges are in /etc/subuid): "
			       "exit status 1: newuidmap: uid range [1-3) is not allowed") == 0);
		stop(pid);
		return;
	}
	require(r == 0);
	snprintf(expected, sizeof expected,
		 "/usr/local/bin/newuidmap %d 0 1234 1 1 100000 65535\n/usr/local/bin/newgidmap %d 5 6 7", (int)pid, (int)pid);
	require(read_text_at(AT_FDCWD, "/usr/local/bin/calls", calls, sizeof calls) > 0);
	require(strcmp(calls, expected) == 0);
	stop(pid);
}

static void test_helpers(void **state)
{
	(void)state;
	assert_true(child_succeeds(as_user_without_helper, NULL));
	assert_true(child_succeeds(as_user_with_helpers, "exit 0"));
	assert_true(child_succeeds(as_user_with_helpers, "echo 'newuidmap: uid range [1-3) is not allowed' >&2; exit 1"));
}

static void with_too_many(const void *unused)
{
	struct spec_id_map items[341];
	struct spec_id_maps many = { 341, items };
	pid_t pid = start_in_user_namespace();

	(void)unused;
	for (uint32_t i = 0; i < 341; i++)
		items[i] = (struct spec_id_map){ i * 2, 4000000000 + i, 1 };
	require(ns_write_id_maps(pid, &many, &many) == -EINVAL);
	require(strcmp(error_record()->text, "/linux/uidMappings: 341 entries, but the kernel takes 340") == 0);
	many.count = 340;
	require(ns_write_id_maps(pid, &many, &many) == -EINVAL);
	require(strstr(error_record()->text, "/linux/uidMappings: 340 entries are too many"));
	stop(pid);
}

static void test_too_many_entries(void **state)
{
	(void)state;
	assert_true(child_succeeds(with_too_many, NULL));
}

static void test_process_that_is_gone(void **state)
{
	struct spec_id_maps own = MAPS({ 0, 0, 1 });
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(ns_write_id_maps(pid, &own, &own), -ENOENT);
}

static void enter_and_look(const void *argument)
{
	require(sys_setns(*(const int *)argument, CLONE_NEWUSER) == 0);
	require(strcmp(process_file(getpid(), "uid_map"), "0 70000 100") == 0);
	require(strcmp(process_file(getpid(), "gid_map"), "0 80000 100") == 0);
}

static void test_namespace_for_mounts(void **state)
{
	struct spec_id_maps uids = MAPS({ 0, 70000, 100 }), gids = MAPS({ 0, 80000, 100 });
	int fd = ns_open_mapped(&uids, &gids), flags;

	(void)state;
	assert_true(fd >= 0);
	flags = fcntl(fd, F_GETFD);
	assert_true(flags & FD_CLOEXEC);
	assert_true(child_succeeds(enter_and_look, &fd));
	close(fd);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
	/* Overlapping ranges: no descriptor, no process left. */
	struct spec_id_maps wrong = MAPS({ 0, 70000, 100 }, { 50, 90000, 100 });

	assert_int_equal(ns_open_mapped(&wrong, &gids), -EINVAL);
	assert_non_null(strstr(error_record()->text, "/linux/uidMappings: write uid_map"));
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_privilege),
		cmocka_unit_test(test_own_id_without_privilege),
		cmocka_unit_test(test_helpers),
		cmocka_unit_test(test_too_many_entries),
		cmocka_unit_test(test_process_that_is_gone),
		cmocka_unit_test(test_namespace_for_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
