/*
 * Namespaces: the plan against a model of it, the checks of paths, and every mixture of new, joined and inherited
 * namespaces made for good, in the order that namespaces.h gives, with the kernel asked afterwards where the process is.
 */
#include "namespaces/members.h"
#include "namespaces/namespaces.h"

#include "base/sys.h"
#include "child.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BIT(type) (1U << (type))

enum kind { INHERITED, NEW, JOINED, KINDS };

static struct spec_id_map identity = { 0, 0, 65536 };

/* A configuration with these kinds; joined ones are those of process pid. */
struct config {
	struct spec spec;
	char paths[NS_TYPES][64];
};

static void configure(struct config *config, const enum kind kinds[NS_TYPES], pid_t pid)
{
	*config = (struct config){ 0 };
	for (enum namespace_type type = 0; type < NS_TYPES; type++) {
		struct spec_namespace *namespace = &config->spec.linux_.namespaces[type];

		snprintf(config->paths[type], sizeof config->paths[type], "/proc/%d/ns/%s", (int)pid, ns_type_proc_name(type));
		namespace->set = kinds[type] != INHERITED;
		namespace->path = kinds[type] == JOINED ? config->paths[type] : NULL;
	}
	if (kinds[NS_USER] == NEW)
		config->spec.linux_.uid_maps = config->spec.linux_.gid_maps = (struct spec_id_maps){ 1, &identity };
}

/* The number'th of all mixtures, with a mount namespace in any case. */
#define MIXTURES (2 * 3 * 3 * 3 * 3 * 3 * 3 * 3)
static void mixture(int number, enum kind kinds[NS_TYPES])
{
	kinds[NS_MOUNT] = number % 2 ? NEW : JOINED;
	number /= 2;
	for (enum namespace_type type = NS_MOUNT + 1; type < NS_TYPES; type++, number /= KINDS)
		kinds[type] = (enum kind)(number % KINDS);
}

/* --- the plan ----------------------------------------------------------------------------------------------------------- */

static void test_plan_of_every_mixture(void **state)
{
	(void)state;
	for (int i = 0; i < MIXTURES; i++) {
		enum kind kinds[NS_TYPES];
		struct config config;
		struct ns_plan plan;
		bool others = false;

		mixture(i, kinds);
		configure(&config, kinds, 1);
		int r = ns_plan(&plan, &config.spec);

		if (kinds[NS_USER] == NEW && kinds[NS_MOUNT] == JOINED) {
			assert_int_equal(r, -EINVAL);
			continue;
		}
		assert_int_equal(r, 0);
		for (enum namespace_type type = 0; type < NS_TYPES; type++) {
			assert_int_equal(plan.join[type], -1);
			assert_int_equal(!!(plan.new_flags & ns_type_clone_flag(type)),
					 kinds[type] == NEW && type != NS_CGROUP);
			assert_int_equal(!!(plan.own & BIT(type)), kinds[type] != INHERITED);
			others |= type != NS_USER && kinds[type] == JOINED;
		}
		assert_int_equal(plan.unshare_cgroup, kinds[NS_CGROUP] == NEW);
		assert_int_equal(plan.staged,
				 kinds[NS_PID] == JOINED || kinds[NS_USER] == JOINED || (kinds[NS_USER] == NEW && others));
	}
}

static void test_time_offsets_take_a_stage(void **state)
{
	enum kind kinds[NS_TYPES] = { [NS_MOUNT] = NEW, [NS_TIME] = NEW };
	struct config config;
	struct ns_plan plan;

	(void)state;
	configure(&config, kinds, 1);
	assert_int_equal(ns_plan(&plan, &config.spec), 0);
	assert_false(plan.staged);
	assert_int_equal(plan.new_flags, CLONE_NEWNS | CLONE_NEWTIME);
	config.spec.linux_.boottime = (struct spec_time_offset){ true, 0, 0 };
	assert_int_equal(ns_plan(&plan, &config.spec), 0);
	assert_true(plan.staged && plan.time_offsets);
	assert_int_equal(plan.new_flags, CLONE_NEWNS);
}

