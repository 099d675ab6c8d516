/*
 * rootfs/ against hostile images and volumes: each test mounts an attack and asserts that the outside is untouched. With the
 * defence taken out (RESOLVE_IN_ROOT in rootfs/path.c, check_name() or check_place() in rootfs/destination.c, the descriptor in
 * rootfs/seal.c) they fail. Needs root; makes namespaces.
 */
#include "tests/unit/rootfs_world.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>

#include <cmocka.h>
#undef fail

static void run(struct world *w)
{
	assert_int_equal(world_run(w), 0);
	assert_true(world_outside_is_untouched(w));
	world_free(w);
}

static void fails(struct world *w, int code, const char *text)
{
	w->fails = code;
	w->fails_with = text;
	run(w);
}

/* --- links of the image as mount points --------------------------------------------------------------------------------- */

static void look_at_dev_behind_link(struct world *w, struct rootfs *rootfs)
{
	(void)rootfs;
	require(is_device("/dev/null", 1, 3) && is_device("/dev/pts/ptmx", 5, 2) && mount_has(w->outside, " - tmpfs "));
}

/* CVE-2026-47766 of crun: /dev is a link to a directory of the host. */
static void test_dev_is_a_link(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("ln -s %s %s/dev", w->outside, w->root);
	world_mount(w, "/proc", "proc", "proc", "");
	world_mount(w, "/dev", "tmpfs", "tmpfs", "");
	world_mount(w, "/dev/pts", "devpts", "devpts", "");
	w->look = look_at_dev_behind_link;
	run(w);
}

static void test_dev_of_the_image_is_a_link(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("ln -s ../../../../../../..%s %s/dev", w->outside, w->root);
	run(w);
}

/* CVE-2019-16884, CVE-2019-19921, CVE-2023-27561: procfs where processes do not look for it. */
static void test_proc_and_sys_are_links(void **state)
{
	static const struct {
		const char *place, *type, *options;
	} mounts[] = {
		{ "/proc", "proc", "" },      { "/sys", "sysfs", "" },       { "/sys", "bind", "rbind" },
		{ "/proc", "bind", "rbind" }, { "/other/proc", "proc", "" }, { "/other/proc", "sysfs", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
		struct world *w = world_new();

		shell("mkdir %1$s/other %1$s/real && ln -s /real %1$s%2$s", w->root, mounts[i].place);
		world_mount(w, mounts[i].place, mounts[i].type, "/proc", mounts[i].options);
		fails(w, ENOTDIR, "must be an ordinary directory for this mount");
		w = world_new();
		shell("mkdir %1$s/other && ln -s %3$s %1$s%2$s", w->root, mounts[i].place, w->outside);
		world_mount(w, mounts[i].place, mounts[i].type, "/proc", mounts[i].options);
		fails(w, ENOTDIR, "must be an ordinary directory for this mount");
	}
}

static void look_inside(struct world *w, struct rootfs *rootfs)
{
	(void)rootfs;
	/* Where the link leads, but inside. */
	char *place = arena_printf(&w->arena, "%s/volume", w->outside);

	require(mount_has(place, " - tmpfs "));
	require(text_is(arena_printf(&w->arena, "%s/new-file", w->outside), "image"));
}

static void test_destination_leads_outside(void **state)
{
	static const char *const links[] = { "%s", "../../../../../../..%s", "/../..%s" };

	(void)state;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		struct world *w = world_new();

		shell("ln -s %s %s/data && ln -s %s/new-file %s/file", arena_printf(&w->arena, links[i], w->outside), w->root,
		      w->outside, w->root);
		world_mount(w, "/data/volume", "tmpfs", "t", "");
		world_mount(w, "/file", "bind", "rootfs/etc/hosts", "bind");
		world_mount(w, "/x/../../../data/other", "tmpfs", "t", "");
		w->look = look_inside;
		run(w);
	}
}

static void test_destination_leads_to_the_root(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("ln -s / %s/data", w->root);
	world_mount(w, "/data", "tmpfs", "t", "");
	fails(w, EINVAL, "leads the destination to the root itself");
}

/* --- /proc -------------------------------------------------------------------------------------------------------------- */

static void test_mounts_in_proc(void **state)
{
	static const char *const places[] = {
		"/proc/self/attr", "/proc/sys", "/proc/self/attr/exec", "/proc//sys/kernel", "/x/../proc/sysrq-trigger",
		"/proc/cpuinfo/x", "proc/1"
	};

	(void)state;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct world *w = world_new();

		world_mount(w, "/proc", "proc", "proc", "");
		world_mount(w, places[i], "bind", "rootfs/etc/hosts", "bind");
		fails(w, EINVAL, "a mount inside /proc is refused");
	}
	static const char *const links[] = { "/proc/self", "/proc/1", "proc/sys", "proc/self/attr" };

	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		struct world *w = world_new();

		shell("ln -s %s %s/harmless", links[i], w->root);
		world_mount(w, "/proc", "proc", "proc", "");
		world_mount(w, "/harmless", "tmpfs", "t", "");
		fails(w, EINVAL, "a symbolic link leads the destination into /proc");
	}
}

