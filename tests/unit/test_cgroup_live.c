/*
 * Groups for real: made, entered, filtered, frozen, signalled, removed. As root, in a mount namespace with all of cgroup v2 in
 * view and below a group of this test's own, so that it also runs on a machine with hybrid cgroups.
 */
#include "cgroups/cgroup.h"
#include "cgroups/files.h"
#include "cgroups/pids.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cmocka.h>

static char base[64]; /* "/berth-unit.PID" */
static pid_t children[600];
static size_t child_count;

static int private_cgroups(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	if (unshare(CLONE_NEWNS) < 0 || sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	(void)sys_umount2("/sys/fs/cgroup", MNT_DETACH);
	if (sys_mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL) < 0)
		return -1;
	snprintf(base, sizeof base, "/berth-unit.%d", (int)getpid());
	return 0;
}

static const char *at(const char *rest)
{
	static char paths[8][4096];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, 4096, "%s%s", base, rest);
	return path;
}

static bool exists(const char *path)
{
	char full[4200];

	snprintf(full, sizeof full, "/sys/fs/cgroup%s", path);
	return access(full, F_OK) == 0;
}

static void make_dir(const char *path)
{
	char full[4200];

	snprintf(full, sizeof full, "/sys/fs/cgroup%s", path);
	assert_int_equal(mkdir(full, 0755), 0);
}

static void remove_dir(const char *path)
{
	char full[4200];

	snprintf(full, sizeof full, "/sys/fs/cgroup%s", path);
	assert_int_equal(rmdir(full), 0);
}

static struct cgroup_request request_for(const char *path)
{
	return (struct cgroup_request){ .cgroups_path = path, .id = "unit" };
}

static void must(int r)
{
	if (r < 0)
		fail_msg("%s (%d)", error_record()->text, r);
}

static int create(struct cgroup *cgroup, const char *path)
{
	struct cgroup_request request = request_for(path);

	return cgroup_create(cgroup, &request);
}

/* A process that is born in the group and runs life(). */
static pid_t spawn(int group, void (*life)(void))
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (unsigned)group };
	int pid = sys_clone3(&args);

	if (pid == 0) {
		life();
		_exit(0);
	}
	assert_true(pid > 0);
	children[child_count++] = pid;
	return pid;
}

