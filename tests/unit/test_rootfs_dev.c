/* rootfs/: devices, links and the terminal. Needs root; makes namespaces. */
#include "tests/unit/rootfs_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <cmocka.h>
#undef fail

static void run(struct world *w)
{
	assert_int_equal(world_run(w), 0);
	assert_true(world_outside_is_untouched(w));
	world_free(w);
}

static void basic(struct world *w)
{
	world_mount(w, "/proc", "proc", "proc", "");
	world_mount(w, "/dev", "tmpfs", "tmpfs", "mode=755");
	world_mount(w, "/dev/pts", "devpts", "devpts", "newinstance,ptmxmode=0666,mode=0620");
}

static void devices(struct world *w, size_t count, const struct spec_device *list)
{
	w->spec.linux_.devices = arena_array(&w->arena, count, sizeof *list);
	memcpy(w->spec.linux_.devices, list, count * sizeof *list);
	w->spec.linux_.device_count = count;
}

#define DEVICE(type_, path_, major_, minor_, ...)                                                         \
	{                                                                                                 \
		.type = type_, .path = (char[]){ path_ }, .major = major_, .minor = minor_, ##__VA_ARGS__ \
	}
#define MODE(mode) .file_mode = { true, mode }
#define OWNER(u, g) .uid = { true, u }, .gid = { true, g }

/* --- devices of the configuration ---------------------------------------------------------------------------------------- */

static void look_at_devices(struct world *w, struct rootfs *rootfs)
{
	struct stat st = stat_of("/dev/fuse");

	(void)w;
	(void)rootfs;
	require(S_ISCHR(st.st_mode) && st.st_rdev == makedev(10, 229) && (st.st_mode & 07777) == 0666 && st.st_uid == 0);
	st = stat_of("/dev/net/tun");
	require(S_ISCHR(st.st_mode) && st.st_rdev == makedev(10, 200) && (st.st_mode & 07777) == 0622);
	require(st.st_uid == 1000 && st.st_gid == 2000);
	st = stat_of("/outside-of-dev/disk");
	require(S_ISBLK(st.st_mode) && st.st_rdev == makedev(7, 0) && (st.st_mode & 07777) == 04600 && st.st_gid == 6);
	st = stat_of("/dev/pipe");
	require(S_ISFIFO(st.st_mode) && (st.st_mode & 07777) == 0777);
	/* A default device with a mode of its own. */
	st = stat_of("/dev/null");
	require(st.st_rdev == makedev(1, 3) && (st.st_mode & 07777) == 0600 && st.st_uid == 7);
	require(is_device("/dev/zero", 1, 5));
	require(is_device("/there", 1, 3));
}

static void test_devices(void **state)
{
	const struct spec_device list[] = {
		DEVICE('c', "/dev/fuse", 10, 229),
		DEVICE('c', "/dev/net/tun", 10, 200, MODE(020622), OWNER(1000, 2000)),
		DEVICE('b', "/outside-of-dev//disk", 7, 0, MODE(04600), OWNER(0, 6)),
		DEVICE('p', "/dev/pipe", 0, 0, MODE(0777)),
		DEVICE('c', "/dev/null", 1, 3, MODE(0600), OWNER(7, 0)),
		DEVICE('c', "/there", 1, 3),
	};
	struct world *w = world_new();

	(void)state;
	basic(w);
	shell("mknod %s/there c 1 3", w->root);
	devices(w, sizeof list / sizeof *list, list);
	w->look = look_at_devices;
	run(w);
}

static void test_existing_file_that_does_not_match(void **state)
{
	static const char *const makes[] = { "mknod %s/place c 1 5", "mknod %s/place b 1 3",      "echo x > %s/place",
					     "mkdir %s/place",       "ln -s /etc/hosts %s/place", "mkfifo %s/place" };

	(void)state;
	for (size_t i = 0; i < sizeof makes / sizeof *makes; i++) {
		const struct spec_device list[] = { DEVICE('c', "/place", 1, 3) };
		struct world *w = world_new();

		basic(w);
		shell(makes[i], w->root);
		devices(w, 1, list);
		w->fails = EEXIST;
		w->fails_with = "/linux/devices/0: /place: a file that is not this device exists there";
		run(w);
	}
}

