/* rootfs/ as a container sees it: needs root, makes namespaces. */
#include "tests/unit/rootfs_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#undef fail

static void docker_like(struct world *w)
{
	world_mount(w, "/proc", "proc", "proc", "");
	world_mount(w, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
	world_mount(w, "/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
	world_mount(w, "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k");
	world_mount(w, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
	world_mount(w, "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro");
	world_mount(w, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro");
	w->spec.linux_.masked_paths = strings_of(w, "/proc/acpi,/proc/asound,/proc/kcore,/proc/keys,/proc/latency_stats,/proc/timer_list,"
	                                         "/proc/timer_stats,/proc/sched_debug,/sys/firmware,/proc/scsi");
	w->spec.linux_.readonly_paths = strings_of(w, "/proc/bus,/proc/fs,/proc/irq,/proc/sys,/proc/sysrq-trigger");
	w->spec.root.readonly = true;
	w->request.cgroup_namespace = true;
}

static void look_at_docker_like(struct world *w, struct rootfs *rootfs)
{
	(void)rootfs;
	require(mount_has("/proc", " - proc proc "));
	require(mount_has("/dev", "rw,nosuid") && mount_has("/dev", " - tmpfs tmpfs rw,size=65536k,mode=755"));
	require(!mount_has("/dev", "relatime") && !mount_has("/dev", "noatime"));
	require(mount_has("/dev/pts", " - devpts devpts ") && mount_has("/dev/pts", "mode=620,ptmxmode=666"));
	require(mount_has("/dev/shm", "nosuid,nodev,noexec,relatime") && mount_has("/dev/shm", " - tmpfs shm "));
	require(mount_has("/dev/mqueue", "nosuid,nodev,noexec") && mount_has("/dev/mqueue", " - mqueue mqueue "));
	require(mount_has("/sys", "ro,nosuid,nodev,noexec") && mount_has("/sys", " - sysfs "));
	require(mount_has("/sys/fs/cgroup", "ro,nosuid,nodev,noexec,relatime") && mount_has("/sys/fs/cgroup", " - cgroup2 "));
	require(stat_of("/dev/shm").st_mode == (S_IFDIR | 01777));
	require(is_device("/dev/null", 1, 3) && is_device("/dev/zero", 1, 5) && is_device("/dev/full", 1, 7));
	require(is_device("/dev/random", 1, 8) && is_device("/dev/urandom", 1, 9) && is_device("/dev/tty", 5, 0));
	require((stat_of("/dev/null").st_mode & 07777) == 0666);
	require(link_is("/dev/fd", "/proc/self/fd") && link_is("/dev/stdin", "/proc/self/fd/0"));
	require(link_is("/dev/stdout", "/proc/self/fd/1") && link_is("/dev/stderr", "/proc/self/fd/2"));
	require(link_is("/dev/ptmx", "pts/ptmx"));
	require(is_device("/dev/ptmx", 5, 2));
	/* Masks: as many as there are paths. */
	require(!exists("/proc/keys") || is_device("/proc/keys", 1, 3));
	require(!exists("/proc/timer_list") || is_device("/proc/timer_list", 1, 3));
	require(!exists("/proc/kcore") || is_device("/proc/kcore", 1, 3));
	require(!exists("/sys/firmware") || (flags_of("/sys/firmware") & ST_RDONLY));
	require(!exists("/proc/scsi") || mount_has("/proc/scsi", " - tmpfs "));
	require(flags_of("/proc/sys") & ST_RDONLY);
	require(!exists("/proc/sysrq-trigger") || (flags_of("/proc/sysrq-trigger") & ST_RDONLY));
	require(!(flags_of("/proc") & ST_RDONLY));
	require(flags_of("/") & ST_RDONLY);
	require(!(flags_of("/dev") & ST_RDONLY));
	require(open("/dev/null", O_RDWR | O_CLOEXEC) >= 0 || w->user_namespace == false);
	/* The host is gone. */
	require(!exists(w->outside));
	char cwd[PATH_MAX];

	require(getcwd(cwd, sizeof cwd) && strcmp(cwd, "/") == 0);
}

static void test_docker_like(void **state)
{
	struct world *w = world_new();

	(void)state;
	docker_like(w);
	w->look = look_at_docker_like;
	assert_int_equal(world_run(w), 0);
	world_free(w);
}

static void test_docker_like_in_user_namespace(void **state)
{
	struct world *w = world_new();

	(void)state;
	docker_like(w);
	w->user_namespace = true;
	w->look = look_at_docker_like;
	shell("chown -R %u:%u %s", USER_BASE, USER_BASE, w->root);
	assert_int_equal(world_run(w), 0);
	world_free(w);
}

int main(void)
{
	if (geteuid() != 0) {
		fputs("test_rootfs_mount: needs root\n", stderr);
		return 1;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker_like),
		cmocka_unit_test(test_docker_like_in_user_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
