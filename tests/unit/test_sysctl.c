/* Sysctls: which belong to the container, and what is written where. */
#include "namespaces/namespaces.h"

#include "base/proc.h"
#include "base/sys.h"
#include "child.h"

#include <sys/utsname.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BIT(type) (1U << (type))
#define ALL (BIT(NS_TYPES) - 1)

static int check(const char *key, unsigned own)
{
	struct string_pair pair = { (char *)(uintptr_t)key, (char[]){ "1" } };
	struct string_map map = { true, 1, &pair };

	return sysctl_check(&map, own);
}

static void test_what_needs_which_namespace(void **state)
{
	static const struct {
		const char *key;
		enum namespace_type type;
	} rows[] = {
		{ "net.ipv4.ip_forward", NS_NETWORK },
		{ "net/ipv4/ip_forward", NS_NETWORK },
		{ "net.ipv4.conf.eth0/100.forwarding", NS_NETWORK },
		{ "net/ipv4/conf/eth0.100/forwarding", NS_NETWORK },
		{ "kernel.msgmax", NS_IPC },
		{ "kernel.msgmnb", NS_IPC },
		{ "kernel.msgmni", NS_IPC },
		{ "kernel.sem", NS_IPC },
		{ "kernel/shmall", NS_IPC },
		{ "kernel.shmmax", NS_IPC },
		{ "kernel.shmmni", NS_IPC },
		{ "kernel.shm_rmid_forced", NS_IPC },
		{ "fs.mqueue.msg_max", NS_IPC },
		{ "kernel.domainname", NS_UTS },
		{ "user.max_user_namespaces", NS_USER },
	};
	char expected[128];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(check(rows[i].key, BIT(rows[i].type)), 0);
		assert_int_equal(check(rows[i].key, ALL & ~BIT(rows[i].type)), -EINVAL);
		snprintf(expected, sizeof expected, "/linux/sysctl/%s: needs a %s namespace", rows[i].key,
			 ns_type_name(rows[i].type));
		assert_memory_equal(error_record()->text, expected, strlen(expected));
	}
}