static void assert_refused(const struct config *config, int code, const char *text)
{
	struct ns_plan plan;

	assert_int_equal(ns_plan(&plan, &config->spec), -code);
	if (!strstr(error_record()->text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, error_record()->text);
}

static void test_what_makes_no_sense_is_refused(void **state)
{
	enum kind only_mount[NS_TYPES] = { [NS_MOUNT] = NEW }, nothing[NS_TYPES] = { 0 };
	enum kind user[NS_TYPES] = { [NS_MOUNT] = NEW, [NS_USER] = NEW },
		  time_joined[NS_TYPES] = { [NS_MOUNT] = NEW, [NS_TIME] = JOINED };
	struct string_pair pair = { (char[]){ "net.ipv4.ip_forward" }, (char[]){ "1" } };
	struct spec_net_device device = { (char[]){ "eth0" }, NULL };
	struct config config;

	(void)state;
	configure(&config, nothing, 1);
	assert_refused(&config, ENOTSUP, "a mount namespace");
	configure(&config, only_mount, 1);
	config.spec.linux_.gid_maps = (struct spec_id_maps){ 1, &identity };
	assert_refused(&config, EINVAL, "/linux/gidMappings: needs a user namespace");
	configure(&config, user, 1);
	config.spec.linux_.gid_maps.count = 0;
	assert_refused(&config, EINVAL, "/linux/gidMappings: a new user namespace needs at least one");
	configure(&config, time_joined, 1);
	config.spec.linux_.monotonic.set = true;
	assert_refused(&config, EINVAL, "/linux/timeOffsets: needs a new time namespace");
	configure(&config, only_mount, 1);
	config.spec.hostname = (char[]){ "h" };
	assert_refused(&config, EINVAL, "/hostname: needs a uts namespace");
	configure(&config, only_mount, 1);
	config.spec.domainname = (char[]){ "d" };
	assert_refused(&config, EINVAL, "/domainname: needs a uts namespace");
	configure(&config, only_mount, 1);
	config.spec.linux_.net_devices = &device;
	config.spec.linux_.net_device_count = 1;
	assert_refused(&config, EINVAL, "/linux/netDevices: needs a network namespace");
	configure(&config, only_mount, 1);
	config.spec.linux_.sysctl = (struct string_map){ true, 1, &pair };
	assert_refused(&config, EINVAL, "/linux/sysctl/net.ipv4.ip_forward: needs a network namespace");
}

/* --- opening ------------------------------------------------------------------------------------------------------------ */

static int open_path(enum namespace_type type, const char *path)
{
	enum kind kinds[NS_TYPES] = { [NS_MOUNT] = NEW };
	struct config config;
	struct ns_plan plan;

	configure(&config, kinds, 1);
	config.spec.linux_.namespaces[type] = (struct spec_namespace){ true, (char *)(uintptr_t)path };
	assert_int_equal(ns_plan(&plan, &config.spec), 0);
	int r = ns_open_joins(&plan, &config.spec);

	for (enum namespace_type t = 0; r < 0 && t < NS_TYPES; t++)
		assert_int_equal(plan.join[t], -1);
	ns_close(&plan);
	return r;
}

static void test_paths_are_checked(void **state)
{
	char directory[] = "/tmp/test_namespaces.XXXXXX", fifo[64];

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(fifo, sizeof fifo, "%s/fifo", directory);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	alarm(60); /* opening it for reading would wait for a writer */
	assert_int_equal(open_path(NS_NETWORK, fifo), -EINVAL);
	alarm(0);
	unlink(fifo);
	rmdir(directory);
	assert_non_null(strstr(error_record()->text, "/linux/namespaces: network namespace /tmp/test_namespaces."));
	assert_non_null(strstr(error_record()->text, "not a namespace"));
	assert_int_equal(open_path(NS_UTS, "/proc/self/ns/net"), -EINVAL);
	assert_string_equal(error_record()->text, "/linux/namespaces: uts namespace /proc/self/ns/net: is a network namespace");
	assert_int_equal(open_path(NS_IPC, "/etc/passwd"), -EINVAL);
	assert_int_equal(open_path(NS_IPC, "/proc/self/status"), -EINVAL);
	assert_int_equal(open_path(NS_PID, "/nowhere"), -ENOENT);
}

static void test_own_namespaces_count_as_inherited(void **state)
{
	enum kind kinds[NS_TYPES] = { NEW, JOINED, JOINED, JOINED, JOINED, JOINED, JOINED, JOINED };
	struct string_pair pair = { (char[]){ "net.ipv4.ip_forward" }, (char[]){ "1" } };
	struct config config;
	struct ns_plan plan;

	(void)state;
	configure(&config, kinds, getpid());
	assert_int_equal(ns_plan(&plan, &config.spec), 0);
	assert_true(plan.staged);
	assert_int_equal(ns_open_joins(&plan, &config.spec), 0);
	assert_false(plan.staged);
	assert_int_equal(plan.own, BIT(NS_MOUNT));
	for (enum namespace_type type = 0; type < NS_TYPES; type++)
		assert_int_equal(plan.join[type], -1);
	/* By this way round the host's parameters, name and mounts must not be reached either. */
	config.spec.linux_.sysctl = (struct string_map){ true, 1, &pair };
	assert_int_equal(ns_plan(&plan, &config.spec), 0);
	assert_int_equal(ns_open_joins(&plan, &config.spec), -EINVAL);
	assert_non_null(strstr(error_record()->text, "it would change the host"));
	configure(&config, kinds, getpid());
	config.spec.hostname = (char[]){ "h" };
	assert_int_equal(ns_plan(&plan, &config.spec), 0);
	assert_int_equal(ns_open_joins(&plan, &config.spec), -EINVAL);
	kinds[NS_MOUNT] = JOINED;
	configure(&config, kinds, getpid());
	assert_int_equal(ns_plan(&plan, &config.spec), 0);
	assert_int_equal(ns_open_joins(&plan, &config.spec), -ENOTSUP);
}

/* --- making them -------------------------------------------------------------------------------------------------------- */

/* A process in namespaces of its own that waits to be killed; its user namespace, if it has one, maps everybody to himself. */
static pid_t start_holder(bool user)
{
	struct clone_args args = { .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC |
					    CLONE_NEWCGROUP | CLONE_NEWTIME | (user ? CLONE_NEWUSER : 0),
				   .exit_signal = SIGCHLD };
	const struct spec_id_maps maps = { 1, &identity };
	int pid = sys_clone3(&args);

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	if (user)
		assert_int_equal(ns_write_id_maps(pid, &maps, &maps), 0);
	return pid;
}

static void stop_holder(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

struct place {
	dev_t device;
	ino_t inode;
};

static struct place place_of(pid_t pid, enum namespace_type type)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, ns_type_proc_name(type));
	if (stat(path, &st) < 0)
		return (struct place){ 0 };
	return (struct place){ st.st_dev, st.st_ino };
}