static void look_at_emulation(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(text_is("/proc/cpuinfo", "secret") && text_is("/proc/uptime", "secret"));
}

static void test_emulations_of_proc(void **state)
{
	struct world *w = world_new();

	(void)state;
	world_mount(w, "/proc", "proc", "proc", "");
	world_mount(w, "/proc/cpuinfo", "bind", "outside/secret", "bind,ro");
	world_mount(w, "/proc/uptime", "bind", "outside/secret", "bind,ro");
	w->look = look_at_emulation;
	run(w);
}

static void test_false_proc(void **state)
{
	struct world *w = world_new();

	(void)state;
	world_mount(w, "/proc", "tmpfs", "t", "");
	fails(w, EINVAL, "only a file system of type proc");
	w = world_new();
	world_mount(w, "/proc", "bind", "outside", "bind");
	fails(w, EINVAL, "only a file system of type proc");
	/* The right file system, but not its top. */
	w = world_new();
	world_mount(w, "/proc", "bind", "/proc/self", "bind");
	fails(w, EINVAL, "only a file system of type proc");
}

/* --- files made in the image -------------------------------------------------------------------------------------------- */

static void test_devices_behind_links(void **state)
{
	struct world *w = world_new();
	struct spec_device devices[] = {
		{ .type = 'c', .path = (char[]){ "/data/null" }, .major = 1, .minor = 3 },
		{ .type = 'p', .path = (char[]){ "/data/../data/pipe" } },
	};

	(void)state;
	shell("ln -s %s %s/data", w->outside, w->root);
	world_mount(w, "/dev", "tmpfs", "t", "");
	w->spec.linux_.devices = devices;
	w->spec.linux_.device_count = 2;
	run(w);
}

/* A link in the place of a device is not followed, neither in nor out. */
static void test_device_is_a_link(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("mkdir %s/dev && ln -s %s/made %s/dev/null", w->root, w->outside, w->root);
	fails(w, EEXIST, "default device /dev/null");
}

static void open_console(struct world *w, struct rootfs *rootfs)
{
	int peer, root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)w;
	(void)rootfs;
	require(rootfs_open_console(root, true, 0, 0, 0, &peer) >= 0);
}

static void test_console_is_a_link(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("mkdir %s/dev && ln -s %s/made %s/dev/console", w->root, w->outside, w->root);
	world_mount(w, "/proc", "proc", "proc", "");
	world_mount(w, "/dev/pts", "devpts", "devpts", "");
	w->look = open_console;
	run(w);
}

static void look_at_secret_copy(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(!exists("/data/link/secret") && !exists("/data/file-link") == false);
	require(!text_is("/data/file-link", "secret"));
}

static void test_copy_up_of_links(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("mkdir %s/data && ln -s %s %s/data/link && ln -s %s/secret %s/data/file-link", w->root, w->outside, w->root,
	      w->outside, w->root);
	world_mount(w, "/data", "tmpfs", "t", "tmpcopyup");
	w->look = look_at_secret_copy;
	run(w);
}

/* --- masks -------------------------------------------------------------------------------------------------------------- */

static void swap_null(struct world *w, struct rootfs *rootfs)
{
	(void)rootfs;
	/* The image's /dev/null is another file by the time that paths are masked. */
	shell("rm -f %s/dev/null && echo visible > %s/dev/null", w->root, w->root);
}

static void look_at_masks(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(is_device("/masked-file", 1, 3) && is_device("/masked-too", 1, 3) && is_device("/target", 1, 3));
	require(text_is("/masked-file", "") && can_write("/masked-file"));
	/* The node is the host's own. */
	require(chmod("/masked-file", 0) < 0 && chmod("/masked-too", 0) < 0 && chown("/masked-too", 1, 1) < 0);
	require(mount_has("/masked-dir", " - tmpfs ") && !exists("/masked-dir/inside") && !can_write("/masked-dir/x"));
	require((flags_of("/masked-dir2") & ST_RDONLY) && !exists("/masked-dir2/inside"));
	require((flags_of("/readonly") & ST_RDONLY) && !can_write("/readonly/inside") && !can_write("/readonly/sub/x"));
	require(!can_write("/readonly-file") && (flags_of("/readonly-file") & ST_NODEV));
	require(can_write("/writable"));
}

