/*
 * Hooks: what a hook is given, what it must not get, and how its end is told. The hooks are shell commands that write to a
 * file.
 */
#include "runtime/hooks.h"

#include "base/log.h"
#include "base/sys.h"
#include "child.h"

#include <limits.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define STATE "{\"id\":\"c\",\"status\":\"creating\"}"

static char directory[] = "/tmp/test_hooks.XXXXXX";
static char output_path[64];

/* A hook that runs command in a shell, in which $1 is the output file. */
struct shell_hook {
	char *args[6], *env[2];
	struct spec_hook hook;
};

static struct spec_hook shell(struct shell_hook *storage, const char *command)
{
	static char sh[] = "sh", option[] = "-c";

	*storage = (struct shell_hook){ .args = { sh, option, (char *)(uintptr_t)command, sh, output_path, NULL } };
	storage->hook = (struct spec_hook){
		.path = (char *)(uintptr_t) "/bin/sh",
		.args = { .set = true, .count = 5, .items = storage->args },
	};
	return storage->hook;
}

static int run_hooks(struct spec_hook *hooks, size_t count, const char *state)
{
	struct spec_hook_list list = { .count = count, .items = hooks };

	return hooks_run(&list, HOOK_CREATE_RUNTIME, state, NULL);
}

static int run_shell(const char *command, const char *state)
{
	struct shell_hook storage;
	struct spec_hook hook = shell(&storage, command);

	return run_hooks(&hook, 1, state);
}

static const char *output(void)
{
	static char text[8192];

	return read_text_at(AT_FDCWD, output_path, text, sizeof text) < 0 ? "(no output)" : text;
}

static void test_order_and_state(void **state)
{
	struct shell_hook a, b;
	struct spec_hook hooks[] = { shell(&a, "echo first: $(cat) >> $1"), shell(&b, "echo second: $(cat) >> $1") };

	(void)state;
	assert_int_equal(run_hooks(hooks, 2, STATE), 0);
	assert_string_equal(output(), "first: " STATE "\nsecond: " STATE);
}

static void test_environment(void **state)
{
	char one[] = "ONE=1", *env[] = { one, NULL };
	struct shell_hook storage;
	struct spec_hook hook = shell(&storage, "/usr/bin/tr '\\0' '\\n' < /proc/$$/environ > $1");

	(void)state;
	assert_int_equal(setenv("SECRET_OF_THE_RUNTIME", "x", 1), 0);
	assert_int_equal(run_hooks(&hook, 1, STATE), 0);
	assert_string_equal(output(), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	hook.env = (struct strings){ .set = true, .count = 1, .items = env };
	assert_int_equal(run_hooks(&hook, 1, STATE), 0);
	assert_string_equal(output(), "ONE=1");
}

static void test_absent_args_are_the_path(void **state)
{
	char path[] = "/bin/sh", script[PATH_MAX + 64];
	struct spec_hook hook = { .path = path };

	(void)state;
	/* Without arguments a shell reads its script from standard input, which is the state. */
	snprintf(script, sizeof script, "tr '\\0' '|' < /proc/$$/cmdline > %s\n", output_path);
	hook.env = (struct strings){ .set = true, .count = 1, .items = (char *[]){ (char[]){ "PATH=/usr/bin:/bin" }, NULL } };
	assert_int_equal(run_hooks(&hook, 1, script), 0);
	assert_string_equal(output(), "/bin/sh|");
}

static void test_failure_is_told(void **state)
{
	struct shell_hook a, b;
	struct spec_hook hooks[] = { shell(&a, "echo noise >&2; echo 'no such\tnetwork' >&2; exit 3"),
				     shell(&b, "echo no > $1") };

	(void)state;
	assert_int_equal(run_hooks(hooks, 2, STATE), -ECHILD);
	assert_string_equal(error_record()->text, "createRuntime hook 0, /bin/sh: exit status 3: noise | no such network");
	assert_string_equal(output(), "(no output)");
	assert_int_equal(run_shell("kill -SEGV $$", STATE), -ECHILD);
	assert_non_null(strstr(error_record()->text, "killed by signal 11 (Segmentation fault)"));

	struct spec_hook missing = { .path = (char[]){ "/nowhere/hook" } };

	assert_int_equal(run_hooks(&missing, 1, STATE), -ENOENT);
	assert_string_equal(error_record()->text, "createRuntime hook 0, /nowhere/hook: execute: No such file or directory");
}

static void test_timeout_kills_the_group(void **state)
{
	struct shell_hook storage;
	struct spec_hook hook = shell(&storage, "sleep 1000 & echo $! > $1; wait");
	char path[64], expected[64];
	pid_t sleeper = 0;

	(void)state;
	/* Long enough for the hook to come so far, on a machine that is busy. */
	for (int timeout = 1; sleeper <= 0 && timeout < 100; timeout *= 3) {
		unlink(output_path);
		hook.timeout = (struct opt_i64){ true, timeout };
		assert_int_equal(run_hooks(&hook, 1, STATE), -ETIMEDOUT);
		snprintf(expected, sizeof expected, "did not end within %d s", timeout);
		assert_non_null(strstr(error_record()->text, expected));
		sleeper = atoi(output());
	}
	assert_true(sleeper > 0);
	/* Nobody's child of ours: gone, or waiting for process 1 to reap it. */
	for (int i = 0; i < 3000; i++) {
		char line[256];

		snprintf(path, sizeof path, "/proc/%d/status", (int)sleeper);
		_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);

		if (n <= 0)
			return;
		line[n] = 0;
		if (strstr(line, "State:\tZ"))
			return;
		usleep(20000);
	}
	fail_msg("the hook's child %d is still there", (int)sleeper);
}