static bool same_place(struct place a, struct place b)
{
	return a.device == b.device && a.inode == b.inode;
}

/* One birth, as runtime/birth.c does it, in small. */
struct delivery {
	const enum kind *kinds;
	const struct config *config;
	struct ns_plan plan;
	int ready[2], go[2];
};

/* What the child says: 'm' map me, 'r' here I am, 'b' born. */
struct word {
	char what;
	int pid;
};

static void say(const struct delivery *d, char what, int pid)
{
	struct word word = { what, pid };

	require(write(d->ready[1], &word, sizeof word) == sizeof word);
}

static void ask_to_be_mapped(const struct delivery *d)
{
	char byte;

	say(d, 'm', 0);
	require(read(d->go[0], &byte, 1) == 1);
	require(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0);
}

static _Noreturn void live(const struct delivery *d)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (d->plan.unshare_cgroup)
		require(unshare(CLONE_NEWCGROUP) == 0);
	say(d, 'r', 0);
	for (;;)
		pause();
}

static _Noreturn void stage(const struct delivery *d)
{
	struct clone_args args = { .flags = CLONE_PARENT | (d->plan.new_flags & ~(uint64_t)CLONE_NEWUSER) };

	require(ns_join(&d->plan, JOIN_BEFORE_USER) == 0);
	require(ns_join(&d->plan, JOIN_USER) == 0);
	if (d->plan.new_flags & CLONE_NEWUSER) {
		require(unshare(CLONE_NEWUSER) == 0);
		ask_to_be_mapped(d);
	}
	require(ns_join(&d->plan, JOIN_AFTER_USER) == 0);
	if (d->plan.time_offsets)
		require(unshare(CLONE_NEWTIME) == 0);
	int pid = sys_clone3(&args);

	require(pid >= 0);
	if (pid == 0)
		live(d);
	say(d, 'b', pid);
	_exit(0);
}