/* CVE-2025-31133, CVE-2025-62161. */
static void test_masks(void **state)
{
	(void)state;
	for (int user = 0; user < 2; user++) {
		struct world *w = world_new();

		shell("cd %s && mkdir -p dev masked-dir masked-dir2 readonly/sub && touch masked-dir/inside masked-dir2/inside "
		      "readonly/inside "
		      "writable readonly-file target && echo visible > masked-file && echo visible > masked-too && ln -s "
		      "/target link && "
		      "ln -s %s/secret outward && mknod dev/null c 1 3 && chown -R %u . && mount -t tmpfs -o nodev t "
		      "readonly/sub && "
		      "touch readonly/sub/x && mount --bind readonly-file readonly-file && mount -o remount,bind,nodev,nosuid "
		      "readonly-file",
		      w->root, w->outside, USER_BASE);
		w->user_namespace = user;
		world_mount(w, "/proc", "proc", "proc", "");
		w->spec.linux_.masked_paths = strings_of(
			w, "/masked-file,/masked-dir,/missing,/masked-dir2,/masked-file/x,/masked-too,/link,"
			   "/outward,/missing/deeper");
		w->spec.linux_.readonly_paths = strings_of(w, "/readonly,/missing,/readonly-file,/masked-file/x");
		w->before_enter = swap_null;
		w->look = look_at_masks;
		run(w);
		assert_int_equal(stat_of("/dev/null").st_mode, S_IFCHR | 0666);
	}
}

/* --- races -------------------------------------------------------------------------------------------------------------- */

/* Another container with the same volume swaps a directory and a link to the host, again and again. */
static pid_t start_swapper(const char *a, const char *b)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */);
	}
	return pid;
}

static void stop_swapper(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* CVE-2021-30465. The tries may fail; none may end outside. */
static void race(struct world *w)
{
	struct rootfs rootfs = ROOTFS_NONE;

	world_configure(w);
	assert_int_equal(rootfs_prepare(&rootfs, &w->request), 0);
	pid_t pid = fork();

	if (pid == 0) {
		umask(0);
		require(unshare(CLONE_NEWNS) == 0);
		int r = rootfs_build(&rootfs);

		require(r >= 0 || error_record()->code != 0);
		require(mounts_at(w->outside) == 0);
		if (r >= 0) {
			require(rootfs_enter(&rootfs) == 0);
			require(rootfs_seal(&rootfs) == 0);
			require(!exists(arena_printf(&w->arena, "%s/secret", w->outside)) && !exists("/volume/dir/secret"));
		}
		_exit(0);
	}
	assert_int_equal(wait_for(pid), 0);
	rootfs_close(&rootfs);
}

static void test_swap_race(void **state)
{
	struct world *w = world_new();
	struct spec_device device = { .type = 'c', .path = (char[]){ "/volume/dir/deep/device" }, .major = 1, .minor = 3 };

	(void)state;
	shell("cd %s && mkdir -p volume/dir && ln -s %s volume/link", w->bundle, w->outside);
	world_mount(w, "/volume", "bind", "volume", "bind");
	world_mount(w, "/volume/dir/tmp", "tmpfs", "t", "");
	world_mount(w, "/volume/dir/file", "bind", "rootfs/etc/hosts", "bind");
	world_mount(w, "/volume/dir", "tmpfs", "t", "tmpcopyup,size=1m");
	w->spec.linux_.devices = &device;
	w->spec.linux_.device_count = 1;
	w->spec.linux_.masked_paths = strings_of(w, "/volume/dir/secret,/volume/dir");
	w->spec.linux_.readonly_paths = strings_of(w, "/volume/dir/secret,/volume/link");
	pid_t swapper = start_swapper(arena_printf(&w->arena, "%s/volume/dir", w->bundle),
				      arena_printf(&w->arena, "%s/volume/link", w->bundle));

	for (int i = 0; i < 150; i++)
		race(w);
	stop_swapper(swapper);
	assert_true(world_outside_is_untouched(w));
	world_free(w);
}

int main(void)
{
	if (geteuid() != 0) {
		fputs("test_rootfs_attack: needs root\n", stderr);
		return 1;
	}
	world_host();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dev_is_a_link),
		cmocka_unit_test(test_dev_of_the_image_is_a_link),
		cmocka_unit_test(test_proc_and_sys_are_links),
		cmocka_unit_test(test_destination_leads_outside),
		cmocka_unit_test(test_destination_leads_to_the_root),
		cmocka_unit_test(test_mounts_in_proc),
		cmocka_unit_test(test_emulations_of_proc),
		cmocka_unit_test(test_false_proc),
		cmocka_unit_test(test_devices_behind_links),
		cmocka_unit_test(test_device_is_a_link),
		cmocka_unit_test(test_console_is_a_link),
		cmocka_unit_test(test_copy_up_of_links),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_swap_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