static void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static int reap(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void reap_all(void)
{
	while (child_count > 0)
		(void)waitpid(children[--child_count], NULL, 0);
}

/* A test that failed half way must not fail the next. */
static int clean_up(void **state)
{
	struct cgroup cgroup;

	(void)state;
	if (geteuid() == 0 && cgroup_open(&cgroup, CGROUP_MANAGER_CGROUPFS, base) == 0)
		(void)cgroup_remove(&cgroup);
	reap_all();
	return 0;
}

#define NEEDS_ROOT()                \
	do {                        \
		if (geteuid() != 0) \
			skip();     \
	} while (0)

/* --- life ------------------------------------------------------------------------------------------------------------- */

static void creates_and_removes_with_parents(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/a/b/c")));
	assert_string_equal(cgroup.path, at("/a/b/c"));
	assert_true(cgroup.fd >= 0);
	assert_int_equal(cgroup_is_populated(&cgroup), 0);
	must(cgroup_remove(&cgroup));
	assert_int_equal(cgroup.fd, -1);
	assert_false(exists(base));
}

static void the_last_one_takes_the_parents(void **state)
{
	_cleanup_cgroup_ struct cgroup one, two;

	(void)state;
	NEEDS_ROOT();
	must(create(&one, at("/pod/one")));
	must(create(&two, at("/pod/two")));
	must(cgroup_remove(&one));
	assert_true(exists(at("/pod/two")));
	must(cgroup_remove(&two));
	assert_false(exists(base));
}

static void leaves_parents_of_others(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;

	(void)state;
	NEEDS_ROOT();
	make_dir(base);
	must(create(&cgroup, at("/a/b")));
	must(cgroup_remove(&cgroup));
	assert_false(exists(at("/a")));
	assert_true(exists(base));
	remove_dir(base);
}

static void adopts_an_empty_group(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;

	(void)state;
	NEEDS_ROOT();
	make_dir(base);
	make_dir(at("/mine"));
	must(create(&cgroup, at("/mine")));
	must(cgroup_remove(&cgroup));
	assert_true(exists(base));
	remove_dir(base);
}

static void refuses_a_group_in_use(void **state)
{
	_cleanup_cgroup_ struct cgroup first, second;

	(void)state;
	NEEDS_ROOT();
	must(create(&first, at("/busy")));
	spawn(first.fd, sleep_for_ever);
	assert_int_equal(create(&second, at("/busy")), -EBUSY);
	assert_int_equal(second.fd, -1);
	assert_non_null(strstr(error_record()->text, "holds processes"));
	assert_int_equal(cgroup_is_populated(&first), 1);
	/* A group above one that is in use is in use, too. */
	assert_int_equal(create(&second, base), -EBUSY);
	must(cgroup_remove(&first));
	reap_all();
	assert_false(exists(base));
}

static void refuses_a_frozen_group(void **state)
{
	_cleanup_cgroup_ struct cgroup first, second;

	(void)state;
	NEEDS_ROOT();
	must(create(&first, at("/cold")));
	must(cgroup_freeze(&first, true, 60000));
	assert_int_equal(create(&second, at("/cold")), -EBUSY);
	assert_non_null(strstr(error_record()->text, "frozen"));
	must(cgroup_remove(&first));
	assert_false(exists(base));
}

static void a_failed_create_leaves_nothing(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;
	struct string_pair pair = { (char[]){ "nosuchcontroller.max" }, (char[]){ "1" } };
	struct spec_resources resources = { .set = true, .unified = { .set = true, .count = 1, .items = &pair } };
	struct cgroup_request request = request_for(at("/x/y"));

	(void)state;
	NEEDS_ROOT();
	request.resources = &resources;
	assert_int_equal(cgroup_create(&cgroup, &request), -ENOTSUP);
	assert_non_null(strstr(error_record()->text, "/linux/resources/unified/nosuchcontroller.max"));
	assert_int_equal(cgroup.fd, -1);
	assert_string_equal(cgroup.path, "");
	assert_false(exists(base));
}

static void a_create_that_fails_half_way_leaves_nothing(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;
	char deep[600];

	(void)state;
	NEEDS_ROOT();
	make_dir(base);
	snprintf(deep, sizeof deep, "/sys/fs/cgroup%s/cgroup.max.depth", base);
	must(write_file_at(AT_FDCWD, deep, "2"));
	assert_int_equal(create(&cgroup, at("/1/2/3/4")), -EAGAIN);
	assert_non_null(strstr(error_record()->text, "cgroup.max.depth"));
	assert_false(exists(at("/1")));
	remove_dir(base);
}

static void never_opens_the_root(void **state)
{
	static const char *const paths[] = { "/", "//", "relative", "/../etc", "/a/../../b" };
	_cleanup_cgroup_ struct cgroup cgroup;

	(void)state;
	NEEDS_ROOT();
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_true(cgroup_open(&cgroup, CGROUP_MANAGER_CGROUPFS, paths[i]) < 0);
		assert_int_equal(cgroup.fd, -1);
	}
	assert_int_equal(cgroup_open(&cgroup, CGROUP_MANAGER_CGROUPFS, at("/gone")), -ENOENT);
}

static void removing_what_is_gone_is_fine(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup, again;
	_cleanup_arena_ struct arena arena = { 0 };
	pid_t *pids;
	size_t count;

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/gone")));
	must(cgroup_open(&again, CGROUP_MANAGER_CGROUPFS, at("/gone")));
	must(cgroup_remove(&cgroup));
	/* systemd removes a scope's group by itself, at any time. */
	must(cgroup_kill(&again, SIGKILL));
	must(cgroup_kill(&again, SIGTERM));
	must(cgroup_pids(&again, &arena, &pids, &count));
	assert_int_equal(count, 0);
	assert_int_equal(cgroup_is_frozen(&again), 0);
	assert_int_equal(cgroup_is_populated(&again), 0);
	assert_int_equal(cgroup_remove_below(again.fd), 0);
	must(cgroup_remove(&again));
	struct cgroup none = CGROUP_NONE;
	must(cgroup_remove(&none));
}