/* Volumes replace devices: -v /dev/urandom:/dev/random. */
static void look_at_replaced(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(is_device("/dev/random", 1, 9) && is_device("/dev/urandom", 1, 9));
}

static void test_bound_default_device_stays(void **state)
{
	struct world *w = world_new();

	(void)state;
	basic(w);
	world_mount(w, "/dev/random", "bind", "/dev/urandom", "bind");
	w->look = look_at_replaced;
	run(w);
}

/* A read-only /dev becomes so when everything is in it. */
static void look_at_readonly_dev(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require((flags_of("/dev") & ST_RDONLY) && is_device("/dev/null", 1, 3) && !can_write("/dev/x"));
	require(!(flags_of("/dev/shm") & ST_RDONLY));
}

static void test_readonly_dev(void **state)
{
	struct world *w = world_new();

	(void)state;
	world_mount(w, "/dev", "tmpfs", "tmpfs", "ro");
	world_mount(w, "/dev/shm", "tmpfs", "tmpfs", "");
	w->look = look_at_readonly_dev;
	run(w);
}

/* Without a mount there, /dev is the image's, twice in a row. */
static void look_at_image_dev(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(is_device("/dev/null", 1, 3) && is_device("/dev/tty", 5, 0) && link_is("/dev/ptmx", "pts/ptmx"));
	/* No /proc: links into it would lead nowhere. */
	require(!exists("/dev/fd") && !exists("/dev/stdin") && !exists("/dev/core"));
}

static void test_dev_of_the_image(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("mkdir %s/dev && echo x > %s/dev/ptmx", w->root, w->root);
	w->look = look_at_image_dev;
	assert_int_equal(world_run(w), 0);
	run(w);
}

static void look_at_image_dev_in_user_namespace(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(is_device("/dev/null", 1, 3) && is_device("/dev/tty", 5, 0) && is_device("/node", 1, 3));
	require(mounts_at("/dev/null") == 1);
}

/* Placeholders of the first run do not disturb the second. */
static void test_dev_of_the_image_in_user_namespace(void **state)
{
	const struct spec_device list[] = { DEVICE('c', "/node", 1, 3) };
	struct world *w = world_new();

	(void)state;
	w->user_namespace = true;
	world_mount(w, "/proc", "proc", "proc", "");
	shell("chown -R %u:%u %s", USER_BASE, USER_BASE, w->root);
	devices(w, 1, list);
	w->look = look_at_image_dev_in_user_namespace;
	assert_int_equal(world_run(w), 0);
	run(w);
}

/* The host's own root as the container's. */
static void look_at_host_root(struct world *w, struct rootfs *rootfs)
{
	(void)rootfs;
	require(text_is(arena_printf(&w->arena, "%s/secret", w->outside), "secret"));
	require(is_device("/dev/null", 1, 3) && link_is("/dev/fd", "/proc/self/fd") && mounts_at("/") == 1);
}

static void test_host_root(void **state)
{
	struct world *w = world_new();

	(void)state;
	basic(w);
	w->spec.root.path = arena_strdup(&w->arena, "/");
	w->look = look_at_host_root;
	run(w);
	assert_false(exists("/dev/fd"));
}

/* The host's /dev, or another's: nothing is made there. */
static void look_at_bound_dev(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(exists("/dev/null") && !exists("/dev/zero") && !exists("/dev/ptmx") && !exists("/dev/fd"));
}

static void test_bound_dev(void **state)
{
	const struct spec_device there[] = { DEVICE('c', "/dev/null", 1, 3) }, missing[] = { DEVICE('c', "/dev/full", 1, 7) };
	struct world *w = world_new();

	(void)state;
	shell("mkdir %s/mydev && mknod %s/mydev/null c 1 3", w->bundle, w->bundle);
	world_mount(w, "/proc", "proc", "proc", "");
	world_mount(w, "/dev", "bind", "mydev", "rbind");
	devices(w, 1, there);
	w->look = look_at_bound_dev;
	assert_int_equal(world_run(w), 0);
	shell("test \"$(ls %s/mydev)\" = null", w->bundle);
	devices(w, 1, missing);
	w->fails = ENOENT;
	w->fails_with = "/linux/devices/0: /dev/full";
	assert_int_equal(world_run(w), 0);
	shell("test \"$(ls %s/mydev)\" = null", w->bundle);
	world_free(w);
}