static void test_what_is_never_allowed(void **state)
{
	static const struct {
		const char *key, *why;
	} rows[] = {
		{ "kernel.core_pattern", "not namespaced" },
		{ "kernel/core_pattern", "not namespaced" },
		{ "vm.overcommit_memory", "not namespaced" },
		{ "fs.file-max", "not namespaced" },
		{ "fs.mqueue", "not namespaced" },
		{ "kernel.shmmax2", "not namespaced" },
		{ "kernel.shm", "not namespaced" },
		{ "network.x", "not namespaced" },
		{ "net", "not namespaced" },
		{ "kernel.hostname", "set /hostname instead" },
		{ "net/../kernel/core_pattern", "not the name" },
		{ "net/ipv4/../../kernel/core_pattern", "not the name" },
		{ "net.//.kernel.core_pattern", "not the name" },
		{ "net..ipv4", "not the name" },
		{ "net./.ipv4", "not the name" },
		{ "net/./ipv4", "not the name" },
		{ "/net/ipv4/ip_forward", "not the name" },
		{ "net/", "not the name" },
		{ "net.", "not the name" },
		{ ".net.x", "not the name" },
		{ "", "not the name" },
		{ "..", "not the name" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (check(rows[i].key, ALL) != -EINVAL)
			fail_msg("%s is allowed", rows[i].key);
		if (!strstr(error_record()->text, rows[i].why) || !strstr(error_record()->text, "/linux/sysctl/"))
			fail_msg("%s: \"%s\"", rows[i].key, error_record()->text);
	}
	char *long_key = malloc(5001);

	assert_non_null(long_key);
	memset(long_key, 'x', 5000);
	memcpy(long_key, "net.", 4);
	long_key[5000] = 0;
	assert_int_equal(check(long_key, ALL), -EINVAL);
	free(long_key);
}

static int write_one(int proc, const char *key, const char *value)
{
	struct string_pair pair = { (char *)(uintptr_t)key, (char *)(uintptr_t)value };
	struct string_map map = { true, 1, &pair };

	return sysctl_write(proc, &map);
}

static bool reads(const char *path, const char *value)
{
	char text[256];

	return read_text_at(AT_FDCWD, path, text, sizeof text) >= 0 && strcmp(text, value) == 0;
}

static void write_them(const void *unused)
{
	struct utsname names;

	(void)unused;
	require(unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == 0);
	_cleanup_fd_ int proc = proc_open_trusted();

	require(proc >= 0);
	require(write_one(proc, "net.ipv4.conf.lo.forwarding", "1") == 0);
	require(reads("/proc/sys/net/ipv4/conf/lo/forwarding", "1"));
	require(write_one(proc, "net/ipv4/conf/lo/forwarding", "0") == 0);
	require(reads("/proc/sys/net/ipv4/conf/lo/forwarding", "0"));
	require(write_one(proc, "kernel.msgmax", "12345") == 0 && reads("/proc/sys/kernel/msgmax", "12345"));
	require(write_one(proc, "fs.mqueue.msg_max", "17") == 0 && reads("/proc/sys/fs/mqueue/msg_max", "17"));
	require(write_one(proc, "kernel.sem", "100\t200 30 40") == 0 && reads("/proc/sys/kernel/sem", "100\t200\t30\t40"));
	/* An empty value clears. */
	require(write_one(proc, "net.ipv4.ip_local_reserved_ports", "8080") == 0);
	require(reads("/proc/sys/net/ipv4/ip_local_reserved_ports", "8080"));
	require(write_one(proc, "net.ipv4.ip_local_reserved_ports", "") == 0);
	require(reads("/proc/sys/net/ipv4/ip_local_reserved_ports", ""));
	require(write_one(proc, "kernel.domainname", "example.org") == 0);
	require(uname(&names) == 0 && strcmp(names.domainname, "example.org") == 0);
}

static void write_wrong_ones(const void *unused)
{
	(void)unused;
	require(unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == 0);
	_cleanup_fd_ int proc = proc_open_trusted();

	require(proc >= 0);
	require(write_one(proc, "net.ipv4.conf.lo.forwarding", "junk") == -EINVAL);
	require(strcmp(error_record()->text, "/linux/sysctl/net.ipv4.conf.lo.forwarding: write \"junk\" to "
					     "/proc/sys/net/ipv4/conf/lo/forwarding: Invalid argument") == 0);
	require(write_one(proc, "net.ipv4.no_such_thing", "1") == -ENOENT);
	/* Taken in part is not taken. */
	require(write_one(proc, "net.ipv4.conf.lo.forwarding", "1 junk") < 0);
}

/* Root of a user namespace is not root for /proc/sys/kernel, but owns its names. */
static void write_as_root_of_user_namespace(const void *unused)
{
	struct utsname names;

	(void)unused;
	require(unshare(CLONE_NEWUSER | CLONE_NEWUTS) == 0);
	_cleanup_fd_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	require(write_one(proc, "kernel.domainname", "inside") == 0);
	require(uname(&names) == 0 && strcmp(names.domainname, "inside") == 0);
}

static int write_from_outside(int ipcns, const char *key, const char *value)
{
	struct string_pair pair = { (char *)(uintptr_t)key, (char *)(uintptr_t)value };
	struct string_map map = { true, 1, &pair };

	return sysctl_write_ipc(ipcns, &map);
}

static void write_from_another_ipc_namespace(const void *unused)
{
	(void)unused;
	require(unshare(CLONE_NEWIPC) == 0);
	_cleanup_fd_ int there = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);

	require(there >= 0 && write_from_outside(there, "kernel.msgmax", "12345") == -EPROTO);
	require(unshare(CLONE_NEWIPC) == 0);
	require(write_from_outside(there, "kernel.msgmax", "12345") == 0 && !reads("/proc/sys/kernel/msgmax", "12345"));
	require(write_from_outside(there, "fs.mqueue.msg_max", "17") == 0 && !reads("/proc/sys/fs/mqueue/msg_max", "17"));
	require(write_from_outside(there, "net.ipv4.ip_forward", "1") == -EPROTO);
	require(write_from_outside(there, "kernel.sem", "junk") == -EINVAL);
	require(sys_setns(there, CLONE_NEWIPC) == 0);
	require(reads("/proc/sys/kernel/msgmax", "12345") && reads("/proc/sys/fs/mqueue/msg_max", "17"));
}

/* Inside, the kernel takes none; nor does it outside, from who has no privileges there. */
static void write_as_root_of_another_user_namespace(const void *unused)
{
	(void)unused;
	require(unshare(CLONE_NEWIPC) == 0);
	_cleanup_fd_ int there = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
	_cleanup_fd_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	/* Root of the host stays that, whichever user namespace it is in. */
	require(there >= 0 && setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	require(unshare(CLONE_NEWUSER) == 0);
	require(write_one(proc, "kernel.msgmax", "12345") == 1);
	require(unshare(CLONE_NEWIPC) == 0);
	require(write_from_outside(there, "kernel.msgmax", "12345") == -EPERM && strstr(error_record()->text, "before Linux 6.9"));
}

static void test_writing(void **state)
{
	(void)state;
	assert_true(child_succeeds(write_them, NULL));
	assert_true(child_succeeds(write_wrong_ones, NULL));
	assert_true(child_succeeds(write_as_root_of_user_namespace, NULL));
	assert_true(child_succeeds(write_from_another_ipc_namespace, NULL));
	assert_true(child_succeeds(write_as_root_of_another_user_namespace, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_needs_which_namespace),
		cmocka_unit_test(test_what_is_never_allowed),
		cmocka_unit_test(test_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