static pid_t deliver(struct delivery *d)
{
	struct clone_args args = { .flags = d->plan.staged ? 0 : d->plan.new_flags, .exit_signal = SIGCHLD };
	const struct spec_linux *config = &d->config->spec.linux_;
	bool mapped = !(d->plan.new_flags & CLONE_NEWUSER);
	int pid = sys_clone3(&args), born = 0;

	if (pid == 0 && d->plan.staged)
		stage(d);
	if (pid == 0) {
		if (!mapped)
			ask_to_be_mapped(d);
		require(ns_join(&d->plan, JOIN_BEFORE_USER) == 0);
		live(d);
	}
	close_fd(&d->ready[1]);
	for (bool ready = false; !ready || (d->plan.staged && !born);) {
		struct word word;

		if (read(d->ready[0], &word, sizeof word) != sizeof word)
			fail_msg("no birth");
		if (word.what == 'm') {
			assert_int_equal(ns_write_id_maps(pid, &config->uid_maps, &config->gid_maps), 0);
			assert_int_equal(write(d->go[1], "g", 1), 1);
		}
		ready |= word.what == 'r';
		born = word.what == 'b' ? word.pid : born;
	}
	if (!d->plan.staged)
		return pid;
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return born;
}

static void try_mixture(const enum kind kinds[NS_TYPES], pid_t holder, bool offsets)
{
	struct delivery d = { .kinds = kinds };
	struct config config;

	configure(&config, kinds, holder);
	config.spec.linux_.monotonic.set = offsets;
	d.config = &config;
	assert_int_equal(ns_plan(&d.plan, &config.spec), 0);
	assert_int_equal(ns_open_joins(&d.plan, &config.spec), 0);
	assert_int_equal(pipe2(d.ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(d.go, O_CLOEXEC), 0);
	pid_t pid = deliver(&d);

	for (enum namespace_type type = 0; type < NS_TYPES; type++) {
		struct place here = place_of(pid, type), ours = place_of(getpid(), type), theirs = place_of(holder, type);
		enum kind kind = same_place(here, ours) ? INHERITED : same_place(here, theirs) ? JOINED : NEW;

		if (kind != kinds[type] || here.inode == 0)
			fail_msg("%s namespace: %d instead of %d", ns_type_name(type), (int)kind, (int)kinds[type]);
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, __WALL), pid);
	ns_close(&d.plan);
	for (int i = 0; i < 2; i++) {
		close_fd(&d.ready[i]);
		close_fd(&d.go[i]);
	}
}