static void test_state_longer_than_a_pipe(void **state)
{
	size_t size = 3 << 20;
	char *text = malloc(size + 1);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = 0;
	assert_int_equal(run_shell("wc -c > $1", text), 0);
	assert_int_equal(atol(output()), size);
	/* Nobody reads it: no SIGPIPE for us, no waiting. */
	assert_int_equal(run_shell("exec true", text), 0);
	free(text);
}

static void test_state_cannot_be_written(void **state)
{
	(void)state;
	assert_int_equal(run_shell("echo forged 1<>/proc/self/fd/0 && exit 0; exit 9", STATE), -ECHILD);
}

static void test_flood_does_not_stop_us(void **state)
{
	(void)state;
	assert_int_equal(run_shell("head -c 8000000 /dev/zero >&2", STATE), 0);
	assert_int_equal(run_shell("head -c 8000000 /dev/zero | tr '\\0' x; echo; echo the end >&2; exit 1", STATE), -ECHILD);
	assert_non_null(strstr(error_record()->text, "xxx | the end"));
}

static void test_background_process_is_not_awaited(void **state)
{
	(void)state;
	assert_int_equal(run_shell("sleep 1000 & echo $! > $1", STATE), 0);
	assert_true(atoi(output()) > 0);
	assert_int_equal(kill(atoi(output()), SIGKILL), 0);
}

static void caller_with_odd_signals(const void *unused)
{
	sigset_t some, now;
	struct sigaction action;

	(void)unused;
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigaddset(&some, SIGCHLD);
	sigprocmask(SIG_BLOCK, &some, NULL);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	require(run_shell("grep -E '^Sig(Blk|Ign)' /proc/self/status > $1", STATE) == 0);
	require(strcmp(output(), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000") == 0);
	/* What is the caller's stays as it was. */
	sigprocmask(SIG_BLOCK, NULL, &now);
	require(sigismember(&now, SIGTERM) && sigismember(&now, SIGCHLD) && !sigismember(&now, SIGINT));
	require(sigaction(SIGUSR1, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
}

static void test_signals(void **state)
{
	(void)state;
	assert_true(child_succeeds(caller_with_odd_signals, NULL));
}

static void caller_with_descriptors(const void *unused)
{
	(void)unused;
	require(fcntl(open("/etc/passwd", O_RDONLY), F_DUPFD, 57) == 57);
	require(run_shell("exec > $1; ls /proc/$$/fd", STATE) == 0);
	require(strcmp(output(), "0\n1\n2") == 0);
	require(fcntl(57, F_GETFD) == 0);
}

static void caller_without_standard_files(const void *unused)
{
	(void)unused;
	close(0);
	close(1);
	close(2);
	require(run_shell("exec > $1; cat; ls /proc/$$/fd", STATE) == 0);
	require(strcmp(output(), STATE "0\n1\n2") == 0);
}

static void test_descriptors(void **state)
{
	(void)state;
	assert_true(child_succeeds(caller_with_descriptors, NULL));
	unlink(output_path);
	assert_true(child_succeeds(caller_without_standard_files, NULL));
}

static void test_other_children_stay_the_callers(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(7);
	assert_int_equal(run_shell("sleep 0.2", STATE), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(waitpid(-1, &status, WNOHANG | __WALL), -1);
}

static void test_directory(void **state)
{
	struct shell_hook storage;
	struct spec_hook hook = shell(&storage, "pwd -P > $1");
	struct spec_hook_list list = { .count = 1, .items = &hook };

	(void)state;
	assert_int_equal(hooks_run(&list, HOOK_POSTSTART, STATE, "/usr/share"), 0);
	assert_string_equal(output(), "/usr/share");
	assert_int_equal(hooks_run(&list, HOOK_POSTSTART, STATE, "/nowhere"), -ENOENT);
	assert_string_equal(error_record()->text,
			    "poststart hook 0, /bin/sh: change to its directory: No such file or directory");
}

static void test_run_all_goes_on(void **state)
{
	struct shell_hook a, b;
	struct spec_hook hooks[] = { shell(&a, "exit 4"), shell(&b, "echo ran > $1") };
	struct spec_hook_list list = { .count = 2, .items = hooks };
	char log_path[64], log[1024];

	(void)state;
	snprintf(log_path, sizeof log_path, "%s/log", directory);
	log_open(open(log_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	hooks_run_all(&list, HOOK_POSTSTOP, STATE, NULL);
	log_open(-1, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	assert_string_equal(output(), "ran");
	assert_true(read_text_at(AT_FDCWD, log_path, log, sizeof log) > 0);
	assert_non_null(strstr(log, "level=warning msg=\"poststop hook 0, /bin/sh: exit status 4\""));
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(output_path, sizeof output_path, "%s/output", directory);
	return 0;
}

static int forget_output(void **state)
{
	(void)state;
	unlink(output_path);
	return 0;
}

static int tear_down(void **state)
{
	char log_path[64];

	(void)state;
	snprintf(log_path, sizeof log_path, "%s/log", directory);
	unlink(log_path);
	return rmdir(directory);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, forget_output)
	const struct CMUnitTest tests[] = {
		TEST(test_order_and_state),
		TEST(test_environment),
		TEST(test_absent_args_are_the_path),
		TEST(test_failure_is_told),
		TEST(test_timeout_kills_the_group),
		TEST(test_state_longer_than_a_pipe),
		TEST(test_state_cannot_be_written),
		TEST(test_flood_does_not_stop_us),
		TEST(test_background_process_is_not_awaited),
		TEST(test_signals),
		TEST(test_descriptors),
		TEST(test_other_children_stay_the_callers),
		TEST(test_directory),
		TEST(test_run_all_goes_on),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
