/* Whole configurations: those of tests/oci are accepted or refused, those of engines and our own give the right values. */
#include "tests/unit/oci.h"

#include <linux/mempolicy.h>
#include <linux/personality.h>
#include <linux/seccomp.h>
#include <sys/resource.h>

#define CAP(number) (UINT64_C(1) << (number))

typedef void file_function(const char *path, const char *json, size_t size);

static size_t each_file(const char *directory, file_function *check)
{
	_cleanup_dir_ DIR *dir = opendir(directory);
	size_t count = 0;

	if (!dir)
		fail_msg("cannot open %s: run the tests at the top of the tree", directory);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		struct arena _cleanup_arena_ arena = { 0 };
		const char *path = arena_printf(&arena, "%s/%s", directory, entry->d_name);
		char *json;
		size_t size;

		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(read_file_at(AT_FDCWD, path, &arena, SPEC_MAX_SIZE, &json, &size), 0);
		check(path, json, size);
		count++;
	}
	return count;
}

static void check_good(const char *path, const char *json, size_t size)
{
	struct spec _cleanup_spec_ spec = { 0 };

	if (spec_parse(&spec, json, size) < 0)
		fail_msg("%s refused: %s", path, error_record()->text);
}

static void check_bad(const char *path, const char *json, size_t size)
{
	struct spec spec = { 0 };

	if (spec_parse(&spec, json, size) >= 0)
		fail_msg("%s accepted", path);
}

static void test_good(void **state)
{
	(void)state;
	assert_true(each_file("tests/oci/good", check_good) >= 13);
}

static void test_bad(void **state)
{
	(void)state;
	assert_true(each_file("tests/oci/bad", check_bad) >= 13);
}

/* No prefix of a good document is one. */
static void check_prefixes(const char *path, const char *json, size_t size)
{
	while (size && json[size - 1] != '}')
		size--;
	for (size_t i = 0; i < size; i += 1 + i / 64)
		check_bad(path, json, i);
}

static void test_prefixes(void **state)
{
	(void)state;
	each_file("tests/oci/good", check_prefixes);
}

/* --- values -------------------------------------------------------------------------------------------------------------- */

