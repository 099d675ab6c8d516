/* rootfs/: mounts as a container sees them. Needs root; makes namespaces. */
#include "tests/unit/rootfs_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#undef fail

#define MNT_NOSYMFOLLOW_FLAG 0x2000UL

static void run(struct world *w)
{
	assert_int_equal(world_run(w), 0);
	assert_true(world_outside_is_untouched(w));
	world_free(w);
}

static void run_failing(struct world *w, int code, const char *text)
{
	int r = world_run(w);

	if (r != -code || !strstr(error_record()->text, text))
		print_error("%d, record: %s\n", r, error_record()->text);
	assert_int_equal(r, -code);
	assert_non_null(strstr(error_record()->text, text));
	world_free(w);
}

/* --- what Docker asks for ------------------------------------------------------------------------------------------------ */

static void docker_like(struct world *w)
{
	world_mount(w, "/proc", "proc", "proc", "");
	world_mount(w, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
	world_mount(w, "/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
	world_mount(w, "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k");
	world_mount(w, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
	world_mount(w, "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro");
	world_mount(w, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro");
	w->spec.linux_.masked_paths = strings_of(
		w, "/proc/acpi,/proc/asound,/proc/kcore,/proc/keys,/proc/latency_stats,/proc/timer_list,"
		   "/proc/timer_stats,/proc/sched_debug,/sys/firmware,/proc/scsi");
	w->spec.linux_.readonly_paths = strings_of(w, "/proc/bus,/proc/fs,/proc/irq,/proc/sys,/proc/sysrq-trigger");
	w->spec.root.readonly = true;
	w->request.cgroup_namespace = true;
}

static void look_at_mounts(void)
{
	require(mount_has("/proc", " - proc proc "));
	require(mount_has("/dev", "rw,nosuid") && mount_has("/dev", " - tmpfs tmpfs rw,size=65536k,mode=755"));
	require(!mount_has("/dev", "relatime") && !mount_has("/dev", "noatime"));
	require(mount_has("/dev/pts", " - devpts devpts ") && mount_has("/dev/pts", "mode=620,ptmxmode=666"));
	require(mount_has("/dev/shm", "nosuid,nodev,noexec,relatime") && mount_has("/dev/shm", " - tmpfs shm "));
	require(mount_has("/dev/mqueue", "nosuid,nodev,noexec") && mount_has("/dev/mqueue", " - mqueue mqueue "));
	require(mount_has("/sys", "ro,nosuid,nodev,noexec") && mount_has("/sys", " - sysfs "));
	require(mount_has("/sys/fs/cgroup", "ro,nosuid,nodev,noexec,relatime") && mount_has("/sys/fs/cgroup", " - cgroup2 "));
	require(stat_of("/dev/shm").st_mode == (S_IFDIR | 01777));
	require((flags_of("/") & ST_RDONLY) && !can_write("/file"));
	require(!(flags_of("/dev") & ST_RDONLY) && can_write("/dev/shm/file"));
}

static void look_at_devices(void)
{
	require(is_device("/dev/null", 1, 3) && is_device("/dev/zero", 1, 5) && is_device("/dev/full", 1, 7));
	require(is_device("/dev/random", 1, 8) && is_device("/dev/urandom", 1, 9) && is_device("/dev/tty", 5, 0));
	require((stat_of("/dev/null").st_mode & 07777) == 0666);
	require(link_is("/dev/fd", "/proc/self/fd") && link_is("/dev/stdin", "/proc/self/fd/0"));
	require(link_is("/dev/stdout", "/proc/self/fd/1") && link_is("/dev/stderr", "/proc/self/fd/2"));
	require(link_is("/dev/ptmx", "pts/ptmx") && is_device("/dev/ptmx", 5, 2));
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	require(null >= 0 && write(null, "x", 1) == 1);
	close(null);
}

static void look_at_masks(void)
{
	require(!exists("/proc/keys") || is_device("/proc/keys", 1, 3));
	require(!exists("/proc/timer_list") || is_device("/proc/timer_list", 1, 3));
	require(!exists("/proc/kcore") || is_device("/proc/kcore", 1, 3));
	require(!exists("/sys/firmware") || mount_has("/sys/firmware", " - tmpfs "));
	require(!exists("/proc/scsi") || mount_has("/proc/scsi", " - tmpfs "));
	require(flags_of("/proc/sys") & ST_RDONLY);
	require(!exists("/proc/sysrq-trigger") || (flags_of("/proc/sysrq-trigger") & ST_RDONLY));
	require(!(flags_of("/proc") & ST_RDONLY));
}

static void look_at_docker_like(struct world *w, struct rootfs *rootfs)
{
	char cwd[PATH_MAX];

	(void)rootfs;
	look_at_mounts();
	look_at_devices();
	look_at_masks();
	/* The host is gone, and what was mounted there with it. */
	require(!exists(w->outside));
	require(mounts_at("/") == 1 && mounts_at("/tmp") == 0);
	require(getcwd(cwd, sizeof cwd) && strcmp(cwd, "/") == 0);
	require(!exists("../../tmp"));
}

/* Hooks of createRuntime find the container's mounts at the root's path on the host, in the container's mount namespace. */
static void look_before_entering(struct world *w, struct rootfs *rootfs)
{
	(void)rootfs;
	require(exists(w->outside) && mount_line(w->root));
	require(mount_has(arena_printf(&w->arena, "%s/dev", w->root), " - tmpfs "));
}

static void test_docker_like(void **state)
{
	struct world *w = world_new();

	(void)state;
	docker_like(w);
	w->before_enter = look_before_entering;
	w->look = look_at_docker_like;
	run(w);
}

/* With gid=5 not mapped: engines write it all the same. */
static void test_docker_like_in_user_namespace(void **state)
{
	struct world *w = world_new();

	(void)state;
	docker_like(w);
	w->user_namespace = true;
	w->look = look_at_docker_like;
	shell("chown -R %u:%u %s", USER_BASE, USER_BASE, w->root);
	run(w);
}

static void test_docker_like_without_pivot(void **state)
{
	struct world *w = world_new();

	(void)state;
	docker_like(w);
	w->request.no_pivot = true;
	w->look = look_at_docker_like;
	run(w);
}

static void test_docker_like_without_pivot_in_user_namespace(void **state)
{
	struct world *w = world_new();

	(void)state;
	docker_like(w);
	w->request.no_pivot = true;
	w->user_namespace = true;
	w->look = look_at_docker_like;
	shell("chown -R %u:%u %s", USER_BASE, USER_BASE, w->root);
	run(w);
}

/* The mounts survive, though nobody on the host sees any of them. */
static void test_host_sees_nothing(void **state)
{
	struct world *w = world_new();
	int before = mounts_at(w->root);

	(void)state;
	docker_like(w);
	shell("mount --make-rshared /");
	assert_int_equal(world_run(w), 0);
	shell("mount --make-rprivate /");
	assert_int_equal(mounts_at(w->root), before);
	shell("! grep -q %s /proc/self/mountinfo", w->bundle);
	world_free(w);
}

/* --- attributes --------------------------------------------------------------------------------------------------------- */

static void look_at_attributes(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require((flags_of("/all") & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | MNT_NOSYMFOLLOW_FLAG)) ==
		(ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | MNT_NOSYMFOLLOW_FLAG));
	require((flags_of("/none") & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | MNT_NOSYMFOLLOW_FLAG)) == 0);
	require(flags_of("/noatime") & ST_NOATIME);
	require(!(flags_of("/strict") & (ST_NOATIME | ST_RELATIME)));
	require(flags_of("/default") & ST_RELATIME);
	require(flags_of("/nodiratime") & ST_NODIRATIME);
	require((flags_of("/bind") & (ST_RDONLY | ST_NOEXEC)) == (ST_RDONLY | ST_NOEXEC) && (flags_of("/bind") & ST_NOATIME));
	require(text_is("/bind/secret", "secret"));
	require((flags_of("/sync") & ST_SYNCHRONOUS) && mount_has("/sync", "sync"));
	require(mount_has("/lazy", "lazytime"));
	require(mount_has("/silent", " - tmpfs "));
	require(mount_has("/iversion", "nosuid") && mount_has("/iversion", "mode=700"));
}

static void test_attributes(void **state)
{
	struct world *w = world_new();

	(void)state;
	world_mount(w, "/all", "tmpfs", "t", "rw,ro,suid,nosuid,dev,nodev,exec,noexec,symfollow,nosymfollow");
	world_mount(w, "/none", "tmpfs", "t", "ro,rw,nosuid,suid,nodev,dev,noexec,exec,nosymfollow,symfollow");
	world_mount(w, "/noatime", "tmpfs", "t", "strictatime,noatime");
	world_mount(w, "/strict", "tmpfs", "t", "relatime,strictatime");
	world_mount(w, "/default", "tmpfs", "t", "noatime,atime");
	world_mount(w, "/nodiratime", "tmpfs", "t", "nodiratime");
	world_mount(w, "/bind", NULL, "outside", "bind,ro,noexec,noatime");
	world_mount(w, "/sync", "tmpfs", "t", "sync");
	world_mount(w, "/lazy", "tmpfs", "t", "lazytime");
	world_mount(w, "/silent", "tmpfs", "t", "silent");
	world_mount(w, "/iversion", "tmpfs", "t", "iversion,nosuid,mode=700");
	w->look = look_at_attributes;
	run(w);
}

/* What the source has and no option speaks of stays. */
static void look_at_inherited(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require((flags_of("/same") & (ST_NOSUID | ST_NODEV | ST_NOATIME)) == (ST_NOSUID | ST_NODEV | ST_NOATIME));
	require((flags_of("/ro") & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOATIME)) ==
		(ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOATIME));
	require((flags_of("/dev1") & (ST_NOSUID | ST_NODEV)) == ST_NOSUID);
}

static void test_bind_inherits(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("mkdir %1$s/src && mount -t tmpfs -o nosuid,nodev,noatime t %1$s/src", w->bundle);
	world_mount(w, "/same", "none", "src", "rbind");
	world_mount(w, "/ro", "bind", "src", "rbind,ro");
	world_mount(w, "/dev1", "bind", "src", "bind,dev");
	w->look = look_at_inherited;
	run(w);
}

static void look_at_recursive(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require((flags_of("/rro") & ST_RDONLY) && (flags_of("/rro/sub") & ST_RDONLY));
	require((flags_of("/ro") & ST_RDONLY) && !(flags_of("/ro/sub") & ST_RDONLY));
	require(!(flags_of("/mixed") & ST_RDONLY) && (flags_of("/mixed/sub") & ST_RDONLY));
	require((flags_of("/many/sub") & (ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_NODIRATIME)) ==
		(ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_NODIRATIME));
	require(!(flags_of("/strict/sub") & (ST_NOATIME | ST_RELATIME)));
	require(exists("/rbind/sub/mark") && !exists("/bind/sub/mark") && exists("/bind/sub"));
	require(flags_of("/rrw") & ST_RDONLY ? false : !(flags_of("/rrw/sub") & ST_RDONLY));
}

static void test_recursive(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("cd %s && mkdir src && mount -t tmpfs t src && mkdir src/sub && mount -t tmpfs t src/sub && touch src/sub/mark",
	      w->bundle);
	world_mount(w, "/rro", "none", "src", "rbind,rro");
	world_mount(w, "/ro", "none", "src", "rbind,ro");
	world_mount(w, "/mixed", "none", "src", "rbind,rro,rw");
	world_mount(w, "/many", "none", "src", "rbind,rnosuid,rnodev,rnoexec,rnoatime,rnodiratime");
	world_mount(w, "/strict", "none", "src", "rbind,rstrictatime");
	world_mount(w, "/rbind", "none", "src", "rbind");
	world_mount(w, "/bind", "none", "src", "bind");
	world_mount(w, "/rrw", "none", "src", "rbind,ro,rro,rrw");
	w->look = look_at_recursive;
	run(w);
}

/* --- bind --------------------------------------------------------------------------------------------------------------- */

static void look_at_binds(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(text_is("/new/file", "secret") && text_is("/new/dir/secret", "secret"));
	require(text_is("/etc/hosts", "secret"));
	require(text_is("/etc/resolv.conf", "secret") && text_is("/run/resolve/stub", "secret"));
	require(link_is("/etc/resolv.conf", "../run/resolve/stub"));
	require(text_is("/relative", "secret"));
}

static void test_bind_destinations(void **state)
{
	struct world *w = world_new();
	char *secret = arena_printf(&w->arena, "%s/secret", w->outside);

	(void)state;
	shell("ln -s ../run/resolve/stub %s/etc/resolv.conf", w->root);
	world_mount(w, "/new/file", "bind", secret, "bind,ro");
	world_mount(w, "/new/dir", "bind", w->outside, "rbind,ro");
	world_mount(w, "/etc/hosts", "bind", secret, "bind");
	world_mount(w, "/etc/resolv.conf", "bind", "outside/secret", "bind");
	/* A deprecated relative destination; the type alone says bind as well. */
	world_mount(w, "relative", "bind", "./outside/../outside/secret", "ro");
	w->look = look_at_binds;
	run(w);
}

static void test_bind_errors(void **state)
{
	struct world *w = world_new();

	(void)state;
	world_mount(w, "/ok", "tmpfs", "t", "");
	world_mount(w, "/gone", "bind", "/no/such/source", "bind");
	w->fails = ENOENT;
	w->fails_with = "/mounts/1: mount /gone: bind source /no/such/source: No such file";
	run(w);

	w = world_new();
	world_mount(w, "/etc", "bind", "outside/secret", "bind");
	w->fails = ENOTDIR;
	w->fails_with = "cannot mount a file on the directory /etc";
	run(w);

	w = world_new();
	world_mount(w, "/etc/hosts", "bind", "outside", "bind");
	w->fails = ENOTDIR;
	w->fails_with = "cannot mount a directory on the file /etc/hosts";
	run(w);

	w = world_new();
	world_mount(w, "/x", "bind", NULL, "bind");
	run_failing(w, EINVAL, "/mounts/0/source");
}

static void test_file_system_errors(void **state)
{
	struct world *w = world_new();

	(void)state;
	world_mount(w, "/x", "no-such-fs", "x", "");
	w->fails = ENODEV;
	w->fails_with = "/mounts/0: mount /x: this kernel has no file system of type \"no-such-fs\"";
	run(w);

	w = world_new();
	world_mount(w, "/x", "tmpfs", "x", "size=lots");
	w->fails = EINVAL;
	w->fails_with = "option size=lots (tmpfs: Bad value for 'size')";
	run(w);

	w = world_new();
	world_mount(w, "/x", "tmpfs", "x", "nosuchoption");
	w->fails = EINVAL;
	w->fails_with = "tmpfs: option nosuchoption";
	run(w);

	w = world_new();
	world_mount(w, "/x", NULL, "x", "ro");
	run_failing(w, EINVAL, "/mounts/0/type");

	w = world_new();
	world_mount(w, "/x", "bind", "x", "bind,idmap");
	run_failing(w, EINVAL, "/mounts/0/options/1: idmap needs");

	w = world_new();
	world_mount(w, "/x", "bind", "outside", "bind,tmpcopyup");
	run_failing(w, EINVAL, "tmpcopyup is for tmpfs");

	/* SELinux is not on where these tests run: a label that cannot be given is no container without one. */
	w = world_new();
	w->spec.linux_.mount_label = arena_strdup(&w->arena, "system_u:object_r:container_file_t:s0:c1,c2");
	if (!exists("/sys/fs/selinux/enforce"))
		run_failing(w, ENOTSUP, "/linux/mountLabel: SELinux is not enabled");
	else
		world_free(w);

	w = world_new();
	w->spec.root.path = arena_strdup(&w->arena, "nowhere");
	run_failing(w, ENOENT, "/root/path");

	w = world_new();
	w->spec.root.path = arena_strdup(&w->arena, "outside/secret");
	run_failing(w, ENOTDIR, "/root/path");
}

/* --- tmpfs -------------------------------------------------------------------------------------------------------------- */

static void look_at_tmpfs(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require((stat_of("/private").st_mode & 07777) == 0710);
	require((stat_of("/said").st_mode & 07777) == 0700);
	require((stat_of("/made").st_mode & 07777) == 01777);
	require((flags_of("/late") & ST_RDONLY) && !(flags_of("/late/inner") & ST_RDONLY));
	require(exists("/late/inner") && can_write("/late/inner/x") && !can_write("/late/x"));
}

static void test_tmpfs(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("cd %s && mkdir -m 710 private && mkdir -m 711 said", w->root);
	world_mount(w, "/private", "tmpfs", "t", "size=1m");
	world_mount(w, "/said", "tmpfs", "t", "size=1m,mode=700");
	world_mount(w, "/made", "tmpfs", "t", "size=1m");
	world_mount(w, "/late", "tmpfs", "t", "ro");
	world_mount(w, "/late/inner", "tmpfs", "t", "");
	w->look = look_at_tmpfs;
	run(w);
}

static void look_at_copy(struct world *w, struct rootfs *rootfs)
{
	struct stat st;
	char value[64];

	(void)w;
	(void)rootfs;
	require(mount_has("/data", " - tmpfs "));
	require(text_is("/data/file", "content") && text_is("/data/sub/deep/file", "deep"));
	st = stat_of("/data/file");
	require(st.st_uid == 12 && st.st_gid == 34 && (st.st_mode & 07777) == 04640 && st.st_mtim.tv_sec == 1000000000);
	st = stat_of("/data/sub");
	require(st.st_uid == 56 && (st.st_mode & 07777) == 02750);
	require(link_is("/data/link", "/etc/passwd") && stat_of("/data/link").st_uid == 78);
	require(is_device("/data/null", 1, 3) && S_ISFIFO(stat_of("/data/fifo").st_mode));
	require(syscall(SYS_getxattr, "/data/cap", "security.capability", value, sizeof value) > 0);
	/* Links are copied, not followed; other mounts are not entered. */
	require(exists("/data/out") && !exists("/data/out/secret"));
	require(exists("/data/mounted") && !exists("/data/mounted/mark"));
	require(stat_of("/data").st_uid == 9 && (stat_of("/data").st_mode & 07777) == 0751);
	require(exists("/plain") && !exists("/plain/file"));
}

static void test_copy_up(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("cd %s && mkdir -m 751 data && cd data && echo content > file && chown 12:34 file && chmod 4640 file && touch -d "
	      "@1000000000 file",
	      w->root);
	shell("cd %s/data && mkdir -p sub/deep && echo deep > sub/deep/file && chown 56 sub && chmod 2750 sub && ln -s "
	      "/etc/passwd link && "
	      "chown -h 78 link && mknod null c 1 3 && mkfifo fifo && ln -s %s out && touch cap && chown 9 .",
	      w->root, w->outside);
	shell("cd %s/data && python3 -c 'import os; os.setxattr(\"cap\", \"security.capability\", "
	      "bytes.fromhex(\"0100000200040000000000000000000000000000\"))'",
	      w->root);
	shell("cd %s && mkdir data/mounted && mount -t tmpfs t data/mounted && touch data/mounted/mark && cp -a data plain",
	      w->root);
	world_mount(w, "/data", "tmpfs", "t", "tmpcopyup,size=8m");
	world_mount(w, "/plain", "tmpfs", "t", "size=8m");
	w->look = look_at_copy;
	run(w);
}

static void test_copy_up_is_bounded(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("cd %s && mkdir big && dd if=/dev/zero of=big/file bs=1M count=4 2>/dev/null", w->root);
	world_mount(w, "/big", "tmpfs", "t", "tmpcopyup,size=1m");
	w->fails = ENOSPC;
	w->fails_with = "/mounts/0: mount /big: tmpcopyup: file: copy: No space left";
	run(w);

	w = world_new();
	shell("cd %s && mkdir deep && cd deep && for i in $(seq 80); do mkdir d && cd d; done", w->root);
	world_mount(w, "/deep", "tmpfs", "t", "tmpcopyup");
	w->fails = ELOOP;
	w->fails_with = "nested more than 64 deep";
	run(w);
}

/* --- other mounts ------------------------------------------------------------------------------------------------------- */

static void look_at_remounts(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require((flags_of("/bound") & (ST_RDONLY | ST_NOEXEC)) == (ST_RDONLY | ST_NOEXEC) && mounts_at("/bound") == 1);
	require(mount_has("/fs", "size=2048k") && (flags_of("/fs") & (ST_RDONLY | ST_NOSUID)) == (ST_RDONLY | ST_NOSUID));
	require(mounts_at("/fs") == 1);
	require(mount_has("/shared", "shared:") && mounts_at("/shared") == 1);
}

static void test_remount(void **state)
{
	struct world *w = world_new();

	(void)state;
	world_mount(w, "/bound", "bind", "outside", "bind");
	world_mount(w, "/bound", "bind", "outside", "bind,remount,ro,noexec");
	world_mount(w, "/fs", "tmpfs", "t", "size=1m");
	world_mount(w, "/fs", "tmpfs", "t", "remount,size=2m,ro,nosuid");
	world_mount(w, "/shared", "tmpfs", "t", "");
	world_mount(w, "/shared", "none", "none", "shared");
	w->look = look_at_remounts;
	run(w);

	w = world_new();
	world_mount(w, "/etc", "bind", NULL, "bind,remount,ro");
	w->fails = EINVAL;
	w->fails_with = "/mounts/0: mount /etc";
	run(w);
}

static void look_at_overlay(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(mount_has("/over", " - overlay over "));
	require(text_is("/over/secret", "secret") && text_is("/over/hosts", "image"));
	require(text_is("/long/secret", "secret") && (flags_of("/long") & ST_NOSUID));
}

/* A list of layers is easily longer than what fsconfig(2) takes. */
static void test_overlay(void **state)
{
	struct world *w = world_new();
	char *lower = arena_printf(&w->arena, "lowerdir=%s:%s/etc", w->outside, w->root);
	char *longer = arena_printf(&w->arena, "lowerdir=%s", w->outside);

	(void)state;
	for (int i = 0; i < 8; i++) {
		shell("mkdir -p %s/layer-with-a-long-name-%d", w->bundle, i);
		longer = arena_printf(&w->arena, "%s:%s/layer-with-a-long-name-%d", longer, w->bundle, i);
	}
	assert_true(strlen(longer) > 256);
	world_mount(w, "/over", "overlay", "over", lower);
	world_mount(w, "/long", "overlay", "over", arena_printf(&w->arena, "nosuid,%s", longer));
	w->look = look_at_overlay;
	run(w);
}

static void look_at_new_root(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(text_is("/secret", "secret") && !exists("/etc") && mount_has("/tmp", " - tmpfs "));
	require((flags_of("/") & ST_RDONLY) && can_write("/tmp/x"));
}

static void test_mount_on_the_root(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("mkdir %s/base && cp %s/secret %s/base", w->bundle, w->outside, w->bundle);
	world_mount(w, "/", "bind", "base", "rbind");
	world_mount(w, "/tmp", "tmpfs", "t", "");
	w->spec.root.readonly = true;
	w->look = look_at_new_root;
	run(w);
}

/* --- cgroup ------------------------------------------------------------------------------------------------------------- */

static void look_at_own_group(struct world *w, struct rootfs *rootfs)
{
	(void)rootfs;
	require(text_is("/sys/fs/cgroup/mark", "own"));
	require(w->user_namespace == ((flags_of("/sys/fs/cgroup") & ST_RDONLY) != 0));
	require(flags_of("/sys/fs/cgroup") & ST_NOSUID);
}

static void test_cgroup_without_namespace(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world *w = world_new();

		shell("cd %s && mkdir -p group/a/b && echo own > group/a/b/mark && chown -R %u rootfs", w->bundle, USER_BASE);
		w->request.cgroup_mount = arena_printf(&w->arena, "%s/group", w->bundle);
		w->request.cgroup_path = "/a/b";
		w->user_namespace = i == 1;
		world_mount(w, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid");
		w->look = look_at_own_group;
		run(w);
	}
}

static void look_at_no_group(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require((flags_of("/sys/fs/cgroup") & ST_RDONLY) && mount_has("/sys/fs/cgroup", " - tmpfs "));
}

static void test_cgroup_that_cannot_be_shown(void **state)
{
	struct world *w = world_new();

	(void)state;
	world_mount(w, "/sys/fs/cgroup", "cgroup", "cgroup", "");
	w->look = look_at_no_group;
	run(w);
}

static void test_cgroup_writable(void **state)
{
	struct world *w = world_new();

	(void)state;
	assert_false(rootfs_cgroup_writable(&w->spec));
	struct spec_mount *m = world_mount(w, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,ro");

	assert_false(rootfs_cgroup_writable(&w->spec));
	m->options = strings_of(w, "nosuid,ro,rw");
	assert_true(rootfs_cgroup_writable(&w->spec));
	m->options = strings_of(w, "nosuid");
	assert_true(rootfs_cgroup_writable(&w->spec));
	m->options = strings_of(w, "rro");
	assert_false(rootfs_cgroup_writable(&w->spec));
	world_free(w);
}

/* --- propagation -------------------------------------------------------------------------------------------------------- */

static void mount_on_host(struct world *w)
{
	shell("mount -t tmpfs t %s/src/from-host", w->bundle);
}

static void look_at_propagation(struct world *w, struct rootfs *rootfs)
{
	(void)rootfs;
	require(mount_has("/shared", "shared:") && mount_has("/slave", "master:") && mount_has("/default", "master:"));
	require(!mount_has("/private", "master:") && !mount_has("/private", "shared:"));
	require(mount_has("/unbindable", "unbindable"));
	world_meanwhile(w);
	require(mount_line("/shared/from-host") && mount_line("/slave/from-host") && mount_line("/default/from-host"));
	require(!mount_line("/private/from-host") && !mount_line("/unbindable/from-host"));
	require(sys_mount("t", "/shared/from-shared", "tmpfs", 0, NULL) == 0);
	require(sys_mount("t", "/slave/from-slave", "tmpfs", 0, NULL) == 0);
	require(sys_mount("t", "/default/from-default", "tmpfs", 0, NULL) == 0);
}

static void check_propagation(bool user_namespace)
{
	struct world *w = world_new();

	shell("cd %s && mkdir src && mount -t tmpfs -o mode=777 t src && mount --make-shared src && cd src && "
	      "mkdir from-host from-shared from-slave from-default && chown -R %u ../rootfs .",
	      w->bundle, USER_BASE);
	world_mount(w, "/proc", "proc", "proc", "");
	world_mount(w, "/shared", "none", "src", "rbind,rshared");
	world_mount(w, "/slave", "none", "src", "rbind,rslave");
	world_mount(w, "/default", "none", "src", "rbind");
	world_mount(w, "/private", "none", "src", "rbind,rprivate");
	world_mount(w, "/unbindable", "none", "src", "rbind,runbindable");
	w->user_namespace = user_namespace;
	w->meanwhile = mount_on_host;
	w->look = look_at_propagation;
	assert_int_equal(world_run(w), 0);
	char line[512];

	/* What was shared came back, and only that. */
	snprintf(line, sizeof line, "%s/src/from-shared", w->bundle);
	assert_int_equal(mounts_at(line), 1);
	snprintf(line, sizeof line, "%s/src/from-slave", w->bundle);
	assert_int_equal(mounts_at(line), 0);
	snprintf(line, sizeof line, "%s/src/from-default", w->bundle);
	assert_int_equal(mounts_at(line), 0);
	world_free(w);
}

static void test_propagation(void **state)
{
	(void)state;
	check_propagation(false);
	check_propagation(true);
}

static void look_at_root_propagation(struct world *w, struct rootfs *rootfs)
{
	enum propagation p = w->spec.linux_.rootfs_propagation;

	(void)rootfs;
	require(mount_has("/", "shared:") == (p == PROPAGATION_SHARED));
	require(mount_has("/", "master:") == (p == PROPAGATION_SLAVE));
	require(mount_has("/", "unbindable") == (p == PROPAGATION_UNBINDABLE));
}

static void test_root_propagation(void **state)
{
	static const enum propagation kinds[] = { PROPAGATION_UNSET, PROPAGATION_PRIVATE, PROPAGATION_SHARED, PROPAGATION_SLAVE,
						  PROPAGATION_UNBINDABLE };

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct world *w = world_new();

		shell("cd %s && mount --bind rootfs rootfs && mount --make-shared rootfs", w->bundle);
		world_mount(w, "/proc", "proc", "proc", "");
		w->spec.linux_.rootfs_propagation = kinds[i];
		w->look = look_at_root_propagation;
		run(w);
	}
}

/* --- a mount namespace that others use too ------------------------------------------------------------------------------- */

static void look_at_joined(struct world *w, struct rootfs *rootfs)
{
	(void)rootfs;
	require(text_is("/etc/hosts", "image") && !exists(w->outside));
	require(is_device("/dev/null", 1, 3));
}

/* The joined namespace shares its mounts with the host, which sees nothing all the same. */
static void test_joined_mount_namespace(void **state)
{
	struct world *w = world_new();

	(void)state;
	shell("cd %s && mkdir src rootfs/sub && mount -t tmpfs t src && mount -t tmpfs t rootfs/sub", w->bundle);
	shell("mount --make-rshared /");
	int before = mounts_at(w->root);

	fflush(NULL);
	pid_t pid = fork();

	if (pid == 0) {
		/* The namespace that is "joined" ends with this child. */
		require(unshare(CLONE_NEWNS) == 0);
		world_mount(w, "/dev", "tmpfs", "tmpfs", "");
		world_mount(w, "/volume", "bind", "src", "rbind");
		world_mount(w, "/volume/inner", "tmpfs", "t", "");
		world_mount(w, "/sub/inner", "tmpfs", "t", "");
		w->host_mounts = true;
		w->look = look_at_joined;
		require(world_run(w) == 0);
		/* Our own root is what it was. */
		require(exists(w->outside) && exists("/proc/self"));
		_exit(0);
	}
	assert_int_equal(wait_for(pid), 0);
	assert_int_equal(mounts_at(w->root), before);
	assert_int_equal(mounts_at(arena_printf(&w->arena, "%s/dev", w->root)), 0);
	assert_int_equal(mounts_at(arena_printf(&w->arena, "%s/sub/inner", w->root)), 0);
	assert_int_equal(mounts_at(arena_printf(&w->arena, "%s/src/inner", w->bundle)), 0);
	shell("mount --make-rprivate /");
	world_free(w);
}

int main(void)
{
	if (geteuid() != 0) {
		fputs("test_rootfs_mount: needs root\n", stderr);
		return 1;
	}
	world_host();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker_like),
		cmocka_unit_test(test_docker_like_in_user_namespace),
		cmocka_unit_test(test_docker_like_without_pivot),
		cmocka_unit_test(test_docker_like_without_pivot_in_user_namespace),
		cmocka_unit_test(test_host_sees_nothing),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_bind_inherits),
		cmocka_unit_test(test_recursive),
		cmocka_unit_test(test_bind_destinations),
		cmocka_unit_test(test_bind_errors),
		cmocka_unit_test(test_file_system_errors),
		cmocka_unit_test(test_tmpfs),
		cmocka_unit_test(test_copy_up),
		cmocka_unit_test(test_copy_up_is_bounded),
		cmocka_unit_test(test_remount),
		cmocka_unit_test(test_overlay),
		cmocka_unit_test(test_mount_on_the_root),
		cmocka_unit_test(test_cgroup_without_namespace),
		cmocka_unit_test(test_cgroup_that_cannot_be_shown),
		cmocka_unit_test(test_cgroup_writable),
		cmocka_unit_test(test_propagation),
		cmocka_unit_test(test_root_propagation),
		cmocka_unit_test(test_joined_mount_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