static void rootless_does_without(void **state)
{
	struct cgroup cgroup;
	struct cgroup_request request = { .id = "unit", .rootless = true };
	int status;

	(void)state;
	NEEDS_ROOT();
	pid_t pid = fork();

	if (pid == 0) {
		if (setresuid(65534, 65534, 65534) < 0)
			_exit(9);
		if (cgroup_create(&cgroup, &request) < 0 || cgroup.fd != -1 || cgroup.path[0])
			_exit(1);
		/* But not without the one that was asked for. */
		request.cgroups_path = "/berth-unit-denied";
		if (cgroup_create(&cgroup, &request) != -EACCES || !strstr(error_record()->text, "Delegate=yes"))
			_exit(2);
		struct spec_resources resources = { .set = true, .pids_limit = { true, 10 } };

		request.cgroups_path = NULL;
		request.resources = &resources;
		if (cgroup_create(&cgroup, &request) >= 0)
			_exit(3);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void delegates_what_the_kernel_lists(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;
	struct stat st;

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/theirs")));
	must(cgroup_delegate(&cgroup, 4242));
	assert_int_equal(fstat(cgroup.fd, &st), 0);
	assert_int_equal(st.st_uid, 4242);
	assert_int_equal(fstatat(cgroup.fd, "cgroup.procs", &st, 0), 0);
	assert_int_equal(st.st_uid, 4242);
	assert_int_equal(fstatat(cgroup.fd, "cgroup.subtree_control", &st, 0), 0);
	assert_int_equal(st.st_uid, 4242);
	assert_int_equal(fstatat(cgroup.fd, "cgroup.max.depth", &st, 0), 0);
	assert_int_equal(st.st_uid, 0);
	must(cgroup_remove(&cgroup));
}

/* --- processes -------------------------------------------------------------------------------------------------------- */

static void lists_and_kills_below(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;
	_cleanup_arena_ struct arena arena = { 0 };
	pid_t *pids, expected[3];
	size_t count;

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/tree")));
	assert_int_equal(mkdirat(cgroup.fd, "sub", 0755), 0);
	assert_int_equal(mkdirat(cgroup.fd, "sub/deep", 0755), 0);
	assert_int_equal(mkdirat(cgroup.fd, "other", 0755), 0);
	_cleanup_fd_ int sub = cgroup_open_sub(&cgroup, "sub"), deep = cgroup_open_sub(&cgroup, "sub/deep");

	must(sub);
	must(deep);
	expected[0] = spawn(cgroup.fd, sleep_for_ever);
	expected[1] = spawn(sub, sleep_for_ever);
	expected[2] = spawn(deep, sleep_for_ever);
	must(cgroup_pids(&cgroup, &arena, &pids, &count));
	assert_int_equal(count, 3);
	for (size_t i = 0; i < 3; i++) {
		bool found = false;

		for (size_t k = 0; k < count; k++)
			found |= pids[k] == expected[i];
		assert_true(found);
	}
	must(cgroup_kill(&cgroup, SIGTERM));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(reap(expected[i]), SIGTERM);
	child_count = 0;
	must(cgroup_pids(&cgroup, &arena, &pids, &count));
	assert_int_equal(count, 0);
	must(cgroup_remove(&cgroup));
	assert_false(exists(base));
}

static void sub_groups_stay_inside(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/box")));
	assert_int_equal(cgroup_open_sub(&cgroup, "../.."), -EXDEV);
	assert_int_equal(cgroup_open_sub(&cgroup, "/"), -EXDEV);
	assert_int_equal(cgroup_open_sub(&cgroup, "nope"), -ENOENT);
	_cleanup_fd_ int itself = cgroup_open_sub(&cgroup, "");

	must(itself);
	must(cgroup_remove(&cgroup));
}

/* 64 processes that fork and reap as fast as they can. */
static void bomb(void)
{
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 6; i++)
		(void)fork();
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		(void)waitpid(pid, NULL, 0);
	}
}

static void kills_what_forks_meanwhile(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;

	(void)state;
	NEEDS_ROOT();
	for (int signal = SIGKILL; signal; signal = signal == SIGKILL ? SIGTERM : 0) {
		must(create(&cgroup, at("/bomb")));
		spawn(cgroup.fd, bomb);
		usleep(20000);
		must(cgroup_kill(&cgroup, signal));
		assert_int_equal(cgroup_events_wait(cgroup.fd, "populated", 0, 60000), 1);
		assert_int_equal(cgroup_is_frozen(&cgroup), 0);
		reap_all();
		must(cgroup_remove(&cgroup));
	}
}