/* --- user namespace: the runtime's nodes, or binds of the host's, which are not changed ----------------------------------- */

static void look_at_own_devices(struct world *w, struct rootfs *rootfs)
{
	struct stat st = stat_of("/dev/mine");

	(void)w;
	(void)rootfs;
	require(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 7) && (st.st_mode & 07777) == 0600 && st.st_uid == 1 && st.st_gid == 6);
	require(mount_line("/dev/mine") && chmod("/dev/mine", 0640) == 0);
	st = stat_of("/dev/none");
	require(S_ISCHR(st.st_mode) && st.st_rdev == makedev(240, 77) && (st.st_mode & 07777) == 0666 && st.st_uid == 0);
	st = stat_of("/opt/disk");
	require(S_ISBLK(st.st_mode) && st.st_rdev == makedev(7, 0) && (st.st_mode & 07777) == 0660 && st.st_gid == 7);
	/* Nobody is 5 in there. */
	st = stat_of("/dev/zero");
	require(is_device("/dev/zero", 1, 5) && st.st_uid == 65534 && chmod("/dev/zero", 0600) < 0 && errno == EROFS);
	require(is_device("/dev/null", 1, 3) && S_ISFIFO(stat_of("/dev/pipe").st_mode) && stat_of("/dev/pipe").st_uid == 1);
	require(mounts_at("/") == 1);
}

static void test_own_devices(void **state)
{
	const struct spec_device list[] = {
		DEVICE('c', "/dev/mine", 1, 7, MODE(0600), OWNER(1, 6)),
		DEVICE('p', "/dev/pipe", 0, 0, OWNER(1, 1)),
		DEVICE('c', "/dev/none", 240, 77),
		DEVICE('b', "/opt/disk", 7, 0, MODE(0660), OWNER(0, 7)),
		DEVICE('c', "/dev/zero", 1, 5, OWNER(5, 0)),
	};
	struct world *w = world_new();
	struct stat before = stat_of("/dev/full"), after;

	(void)state;
	shell("chown -R %u %s", USER_BASE, w->root);
	basic(w);
	w->user_namespace = true;
	devices(w, sizeof list / sizeof *list, list);
	w->look = look_at_own_devices;
	run(w);
	after = stat_of("/dev/full");
	assert_true(before.st_mode == after.st_mode && before.st_uid == after.st_uid && before.st_ino == after.st_ino);
}

static void look_at_bound_devices(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(is_device("/dev/null", 1, 3) && is_device("/dev/tty", 5, 0) && is_device("/dev/mine", 1, 7));
	require(is_device("/opt/zero", 1, 5) && S_ISFIFO(stat_of("/dev/pipe").st_mode));
	require(mount_line("/dev/null") && mount_line("/dev/mine"));
	require(link_is("/dev/ptmx", "pts/ptmx") && link_is("/dev/fd", "/proc/self/fd"));
	require(chmod("/dev/mine", 0600) < 0 && errno == EROFS && access("/dev/mine", W_OK) == 0);
	int full = open("/dev/mine", O_WRONLY | O_CLOEXEC);

	require(full >= 0 && write(full, "x", 1) < 0 && errno == ENOSPC);
}

static void test_devices_in_user_namespace(void **state)
{
	const struct spec_device list[] = {
		/* By the number, for the host has it under another name. */
		DEVICE('c', "/dev/mine", 1, 7, MODE(0600), OWNER(1, 1)),
		DEVICE('c', "/opt/zero", 1, 5),
		DEVICE('p', "/dev/pipe", 0, 0),
	};
	struct world *w = world_new();
	struct stat before = stat_of("/dev/full"), after;

	(void)state;
	shell("chown -R %u %s", USER_BASE, w->root);
	basic(w);
	w->user_namespace = w->unknown_maps = true;
	devices(w, sizeof list / sizeof *list, list);
	w->look = look_at_bound_devices;
	run(w);
	after = stat_of("/dev/full");
	assert_true(before.st_mode == after.st_mode && before.st_uid == after.st_uid && before.st_ino == after.st_ino);
}

static void test_unknown_device_in_user_namespace(void **state)
{
	const struct spec_device list[] = { DEVICE('c', "/dev/none", 240, 77) };
	struct world *w = world_new();

	(void)state;
	shell("chown -R %u %s", USER_BASE, w->root);
	basic(w);
	w->user_namespace = w->unknown_maps = true;
	devices(w, 1, list);
	w->fails = ENOENT;
	w->fails_with = "/linux/devices/0: /dev/none: mknod is not permitted here, and the host has no such device to bind";
	run(w);
}

