/*
 * Intel RDT against a directory that stands for resctrl: neither this machine nor the test machine has the hardware. What the kernel does
 * there, this program does: mkdirat() below the directory puts the files of a class or of a monitoring group in it, and removing one
 * takes them along (both replace the C library's in this program alone), and resctrl_open(), whose own file the linker then leaves
 * out, gives the directory instead of a mounted file system. The last tests create, execute in and delete whole containers so.
 */
#include "cgroups/resctrl.h"
#include "tests/unit/child.h"

#include "base/sys.h"
#include "cli/stats_json.c"
#include "runtime/container.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#undef fail
#include <cmocka.h>

static char place[PATH_MAX];  /* what mkdtemp made; "" while there is no test */
static char fake[PATH_MAX];   /* resctrl, in it */
static bool mounted = true;
static int refuse_mkdir;      /* the errno that the next mkdirat() of a group fails with */
static int schemata_fifo = -1; /* what is written to new schemata, in order; -1: they are files */

/* --- the kernel ------------------------------------------------------------------------------------------------------------ */

static void put(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX + 300];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	require(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* Two caches, of which the second has fewer counters. */
static void put_counters(const char *dir)
{
	char path[PATH_MAX + 340];

	snprintf(path, sizeof path, "%s/mon_data", dir);
	require(syscall(SYS_mkdirat, AT_FDCWD, path, 0755) == 0);
	for (int cache = 1; cache >= 0; cache--) {
		snprintf(path, sizeof path, "%s/mon_data/mon_L3_0%d", dir, cache);
		require(syscall(SYS_mkdirat, AT_FDCWD, path, 0755) == 0);
		put(path, "llc_occupancy", cache ? "7\n" : "4096\n");
		put(path, "mbm_total_bytes", cache ? "Unavailable\n" : "123456789012\n");
		if (!cache)
			put(path, "mbm_local_bytes", "99\n");
	}
}

static void populate(const char *dir, bool class)
{
	char path[PATH_MAX + 300];

	put(dir, "tasks", "");
	put_counters(dir);
	if (!class)
		return;
	snprintf(path, sizeof path, "%s/mon_groups", dir);
	require(syscall(SYS_mkdirat, AT_FDCWD, path, 0755) == 0);
	snprintf(path, sizeof path, "%s/schemata", dir);
	if (schemata_fifo < 0) {
		put(dir, "schemata", "    MB:0=100;1=100\n    L3:0=7ff;1=7ff\n");
		return;
	}
	require(mkfifo(path, 0644) == 0);
	close(schemata_fifo);
	schemata_fifo = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	require(schemata_fifo >= 0);
}

/* The path of name at the directory, if that is in the fake. */
static bool path_in_fake(int at, const char *name, char *path, size_t size)
{
	char link[PATH_MAX];
	ssize_t n = at == AT_FDCWD || !*fake ? -1 : readlink(fd_path(at).text, link, sizeof link - 1);

	if (n < 0)
		return false;
	link[n] = 0;
	snprintf(path, size, "%s/%s", link, name);
	return strncmp(path, fake, strlen(fake)) == 0;
}

int mkdirat(int at, const char *name, mode_t mode)
{
	char path[PATH_MAX + 300];
	bool ours = path_in_fake(at, name, path, sizeof path);

	if (ours && refuse_mkdir) {
		errno = refuse_mkdir;
		refuse_mkdir = 0;
		return -1;
	}
	if (syscall(SYS_mkdirat, at, name, mode) < 0)
		return -1;
	if (ours)
		populate(path, !strstr(path, "/mon_groups/"));
	return 0;
}

int unlinkat(int at, const char *name, int flags)
{
	char path[PATH_MAX + 300], command[PATH_MAX + 320];

	if (!(flags & AT_REMOVEDIR) || !path_in_fake(at, name, path, sizeof path))
		return (int)syscall(SYS_unlinkat, at, name, flags);
	if (access(path, F_OK) < 0)
		return -1;
	snprintf(command, sizeof command, "rm -r '%s'", path);
	require(system(command) == 0);
	return 0;
}

int resctrl_open(void)
{
	if (!mounted)
		return refuse(ENOTSUP, "no resctrl");
	int fd = open(fake, O_PATH | O_DIRECTORY | O_CLOEXEC);

	require(fd >= 0);
	return fd;
}

static int set_up(void **state)
{
	(void)state;
	snprintf(place, sizeof place, "/tmp/berth-resctrl.XXXXXX");
	require(mkdtemp(place));
	snprintf(fake, sizeof fake, "%.4000s/resctrl", place);
	mounted = true;
	refuse_mkdir = 0;
	require(mkdir(fake, 0755) == 0);
	populate(fake, true);
	char info[PATH_MAX + 8];

	snprintf(info, sizeof info, "%s/info", fake);
	require(mkdir(info, 0755) == 0);
	put(info, "last_cmd_status", "Mask out of range\n");
	return 0;
}

static int tear_down(void **state)
{
	char command[PATH_MAX + 20];

	(void)state;
	close_fd(&schemata_fifo);
	*fake = 0;
	snprintf(command, sizeof command, "rm -rf '%s'", place);
	return system(command);
}

/* --- what is looked at ------------------------------------------------------------------------------------------------------- */

static bool there(const char *name)
{
	char path[PATH_MAX + 300];

	snprintf(path, sizeof path, "%s/%s", fake, name);
	return access(path, F_OK) == 0;
}

static const char *content(const char *name)
{
	static char text[4096];
	char path[PATH_MAX + 300];

	snprintf(path, sizeof path, "%s/%s", fake, name);
	ssize_t n = read_text_at(AT_FDCWD, path, text, sizeof text);

	if (n < 0)
		fail_msg("%s: %s", path, strerror((int)-n));
	return text;
}

static void new_class(const char *name)
{
	int root = resctrl_open();

	assert_int_equal(mkdirat(root, name, 0755), 0);
	close(root);
}

static int plan_and_make(const struct spec_intel_rdt *config, const char *id, struct resctrl_group *group)
{
	_cleanup_fd_ int root = resctrl_open();
	int r = resctrl_plan(root, config, id, group);

	return r < 0 ? r : resctrl_make(root, config, group);
}

static void assert_refused(const struct spec_intel_rdt *config, int code, const char *text)
{
	struct resctrl_group group;

	assert_int_equal(plan_and_make(config, "box", &group), -code);
	if (!strstr(error_record()->text, text))
		fail_msg("expected \"%s\" in: %s", text, error_record()->text);
}

#define L3 (char[]){ "L3:0=7f0;1=1f" }
#define MB (char[]){ "MB:0=20;1=70" }

/* --- schemata ---------------------------------------------------------------------------------------------------------------- */

static void test_comparison(void **state)
{
	static const char have[] = "    MB:0=100;1= 20\n    L3:0=7f0;1=01f\nL3CODE:0=1\n";
	static const struct {
		const char *asked;
		bool has;
	} rows[] = {
		{ "L3:0=7f0;1=1f", true },  { "L3:1=1f;0=7f0", true }, { "L3:0=7F0", true },      { "L3:1=001f", true },
		{ "MB:0=100;1=20", true },  { "MB:1=20", true },       { "L3CODE:0=1", true },    { "L3:0=7f0;1=1f;", true },
		{ "L3:0=7ff;1=1f", false }, { "L3:2=1f", false },      { "MB:0=10", false },      { "MB:0=1000", false },
		{ "L3CODE:0=7f0", false },  { "L2:0=f", false },       { "L3", false },           { "L3:0", false },
		{ "L3:0=", false },         { "L3:=7f0", false },      { "L3:0=7f0;1=100", false }, { "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (resctrl_has(have, rows[i].asked) != rows[i].has)
			fail_msg("%s", rows[i].asked);
}

/* "MUST write l3CacheSchema first and memBwSchema last"; schemata after both. */
static void test_order_of_schemata(void **state)
{
	char *lines[] = { (char[]){ "L2:0=f" }, (char[]){ "L3:0=ff" }, NULL };
	const struct spec_intel_rdt config = {
		.set = true, .l3_cache_schema = L3, .mem_bw_schema = MB, .schemata = { true, 2, lines }
	};
	struct resctrl_group group;
	char text[256] = "";

	(void)state;
	schemata_fifo = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(plan_and_make(&config, "box", &group), 0);
	ssize_t n = read(schemata_fifo, text, sizeof text - 1);

	assert_true(n > 0);
	assert_string_equal(text, "L3:0=7f0;1=1f\nMB:0=20;1=70\nL2:0=f\nL3:0=ff\n");
}

static void test_one_schema_alone(void **state)
{
	const struct spec_intel_rdt configs[] = {
		{ .set = true, .l3_cache_schema = L3 },
		{ .set = true, .mem_bw_schema = MB },
	};
	static const char *const written[] = { "L3:0=7f0;1=1f\n", "MB:0=20;1=70\n" };
	static const char *const ids[] = { "one", "two" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct resctrl_group group;
		char text[256] = "";

		schemata_fifo = open("/dev/null", O_RDWR | O_CLOEXEC);
		assert_int_equal(plan_and_make(&configs[i], ids[i], &group), 0);
		assert_true(read(schemata_fifo, text, sizeof text - 1) > 0);
		assert_string_equal(text, written[i]);
		close_fd(&schemata_fifo);
	}
}

static void test_no_schema_nothing_written(void **state)
{
	const struct spec_intel_rdt config = { .set = true };
	struct resctrl_group group;
	char text[16];

	(void)state;
	schemata_fifo = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(plan_and_make(&config, "box", &group), 0);
	assert_int_equal(read(schemata_fifo, text, sizeof text), -1);
	assert_int_equal(errno, EAGAIN);
}

/* --- classes ------------------------------------------------------------------------------------------------------------------ */

static void test_own_class(void **state)
{
	const struct spec_intel_rdt config = { .set = true };
	struct resctrl_group group;
	_cleanup_fd_ int root = resctrl_open();

	(void)state;
	assert_int_equal(plan_and_make(&config, "box", &group), 0);
	assert_true(there("box") && group.own && group.made_class);
	assert_int_equal(resctrl_enter(root, &group, 4711), 0);
	assert_string_equal(content("box/tasks"), "4711");
	assert_int_equal(resctrl_remove(root, &group), 0);
	assert_false(there("box"));
	assert_int_equal(resctrl_remove(root, &group), 0);
	/* Somebody else's. */
	new_class("box");
	assert_refused(&config, EEXIST, "/linux/intelRdt: resctrl has a class box already that is not this container's");
	assert_true(there("box"));
}

static void test_named_class_is_made_and_stays(void **state)
{
	const struct spec_intel_rdt config = { .set = true, .clos_id = (char[]){ "gold" }, .l3_cache_schema = L3 };
	struct resctrl_group group;
	_cleanup_fd_ int root = resctrl_open();

	(void)state;
	assert_int_equal(plan_and_make(&config, "box", &group), 0);
	assert_true(there("gold") && !there("box"));
	assert_int_equal(resctrl_remove(root, &group), 0);
	assert_true(there("gold"));
	/* But a create that fails leaves nothing. */
	assert_int_equal(resctrl_undo(root, &group), 0);
	assert_false(there("gold"));
}

static void test_named_class_that_is_there(void **state)
{
	struct spec_intel_rdt config = { .set = true, .clos_id = (char[]){ "gold" } };
	struct resctrl_group group;
	_cleanup_fd_ int root = resctrl_open();

	(void)state;
	assert_refused(&config, ENOENT, "/linux/intelRdt/closID: resctrl has no class gold");
	new_class("gold");
	assert_int_equal(plan_and_make(&config, "box", &group), 0);
	assert_int_equal(resctrl_enter(root, &group, 5), 0);
	assert_string_equal(content("gold/tasks"), "5");
	/* Values that differ from those that it has */
	config.l3_cache_schema = L3;
	assert_refused(&config, EINVAL, "/linux/intelRdt/l3CacheSchema: L3:0=7f0;1=1f: resctrl class gold is there already");
	config.l3_cache_schema = (char[]){ "L3:0=7ff" };
	config.mem_bw_schema = MB;
	assert_refused(&config, EINVAL, "/linux/intelRdt/memBwSchema: MB:0=20;1=70: resctrl class gold is there already");
	config.mem_bw_schema = (char[]){ "MB:1=100;0=100" };
	assert_int_equal(plan_and_make(&config, "box", &group), 0);
	assert_int_equal(resctrl_undo(root, &group), 0);
	assert_int_equal(resctrl_remove(root, &group), 0);
	assert_true(there("gold"));
}

static void test_default_class(void **state)
{
	const struct spec_intel_rdt config = { .set = true, .clos_id = (char[]){ "/" }, .enable_monitoring = true };
	struct resctrl_group group;
	_cleanup_fd_ int root = resctrl_open();

	(void)state;
	assert_int_equal(plan_and_make(&config, "box", &group), 0);
	assert_int_equal(resctrl_enter(root, &group, 6), 0);
	assert_string_equal(content("tasks"), "6");
	assert_string_equal(content("mon_groups/box/tasks"), "6");
	assert_int_equal(resctrl_remove(root, &group), 0);
	assert_true(there("tasks") && !there("mon_groups/box"));
}

static void test_monitoring(void **state)
{
	struct spec_intel_rdt config = { .set = true, .enable_monitoring = true };
	struct resctrl_group group;
	_cleanup_fd_ int root = resctrl_open();

	(void)state;
	assert_int_equal(plan_and_make(&config, "box", &group), 0);
	assert_true(there("box/mon_groups/box"));
	assert_int_equal(resctrl_enter(root, &group, 7), 0);
	assert_string_equal(content("box/tasks"), "7");
	assert_string_equal(content("box/mon_groups/box/tasks"), "7");
	assert_int_equal(resctrl_remove(root, &group), 0);
	assert_false(there("box"));
	/* In a class that stays, it goes alone. */
	new_class("gold");
	config.clos_id = (char[]){ "gold" };
	assert_int_equal(plan_and_make(&config, "box", &group), 0);
	assert_true(there("gold/mon_groups/box"));
	assert_refused(&config, EEXIST, "/linux/intelRdt/enableMonitoring: resctrl class gold has a monitoring group box already");
	assert_int_equal(resctrl_remove(root, &group), 0);
	assert_true(there("gold") && !there("gold/mon_groups/box"));
	/* No more of them: an error, and nothing stays. */
	refuse_mkdir = ENOSPC;
	assert_refused(&config, ENOSPC, "no monitoring group is left to make");
	assert_true(there("gold") && !there("gold/mon_groups/box"));
}

static void test_what_the_kernel_refuses(void **state)
{
	struct spec_intel_rdt config = { .set = true };

	(void)state;
	refuse_mkdir = ENOSPC;
	assert_refused(&config, ENOSPC, "resctrl class box: no class is left to make: Mask out of range");
	new_class("gold");
	config.l3_cache_schema = L3;
	char path[PATH_MAX + 32];

	snprintf(path, sizeof path, "%s/gold/schemata", fake);
	assert_int_equal(unlink(path), 0);
	config.clos_id = (char[]){ "gold" };
	assert_refused(&config, ENOENT, "resctrl class gold: read schemata");
	config.l3_cache_schema = NULL;
	char *lines[] = { L3, NULL };

	config.schemata = (struct strings){ true, 1, lines };
	assert_refused(&config, ENOENT, "/linux/intelRdt/schemata: resctrl class gold: write schemata: Mask out of range");
}

static void test_change_and_restore(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	const struct spec_intel_rdt config = { .set = true };
	struct resctrl_group group;
	_cleanup_fd_ int root = resctrl_open();
	char *before;

	(void)state;
	assert_int_equal(plan_and_make(&config, "box", &group), 0);
	assert_int_equal(resctrl_change(root, &group, "L3:0=1", NULL, &arena, &before), 0);
	assert_memory_equal(content("box/schemata"), "L3:0=1\n", 7);
	assert_string_equal(before, "    MB:0=100;1=100\n    L3:0=7ff;1=7ff\n");
	assert_int_equal(resctrl_restore(root, &group, before), 0);
	assert_string_equal(content("box/schemata"), "    MB:0=100;1=100\n    L3:0=7ff;1=7ff");
}

static void test_what_was_used(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };
	const struct spec_intel_rdt config = { .set = true, .enable_monitoring = true };
	struct resctrl_group group;
	struct resctrl_view _cleanup_view_ view = RESCTRL_VIEW_NONE;
	struct cgroup_stats stats = { 0 };
	_cleanup_fd_ int root = resctrl_open();
	char path[PATH_MAX + 64];

	(void)state;
	assert_int_equal(plan_and_make(&config, "box", &group), 0);
	/* The monitoring group's own, not all of the class'. */
	snprintf(path, sizeof path, "%s/box/mon_groups/box/mon_data/mon_L3_00", fake);
	put(path, "mbm_local_bytes", "100\n");
	assert_int_equal(resctrl_view_open(root, &group, &view), 0);
	resctrl_view_read(&view, &arena, &stats.rdt);
	assert_non_null(strstr(stats_json("box", &stats, &arena),
	                       "\"intel_rdt\":{\"l3_cache_schema\":\"L3:0=7ff;1=7ff\",\"mem_bw_schema\":\"MB:0=100;1=100\","
	                       "\"mbm_stats\":[{\"mbm_total_bytes\":123456789012,\"mbm_local_bytes\":100},{}],"
	                       "\"cmt_stats\":[{\"llc_occupancy\":4096},{\"llc_occupancy\":7}]}"));
	assert_int_equal(resctrl_remove(root, &group), 0);
	resctrl_view_read(&view, &arena, &stats.rdt);
	assert_false(stats.rdt.set);
	assert_non_null(strstr(stats_json("box", &stats, &arena), "\"intel_rdt\":{},"));
}

/* --- whole containers ----------------------------------------------------------------------------------------------------------- */

/* With little room: the rest comes from the heap. */
static struct runtime runtime(void)
{
	static _Alignas(max_align_t) unsigned char room[2048];
	static char root[PATH_MAX];
	static struct arena memory;

	memory = arena_on(room, sizeof room);
	snprintf(root, sizeof root, "%.4000s/state", place);
	return (struct runtime){ .memory = &memory, .root = root, .manager = CGROUP_MANAGER_CGROUPFS };
}

static void make_bundle(const char *rdt)
{
	char command[2 * PATH_MAX], text[2048];

	snprintf(command, sizeof command,
	         "cd '%.3000s' && mkdir -p rootfs/bin rootfs/proc && cp \"$(command -v busybox)\" rootfs/bin/ && "
	         "ln -sf busybox rootfs/bin/sleep", place);
	require(system(command) == 0);
	snprintf(text, sizeof text,
	         "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},"
	         "\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"cwd\":\"/\",\"args\":[\"/bin/sleep\",\"600\"]},"
	         "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\"}],"
	         "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}],\"cgroupsPath\":\"/berth-test-rdt\"%s%s}}",
	         *rdt ? ",\"intelRdt\":" : "", rdt);
	put(place, "config.json", text);
}

static int create(const char *rdt)
{
	const struct runtime context = runtime();
	const struct create_options options = { .id = "box", .bundle = place };

	make_bundle(rdt);
	return container_create(&context, &options);
}

static void test_life(void **state)
{
	const struct runtime context = runtime();
	struct state _cleanup_state_ now = { 0 };
	enum status status;
	char pid[16];

	(void)state;
	if (create("{\"enableMonitoring\":true,\"schemata\":[\"L3:0=f\"]}") < 0)
		fail_msg("%s", error_record()->text);
	assert_int_equal(container_state(&context, "box", &now, &status), 0);
	snprintf(pid, sizeof pid, "%d", now.pid);
	assert_string_equal(content("box/tasks"), pid);
	assert_string_equal(content("box/mon_groups/box/tasks"), pid);
	assert_memory_equal(content("box/schemata"), "L3:0=f\n", 7);
	assert_int_equal(container_start(&context, "box"), 0);
	/* What exec starts is there, too. */
	static const char *const args[] = { "/bin/sleep", "600", NULL };
	const struct exec_options options = { .id = "box", .args = args, .no_new_privs = -1, .tty = -1 };
	int other = container_exec(&context, &options, NULL);

	if (other < 0)
		fail_msg("%s", error_record()->text);
	snprintf(pid, sizeof pid, "%d", other);
	assert_string_equal(content("box/tasks"), pid);
	assert_string_equal(content("box/mon_groups/box/tasks"), pid);
	/* update */
	const struct spec_resources none = { 0 };
	const struct spec_intel_rdt asked = { .mem_bw_schema = (char[]){ "MB:0=10" } };

	assert_int_equal(container_update(&context, "box", &none, NULL, &asked), 0);
	assert_memory_equal(content("box/schemata"), "MB:0=10\n", 8);
	/* events */
	struct arena _cleanup_arena_ arena = { 0 };
	struct cgroup_stats stats;

	assert_int_equal(container_stats(&context, "box", &arena, &stats), 0);
	assert_true(stats.rdt.set && stats.rdt.cache_count == 2 && stats.rdt.caches[1].occupancy.value == 7);
	struct container_watch _cleanup_watch_ watch;

	assert_int_equal(container_watch(&watch, &context, "box"), 0);
	assert_int_equal(container_watch_stats(&watch, &arena, &stats), 0);
	assert_true(stats.rdt.set);
	/* Our child: as long as we do not take its end, the pid namespace cannot end. */
	assert_int_equal(kill(other, SIGKILL), 0);
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_int_equal(container_delete(&context, "box", true), 0);
	assert_false(there("box"));
}

static void test_life_in_a_class_that_stays(void **state)
{
	const struct runtime context = runtime();

	(void)state;
	new_class("gold");
	if (create("{\"closID\":\"gold\"}") < 0)
		fail_msg("%s", error_record()->text);
	assert_int_not_equal(strlen(content("gold/tasks")), 0);
	assert_int_equal(container_delete(&context, "box", true), 0);
	assert_true(there("gold") && !there("box"));
}

static void test_failed_create_leaves_nothing(void **state)
{
	char path[PATH_MAX + 16], rdt[2 * PATH_MAX];

	(void)state;
	/* A hook that sees them and fails. */
	snprintf(rdt, sizeof rdt,
	         "{\"closID\":\"gold\",\"enableMonitoring\":true,\"schemata\":[\"L3:0=f\"]}},\"hooks\":{\"createRuntime\":"
	         "[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"test -s %.4000s/gold/mon_groups/box/tasks && exit 3\"]}]", fake);
	assert_true(create(rdt) < 0);
	assert_non_null(strstr(error_record()->text, "status 3"));
	assert_false(there("gold"));
	snprintf(path, sizeof path, "%s/state/box", place);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_without_intel_rdt_nothing_is_touched(void **state)
{
	const struct runtime context = runtime();
	const struct spec_resources none = { 0 };
	const struct spec_intel_rdt asked = { .mem_bw_schema = (char[]){ "MB:0=10" } };

	(void)state;
	mounted = false;
	assert_int_equal(create(""), 0);
	assert_string_equal(content("tasks"), "");
	assert_false(there("box"));
	assert_int_equal(container_update(&context, "box", &none, NULL, &asked), -ENOTSUP);
	assert_non_null(strstr(error_record()->text, "created without /linux/intelRdt"));
	assert_int_equal(container_delete(&context, "box", true), 0);
	/* And with it, a host without resctrl is an error. */
	assert_int_equal(create("{}"), -ENOTSUP);
	assert_non_null(strstr(error_record()->text, "/linux/intelRdt: no resctrl"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comparison),
		TEST(test_order_of_schemata),
		TEST(test_one_schema_alone),
		TEST(test_no_schema_nothing_written),
		TEST(test_own_class),
		TEST(test_named_class_is_made_and_stays),
		TEST(test_named_class_that_is_there),
		TEST(test_default_class),
		TEST(test_monitoring),
		TEST(test_what_the_kernel_refuses),
		TEST(test_change_and_restore),
		TEST(test_what_was_used),
		TEST(test_life),
		TEST(test_life_in_a_class_that_stays),
		TEST(test_failed_create_leaves_nothing),
		TEST(test_without_intel_rdt_nothing_is_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