static void signals_more_than_a_batch(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/many")));
	for (int i = 0; i < 600; i++)
		spawn(cgroup.fd, sleep_for_ever);
	must(cgroup_kill(&cgroup, SIGUSR1));
	for (size_t i = 0; i < 600; i++)
		assert_int_equal(reap(children[i]), SIGUSR1);
	child_count = 0;
	must(cgroup_remove(&cgroup));
}

static void removes_a_deep_tree_with_processes(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;
	_cleanup_fd_ int deep = -1;

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/deep")));
	deep = dup(cgroup.fd);
	/* Deeper than a path can say and than there are descriptors. */
	for (int i = 0; i < 300; i++) {
		assert_int_equal(mkdirat(deep, "a-name-of-20-letters", 0755), 0);
		int next = openat(deep, "a-name-of-20-letters", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		assert_true(next >= 0);
		close_fd(&deep);
		deep = next;
	}
	spawn(deep, sleep_for_ever);
	_cleanup_arena_ struct arena arena = { 0 };
	struct rlimit limit;
	pid_t *pids;
	size_t count;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 64, limit.rlim_max }), 0);
	must(cgroup_pids(&cgroup, &arena, &pids, &count));
	assert_int_equal(count, 1);
	must(cgroup_remove(&cgroup));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_false(exists(base));
}

/* --- freezer ---------------------------------------------------------------------------------------------------------- */

static void exit_7(int number)
{
	(void)number;
	_exit(7);
}

static void freezes_and_thaws(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/ice")));
	signal(SIGTERM, exit_7);
	pid_t pid = spawn(cgroup.fd, sleep_for_ever);

	signal(SIGTERM, SIG_DFL);

	assert_int_equal(cgroup_is_frozen(&cgroup), 0);
	must(cgroup_freeze(&cgroup, true, 60000));
	assert_int_equal(cgroup_is_frozen(&cgroup), 1);
	/* A signal with a handler waits until the group is thawed, and leaves it frozen. */
	must(cgroup_kill(&cgroup, SIGTERM));
	assert_int_equal(cgroup_is_frozen(&cgroup), 1);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	must(cgroup_freeze(&cgroup, false, 60000));
	assert_int_equal(reap(pid), 7 << 8);
	child_count = 0;
	must(cgroup_remove(&cgroup));
}

static void kills_a_frozen_group(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/ice")));
	spawn(cgroup.fd, sleep_for_ever);
	must(cgroup_freeze(&cgroup, true, 60000));
	must(cgroup_remove(&cgroup));
	reap_all();
}

static void thawing_below_a_frozen_group_says_so(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup, above;

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/top/leaf")));
	spawn(cgroup.fd, sleep_for_ever);
	must(cgroup_open(&above, CGROUP_MANAGER_CGROUPFS, at("/top")));
	must(cgroup_freeze(&above, true, 60000));
	assert_int_equal(cgroup_is_frozen(&cgroup), 1);
	assert_int_equal(cgroup_freeze(&cgroup, false, 50), -ESTALE);
	assert_non_null(strstr(error_record()->text, "above"));
	must(cgroup_remove(&cgroup));
	reap_all();
	assert_false(exists(base));
}

static void spin(void)
{
	(void)nice(19);
	for (volatile int i = 0;; i++)
		;
}

static void what_does_not_freeze_in_time_runs_on(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/slow")));
	for (int i = 0; i < 40; i++)
		spawn(cgroup.fd, spin);
	/* No time at all: most of them have not even had a CPU by then. */
	assert_int_equal(cgroup_freeze(&cgroup, true, 0), -ESTALE);
	assert_non_null(strstr(error_record()->text, "thawed"));
	assert_int_equal(cgroup_events_wait(cgroup.fd, "frozen", 0, 2000), 1);
	must(cgroup_freeze(&cgroup, true, 5000));
	must(cgroup_remove(&cgroup));
	reap_all();
}

static void put(int dir, const char *file, const char *text)
{
	_cleanup_fd_ int fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write_all(fd, text, strlen(text)), 0);
}

