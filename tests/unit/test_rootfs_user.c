/* rootfs/ in user namespaces, and id-mapped mounts. Needs root; makes namespaces. */
#include "tests/unit/rootfs_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/fsuid.h>

#include <cmocka.h>
#undef fail

static struct world *user_world(void)
{
	struct world *w = world_new();

	w->user_namespace = true;
	shell("chown -R %u:%u %s", USER_BASE, USER_BASE, w->root);
	world_mount(w, "/proc", "proc", "proc", "");
	return w;
}

static void run(struct world *w)
{
	assert_int_equal(world_run(w), 0);
	assert_true(world_outside_is_untouched(w));
	/* Looking with the eyes of another did not stay. */
	assert_int_equal(setfsuid((uid_t)-1), 0);
	assert_int_equal(setfsgid((gid_t)-1), 0);
	world_free(w);
}

/* --- id-mapped mounts --------------------------------------------------------------------------------------------------- */

/* A user namespace whose id 0 is id of the file system. */
static int mapped_namespace(uint32_t id)
{
	char path[64], map[32];
	int go[2];

	if (pipe2(go, O_CLOEXEC) < 0)
		abort();
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0 || write(go[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(go[1]);
	if (read(go[0], map, 1) != 1)
		abort();
	snprintf(map, sizeof map, "0 %u 1000", id);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, i ? "gid_map" : "uid_map");
		if (write_file_at(AT_FDCWD, path, map) < 0)
			abort();
	}
	snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		abort();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(go[0]);
	return fd;
}

/* Linux before 6.3 has no id-mapped tmpfs, which /tmp may be. */
static void skip_without_support(struct world *w, int r)
{
	if (r == -EINVAL && strstr(error_record()->text, "may not support id-mapped mounts")) {
		world_free(w);
		skip();
	}
}

static void no_idmaps(struct world *w)
{
	for (int i = 0; i < MAX_MOUNTS; i++)
		w->idmap_fds[i] = -1;
	w->request.idmap_fds = w->idmap_fds;
}

static void look_at_idmaps(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(stat_of("/plain/file").st_uid == 0 && stat_of("/mapped/file").st_uid == 5000 &&
		stat_of("/mapped/file").st_gid == 5000);
	require(stat_of("/mapped/sub/file").st_uid == 0);
	require(stat_of("/all/file").st_uid == 5000 && stat_of("/all/sub/file").st_uid == 5000);
	require((flags_of("/mapped") & ST_RDONLY) && !(flags_of("/all") & ST_RDONLY));
}

static void test_idmap(void **state)
{
	struct world *w = world_new();

	(void)state;
	no_idmaps(w);
	shell("cd %s && mkdir -p src/sub && touch src/file && mount -t tmpfs t src/sub && touch src/sub/file", w->bundle);
	world_mount(w, "/plain", "bind", "src", "rbind");
	world_mount(w, "/mapped", "bind", "src", "rbind,idmap,ro");
	world_mount(w, "/all", "bind", "src", "rbind,ridmap");
	w->idmap_fds[1] = w->idmap_fds[2] = mapped_namespace(5000);
	w->look = look_at_idmaps;
	int fd = w->idmap_fds[1], r = world_run(w);

	skip_without_support(w, r);
	assert_int_equal(r, 0);
	world_free(w);
	close(fd);
}

static void look_at_idmap_in_user_namespace(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(stat_of("/mapped/file").st_uid == 0 && can_write("/mapped/new") && stat_of("/mapped/new").st_uid == 0);
	require(stat_of("/plain/file").st_uid == 65534 && !can_write("/plain/new"));
}

/* The use of it: a volume whose files belong to the host's root is the container's root's. */
static void test_idmap_in_user_namespace(void **state)
{
	struct world *w = user_world();

	(void)state;
	no_idmaps(w);
	shell("cd %s && mkdir src && touch src/file", w->bundle);
	world_mount(w, "/mapped", "bind", "src", "bind,idmap");
	world_mount(w, "/plain", "bind", "src", "bind");
	w->idmap_fds[1] = mapped_namespace(USER_BASE);
	w->look = look_at_idmap_in_user_namespace;
	int fd = w->idmap_fds[1], r = world_run(w);

	skip_without_support(w, r);
	assert_int_equal(r, 0);
	shell("test $(stat -c %%u %s/src/new) = 0 && rm %s/src/new", w->bundle, w->bundle);
	world_free(w);
	close(fd);
}