/* All mixtures of those types that force an order; the others take turns. */
static void try_mixtures(pid_t holder, bool with_user)
{
	for (int i = 0; i < 2 * 3 * 3 * 3 * 3; i++) {
		enum kind kinds[NS_TYPES];

		kinds[NS_MOUNT] = i % 2 ? NEW : JOINED;
		kinds[NS_PID] = (enum kind)(i / 2 % KINDS);
		kinds[NS_USER] = (enum kind)(i / 6 % KINDS);
		kinds[NS_TIME] = (enum kind)(i / 18 % KINDS);
		kinds[NS_NETWORK] = (enum kind)(i / 54 % KINDS);
		kinds[NS_UTS] = (enum kind)((i + 1) % KINDS);
		kinds[NS_IPC] = (enum kind)((i / 3 + i) % KINDS);
		kinds[NS_CGROUP] = (enum kind)(i / 5 % KINDS);
		if ((kinds[NS_USER] == NEW && kinds[NS_MOUNT] == JOINED) || (kinds[NS_USER] == JOINED && !with_user))
			continue;
		try_mixture(kinds, holder, kinds[NS_TIME] == NEW && i % 4 == 0);
	}
}

static void test_mixtures_with_namespaces_of_the_host(void **state)
{
	pid_t holder = start_holder(false);

	(void)state;
	try_mixtures(holder, false);
	stop_holder(holder);
}

static void test_mixtures_with_namespaces_of_a_user_namespace(void **state)
{
	pid_t holder = start_holder(true);

	(void)state;
	try_mixtures(holder, true);
	stop_holder(holder);
}

/* A user namespace joined, and others that it does not own. */
static void test_order_of_joins(void **state)
{
	enum kind kinds[NS_TYPES] = { JOINED, JOINED, JOINED, JOINED, JOINED, JOINED, JOINED, JOINED };
	pid_t owner = start_holder(true), host = start_holder(false);
	struct config config, other;
	struct ns_plan plan;

	(void)state;
	configure(&config, kinds, owner);
	configure(&other, kinds, host);
	config.spec.linux_.namespaces[NS_NETWORK].path = other.paths[NS_NETWORK];
	config.spec.linux_.namespaces[NS_IPC].path = other.paths[NS_IPC];
	assert_int_equal(ns_plan(&plan, &config.spec), 0);
	assert_int_equal(ns_open_joins(&plan, &config.spec), 0);
	assert_int_equal(plan.after_user, BIT(NS_MOUNT) | BIT(NS_PID) | BIT(NS_UTS) | BIT(NS_CGROUP) | BIT(NS_TIME));
	ns_close(&plan);
	stop_holder(owner);
	stop_holder(host);
}

/* --- loopback and time -------------------------------------------------------------------------------------------------- */

static void in_a_new_network(const void *unused)
{
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)unused;
	require(unshare(CLONE_NEWNET) == 0);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	require(ioctl(fd, SIOCGIFFLAGS, &lo) == 0 && !(lo.ifr_flags & IFF_UP));
	require(ns_loopback_up() == 0);
	require(ioctl(fd, SIOCGIFFLAGS, &lo) == 0 && lo.ifr_flags & IFF_UP && lo.ifr_flags & IFF_RUNNING);
}

static void test_loopback(void **state)
{
	(void)state;
	assert_true(child_succeeds(in_a_new_network, NULL));
}

static int64_t clock_seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec;
}

static const struct spec far_away = { .linux_ = { .boottime = { true, 1000000, 5 }, .monotonic = { true, 2000000, 0 } } };

static void require_far_away(const int64_t *boottime, const int64_t *monotonic)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int64_t boot = clock_seconds(CLOCK_BOOTTIME) - *boottime, mono = clock_seconds(CLOCK_MONOTONIC) - *monotonic;

		_exit(boot >= 1000000 && boot < 1000100 && mono >= 2000000 && mono < 2000100 ? 0 : 1);
	}
	require(waitpid(pid, &status, 0) == pid && status == 0);
}