/* What resume does, as soon as it sees that the group is asked to freeze. */
static void thaw_once_asked(int dir, pid_t parent)
{
	char asked[8] = "";

	while (getppid() == parent && (cgroup_file_read(dir, "cgroup.freeze", asked, sizeof asked) <= 0 || asked[0] != '1'))
		usleep(1000);
	_exit(write_file_at(dir, "cgroup.freeze", "0") < 0);
}

/* A directory that looks like a group which takes long to freeze: a real one would be faster than who thaws it. */
static void what_is_thawed_while_it_freezes_says_so(void **state)
{
	char path[] = "/tmp/berth-unit-freeze.XXXXXX", asked[8] = "";
	int status;

	(void)state;
	assert_non_null(mkdtemp(path));
	_cleanup_cgroup_ struct cgroup group = { .path = "/test", .fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };

	put(group.fd, "cgroup.freeze", "0\n");
	put(group.fd, "cgroup.events", "populated 1\nfrozen 0\n");
	pid_t self = getpid(), other = fork();

	if (other == 0)
		thaw_once_asked(group.fd, self);
	assert_int_equal(cgroup_freeze(&group, true, 60000), -ECANCELED);
	assert_non_null(strstr(error_record()->text, "resumed meanwhile"));
	assert_true(cgroup_file_read(group.fd, "cgroup.freeze", asked, sizeof asked) > 0 && asked[0] == '0');
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_int_equal(status, 0);
	unlinkat(group.fd, "cgroup.freeze", 0);
	unlinkat(group.fd, "cgroup.events", 0);
	rmdir(path);
}

/* --- devices ---------------------------------------------------------------------------------------------------------- */

static const struct spec_device_rule deny_all = { false, 'a', -1, -1, 7 };

/* In a process born in the group: open(2) (or mknod(2)) of a device. 0 or an errno value. */
static int try_device(int group, mode_t type, unsigned major, unsigned minor, int flags)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (unsigned)group };
	char path[] = "/tmp/berth-unit-device.XXXXXX";

	assert_non_null(mkdtemp(path));
	int pid = sys_clone3(&args);

	if (pid == 0) {
		char node[64];

		snprintf(node, sizeof node, "%s/node", path);
		if (mknod(node, type | 0600, makedev(major, minor)) < 0)
			_exit(errno);
		int fd = flags < 0 ? 0 : open(node, flags);

		_exit(fd < 0 ? errno : 0);
	}
	assert_true(pid > 0);
	int status = reap(pid);
	char node[64];

	snprintf(node, sizeof node, "%s/node", path);
	unlink(node);
	rmdir(path);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define MAKE_ONLY (-1)

static void filters_devices(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;
	/* The last of these are /dev/kmsg and the loop devices. */
	const struct spec_device_rule rules[] = {
		deny_all, { true, 'c', 1, 11, DEVICE_READ }, { true, 'b', 7, -1, 7 }, { false, 'b', 7, 3, DEVICE_WRITE }
	};

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/dev")));
	must(cgroup_set_devices(&cgroup, rules, 4, NULL, 0));
	assert_int_equal(try_device(cgroup.fd, S_IFCHR, 1, 3, O_RDWR), 0);
	assert_int_equal(try_device(cgroup.fd, S_IFCHR, 1, 11, O_RDONLY | O_NONBLOCK), 0);
	assert_int_equal(try_device(cgroup.fd, S_IFCHR, 1, 11, O_RDWR), EPERM);
	assert_int_equal(try_device(cgroup.fd, S_IFCHR, 10, 229, O_RDWR), EPERM);
	assert_int_equal(try_device(cgroup.fd, S_IFCHR, 10, 229, MAKE_ONLY), 0);
	assert_int_equal(try_device(cgroup.fd, S_IFBLK, 8, 0, O_RDONLY), EPERM);
	assert_int_equal(try_device(cgroup.fd, S_IFBLK, 7, 3, O_RDWR), EPERM);
	assert_int_not_equal(try_device(cgroup.fd, S_IFBLK, 7, 3, O_RDONLY), EPERM);
	assert_int_not_equal(try_device(cgroup.fd, S_IFBLK, 7, 4, O_RDWR), EPERM);
	must(cgroup_remove(&cgroup));
}