/* --- terminal ----------------------------------------------------------------------------------------------------------- */

static int open_root(void)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	require(root >= 0);
	return root;
}

static void look_at_terminal(struct world *w, struct rootfs *rootfs)
{
	struct winsize size;
	char text[16];
	int peer, master = rootfs_open_console(open_root(), true, 1000, 24, 80, &peer);

	(void)w;
	(void)rootfs;
	require(master >= 0 && peer >= 0 && isatty(master) && isatty(peer));
	require((fcntl(master, F_GETFD) & FD_CLOEXEC) && (fcntl(peer, F_GETFD) & FD_CLOEXEC));
	require(ioctl(peer, TIOCGWINSZ, &size) == 0 && size.ws_row == 24 && size.ws_col == 80);
	require(stat_of("/dev/pts/0").st_uid == 1000);
	struct stat a = stat_of("/dev/console"), b = stat_of("/dev/pts/0");

	require(S_ISCHR(a.st_mode) && a.st_rdev == b.st_rdev && mount_has("/dev/console", " - devpts "));
	int console = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);

	require(console >= 0 && write(console, "hello", 5) == 5);
	require(read(master, text, sizeof text) == 5 && memcmp(text, "hello", 5) == 0);
	/* exec's: another one, and /dev/console stays. */
	int second_peer, second = rootfs_open_console(open_root(), false, 0, 0, 0, &second_peer);

	require(second >= 0 && exists("/dev/pts/1") && mounts_at("/dev/console") == 1);
}

static void test_terminal(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world *w = world_new();

		basic(w);
		shell("chown -R %u %s", USER_BASE, w->root);
		w->user_namespace = i == 1;
		w->look = look_at_terminal;
		run(w);
	}
}

static void refuse_terminal(struct world *w, struct rootfs *rootfs)
{
	int peer, r = rootfs_open_console(open_root(), true, 0, 0, 0, &peer);

	(void)rootfs;
	(void)w;
	require(r == -EINVAL && peer == -1);
	require(strstr(error_record()->text, "/dev/pts is not a devpts"));
}

/* Something that looks like it (CVE-2025-52565). */
static void test_false_devpts(void **state)
{
	struct world *w = world_new();

	(void)state;
	world_mount(w, "/proc", "proc", "proc", "");
	world_mount(w, "/dev", "tmpfs", "tmpfs", "");
	world_mount(w, "/dev/pts", "bind", "pts", "bind");
	shell("mkdir %s/pts && mknod %s/pts/ptmx c 5 2 && mkdir %s/pts/pts", w->bundle, w->bundle, w->bundle);
	w->look = refuse_terminal;
	run(w);
}

static void look_for_wrong_terminal(struct world *w, struct rootfs *rootfs)
{
	int peer, r = rootfs_open_console(open_root(), true, 0, 0, 0, &peer);

	(void)w;
	(void)rootfs;
	require(r == -EXDEV || r == -ELOOP);
}

/* The multiplexer itself is covered with another file. */
static void test_covered_ptmx(void **state)
{
	struct world *w = world_new();

	(void)state;
	basic(w);
	world_mount(w, "/dev/pts/ptmx", "bind", "outside/secret", "bind");
	w->look = look_for_wrong_terminal;
	run(w);
}

int main(void)
{
	if (geteuid() != 0) {
		fputs("test_rootfs_dev: needs root\n", stderr);
		return 1;
	}
	world_host();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_existing_file_that_does_not_match),
		cmocka_unit_test(test_bound_default_device_stays),
		cmocka_unit_test(test_readonly_dev),
		cmocka_unit_test(test_dev_of_the_image),
		cmocka_unit_test(test_dev_of_the_image_in_user_namespace),
		cmocka_unit_test(test_host_root),
		cmocka_unit_test(test_bound_dev),
		cmocka_unit_test(test_own_devices),
		cmocka_unit_test(test_devices_in_user_namespace),
		cmocka_unit_test(test_unknown_device_in_user_namespace),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_false_devpts),
		cmocka_unit_test(test_covered_ptmx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