static void test_idmap_without_maps(void **state)
{
	struct world *w = world_new();

	(void)state;
	no_idmaps(w);
	world_mount(w, "/x", "bind", "outside", "ro,bind,ridmap");
	assert_int_equal(world_run(w), -EINVAL);
	assert_non_null(strstr(error_record()->text, "/mounts/0/options/2: ridmap needs"));
	w->idmap_fds[1] = 0;
	w->mounts[0].options = strings_of(w, "bind");
	world_mount(w, "/x", "tmpfs", "t", "idmap");
	assert_int_equal(world_run(w), -ENOTSUP);
	world_free(w);
}

static void test_wants_idmap(void **state)
{
	struct world *w = world_new();
	struct spec_mount *m = world_mount(w, "/x", "bind", "outside", "bind,ro");

	(void)state;
	assert_false(rootfs_mount_wants_idmap(m));
	m->options = strings_of(w, "bind,idmap");
	assert_true(rootfs_mount_wants_idmap(m));
	m->options = strings_of(w, "bind,ridmap");
	assert_true(rootfs_mount_wants_idmap(m));
	m->options = strings_of(w, "bind");
	m->uid_maps = (struct spec_id_maps){ 1, world_maps() };
	assert_true(rootfs_mount_wants_idmap(m));
	world_free(w);
}

/* --- what init cannot reach --------------------------------------------------------------------------------------------- */

static void look_at_unreachable(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(text_is("/etc/hosts", "image") && text_is("/volume/file", "volume") && text_is("/etc/file", "volume"));
	require(!(flags_of("/volume") & ST_RDONLY) && (flags_of("/etc/file") & ST_RDONLY));
	require(mounts_at("/") == 1);
	require(!exists("/volume/sub/mark"));
}

static void check_unreachable(bool unknown_maps, bool closed)
{
	struct world *w = user_world();

	w->unknown_maps = unknown_maps;
	shell("cd %s && mkdir -p closed/volume/sub && echo volume > closed/volume/file && mv rootfs closed/ && chmod %d closed "
	      "&& "
	      "mount -t tmpfs t closed/volume/sub && touch closed/volume/sub/mark",
	      w->bundle, closed ? 700 : 755);
	w->spec.root.path = arena_strdup(&w->arena, "closed/rootfs");
	world_mount(w, "/volume", "bind", "closed/volume", "bind");
	world_mount(w, "/etc/file", "bind", "closed/volume/file", "bind,ro");
	w->look = look_at_unreachable;
	run(w);
}

static void test_unreachable(void **state)
{
	(void)state;
	check_unreachable(false, true);
	check_unreachable(true, true);
	check_unreachable(false, false);
}

/* --- locks -------------------------------------------------------------------------------------------------------------- */

static void look_at_locks(struct world *w, struct rootfs *rootfs)
{
	struct mount_attr writable = { .attr_clr = MOUNT_ATTR_RDONLY }, dev = { .attr_clr = MOUNT_ATTR_NODEV };

	(void)w;
	(void)rootfs;
	/*
	 * What the host covered stays covered, and what it forbade forbidden, from the container's root with all capabilities.
	 */
	require(exists("/volume/sub/cover") && !exists("/volume/sub/hidden"));
	require(sys_umount2("/volume/sub", MNT_DETACH) == -EINVAL);
	require(flags_of("/volume/sub") & ST_RDONLY);
	require(sys_mount_setattr(AT_FDCWD, "/volume/sub", 0, &writable) == -EPERM);
	require(flags_of("/volume") & ST_NODEV);
	require(sys_mount_setattr(AT_FDCWD, "/volume", 0, &dev) == -EPERM);
	/* An option that asked for more is not heard, but the others are. */
	require((flags_of("/asked") & (ST_NODEV | ST_NOSUID | ST_NOEXEC)) == (ST_NODEV | ST_NOSUID | ST_NOEXEC));
	require(flags_of("/asked/sub") & ST_RDONLY);
	require((flags_of("/recursive/sub") & (ST_RDONLY | ST_NOEXEC)) == (ST_RDONLY | ST_NOEXEC));
	require(flags_of("/recursive") & ST_NODEV);
}