static void in_new_time(const void *unused)
{
	int64_t boottime = clock_seconds(CLOCK_BOOTTIME), monotonic = clock_seconds(CLOCK_MONOTONIC);
	_cleanup_fd_ int offsets = ns_open_time_offsets();

	(void)unused;
	require(offsets >= 0 && ns_make_time(offsets, &far_away) == 0);
	require_far_away(&boottime, &monotonic);
}

/* Without privileges, and not dumpable any more when the offsets are written. */
static void in_new_time_as_user(const void *unused)
{
	int64_t boottime = clock_seconds(CLOCK_BOOTTIME), monotonic = clock_seconds(CLOCK_MONOTONIC);

	(void)unused;
	require(setresgid(1234, 1234, 1234) == 0 && setresuid(1234, 1234, 1234) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
	_cleanup_fd_ int offsets = ns_open_time_offsets();

	require(offsets >= 0 && unshare(CLONE_NEWUSER) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0);
	require(open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC) < 0);
	require(ns_make_time(offsets, &far_away) == 0);
	require_far_away(&boottime, &monotonic);
}

static void with_impossible_offsets(const void *unused)
{
	struct spec spec = { .linux_ = { .boottime = { true, -4000000000, 0 } } };
	_cleanup_fd_ int offsets = ns_open_time_offsets();

	(void)unused;
	require(ns_make_time(offsets, &spec) == -ERANGE);
	require(strstr(error_record()->text, "/linux/timeOffsets/boottime: -4000000000 seconds would turn the clock negative"));
}

static void test_time_offsets(void **state)
{
	(void)state;
	assert_true(child_succeeds(in_new_time, NULL));
	assert_true(child_succeeds(in_new_time_as_user, NULL));
	assert_true(child_succeeds(with_impossible_offsets, NULL));
}

/* --- members of a pid namespace ----------------------------------------------------------------------------------------- */

/* Init's number belongs to somebody else, here the test itself: nobody is a member, and nobody gets the signal. */
static void test_members_of_one_that_has_ended(void **state)
{
	struct pidref init = { .pid = fork(), .fd = -1 };
	struct arena _cleanup_arena_ arena = { 0 };
	pid_t *pids = NULL;
	size_t count = 0;

	(void)state;
	if (init.pid == 0)
		_exit(0);
	init.fd = sys_pidfd_open(init.pid);
	assert_true(init.fd >= 0);
	assert_int_equal(waitpid(init.pid, NULL, 0), init.pid);
	init.pid = getpid();
	assert_int_equal(ns_members(&init, &arena, &pids, &count), -ESRCH);
	assert_string_equal(error_record()->text, "container not running");
	assert_int_equal(ns_signal_members(&init, SIGTERM), -ESRCH);
	assert_int_equal(ns_signal_members(&init, SIGKILL), -ESRCH);
	pidref_close(&init);
}

static void test_members(void **state)
{
	struct pidref self = { .pid = getpid(), .fd = sys_pidfd_open(getpid()) };
	struct arena _cleanup_arena_ arena = { 0 };
	pid_t *pids = NULL, child = fork();
	size_t count = 0, found = 0;

	(void)state;
	if (child == 0)
		for (;;)
			pause();
	assert_int_equal(ns_members(&self, &arena, &pids, &count), 0);
	for (size_t i = 0; i < count; i++)
		found += pids[i] == getpid() || pids[i] == child;
	assert_int_equal(found, 2);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	pidref_close(&self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_of_every_mixture),
		cmocka_unit_test(test_time_offsets_take_a_stage),
		cmocka_unit_test(test_what_makes_no_sense_is_refused),
		cmocka_unit_test(test_paths_are_checked),
		cmocka_unit_test(test_own_namespaces_count_as_inherited),
		cmocka_unit_test(test_mixtures_with_namespaces_of_the_host),
		cmocka_unit_test(test_mixtures_with_namespaces_of_a_user_namespace),
		cmocka_unit_test(test_order_of_joins),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_members_of_one_that_has_ended),
		cmocka_unit_test(test_time_offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