static void assert_strings(const struct strings *strings, const char *const *expected, size_t count)
{
	assert_true(strings->set);
	assert_int_equal(strings->count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(strings->items[i], expected[i]);
	assert_null(strings->items[count]);
}
#define ASSERT_STRINGS(strings, ...)                                                                                       \
	assert_strings(strings, (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void assert_set(const struct opt_u64 *actual, uint64_t expected)
{
	assert_true(actual->set);
	assert_true(actual->value == expected);
}

static void assert_limit(const struct opt_i64 *actual, int64_t expected)
{
	assert_true(actual->set);
	assert_true(actual->value == expected);
}

static void test_process(void **state)
{
	struct spec _cleanup_spec_ spec = { 0 };
	const struct spec_process *process = &spec.process;

	(void)state;
	load_file(&spec, "tests/oci/good/berth-everything.json");
	assert_true(process->set && process->terminal && process->no_new_privileges);
	assert_set(&process->console_height, 25);
	assert_set(&process->console_width, 80);
	assert_int_equal(process->user.uid, 1000);
	assert_int_equal(process->user.gid, 1001);
	assert_set(&process->user.umask, 077);
	assert_int_equal(process->user.additional_gid_count, 2);
	assert_int_equal(process->user.additional_gids[0], 5);
	assert_int_equal(process->user.additional_gids[1], 6);
	ASSERT_STRINGS(&process->args, "sh", "-c", "echo \"\xc3\xa9\\n\" \xf0\x9f\x98\x80");
	ASSERT_STRINGS(&process->env, "PATH=/bin", "EMPTY=", "EQUALS=a=b");
	assert_string_equal(process->cwd, "/root");
	assert_true(process->capabilities.set);
	assert_true(process->capabilities.bounding == (CAP(0) | CAP(40)));
	assert_true(process->capabilities.effective == CAP(0));
	assert_true(process->capabilities.inheritable == 0);
	assert_true(process->capabilities.permitted == CAP(0));
	assert_true(process->capabilities.ambient == CAP(0));
	assert_int_equal(process->capabilities.unknown.count, 1);
	assert_string_equal(process->capabilities.unknown.items[0], "CAP_OF_TOMORROW");
	assert_int_equal(process->rlimit_count, 2);
	assert_int_equal(process->rlimits[0].resource, RLIMIT_NOFILE);
	assert_string_equal(process->rlimits[0].name, "RLIMIT_NOFILE");
	assert_true(process->rlimits[0].hard == UINT64_MAX && process->rlimits[0].soft == 1024);
	assert_int_equal(process->rlimits[1].resource, RLIMIT_RTTIME);
	assert_string_equal(process->apparmor_profile, "acme");
	assert_string_equal(process->selinux_label, "system_u:system_r:container_t:s0");
	assert_limit(&process->oom_score_adj, -1000);
	assert_true(process->scheduler.set);
	assert_int_equal(process->scheduler.policy, 6);
	assert_int_equal(process->scheduler.nice, -20);
	assert_int_equal(process->scheduler.flags, 3);
	assert_int_equal(process->scheduler.runtime, 10000000);
	assert_int_equal(process->scheduler.deadline, 20000000);
	assert_int_equal(process->scheduler.period, 30000000);
	assert_true(process->io_priority.set && process->io_priority.class == 3 && process->io_priority.priority == 7);
	assert_true(process->affinity_initial.set && process->affinity_initial.mask[0] == 0x80);
	assert_true(process->affinity_final.set && process->affinity_final.mask[0] == 0x8f);
	assert_string_equal(process->affinity_final.text, "0-3, 7");
}

static void test_top(void **state)
{
	struct spec _cleanup_spec_ spec = { 0 };
	const struct spec_mount *mount;

	(void)state;
	load_file(&spec, "tests/oci/good/berth-everything.json");
	mount = spec.mounts;
	assert_string_equal(spec.oci_version, "1.3.0");
	assert_true(spec.root.set && spec.root.readonly);
	assert_string_equal(spec.root.path, "rootfs");
	assert_string_equal(spec.hostname, "host");
	assert_string_equal(spec.domainname, "domain");
	assert_int_equal(spec.mount_count, 2);
	assert_string_equal(mount[0].destination, "data");
	assert_string_equal(mount[0].type, "bind");
	assert_string_equal(mount[0].source, "/data");
	ASSERT_STRINGS(&mount[0].options, "rbind", "idmap");
	assert_int_equal(mount[0].uid_maps.count, 1);
	assert_int_equal(mount[0].uid_maps.items[0].host_id, 100000);
	assert_int_equal(mount[0].uid_maps.items[0].size, 65536);
	assert_int_equal(mount[0].gid_maps.items[0].host_id, 200000);
	assert_true(!mount[1].source && !mount[1].options.set && !mount[1].options.items && !mount[1].uid_maps.count);
	for (enum hook_point point = 0; point < HOOK_POINTS; point++)
		assert_int_equal(spec.hooks[point].count, point == HOOK_CREATE_RUNTIME ? 2 : 1);
	ASSERT_STRINGS(&spec.hooks[HOOK_PRESTART].items[0].args, "1", "a");
	ASSERT_STRINGS(&spec.hooks[HOOK_PRESTART].items[0].env, "A=1");
	assert_limit(&spec.hooks[HOOK_PRESTART].items[0].timeout, 1);
	assert_string_equal(spec.hooks[HOOK_CREATE_RUNTIME].items[1].path, "/bin/3");
	assert_string_equal(spec.hooks[HOOK_CREATE_CONTAINER].items[0].path, "/bin/4");
	assert_string_equal(spec.hooks[HOOK_START_CONTAINER].items[0].path, "/bin/5");
	assert_string_equal(spec.hooks[HOOK_POSTSTART].items[0].path, "/bin/6");
	assert_limit(&spec.hooks[HOOK_POSTSTOP].items[0].timeout, INT32_MAX);
	assert_true(!spec.hooks[HOOK_POSTSTART].items[0].timeout.set && !spec.hooks[HOOK_POSTSTART].items[0].args.set);
	assert_int_equal(spec.annotations.count, 2);
	assert_string_equal(spec_annotation(&spec, "com.example/key"), "");
	assert_string_equal(spec_annotation(&spec, "a"), "b");
	assert_null(spec_annotation(&spec, "b"));
	for (size_t i = 0; i < FOREIGN_SECTIONS; i++)
		assert_false(spec.foreign[i]);
}

static void test_linux(void **state)
{
	struct spec _cleanup_spec_ spec = { 0 };
	const struct spec_linux *l = &spec.linux_;

	(void)state;
	load_file(&spec, "tests/oci/good/berth-everything.json");
	assert_true(l->set);
	for (enum namespace_type type = 0; type < NS_TYPES; type++) {
		assert_true(l->namespaces[type].set);
		assert_int_equal(spec_new_namespace(&spec, type), type != NS_NETWORK);
	}
	assert_string_equal(l->namespaces[NS_NETWORK].path, "/run/netns/a");
	assert_int_equal(l->uid_maps.count, 2);
	assert_int_equal(l->uid_maps.items[1].container_id, 1);
	assert_int_equal(l->uid_maps.items[1].host_id, 100000);
	assert_true(l->gid_maps.items[0].size == UINT32_MAX);
	assert_string_equal(l->sysctl.items[0].key, "net.ipv4.ip_forward");
	assert_string_equal(l->sysctl.items[0].value, "1");
	assert_string_equal(l->cgroups_path, "/parent/..child");
	assert_int_equal(l->device_count, 4);
	assert_true(l->devices[0].type == 'c' && l->devices[0].major == 10 && l->devices[0].minor == 229);
	assert_set(&l->devices[0].file_mode, 0666);
	assert_set(&l->devices[0].uid, 0);
	assert_set(&l->devices[0].gid, 4294967294);
	assert_true(l->devices[1].type == 'b' && !l->devices[1].uid.set);
	assert_true(l->devices[2].type == 'c' && !l->devices[2].file_mode.set);
	assert_true(l->devices[3].type == 'p');
	assert_int_equal(l->net_device_count, 3);
	assert_string_equal(l->net_devices[0].host_name, "eth0");
	assert_string_equal(l->net_devices[0].name, "container_eth0");
	assert_string_equal(l->net_devices[1].host_name, "eth1");
	assert_null(l->net_devices[1].name);
	assert_int_equal(l->rootfs_propagation, PROPAGATION_SLAVE);
	ASSERT_STRINGS(&l->masked_paths, "/proc/kcore");
	ASSERT_STRINGS(&l->readonly_paths, "/proc/sys", "/proc/bus");
	assert_string_equal(l->mount_label, "system_u:object_r:container_file_t:s0");
	assert_true(l->intel_rdt.set && l->intel_rdt.enable_monitoring);
	assert_string_equal(l->intel_rdt.clos_id, "group");
	assert_string_equal(l->intel_rdt.l3_cache_schema, "L3:0=7f0");
	assert_string_equal(l->intel_rdt.mem_bw_schema, "MB:0=20");
	ASSERT_STRINGS(&l->intel_rdt.schemata, "L2:0=f");
	assert_true(l->memory_policy.set && l->memory_policy.mode == 6 && l->memory_policy.flags == MPOL_F_STATIC_NODES);
	assert_true(l->memory_policy.nodes.set && l->memory_policy.nodes.mask[0] == 2 && l->memory_policy.nodes.mask[1] == 3);
	assert_true(l->personality.set && l->personality.persona == PER_LINUX32);
	assert_true(l->monotonic.set && l->monotonic.secs == -172800 && l->monotonic.nanosecs == 999999999);
	assert_true(l->boottime.set && l->boottime.secs == 604800 && l->boottime.nanosecs == 0);
}

static void test_seccomp(void **state)
{
	struct spec _cleanup_spec_ spec = { 0 };
	const struct spec_seccomp *s = &spec.linux_.seccomp;

	(void)state;
	load_file(&spec, "tests/oci/good/berth-everything.json");
	assert_true(s->set);
	assert_int_equal(s->default_action, SECCOMP_ERRNO);
	assert_set(&s->default_errno_ret, 38);
	ASSERT_STRINGS(&s->architectures, "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_SHEB");
	assert_int_equal(s->flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	assert_string_equal(s->listener_path, "/run/agent.sock");
	assert_string_equal(s->listener_metadata, "m");
	assert_int_equal(s->rule_count, 4);
	ASSERT_STRINGS(&s->rules[0].names, "mkdir", "mkdirat");
	assert_int_equal(s->rules[0].action, SECCOMP_NOTIFY);
	assert_int_equal(s->rules[1].arg_count, 2);
	assert_true(s->rules[1].args[0].value == UINT64_MAX && s->rules[1].args[0].op == 4 && s->rules[1].args[0].index == 0);
	assert_true(s->rules[1].args[1].value == 1 && s->rules[1].args[1].value_two == 2);
	assert_true(s->rules[1].args[1].op == 7 && s->rules[1].args[1].index == 5);
	assert_false(s->rules[1].errno_ret.set);
	assert_int_equal(s->rules[2].action, SECCOMP_TRACE);
	assert_set(&s->rules[2].errno_ret, 65535);
	assert_int_equal(s->rules[3].action, SECCOMP_KILL_THREAD);
}

static void assert_rule(const struct spec_device_rule *rule, bool allow, char type, int64_t major, int64_t minor, unsigned access)
{
	assert_int_equal(rule->allow, allow);
	assert_int_equal(rule->type, type);
	assert_int_equal(rule->major, major);
	assert_int_equal(rule->minor, minor);
	assert_int_equal(rule->access, access);
}

static void test_resources(void **state)
{
	struct spec _cleanup_spec_ spec = { 0 };
	const struct spec_resources *r = &spec.linux_.resources;

	(void)state;
	load_file(&spec, "tests/oci/good/berth-everything.json");
	assert_true(r->set && r->memory.set && r->cpu.set && r->block_io.set);
	assert_int_equal(r->unified.count, 2);
	assert_string_equal(r->unified.items[1].key, "hugetlb.1GB.max");
	assert_int_equal(r->device_count, 4);
	assert_rule(&r->devices[0], false, 'a', -1, -1, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD);
	assert_rule(&r->devices[1], true, 'c', 10, 229, DEVICE_READ | DEVICE_WRITE);
	assert_rule(&r->devices[2], true, 'b', -1, -1, DEVICE_MKNOD);
	assert_rule(&r->devices[3], true, 'a', -1, -1, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD);
	assert_limit(&r->memory.limit, 536870912);
	assert_limit(&r->memory.reservation, -1);
	assert_limit(&r->memory.swap, 536870913);
	assert_limit(&r->memory.kernel, -1);
	assert_limit(&r->memory.kernel_tcp, 0);
	assert_set(&r->memory.swappiness, 100);
	assert_true(r->memory.disable_oom_killer.set && !r->memory.disable_oom_killer.value);
	assert_true(r->memory.use_hierarchy.value && r->memory.check_before_update.value);
	assert_set(&r->cpu.shares, 1024);
	assert_limit(&r->cpu.quota, 1000000);
	assert_set(&r->cpu.burst, 1000000);
	assert_set(&r->cpu.period, 500000);
	assert_limit(&r->cpu.realtime_runtime, -1);
	assert_set(&r->cpu.realtime_period, 1000000);
	assert_limit(&r->cpu.idle, 1);
	assert_string_equal(r->cpu.cpus, "2-3");
	assert_string_equal(r->cpu.mems, "0");
	assert_limit(&r->pids_limit, 0);
	assert_set(&r->block_io.weight, 10);
	assert_set(&r->block_io.leaf_weight, 1000);
	assert_int_equal(r->block_io.weight_count, 2);
	assert_set(&r->block_io.weights[0].weight, 500);
	assert_true(!r->block_io.weights[1].weight.set && r->block_io.weights[1].minor == 16);
	assert_true(r->block_io.throttles[IO_READ_BPS][0].rate == 600 && r->block_io.throttles[IO_READ_BPS][0].minor == 1);
	assert_int_equal(r->block_io.throttles[IO_WRITE_BPS][0].rate, 601);
	assert_int_equal(r->block_io.throttles[IO_READ_IOPS][0].rate, 602);
	assert_int_equal(r->block_io.throttle_count[IO_WRITE_IOPS], 2);
	assert_true(r->block_io.throttles[IO_WRITE_IOPS][0].rate == UINT64_MAX);
	assert_int_equal(r->block_io.throttles[IO_WRITE_IOPS][0].major, 4095);
	assert_int_equal(r->hugepage_count, 2);
	assert_string_equal(r->hugepages[0].page_size, "2MB");
	assert_true(r->hugepages[0].limit == UINT64_MAX);
	assert_set(&r->net_class_id, 4294967295);
	assert_string_equal(r->net_priorities[0].name, "eth0");
	assert_int_equal(r->net_priorities[0].priority, 500);
	assert_int_equal(r->rdma_count, 2);
	assert_string_equal(r->rdma[0].device, "mlx5_1");
	assert_set(&r->rdma[0].handles, 3);
	assert_set(&r->rdma[0].objects, 10000);
	assert_false(r->rdma[1].handles.set);
}

/* null is absence, everywhere. */
static void test_null(void **state)
{
	struct spec _cleanup_spec_ spec = { 0 };

	(void)state;
	load_file(&spec, "tests/oci/good/berth-null.json");
	assert_true(spec.process.set && spec.linux_.set && spec.linux_.resources.set && spec.linux_.resources.memory.set);
	assert_false(spec.process.args.set || spec.process.env.set || spec.process.capabilities.set || spec.root.set);
	assert_false(spec.process.oom_score_adj.set || spec.annotations.set || spec.linux_.sysctl.set || spec.linux_.seccomp.set);
	assert_false(spec.linux_.resources.memory.limit.set || spec.linux_.resources.pids_limit.set);
	assert_int_equal(spec.linux_.rootfs_propagation, PROPAGATION_UNSET);
	assert_false(spec.foreign[FOREIGN_WINDOWS]);
	assert_null(spec.hostname);
}

static void test_foreign(void **state)
{
	struct spec _cleanup_spec_ vm, _cleanup_spec_ windows;

	(void)state;
	load_file(&vm, "tests/oci/good/berth-vm-solaris.json");
	for (size_t i = 0; i < FOREIGN_SECTIONS; i++)
		assert_int_equal(vm.foreign[i], i != FOREIGN_WINDOWS);
	load_file(&windows, "tests/oci/good/berth-windows.json");
	for (size_t i = 0; i < FOREIGN_SECTIONS; i++)
		assert_int_equal(windows.foreign[i], i == FOREIGN_WINDOWS);
}

/* --- what engines wrote ---------------------------------------------------------------------------------------------------- */

/* CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, SYS_CHROOT, SETFCAP */
#define PODMAN_CAPABILITIES (CAP(0) | CAP(1) | CAP(3) | CAP(4) | CAP(5) | CAP(6) | CAP(7) | CAP(8) | CAP(10) | CAP(18) | CAP(31))
/* and NET_RAW, MKNOD, AUDIT_WRITE */
#define DOCKER_CAPABILITIES (PODMAN_CAPABILITIES | CAP(13) | CAP(27) | CAP(29))

static void assert_namespaces(const struct spec *spec, unsigned set)
{
	for (enum namespace_type type = 0; type < NS_TYPES; type++)
		assert_int_equal(spec_new_namespace(spec, type), (set >> type) & 1);
}
#define FIVE (1U << NS_PID | 1U << NS_NETWORK | 1U << NS_IPC | 1U << NS_UTS | 1U << NS_MOUNT)

static void assert_capabilities(const struct spec_capabilities *capabilities, uint64_t set)
{
	assert_true(capabilities->bounding == set && capabilities->effective == set && capabilities->permitted == set);
	assert_true(capabilities->inheritable == 0 && capabilities->ambient == 0 && capabilities->unknown.count == 0);
}

static void test_containerd(void **state)
{
	struct spec _cleanup_spec_ spec = { 0 };

	(void)state;
	load_file(&spec, "tests/fixtures/containerd-ctr.json");
	assert_int_equal(spec_validate_runnable(&spec), 0);
	ASSERT_STRINGS(&spec.process.args, "/bin/sleep", "100");
	assert_capabilities(&spec.process.capabilities, DOCKER_CAPABILITIES);
	assert_namespaces(&spec, FIVE);
	assert_string_equal(spec.root.path, "/var/tmp/r");
	assert_false(spec.root.readonly || spec.linux_.seccomp.set || spec.process.env.set);
	assert_int_equal(spec.mount_count, 7);
	ASSERT_STRINGS(&spec.mounts[6].options, "nosuid", "strictatime", "mode=755", "size=65536k");
	assert_string_equal(spec.linux_.cgroups_path, "/default/c1");
	assert_limit(&spec.linux_.resources.memory.limit, 134217728);
	assert_int_equal(spec.linux_.resources.device_count, 10);
	assert_rule(&spec.linux_.resources.devices[8], true, 'c', 136, -1, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD);
	assert_int_equal(spec.linux_.masked_paths.count, 11);
	assert_int_equal(spec.linux_.readonly_paths.count, 5);
}

static void test_docker(void **state)
{
	struct spec _cleanup_spec_ spec = { 0 };
	const struct spec_seccomp *seccomp = &spec.linux_.seccomp;
	size_t names = 0;

	(void)state;
	load_file(&spec, "tests/fixtures/docker-like.json");
	assert_int_equal(spec_validate_runnable(&spec), 0);
	assert_capabilities(&spec.process.capabilities, DOCKER_CAPABILITIES);
	assert_namespaces(&spec, FIVE);
	assert_true(spec.root.readonly && spec.process.no_new_privileges && !spec.process.terminal);
	ASSERT_STRINGS(&seccomp->architectures, "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32");
	assert_int_equal(seccomp->default_action, SECCOMP_ERRNO);
	assert_set(&seccomp->default_errno_ret, 38);
	assert_int_equal(seccomp->rule_count, 19);
	for (size_t i = 0; i < seccomp->rule_count; i++)
		names += seccomp->rules[i].names.count;
	assert_int_equal(names, 434);
	assert_true(seccomp->rules[6].args[0].value == 4294967295 && seccomp->rules[6].args[0].op == 4);
	assert_set(&seccomp->rules[0].errno_ret, 1);
}

static void assert_podman(const struct spec *spec)
{
	assert_int_equal(spec_validate_runnable(spec), 0);
	assert_capabilities(&spec->process.capabilities, PODMAN_CAPABILITIES);
	assert_namespaces(spec, FIVE | 1U << NS_CGROUP);
	assert_set(&spec->process.user.umask, 022);
	assert_int_equal(spec->process.rlimits[1].resource, RLIMIT_NPROC);
	assert_string_equal(spec_annotation(spec, "org.systemd.property.TimeoutStopUSec"), "uint64 10000000");
	assert_string_equal(spec->linux_.sysctl.items[0].value, "0 0");
	assert_int_equal(spec->mount_count, 10);
	ASSERT_STRINGS(&spec->mounts[6].options, "bind", "rprivate", "nosuid", "noexec", "nodev");
	assert_true(spec->linux_.seccomp.rule_count > 10);
	assert_int_equal(spec->linux_.masked_paths.count, 12);
}

static void test_podman(void **state)
{
	struct spec _cleanup_spec_ root, _cleanup_spec_ rootless;

	(void)state;
	load_file(&root, "tests/fixtures/podman-root.json");
	assert_podman(&root);
	assert_string_equal(root.process.apparmor_profile, "containers-default-0.62.2");
	assert_limit(&root.linux_.resources.memory.swap, 268435456);
	assert_limit(&root.linux_.resources.pids_limit, 64);
	assert_int_equal(root.linux_.resources.device_count, 1);
	load_file(&rootless, "tests/fixtures/podman-rootless.json");
	assert_podman(&rootless);
	assert_null(rootless.process.apparmor_profile);
	assert_limit(&rootless.linux_.resources.pids_limit, 2048);
	assert_int_equal(rootless.linux_.resources.device_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_linux),
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_containerd),
		cmocka_unit_test(test_docker),
		cmocka_unit_test(test_podman),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