static void test_locks(void **state)
{
	struct world *w = user_world();

	(void)state;
	shell("cd %s && mkdir src && mount -t tmpfs -o nodev,nosuid,mode=755 t src && mkdir src/sub && touch src/sub/hidden && "
	      "mount -t tmpfs t src/sub && touch src/sub/cover && mount -o remount,bind,ro src/sub",
	      w->bundle);
	world_mount(w, "/volume", "bind", "src", "rbind");
	world_mount(w, "/asked", "bind", "src", "rbind,dev,suid,noexec,strictatime");
	world_mount(w, "/recursive", "bind", "src", "rbind,rrw,rdev,rnoexec");
	w->look = look_at_locks;
	run(w);
}

/* --- stand-ins ---------------------------------------------------------------------------------------------------------- */

static void look_at_stand_ins(struct world *w, struct rootfs *rootfs)
{
	(void)w;
	(void)rootfs;
	require(mount_has("/sys", " - sysfs ") && (flags_of("/sys") & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC)) ==
							  (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC));
	/* All below is read-only as well, the cgroups above all (CVE-2023-25809). */
	for (char *save = NULL, *line = strtok_r(mountinfo(), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char point[256], flags[256];

		require(sscanf(line, "%*s %*s %*s %*s %255s %255s", point, flags) == 2);
		require(strncmp(point, "/sys", 4) != 0 || strncmp(flags, "ro,", 3) == 0);
	}
	require(mount_has("/dev/mqueue", " - mqueue "));
	require(mount_has("/proc", " - proc "));
	/* The host's processes are there, since the container shares its pid namespace. */
	char self[32];

	snprintf(self, sizeof self, "/proc/%d", (int)getppid());
	require(exists(self));
	require((flags_of("/proc/sys") & ST_RDONLY) && (!exists("/proc/keys") || is_device("/proc/keys", 1, 3)));
	require(!exists("/sys/firmware") || mount_has("/sys/firmware", " - tmpfs "));
}

static void test_stand_ins(void **state)
{
	struct world *w = user_world();

	(void)state;
	shell("mkdir -p /dev/mqueue && mountpoint -q /dev/mqueue || mount -t mqueue mqueue /dev/mqueue");
	w->host_network = w->host_pid = w->host_ipc = true;
	world_mount(w, "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev");
	world_mount(w, "/dev", "tmpfs", "tmpfs", "");
	world_mount(w, "/dev/mqueue", "mqueue", "mqueue", "");
	w->spec.linux_.masked_paths = strings_of(w, "/proc/keys,/sys/firmware");
	w->spec.linux_.readonly_paths = strings_of(w, "/proc/sys,/sys/fs/cgroup");
	w->look = look_at_stand_ins;
	run(w);
}

/*
 * A pid namespace of its own, but a host /proc that is partly covered: the kernel refuses, and another namespace's will not do.
 */
static void test_no_false_proc(void **state)
{
	struct world *w = user_world();

	(void)state;
	fflush(NULL);
	pid_t pid = fork();

	if (pid == 0) {
		require(unshare(CLONE_NEWNS) == 0);
		require(sys_mount("t", "/proc/sys", "tmpfs", 0, NULL) == 0);
		w->fails = EPERM;
		w->fails_with = "/mounts/0: mount /proc: proc is not permitted: the user namespace must own the pid namespace";
		require(world_run(w) == 0);
		_exit(0);
	}
	assert_int_equal(wait_for(pid), 0);
	world_free(w);
}

int main(void)
{
	if (geteuid() != 0) {
		fputs("test_rootfs_user: needs root\n", stderr);
		return 1;
	}
	world_host();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idmap),
		cmocka_unit_test(test_idmap_in_user_namespace),
		cmocka_unit_test(test_idmap_without_maps),
		cmocka_unit_test(test_wants_idmap),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_locks),
		cmocka_unit_test(test_stand_ins),
		cmocka_unit_test(test_no_false_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