static int count_programs(const struct cgroup *cgroup)
{
	uint32_t ids[64];
	union bpf_attr query = { .query = { .target_fd = (uint32_t)cgroup->fd,
					    .attach_type = BPF_CGROUP_DEVICE,
					    .prog_ids = (uint64_t)(uintptr_t)ids,
					    .prog_cnt = 64 } };

	assert_int_equal(sys_bpf(BPF_PROG_QUERY, &query, sizeof query), 0);
	return (int)query.query.prog_cnt;
}

/* Attached by somebody else (systemd, say): allows everything. */
static void attach_foreign(const struct cgroup *cgroup)
{
	struct bpf_insn code[] = { { .code = BPF_ALU64 | BPF_K | BPF_MOV, .dst_reg = 0, .imm = 1 },
				   { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
				.insns = (uint64_t)(uintptr_t)code,
				.insn_cnt = 2,
				.license = (uint64_t)(uintptr_t) "GPL" };
	_cleanup_fd_ int fd = sys_bpf(BPF_PROG_LOAD, &load, sizeof load);
	union bpf_attr attach = { .target_fd = (uint32_t)cgroup->fd,
				  .attach_bpf_fd = (uint32_t)fd,
				  .attach_type = BPF_CGROUP_DEVICE,
				  .attach_flags = BPF_F_ALLOW_MULTI };

	assert_true(fd >= 0);
	assert_int_equal(sys_bpf(BPF_PROG_ATTACH, &attach, sizeof attach), 0);
}

static void replaces_its_own_filter_only(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;
	const struct spec_device_rule narrow[] = { deny_all }, wide[] = { deny_all, { true, 'c', 10, 229, 7 } },
				      open_all[] = { { true, 'a', -1, -1, 7 } };

	(void)state;
	NEEDS_ROOT();
	must(create(&cgroup, at("/again")));
	attach_foreign(&cgroup);
	must(cgroup_set_devices(&cgroup, narrow, 1, NULL, 0));
	assert_int_equal(count_programs(&cgroup), 2);
	assert_int_equal(try_device(cgroup.fd, S_IFCHR, 10, 229, O_RDWR), EPERM);
	must(cgroup_set_devices(&cgroup, wide, 2, NULL, 0));
	assert_int_equal(count_programs(&cgroup), 2);
	assert_int_not_equal(try_device(cgroup.fd, S_IFCHR, 10, 229, O_RDWR), EPERM);
	must(cgroup_set_devices(&cgroup, open_all, 1, NULL, 0));
	assert_int_equal(count_programs(&cgroup), 1);
	assert_int_not_equal(try_device(cgroup.fd, S_IFBLK, 8, 0, O_RDONLY), EPERM);
	must(cgroup_remove(&cgroup));
}

static void a_filter_of_many_rules_loads(void **state)
{
	static struct spec_device_rule rules[4000];
	_cleanup_cgroup_ struct cgroup cgroup;

	(void)state;
	NEEDS_ROOT();
	for (int i = 0; i < 4000; i++)
		rules[i] = (struct spec_device_rule){ i % 3 != 0, i % 2 ? 'c' : 'b', 200 + i % 300, i, (unsigned)i % 8 };
	must(create(&cgroup, at("/long")));
	must(cgroup_set_devices(&cgroup, rules, 4000, NULL, 0));
	assert_int_equal(try_device(cgroup.fd, S_IFCHR, 1, 3, O_RDWR), 0);
	must(cgroup_remove(&cgroup));
}

/* --- limits: of the hugetlb controller, which cgroup v1 does not hold on a hybrid host ----------------------------------- */

static bool has_hugetlb(void)
{
	char text[CGROUP_TEXT_SIZE];

	return cgroup_file_read(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", text, sizeof text) > 0 &&
	       cgroup_text_has_word(text, "hugetlb");
}

static const char *value_of(const struct cgroup *cgroup, const char *file)
{
	static char text[CGROUP_TEXT_SIZE];

	if (cgroup_file_read(cgroup->fd, file, text, sizeof text) < 0)
		return "(none)";
	return text;
}

static void applies_and_rolls_back(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;
	struct spec_hugepage page = { (char[]){ "2MB" }, 4 << 20 };
	struct string_pair bad = { (char[]){ "cgroup.max.depth" }, (char[]){ "many" } };
	struct spec_resources resources = { .set = true, .hugepage_count = 1, .hugepages = &page };
	struct cgroup_request request = request_for(at("/limits/inner"));

	(void)state;
	NEEDS_ROOT();
	if (!has_hugetlb())
		skip();
	request.resources = &resources;
	must(cgroup_create(&cgroup, &request));
	must(cgroup_apply(&cgroup, &resources));
	assert_string_equal(value_of(&cgroup, "hugetlb.2MB.max"), "4194304");
	assert_string_equal(value_of(&cgroup, "hugetlb.2MB.rsvd.max"), "4194304");
	page.limit = 2 << 20;
	resources.unified = (struct string_map){ .set = true, .count = 1, .items = &bad };
	assert_int_equal(cgroup_apply(&cgroup, &resources), -EINVAL);
	assert_non_null(strstr(error_record()->text, "/linux/resources/unified/cgroup.max.depth"));
	assert_non_null(strstr(error_record()->text, "'many'"));
	assert_string_equal(value_of(&cgroup, "hugetlb.2MB.max"), "4194304");
	assert_string_equal(value_of(&cgroup, "hugetlb.2MB.rsvd.max"), "4194304");
	must(cgroup_remove(&cgroup));
	assert_false(exists(base));
}

static void a_missing_page_size_is_named(void **state)
{
	_cleanup_cgroup_ struct cgroup cgroup;
	struct spec_hugepage page = { (char[]){ "3MB" }, 0 };
	struct spec_resources resources = { .set = true, .hugepage_count = 1, .hugepages = &page };

	(void)state;
	NEEDS_ROOT();
	if (!has_hugetlb())
		skip();
	must(create(&cgroup, at("/limits")));
	/* The controller is enabled on the way: an update of a group that was made without. */
	assert_int_equal(cgroup_apply(&cgroup, &resources), -ENOENT);
	assert_non_null(strstr(error_record()->text, "hugetlb.3MB.max"));
	assert_string_not_equal(value_of(&cgroup, "hugetlb.2MB.max"), "(none)");
	must(cgroup_remove(&cgroup));
}

/* A process that moves while the groups are walked is found twice. */
static void pids_once(void **state)
{
	static const pid_t found[] = { 7, 3, 7, 2147483647, 3, 1, 7 }, wanted[] = { 1, 3, 7, 2147483647 };
	struct pid_list list = { 0 };

	(void)state;
	pid_list_sort(&list);
	assert_int_equal(list.count, 0);
	for (size_t i = 0; i < sizeof found / sizeof *found; i++)
		assert_int_equal(pid_list_add(&list, found[i]), 0);
	pid_list_sort(&list);
	assert_int_equal(list.count, sizeof wanted / sizeof *wanted);
	assert_memory_equal(list.items, wanted, sizeof wanted);
	pid_list_free(&list);
}

#define TEST(function) cmocka_unit_test_teardown(function, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(creates_and_removes_with_parents),
		TEST(the_last_one_takes_the_parents),
		TEST(leaves_parents_of_others),
		TEST(adopts_an_empty_group),
		TEST(refuses_a_group_in_use),
		TEST(refuses_a_frozen_group),
		TEST(a_failed_create_leaves_nothing),
		TEST(a_create_that_fails_half_way_leaves_nothing),
		TEST(never_opens_the_root),
		TEST(removing_what_is_gone_is_fine),
		TEST(rootless_does_without),
		TEST(delegates_what_the_kernel_lists),
		TEST(lists_and_kills_below),
		TEST(sub_groups_stay_inside),
		TEST(kills_what_forks_meanwhile),
		TEST(signals_more_than_a_batch),
		TEST(removes_a_deep_tree_with_processes),
		TEST(freezes_and_thaws),
		TEST(kills_a_frozen_group),
		TEST(thawing_below_a_frozen_group_says_so),
		TEST(what_does_not_freeze_in_time_runs_on),
		TEST(what_is_thawed_while_it_freezes_says_so),
		TEST(filters_devices),
		TEST(replaces_its_own_filter_only),
		TEST(a_filter_of_many_rules_loads),
		TEST(applies_and_rolls_back),
		TEST(a_missing_page_size_is_named),
		cmocka_unit_test(pids_once),
	};

	return cmocka_run_group_tests(tests, private_cgroups, NULL);
}
