/* Why a controller is missing, from what hosts show. */
#include "cgroups/host.h"

#include "base/sys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;

static int drop_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

#define HOST(boot_, systemd_, inner_, ...)                                                                               \
	(&(struct cgroup_host){                                                                                          \
		.items = (struct cgroup_host_controller[]){ __VA_ARGS__ },                                               \
		.count = sizeof(struct cgroup_host_controller[]){ __VA_ARGS__ } / sizeof(struct cgroup_host_controller), \
		.boot = boot_,                                                                                           \
		.systemd = systemd_,                                                                                     \
		.inner = inner_,                                                                                         \
	})

#define IN_V1(name_, groups_, mount_)                                                              \
	{                                                                                          \
		.name = name_, .enabled = true, .hierarchy = 4, .groups = groups_, .mount = mount_ \
	}
#define FREE(name_)                                          \
	{                                                    \
		.name = name_, .enabled = true, .groups = 40 \
	}
#define OFF(name_)                         \
	{                                  \
		.name = name_, .groups = 1 \
	}

static void explains(const struct cgroup_host *host, const char *controller, const char *expected)
{
	assert_string_equal(cgroup_host_explain(host, controller, &arena), expected);
}

static void held_by_cgroup_v1(void **state)
{
	(void)state;
	explains(
		HOST("quiet", true, false, IN_V1("cpu", 9, "/sys/fs/cgroup/cpu"), IN_V1("memory", 46, "/sys/fs/cgroup/memory")),
		"memory",
		"cgroup v1 holds it at /sys/fs/cgroup/memory; boot with cgroup_no_v1=memory, or with "
		"systemd.unified_cgroup_hierarchy=1 for cgroup v2 alone");
	/* Without systemd its parameter says nothing to anybody. */
	explains(HOST("quiet", false, false, IN_V1("blkio", 46, "/sys/fs/cgroup/blkio")), "io",
		 "cgroup v1 holds it at /sys/fs/cgroup/blkio; boot with cgroup_no_v1=io");
	explains(HOST("", false, false, IN_V1("pids", 1, "/sys/fs/cgroup/pids")), "pids",
		 "cgroup v1 holds it at /sys/fs/cgroup/pids; boot with cgroup_no_v1=pids; no group of cgroup v1 uses it, so "
		 "that "
		 "umount /sys/fs/cgroup/pids gives it at once");
	/* Mounted out of sight: from here nothing can be unmounted. */
	explains(HOST("", false, false, IN_V1("pids", 1, NULL)), "pids", "cgroup v1 holds it; boot with cgroup_no_v1=pids");
	explains(HOST("", false, true, IN_V1("pids", 1, "/sys/fs/cgroup/pids")), "pids",
		 "cgroup v1 holds it at /sys/fs/cgroup/pids; boot with cgroup_no_v1=pids");
}

static void switched_off(void **state)
{
	(void)state;
	explains(HOST("root=/dev/sda cgroup_disable=pids,memory quiet\n", true, false, OFF("memory")), "memory",
		 "the boot parameter cgroup_disable=memory switches it off; boot without");
	explains(HOST("cgroup_disable=blkio", true, false, OFF("blkio")), "io",
		 "the boot parameter cgroup_disable=blkio switches it off; boot without");
	explains(HOST("cgroup_disable=io", true, false, OFF("blkio")), "io",
		 "the boot parameter cgroup_disable=io switches it off; boot without");
	/* A newer kernel does not list what has no part in cgroup v1. */
	explains(HOST("cgroup_disable=memory", true, false, FREE("cpu")), "memory",
		 "the boot parameter cgroup_disable=memory switches it off; boot without");
	explains(HOST("xcgroup_disable=memory cgroup_disable=memoryx,mem cgroup_disable memory", true, false, OFF("memory")),
		 "memory", "this kernel has it switched off; boot with cgroup_enable=memory");
	explains(HOST("", true, true, OFF("memory")), "memory",
		 "this kernel has it switched off; boot with cgroup_enable=memory");
}

static void not_in_the_kernel(void **state)
{
	(void)state;
	explains(HOST("", true, false, FREE("cpu")), "memory", "this kernel is built without it (CONFIG_MEMCG)");
	explains(HOST("", true, false, FREE("cpu")), "io", "this kernel is built without it (CONFIG_BLK_CGROUP)");
	explains(HOST("", true, true, FREE("cpu")), "rdma",
		 "the groups above this cgroup namespace do not give it, or this kernel is built without it "
		 "(CONFIG_CGROUP_RDMA)");
	explains(&(struct cgroup_host){ .boot = "" }, "rdma", "this kernel is built without it (CONFIG_CGROUP_RDMA)");
	explains(HOST("", true, false, FREE("cpu")), "nosuch", "neither this kernel nor berth knows a controller of this name");
	/* One that berth does not know either, but the kernel does. */
	explains(HOST("", false, false, IN_V1("newone", 3, "/cg")), "newone",
		 "cgroup v1 holds it at /cg; boot with cgroup_no_v1=newone");
}

static void of_cgroup_v1_alone(void **state)
{
	(void)state;
	static const char *const names[] = { "freezer", "devices", "net_cls", "net_prio", "cpuacct", "blkio" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		explains(HOST("", true, false, FREE("freezer"), IN_V1("devices", 5, "/sys/fs/cgroup/devices")), names[i],
			 "cgroup v2 has no such controller, only cgroup v1 had");
}

static void not_given_by_the_groups_above(void **state)
{
	(void)state;
	explains(HOST("", true, true, FREE("memory")), "memory",
		 "the groups above this cgroup namespace do not give it; enable it in their cgroup.subtree_control (systemd: "
		 "Delegate=memory)");
	explains(HOST("", true, false, FREE("memory")), "memory",
		 "cgroup v1 has let go of it only now, or still uses it; see /proc/cgroups");
}

/* What libcgroup sees here is what the kernel shows. */
static void this_host(void **state)
{
	(void)state;
	struct cgroup_host host;
	FILE *list = fopen("/proc/cgroups", "re");
	char line[256], name[64];
	int hierarchy, groups, enabled;
	size_t count = 0;
	int root = open("/", O_PATH | O_CLOEXEC);

	assert_non_null(list);
	cgroup_host_read(&host, root, &arena);
	while (fgets(line, sizeof line, list)) {
		if (sscanf(line, "%63s %d %d %d", name, &hierarchy, &groups, &enabled) != 4)
			continue;
		assert_true(count < host.count);
		assert_string_equal(host.items[count].name, name);
		assert_int_equal(host.items[count].hierarchy, hierarchy);
		assert_int_equal(host.items[count].enabled, enabled != 0);
		assert_true(!host.items[count].mount || (host.items[count].mount[0] == '/' && hierarchy != 0));
		count++;
	}
	fclose(list);
	close(root);
	assert_int_equal(host.count, count);
	assert_false(host.inner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_by_cgroup_v1),
		cmocka_unit_test(switched_off),
		cmocka_unit_test(not_in_the_kernel),
		cmocka_unit_test(of_cgroup_v1_alone),
		cmocka_unit_test(not_given_by_the_groups_above),
		cmocka_unit_test(this_host),
	};

	return cmocka_run_group_tests(tests, NULL, drop_arena);
}
