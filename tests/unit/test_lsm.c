/*
 * Labels of AppArmor and SELinux. What can be tested depends on the host: without AppArmor that a profile is refused, with it
 * that the kernel has taken it. A directory that only looks like /proc shows that what was written is read back.
 */
#include "base/proc.h"
#include "base/sys.h"
#include "runtime/lsm.h"
#include "tests/unit/child.h"

#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static bool apparmor_here(void)
{
	char text[8];

	return read_text_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", text, sizeof text) > 0 && text[0] == 'Y';
}

static bool selinux_here(void)
{
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

static struct spec_process labels(const char *profile, const char *context_)
{
	static char texts[16][256];
	static unsigned used;
	struct spec_process process = { 0 };

	if (profile)
		process.apparmor_profile = strcpy(texts[used++ % 16], profile);
	if (context_)
		process.selinux_label = strcpy(texts[used++ % 16], context_);
	return process;
}

static void test_no_label_is_fine(void **state)
{
	const struct spec_process absent = labels(NULL, NULL), empty = labels("", "");

	(void)state;
	assert_int_equal(lsm_prepare(&absent), 0);
	assert_int_equal(lsm_prepare(&empty), 0);
	/* nothing is opened: -1 is no /proc */
	assert_int_equal(lsm_set_exec_label(-1, &absent), 0);
	assert_int_equal(lsm_set_exec_label(-1, &empty), 0);
}

static void test_a_module_that_is_not_here(void **state)
{
	const struct spec_process profile = labels("containers-default-0.62.2", NULL), unconfined = labels("unconfined", NULL);
	const struct spec_process context_ = labels(NULL, "system_u:system_r:container_t:s0:c1,c2");

	(void)state;
	if (!apparmor_here()) {
		assert_int_equal(lsm_prepare(&unconfined), -ENOTSUP);
		assert_int_equal(lsm_prepare(&profile), -ENOTSUP);
	}
	if (!selinux_here()) {
		assert_int_equal(lsm_prepare(&context_), -ENOTSUP);
		assert_string_equal(error_record()->text, "/process/selinuxLabel: system_u:system_r:container_t:s0:c1,c2: SELinux is "
		                                          "not enabled on this host");
	}
	if (apparmor_here() && selinux_here())
		skip();
}

/* --- A /proc that keeps what is written as a file does ---------------------------------------------------------------- */

static char dir[64];

static int make_attributes(void **state)
{
	char command[512];

	(void)state;
	snprintf(dir, sizeof dir, "/tmp/berth-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(command, sizeof command, "cd %s && mkdir -p thread-self/attr/apparmor && touch thread-self/attr/exec "
	         "thread-self/attr/apparmor/exec && ln -s thread-self self", dir);
	return system(command);
}

static int remove_attributes(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

static void test_what_was_written_is_read_back(void **state)
{
	_cleanup_fd_ int fake = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct spec_process profile = labels("mine", NULL), context_ = labels(NULL, "user:role:type:s0:c1,c2");
	char text[256];

	(void)state;
	/* AppArmor would say "mine (enforce)"; a file says what was written. */
	assert_int_equal(lsm_set_exec_label(fake, &profile), -EPERM);
	assert_string_equal(error_record()->text, "/process/apparmorProfile: set mine, but the kernel will use \"exec mine\"");
	assert_true(read_text_at(fake, "thread-self/attr/apparmor/exec", text, sizeof text) > 0);
	assert_string_equal(text, "exec mine");
	/* SELinux gives back the context itself. */
	assert_int_equal(lsm_set_exec_label(fake, &context_), 0);
	assert_true(read_text_at(fake, "thread-self/attr/exec", text, sizeof text) > 0);
	assert_string_equal(text, "user:role:type:s0:c1,c2");
}

static void write_attribute(int fake, const char *text)
{
	_cleanup_fd_ int fd = openat(fake, "thread-self/attr/exec", O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0 && write_all(fd, text, strlen(text)) == 0);
}

/* The level may come back in another spelling, the type not. A file keeps the end of what was longer. */
static void test_another_context_is_refused(void **state)
{
	_cleanup_fd_ int fake = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct spec_process level = labels(NULL, "user:role:type:s0:c1"), type = labels(NULL, "user:role:type");

	(void)state;
	write_attribute(fake, "user:role:type:s0:c1,c2");
	assert_int_equal(lsm_set_exec_label(fake, &level), 0);
	write_attribute(fake, "user:role:typed");
	const struct spec_process other = labels(NULL, "user:role:type");

	assert_int_equal(lsm_set_exec_label(fake, &other), -EPERM);
	assert_non_null(strstr(error_record()->text, "but the kernel will use \"user:role:typed\""));
	write_attribute(fake, "");
	assert_int_equal(lsm_set_exec_label(fake, &type), 0);
}

static void test_no_attribute(void **state)
{
	_cleanup_fd_ int fake = open("/usr", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct spec_process profile = labels("mine", NULL);

	(void)state;
	assert_int_equal(lsm_set_exec_label(fake, &profile), -ENOENT);

	const struct spec_process context_ = labels(NULL, "user:role:type:s0");

	assert_int_equal(lsm_set_exec_label(fake, &context_), -ENOENT);
	assert_non_null(strstr(error_record()->text, "/process/selinuxLabel: set user:role:type:s0 for the next exec"));
}

/* --- The kernel's AppArmor -------------------------------------------------------------------------------------------- */

/* A profile that is loaded, for the test "berth-test" if it is there; false: none. */
static bool loaded_profile(char *name, size_t size)
{
	static char text[65536];
	ssize_t n = read_text_at(AT_FDCWD, "/sys/kernel/security/apparmor/profiles", text, sizeof text);

	if (n <= 0)
		return false;
	const char *line = strstr(text, "berth-test (");

	if (!line)
		line = text;
	const char *end = strstr(line, " (");

	snprintf(name, size, "%.*s", end ? (int)(end - line) : 0, line);
	return *name;
}

/* Set the profile, execute a program that says what it runs under. */
static void exec_under(const void *argument)
{
	const char *profile = argument;
	const struct spec_process process = labels(profile, NULL);
	char text[512] = "", wanted[300];
	int proc = proc_open_trusted(), pipes[2];

	require(proc >= 0 && pipe(pipes) == 0);
	require(lsm_prepare(&process) == 0);
	pid_t pid = fork();

	if (pid == 0) {
		require(lsm_set_exec_label(proc, &process) == 0);
		dup2(pipes[1], 1);
		execl("/bin/cat", "cat", "/proc/self/attr/current", (char *)NULL);
		_exit(CHILD_FAILED);
	}
	close(pipes[1]);
	require(read(pipes[0], text, sizeof text - 1) > 0);
	snprintf(wanted, sizeof wanted, "%s%s", profile, strcmp(profile, "unconfined") == 0 ? "\n" : " (");
	require(strncmp(text, wanted, strlen(wanted)) == 0);
	require(waitpid(pid, NULL, 0) == pid);
}

static void set_missing_profile(const void *unused)
{
	const struct spec_process process = labels("no-such-profile", NULL);
	int proc = proc_open_trusted();

	(void)unused;
	require(proc >= 0 && lsm_prepare(&process) == 0);
	require(lsm_set_exec_label(proc, &process) == -ENOENT);
	require(strcmp(error_record()->text, "/process/apparmorProfile: profile no-such-profile is not loaded into the kernel "
	                                     "(apparmor_parser loads it)") == 0);
}

static void test_apparmor(void **state)
{
	char name[200];

	(void)state;
	if (!apparmor_here())
		skip();
	assert_true(child_succeeds(set_missing_profile, NULL));
	assert_true(child_succeeds(exec_under, "unconfined"));
	if (loaded_profile(name, sizeof name))
		assert_true(child_succeeds(exec_under, name));
	else
		print_message("no profile is loaded\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_label_is_fine),
		cmocka_unit_test(test_a_module_that_is_not_here),
		cmocka_unit_test_setup_teardown(test_what_was_written_is_read_back, make_attributes, remove_attributes),
		cmocka_unit_test_setup_teardown(test_another_context_is_refused, make_attributes, remove_attributes),
		cmocka_unit_test(test_no_attribute),
		cmocka_unit_test(test_apparmor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
