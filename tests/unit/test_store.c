/*
 * The state store: ids, directories that are ours alone, files that are replaced at once, what is told when something is
 * missing.
 */
#include "runtime/store.h"

#include "base/sys.h"
#include "child.h"

#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char directory[] = "/tmp/test_store.XXXXXX", root[64];

static const char *below(const char *fmt, ...)
{
	static char path[512];
	va_list args;
	int n = snprintf(path, sizeof path, "%s/", root);

	va_start(args, fmt);
	vsnprintf(path + n, sizeof path - (size_t)n, fmt, args);
	va_end(args);
	return path;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? 0 : st.st_mode;
}

static void remove_container(const char *id)
{
	assert_int_equal(store_remove(root, id), 0);
}

/* --- ids ---------------------------------------------------------------------------------------------------------------- */

static void test_ids(void **state)
{
	static const char *const good[] = { "a", "A-Z_0.9+x", "-", "+", "...", ".hidden", "_" };
	static const char *const bad[] = { "",     ".", "..",  "a/b", "../a", "/", "a b",  "a\n",
					   "a\tb", "é", "a:b", "a@b", "a\\b", "*", "a\x7f" };
	char longest[STORE_ID_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(store_check_id(good[i]), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(store_check_id(bad[i]), -EINVAL);
		assert_int_equal(store_create(root, bad[i]), -EINVAL);
		assert_int_equal(store_open(root, bad[i]), -EINVAL);
		assert_int_equal(store_remove(root, bad[i]), -EINVAL);
	}
	memset(longest, 'x', sizeof longest);
	longest[STORE_ID_MAX + 1] = 0;
	assert_int_equal(store_check_id(longest), -EINVAL);
	longest[STORE_ID_MAX] = 0;
	assert_int_equal(store_check_id(longest), 0);
	int dir = store_create(root, longest);

	assert_true(dir >= 0);
	close(dir);
	remove_container(longest);
}

/* --- the default root --------------------------------------------------------------------------------------------------- */

static void default_roots_of_a_user(const void *unused)
{
	char path[PATH_MAX], tiny[8];

	(void)unused;
	require(setresuid(1234, 1234, 1234) == 0);
	setenv("XDG_RUNTIME_DIR", "/run/there", 1);
	require(store_default_root(path, sizeof path) == 0 && strcmp(path, "/run/there/berth") == 0);
	require(store_default_root(tiny, sizeof tiny) == -ENAMETOOLONG);
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	require(store_default_root(path, sizeof path) == 0 && strcmp(path, "/run/user/1234/berth") == 0);
	unsetenv("XDG_RUNTIME_DIR");
	require(store_default_root(path, sizeof path) == 0 && strcmp(path, "/run/user/1234/berth") == 0);
}

static void default_roots_in_a_user_namespace(const void *unused)
{
	char path[PATH_MAX];

	(void)unused;
	require(unshare(CLONE_NEWUSER) == 0 && write_file_at(AT_FDCWD, "/proc/self/uid_map", "0 0 1") == 0 && geteuid() == 0);
	setenv("XDG_RUNTIME_DIR", "/run/there", 1);
	require(store_default_root(path, sizeof path) == 0 && strcmp(path, "/run/there/berth") == 0);
	unsetenv("XDG_RUNTIME_DIR");
	require(store_default_root(path, sizeof path) == 0 && strcmp(path, "/run/berth") == 0);
}

static void default_root_of_root(const void *unused)
{
	char path[PATH_MAX];

	(void)unused;
	setenv("XDG_RUNTIME_DIR", "/run/there", 1);
	require(store_default_root(path, sizeof path) == 0 && strcmp(path, "/run/berth") == 0);
}

static void test_default_roots(void **state)
{
	(void)state;
	assert_true(child_succeeds(default_root_of_root, NULL));
	assert_true(child_succeeds(default_roots_of_a_user, NULL));
	assert_true(child_succeeds(default_roots_in_a_user_namespace, NULL));
}

/* --- create, open, remove ----------------------------------------------------------------------------------------------- */

static void test_create_open_remove(void **state)
{
	(void)state;
	assert_int_equal(store_open(root, "c1"), -ENOENT);
	assert_non_null(strstr(error_record()->text, "container does not exist"));
	int dir = store_create(root, "c1");

	assert_true(dir >= 0);
	assert_int_equal(mode_of(root), S_IFDIR | 0711);
	assert_int_equal(mode_of(below("c1")), S_IFDIR | 0700);
	assert_int_equal(store_create(root, "c1"), -EEXIST);
	assert_non_null(strstr(error_record()->text, "container with given ID already exists"));
	/* Whatever came to lie there goes with it, and nothing that it points to. */
	assert_int_equal(mkdirat(dir, "d", 0700), 0);
	assert_int_equal(mkdirat(dir, "d/e", 0700), 0);
	assert_int_equal(mkfifoat(dir, "exec.fifo", 0600), 0);
	assert_int_equal(mkfifoat(dir, "d/e/f", 0600), 0);
	assert_int_equal(mkdir(below("../outside"), 0700), 0);
	assert_int_equal(mkfifo(below("../outside/kept"), 0600), 0);
	assert_int_equal(symlinkat("../../outside", dir, "link"), 0);
	assert_int_equal(store_save_config(dir, "{}", 2), 0);
	close(dir);
	remove_container("c1");
	assert_int_equal(mode_of(below("c1")), 0);
	assert_int_equal(mode_of(below("../outside/kept")), S_IFIFO | 0600);
	assert_int_equal(store_remove(root, "c1"), -ENOENT);
	assert_int_equal(unlink(below("../outside/kept")), 0);
	assert_int_equal(rmdir(below("../outside")), 0);
}

static void test_only_what_is_ours_is_opened(void **state)
{
	int dir = store_create(root, "theirs");

	(void)state;
	assert_true(dir >= 0);
	assert_int_equal(fchown(dir, 1234, 1234), 0);
	assert_int_equal(store_open(root, "theirs"), -EPERM);
	assert_non_null(strstr(error_record()->text, "the state of theirs belongs to user 1234"));
	assert_int_equal(store_remove(root, "theirs"), -EPERM);
	assert_int_equal(fchown(dir, 0, 0), 0);
	assert_int_equal(fchmod(dir, 0770), 0);
	assert_int_equal(store_open(root, "theirs"), -EPERM);
	assert_int_equal(fchmod(dir, 0700), 0);
	/* A link in its place leads nowhere. */
	assert_int_equal(symlink("theirs", below("link")), 0);
	assert_int_equal(store_open(root, "link"), -ENOTDIR);
	assert_int_equal(store_create(root, "link"), -EEXIST);
	assert_int_equal(unlink(below("link")), 0);
	close(dir);
	remove_container("theirs");
}

static void test_umask_of_the_caller(void **state)
{
	mode_t old = umask(0077);
	char deep[128];

	(void)state;
	snprintf(deep, sizeof deep, "%s/deep/er", directory);
	int dir = store_create(deep, "c");

	assert_true(dir >= 0);
	assert_int_equal(umask(old), 0077);
	close(dir);
	assert_int_equal(store_remove(deep, "c"), 0);
	assert_int_equal(rmdir(deep), 0);
	*strrchr(deep, '/') = 0;
	assert_int_equal(rmdir(deep), 0);
}

static void test_list(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	static const char *const names[] = { "b", "a", "c.1", "B" };
	char **ids, number[16];
	size_t count;

	(void)state;
	assert_int_equal(store_list("/nowhere/at/all", &arena, &ids, &count), 0);
	assert_int_equal(count, 0);
	for (size_t i = 0; i < 4; i++)
		close(store_create(root, names[i]));
	assert_int_equal(mkfifo(below("file"), 0600), 0);
	assert_int_equal(mkdir(below("not an id"), 0700), 0);
	assert_int_equal(store_list(root, &arena, &ids, &count), 0);
	assert_int_equal(count, 4);
	assert_string_equal(ids[0], "B");
	assert_string_equal(ids[1], "a");
	assert_string_equal(ids[2], "b");
	assert_string_equal(ids[3], "c.1");
	for (int i = 0; i < 300; i++) {
		snprintf(number, sizeof number, "n%03d", i);
		close(store_create(root, number));
	}
	assert_int_equal(store_list(root, &arena, &ids, &count), 0);
	assert_int_equal(count, 304);
	assert_string_equal(ids[303], "n299");
	for (size_t i = 0; i < count; i++)
		remove_container(ids[i]);
	assert_int_equal(unlink(below("file")), 0);
	assert_int_equal(rmdir(below("not an id")), 0);
}

/* --- files -------------------------------------------------------------------------------------------------------------- */

static struct state *an_example(pid_t pid)
{
	static struct state example;

	example = (struct state){ 0 };
	example.oci_version = (char *)(uintptr_t)OCI_VERSION;
	example.id = (char *)(uintptr_t) "c1";
	example.bundle = (char *)(uintptr_t) "/b";
	example.rootfs = (char *)(uintptr_t) "/b/rootfs";
	example.owner = (char *)(uintptr_t) "root";
	example.created = (char *)(uintptr_t) "2025-01-02T03:04:05.000000006Z";
	example.pid = pid;
	example.start_time = 7;
	return &example;
}

static void test_state_and_config(void **state)
{
	static const char config[] = "{\"ociVersion\":\"1.2.0\"}";
	int dir = store_create(root, "c1");
	struct state loaded = { 0 };
	char text[256];

	(void)state;
	assert_true(dir >= 0);
	assert_int_equal(store_load_state(dir, &loaded), -ENODATA);
	assert_non_null(strstr(error_record()->text, "delete --force"));
	assert_int_equal(store_save_state(dir, an_example(4711)), 0);
	assert_int_equal(mode_of(below("c1/state.json")), S_IFREG | 0600);
	assert_int_equal(store_load_state(dir, &loaded), 0);
	assert_int_equal(loaded.pid, 4711);
	assert_string_equal(loaded.bundle, "/b");
	state_free(&loaded);
	assert_int_equal(store_save_state(dir, an_example(4712)), 0);
	assert_int_equal(store_load_state(dir, &loaded), 0);
	assert_int_equal(loaded.pid, 4712);
	state_free(&loaded);
	assert_int_equal(store_save_config(dir, config, strlen(config)), 0);
	assert_int_equal(read_text_at(dir, "config.json", text, sizeof text), strlen(config));
	assert_string_equal(text, config);
	/* Nothing temporary is left beside the two. */
	assert_int_equal(unlinkat(dir, "config.json", 0), 0);
	assert_int_equal(unlinkat(dir, "state.json", 0), 0);
	assert_int_equal(unlinkat(AT_FDCWD, below("c1"), AT_REMOVEDIR), 0);
	close(dir);
}

static void test_broken_state_is_told(void **state)
{
	int dir = store_create(root, "c1");
	struct state loaded = { 0 };
	_cleanup_fd_ int fd = openat(dir, "state.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(write(fd, "{\"pid\":", 7), 7);
	assert_int_equal(store_load_state(dir, &loaded), -EINVAL);
	assert_memory_equal(error_record()->text, "state.json: ", 12);
	close(dir);
	remove_container("c1");
}

/* A reader beside a writer sees a whole state at any time. */
static void test_readers_see_whole_files(void **state)
{
	int dir = store_create(root, "c1"), status;

	(void)state;
	assert_int_equal(store_save_state(dir, an_example(1)), 0);
	pid_t writer = fork();

	if (writer == 0) {
		for (int i = 0; i < 2000; i++)
			if (store_save_state(dir, an_example(i)) < 0)
				_exit(1);
		_exit(0);
	}
	while (waitpid(writer, &status, WNOHANG) == 0) {
		struct state loaded = { 0 };

		assert_int_equal(store_load_state(dir, &loaded), 0);
		assert_string_equal(loaded.id, "c1");
		state_free(&loaded);
	}
	assert_int_equal(status, 0);
	close(dir);
	remove_container("c1");
}

/* --- the lock ----------------------------------------------------------------------------------------------------------- */

static void test_lock_excludes(void **state)
{
	int dir = store_create(root, "c1"), lock = store_lock(dir), pair[2];
	char byte;

	(void)state;
	assert_true(lock >= 0);
	assert_int_equal(pipe(pair), 0);
	pid_t other = fork();

	if (other == 0) {
		close(lock);
		int own = store_open(root, "c1"), mine = store_lock(own);

		_exit(mine >= 0 && write(pair[1], "L", 1) == 1 ? 0 : 1);
	}
	assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
	usleep(100000);
	assert_int_equal(read(pair[0], &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	close(lock);
	int status;

	assert_int_equal(waitpid(other, &status, 0), other);
	assert_int_equal(status, 0);
	close(pair[0]);
	close(pair[1]);
	close(dir);
	remove_container("c1");
}

static void test_lock_of_a_deleted_container(void **state)
{
	int dir = store_create(root, "c1"), lock = store_lock(dir), status;

	(void)state;
	pid_t other = fork();

	if (other == 0) {
		close(lock);
		_exit(store_lock(dir) == -ENOENT ? 0 : 1);
	}
	usleep(100000);
	remove_container("c1");
	close(lock);
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_int_equal(status, 0);
	assert_int_equal(store_lock(dir), -ENOENT);
	close(dir);
}

static int set_up(void **state)
{
	(void)state;
	umask(022);
	if (!mkdtemp(directory))
		return -1;
	snprintf(root, sizeof root, "%s/root", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(root) < 0 || rmdir(directory) < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_default_roots),
		cmocka_unit_test(test_create_open_remove),
		cmocka_unit_test(test_only_what_is_ours_is_opened),
		cmocka_unit_test(test_umask_of_the_caller),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_state_and_config),
		cmocka_unit_test(test_broken_state_is_told),
		cmocka_unit_test(test_readers_see_whole_files),
		cmocka_unit_test(test_lock_excludes),
		cmocka_unit_test(test_lock_of_a_deleted_container),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
