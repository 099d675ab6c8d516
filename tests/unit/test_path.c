/* The resolver of paths in a container's root: what it makes, where links lead, and that it never leaves. */
#include "base/fd.h"
#include "base/sys.h"
#include "rootfs/path.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static char base[64];
static int root = -1;

static void shell(const char *fmt, ...)
{
	char command[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof command, fmt, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(base, "/tmp/berth-path-XXXXXX");
	assert_non_null(mkdtemp(base));
	shell("cd %s && mkdir -p root/a/b/c root/run outside && echo secret > outside/secret && echo inside > root/a/file",
	      base);
	shell("cd %s/root && ln -s /run varrun && ln -s ../../../../outside escape && ln -s %s/outside absolute", base, base);
	shell("cd %s/root && ln -s /new/place dangling && ln -s loop2 loop1 && ln -s loop1 loop2 && ln -s .. a/up", base);
	char path[80];

	snprintf(path, sizeof path, "%s/root", base);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close_fd(&root);
	shell("test \"$(ls -A %s/outside)\" = secret && test \"$(cat %s/outside/secret)\" = secret && rm -rf %s", base, base,
	      base);
	return 0;
}

/* Does the descriptor stand for path below base? */
static bool is(int fd, const char *path)
{
	char want[PATH_MAX];
	struct stat a, b;

	snprintf(want, sizeof want, "%s/%s", base, path);
	return fd >= 0 && fstat(fd, &a) == 0 && lstat(want, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static void check_open(const char *path, const char *place)
{
	_cleanup_fd_ int fd = path_open_in(root, path, O_PATH);

	assert_true(is(fd, place));
}

static void test_open(void **state)
{
	(void)state;
	check_open("/a/b", "root/a/b");
	check_open("a/b", "root/a/b");
	check_open("", "root");
	check_open("/", "root");
	check_open("/..", "root");
	check_open("/../../..", "root");
	check_open("/varrun", "root/run");
	check_open("/a/up/run", "root/run");
	check_open("/a/up/../../a/file", "root/a/file");
	assert_int_equal(path_open_in(root, "/escape/secret", O_PATH), -ENOENT);
	assert_int_equal(path_open_in(root, "/absolute/secret", O_PATH), -ENOENT);
	assert_int_equal(path_open_in(root, "/loop1", O_PATH), -ELOOP);
	assert_int_equal(path_open_in(root, "/a/file/x", O_PATH), -ENOTDIR);
}

static void test_plain(void **state)
{
	(void)state;
	_cleanup_fd_ int fd = path_open_plain(root, "/a/b", O_PATH);

	assert_true(is(fd, "root/a/b"));
	assert_int_equal(path_open_plain(root, "/varrun", O_PATH), -ELOOP);
	assert_int_equal(path_open_plain(root, "/a/up/run", O_PATH), -ELOOP);
}

static void test_magic_links_are_refused(void **state)
{
	(void)state;
	_cleanup_fd_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(path_open_in(proc, "/self/root", O_PATH), -ELOOP);
	assert_int_equal(path_open_in(proc, "/self/fd/0", O_PATH), -ELOOP);
}

static void check_dir(const char *path, const char *place)
{
	_cleanup_fd_ int fd = path_make_dir(root, path, 0755);
	struct stat st;

	assert_true(is(fd, place));
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	/* O_PATH: nothing can be read by it. */
	assert_true(fcntl(fd, F_GETFL) & O_PATH);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void test_make_dir(void **state)
{
	(void)state;
	check_dir("/x/y/z", "root/x/y/z");
	check_dir("x/y/z", "root/x/y/z");
	check_dir("/a/b", "root/a/b");
	check_dir("/", "root");
	check_dir("/varrun/netns", "root/run/netns");
	check_dir("/dangling", "root/new/place");
	check_dir("/dangling/deeper", "root/new/place/deeper");
	check_dir("/escape/e", "root/outside/e");
	check_dir("/a/up/up1", "root/up1");
	check_dir("/m1/../m2/./m3//m4/", "root/m2/m3/m4");
	check_dir("/../../out", "root/out");
	assert_int_equal(path_make_dir(root, "/a/file", 0755), -ENOTDIR);
	assert_int_equal(path_make_dir(root, "/a/file/x", 0755), -ENOTDIR);
	assert_int_equal(path_make_dir(root, "/loop1/x", 0755), -ELOOP);
}

/* An absolute link of the image to a place of the host makes that place inside. */
static void test_make_dir_behind_absolute_link(void **state)
{
	char place[160];

	(void)state;
	_cleanup_fd_ int fd = path_make_dir(root, "/absolute/made", 0755);

	snprintf(place, sizeof place, "root%s/outside/made", base);
	assert_true(is(fd, place));
}

static void check_file(const char *path, const char *place, off_t size)
{
	_cleanup_fd_ int fd = path_make_file(root, path, 0644);
	struct stat st;

	assert_true(is(fd, place));
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_size, size);
}

static void test_make_file(void **state)
{
	(void)state;
	check_file("/f1", "root/f1", 0);
	check_file("/d/e/f2", "root/d/e/f2", 0);
	check_file("/a/file", "root/a/file", 7);
	check_file("/varrun/f3", "root/run/f3", 0);
	shell("ln -s ../varrun/resolve/stub %s/root/a/resolv.conf", base);
	check_file("/a/resolv.conf", "root/run/resolve/stub", 0);
	assert_int_equal(path_make_file(root, "/a", 0644), -EISDIR);
	assert_int_equal(path_make_file(root, "/", 0644), -EISDIR);
	assert_int_equal(path_make_file(root, "/varrun", 0644), -EISDIR);
	assert_int_equal(path_make_file(root, "/loop1", 0644), -ELOOP);
}

static void test_make_plain(void **state)
{
	(void)state;
	_cleanup_fd_ int dir = path_make_plain(root, "/a/plain", true, 0755);
	_cleanup_fd_ int file = path_make_plain(root, "/plainfile", false, 0644);

	assert_true(is(dir, "root/a/plain"));
	assert_true(is(file, "root/plainfile"));
	assert_int_equal(path_make_plain(root, "/a/plain", true, 0755), -EEXIST);
	assert_int_equal(path_make_plain(root, "/varrun/p", true, 0755), -ELOOP);
	assert_int_equal(path_make_plain(root, "/dangling", false, 0755), -EEXIST);
	assert_int_equal(path_make_plain(root, "/nothing/p", true, 0755), -ENOENT);
	assert_int_equal(path_make_plain(root, "/", true, 0755), -EINVAL);
	assert_int_equal(path_make_plain(root, "/a/..", true, 0755), -EINVAL);
}

static void test_open_parent(void **state)
{
	char name[NAME_MAX + 1];

	(void)state;
	_cleanup_fd_ int a = path_open_parent(root, "/p/q/device", name, sizeof name);

	assert_true(is(a, "root/p/q"));
	assert_string_equal(name, "device");
	_cleanup_fd_ int b = path_open_parent(root, "/varrun/device/", name, sizeof name);

	assert_true(is(b, "root/run"));
	/* The last component is not looked at. */
	_cleanup_fd_ int c = path_open_parent(root, "/escape", name, sizeof name);

	assert_true(is(c, "root"));
	assert_string_equal(name, "escape");
	assert_int_equal(path_open_parent(root, "/a/..", name, sizeof name), -EINVAL);
	assert_int_equal(path_open_parent(root, "/a/.", name, sizeof name), -EINVAL);
	assert_int_equal(path_open_parent(root, "/", name, sizeof name), -EINVAL);
	assert_int_equal(path_open_parent(root, "/a/file/x", name, sizeof name), -ENOTDIR);
}

static void test_limits(void **state)
{
	char path[PATH_MAX + 64], name[NAME_MAX + 1];

	(void)state;
	memset(path, 'x', sizeof path);
	path[0] = '/';
	path[NAME_MAX + 10] = 0;
	assert_int_equal(path_make_dir(root, path, 0755), -ENAMETOOLONG);
	assert_int_equal(path_open_parent(root, path, name, sizeof name), -ENAMETOOLONG);
	memset(path, '/', sizeof path);
	path[sizeof path - 1] = 0;
	assert_int_equal(path_make_file(root, path, 0644), -ENAMETOOLONG);
}

static void check_clean(const char *path, const char *clean)
{
	char text[64];

	snprintf(text, sizeof text, "%s", path);
	path_clean(text);
	assert_string_equal(text, clean);
}

static void test_clean(void **state)
{
	(void)state;
	check_clean("/", "/");
	check_clean("///", "/");
	check_clean("/a/b", "/a/b");
	check_clean("//a//b//", "/a/b");
	check_clean("/a/./b/.", "/a/b");
	check_clean("/a/../b", "/b");
	check_clean("/../../a", "/a");
	check_clean("/a/b/../../..", "/");
	check_clean("/a/..b/...", "/a/..b/...");
	check_clean("/proc/../proc/self", "/proc/self");
}

/*
 * Another process turns a directory of the root into a link to the host and back while we make files below it: some tries may
 * fail, none may land outside.
 */
static void test_swap_race(void **state)
{
	(void)state;
	shell("cd %s && mkdir root/swap && ln -s %s/outside root/swapped", base, base);
	pid_t pid = fork();

	if (pid == 0) {
		char a[80], b[80];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(a, sizeof a, "%s/root/swap", base);
		snprintf(b, sizeof b, "%s/root/swapped", base);
		for (;;)
			syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */);
	}
	for (int i = 0; i < 300; i++) {
		char path[64], name[NAME_MAX + 1];

		snprintf(path, sizeof path, "/swap/../swap/d%d/e", i);
		_cleanup_fd_ int dir = path_make_dir(root, path, 0755);

		snprintf(path, sizeof path, "/swap/f%d", i);
		_cleanup_fd_ int file = path_make_file(root, path, 0644);
		_cleanup_fd_ int secret = path_open_in(root, "/swap/secret", O_PATH);
		_cleanup_fd_ int parent = path_open_parent(root, "/swap/x/y", name, sizeof name);

		assert_true(secret < 0);
		if (parent >= 0)
			assert_int_not_equal(faccessat(parent, "../secret", F_OK, 0), 0);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* tear_down() looks at the outside. */
}

int main(void)
{
	umask(022);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_plain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_magic_links_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_make_dir, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_make_dir_behind_absolute_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_make_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_make_plain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_open_parent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_clean, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_swap_race, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
