/*
 * Moving network devices: veth pairs in a network namespace that stands for the host, moved into another; what the kernel
 * then reports there is asserted.
 */
#include "namespaces/namespaces.h"
#include "namespaces/netlink.h"

#include "base/sys.h"
#include "child.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NAME(text) ((char *)(uintptr_t)(text))

/* --- making devices and addresses --------------------------------------------------------------------------------------- */

static void make_veth(const char *name, const char *mac)
{
	struct ifinfomsg body = { 0 };
	struct nl_request request;
	unsigned char address[6];
	char info[16] = { 0 };
	const struct rtattr kind = { .rta_type = IFLA_INFO_KIND, .rta_len = RTA_LENGTH(5) };
	_cleanup_fd_ int fd = nl_open();

	memcpy(info, &kind, sizeof kind);
	memcpy(info + RTA_LENGTH(0), "veth", 5);
	require(sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &address[0], &address[1], &address[2], &address[3], &address[4],
		       &address[5]) == 6);
	nl_start(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
	nl_put_string(&request, IFLA_IFNAME, name);
	nl_put(&request, IFLA_ADDRESS, address, sizeof address);
	nl_put(&request, IFLA_LINKINFO, info, RTA_SPACE(5));
	require(nl_do(fd, &request) == 0);
}

struct lifetime {
	uint32_t preferred, valid;
};

static void add_address_to(const char *device, const char *text, uint8_t prefix, uint8_t scope, uint32_t flags,
			   const char *label, const struct lifetime *lifetime)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	struct ifaddrmsg body = {
		.ifa_family = (uint8_t)family, .ifa_prefixlen = prefix, .ifa_scope = scope, .ifa_index = if_nametoindex(device)
	};
	struct nl_request request;
	unsigned char address[16];
	_cleanup_fd_ int fd = nl_open();
	size_t size = family == AF_INET6 ? 16 : 4;

	require(inet_pton(family, text, address) == 1);
	nl_start(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
	nl_put(&request, IFA_LOCAL, address, size);
	nl_put(&request, IFA_ADDRESS, address, size);
	nl_put(&request, IFA_FLAGS, &flags, sizeof flags);
	if (label)
		nl_put_string(&request, IFA_LABEL, label);
	if (lifetime) {
		struct ifa_cacheinfo cache = { .ifa_prefered = lifetime->preferred, .ifa_valid = lifetime->valid };

		nl_put(&request, IFA_CACHEINFO, &cache, sizeof cache);
	}
	require(nl_do(fd, &request) == 0);
}

static short flags_of(const char *device)
{
	struct ifreq request = { 0 };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
	require(ioctl(fd, SIOCGIFFLAGS, &request) == 0);
	return request.ifr_flags;
}

static void set_up(const char *device)
{
	struct ifreq request = { .ifr_flags = IFF_UP };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
	require(ioctl(fd, SIOCSIFFLAGS, &request) == 0);
}

static void set_mtu(const char *device, int mtu)
{
	struct ifreq request = { .ifr_mtu = mtu };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
	require(ioctl(fd, SIOCSIFMTU, &request) == 0);
}

static int mtu_of(const char *device)
{
	struct ifreq request = { 0 };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
	require(ioctl(fd, SIOCGIFMTU, &request) == 0);
	return request.ifr_mtu;
}

static bool has_mac(const char *device, const char *mac)
{
	struct ifreq request = { 0 };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[18];

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
	require(ioctl(fd, SIOCGIFHWADDR, &request) == 0);
	const unsigned char *b = (const unsigned char *)request.ifr_hwaddr.sa_data;

	snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
	return strcmp(text, mac) == 0;
}

/* "LABEL ADDRESS\n" of each address of the devices but lo and but link-local ones, in the kernel's order. */
static const char *addresses(void)
{
	static char text[2048];
	struct ifaddrs *list;
	size_t used = 0;

	text[0] = 0;
	require(getifaddrs(&list) == 0);
	for (const struct ifaddrs *a = list; a; a = a->ifa_next) {
		char address[INET6_ADDRSTRLEN];
		const void *bytes;

		if (!a->ifa_addr || (a->ifa_addr->sa_family != AF_INET && a->ifa_addr->sa_family != AF_INET6))
			continue;
		if (a->ifa_addr->sa_family == AF_INET)
			bytes = &((const struct sockaddr_in *)(const void *)a->ifa_addr)->sin_addr;
		else
			bytes = &((const struct sockaddr_in6 *)(const void *)a->ifa_addr)->sin6_addr;
		inet_ntop(a->ifa_addr->sa_family, bytes, address, sizeof address);
		if (strcmp(a->ifa_name, "lo") == 0 || strncmp(address, "fe80:", 5) == 0)
			continue;
		used += (size_t)snprintf(text + used, sizeof text - used, "%s %s\n", a->ifa_name, address);
	}
	freeifaddrs(list);
	return text;
}

/* --- the two namespaces ------------------------------------------------------------------------------------------------- */

static int new_network(void)
{
	require(unshare(CLONE_NEWNET) == 0);
	require(ns_loopback_up() == 0);
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	require(fd >= 0);
	return fd;
}

static void enter(int netns)
{
	require(sys_setns(netns, CLONE_NEWNET) == 0);
}

/* The host's namespace is entered, the container's returned. */
static int make_networks(int *host)
{
	int container = new_network();

	*host = new_network();
	return container;
}

static struct arena arena;
static struct net_devices *moved;

static int move(const struct spec_net_device *devices, size_t count, int netns)
{
	return net_devices_move(devices, count, netns, &arena, &moved);
}

static int move_one(const char *host_name, const char *name, int netns)
{
	struct spec_net_device device = { NAME(host_name), NAME(name) };

	return move(&device, 1, netns);
}

static const struct lifetime ten_minutes = { 300, 600 };

static void keeps_what_a_device_has(const void *unused)
{
	int host, container = make_networks(&host);

	(void)unused;
	make_veth("data0", "02:11:22:33:44:55");
	set_mtu("data0", 1400);
	set_up("data0");
	add_address_to("data0", "10.1.0.1", 24, RT_SCOPE_UNIVERSE, 0, NULL, NULL);
	add_address_to("data0", "10.1.0.2", 24, RT_SCOPE_UNIVERSE, 0, "data0:web", NULL);
	add_address_to("data0", "10.2.0.1", 32, RT_SCOPE_UNIVERSE, IFA_F_NOPREFIXROUTE, NULL, NULL);
	add_address_to("data0", "10.3.0.1", 24, RT_SCOPE_LINK, 0, NULL, NULL);
	add_address_to("data0", "10.4.0.1", 24, RT_SCOPE_UNIVERSE, 0, NULL, &ten_minutes);
	add_address_to("data0", "2001:db8::1", 64, RT_SCOPE_UNIVERSE, IFA_F_NODAD, NULL, NULL);
	add_address_to("data0", "2001:db8::2", 64, RT_SCOPE_UNIVERSE, IFA_F_NODAD, NULL, &ten_minutes);
	require(move_one("data0", "eth0", container) == 0);
	require(if_nametoindex("data0") == 0);
	enter(container);
	require(if_nametoindex("data0") == 0 && if_nametoindex("eth0") > 0);
	require(flags_of("eth0") & IFF_UP);
	require(has_mac("eth0", "02:11:22:33:44:55"));
	require(mtu_of("eth0") == 1400);
	if (strcmp(addresses(), "eth0 10.1.0.1\neth0 10.2.0.1\neth0:web 10.1.0.2\neth0 2001:db8::1\n") != 0)
		dprintf(2, "%s", addresses());
	require(strcmp(addresses(), "eth0 10.1.0.1\neth0 10.2.0.1\neth0:web 10.1.0.2\neth0 2001:db8::1\n") == 0);
}

static void keeps_name_and_sets_up(const void *unused)
{
	int host, container = make_networks(&host);

	(void)unused;
	make_veth("data0", "02:11:22:33:44:55");
	require(move_one("data0", NULL, container) == 0);
	require(if_nametoindex("data0") == 0);
	enter(container);
	require(if_nametoindex("data0") > 0 && flags_of("data0") & IFF_UP);
}

static void takes_templates(const void *unused)
{
	int host, container = make_networks(&host);
	struct spec_net_device devices[] = { { NAME("data0"), NAME("eth%d") }, { NAME("data1"), NAME("eth%d") } };

	(void)unused;
	make_veth("data0", "02:11:22:33:44:55");
	make_veth("data1", "02:11:22:33:44:66");
	add_address_to("data0", "10.1.0.2", 24, RT_SCOPE_UNIVERSE, 0, "data0:web", NULL);
	enter(container);
	make_veth("eth0", "02:00:00:00:00:01");
	enter(host);
	require(move(devices, 2, container) == 0);
	enter(container);
	require(has_mac("eth0", "02:00:00:00:00:01"));
	require(has_mac("eth1", "02:11:22:33:44:55"));
	require(has_mac("eth2", "02:11:22:33:44:66"));
	require(strcmp(addresses(), "eth1:web 10.1.0.2\n") == 0);
}

static void refuses_before_it_moves(const void *unused)
{
	int host, container = make_networks(&host);
	struct spec_net_device taken[] = { { NAME("data0"), NAME("free") }, { NAME("data1"), NAME("taken") } };
	struct spec_net_device twice[] = { { NAME("data0"), NAME("same") }, { NAME("data1"), NAME("same") } };
	struct spec_net_device missing[] = { { NAME("data0"), NAME("free") }, { NAME("data9"), NULL } };

	(void)unused;
	make_veth("data0", "02:11:22:33:44:55");
	make_veth("data1", "02:11:22:33:44:66");
	enter(container);
	make_veth("taken", "02:00:00:00:00:01");
	enter(host);
	require(move(taken, 2, container) == -EEXIST);
	require(strcmp(error_record()->text,
		       "/linux/netDevices/data1: there is a device \"taken\" in the container's network namespace already") ==
		0);
	require(move(twice, 2, container) == -EEXIST);
	require(move(missing, 2, container) == -ENODEV);
	require(strstr(error_record()->text, "/linux/netDevices/data9: "));
	require(move_one("lo", "lo9", container) == -EINVAL);
	require(move_one("data0", "lo", container) == -EEXIST);
	static const char *const wrong[] = { "", ".", "..", "a/b", "a b", "a:b", "sixteen-letters-", "e%d0", "e%s", "%d%d" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		require(move_one("data0", wrong[i], container) == -EINVAL);
	require(if_nametoindex("data0") > 0 && if_nametoindex("data1") > 0);
	enter(container);
	require(if_nametoindex("free") == 0 && if_nametoindex("same") == 0);
}

/* The second device has an address that the container's namespace does not take: there is no IPv6 there. */
static void moves_back_what_had_moved(const void *unused)
{
	int host, container = make_networks(&host);
	struct spec_net_device devices[] = { { NAME("data0"), NAME("eth0") }, { NAME("data1"), NAME("eth1") } };

	(void)unused;
	make_veth("data0", "02:11:22:33:44:55");
	make_veth("data1", "02:11:22:33:44:66");
	set_up("data0");
	add_address_to("data0", "10.1.0.1", 24, RT_SCOPE_UNIVERSE, 0, NULL, NULL);
	add_address_to("data0", "10.1.0.2", 24, RT_SCOPE_UNIVERSE, 0, "data0:web", NULL);
	add_address_to("data1", "2001:db8::1", 64, RT_SCOPE_UNIVERSE, IFA_F_NODAD, NULL, NULL);
	enter(container);
	require(write_file_at(AT_FDCWD, "/proc/sys/net/ipv6/conf/all/disable_ipv6", "1") == 0);
	require(write_file_at(AT_FDCWD, "/proc/sys/net/ipv6/conf/default/disable_ipv6", "1") == 0);
	enter(host);
	require(move(devices, 2, container) < 0);
	require(strstr(error_record()->text, "/linux/netDevices/data1: add its address again: "));
	require(has_mac("data0", "02:11:22:33:44:55") && has_mac("data1", "02:11:22:33:44:66"));
	require(flags_of("data0") & IFF_UP && !(flags_of("data1") & IFF_UP));
	require(strcmp(addresses(), "data0 10.1.0.1\ndata0:web 10.1.0.2\ndata1 2001:db8::1\n") == 0);
	enter(container);
	require(if_nametoindex("eth0") == 0 && if_nametoindex("eth1") == 0);
}

static void comes_back_when_asked(const void *unused)
{
	int host, container = make_networks(&host);
	struct spec_net_device devices[] = { { NAME("data0"), NAME("eth0") }, { NAME("data1"), NAME("eth1") } };

	(void)unused;
	make_veth("data0", "02:11:22:33:44:55");
	make_veth("data1", "02:11:22:33:44:66");
	set_up("data1");
	add_address_to("data1", "10.1.0.1", 24, RT_SCOPE_UNIVERSE, 0, NULL, NULL);
	require(move(devices, 2, container) == 0);
	/* Nobody else knows of the namespace any more. */
	close(container);
	require(if_nametoindex("data0") == 0 && if_nametoindex("data1") == 0);
	net_devices_return(moved);
	require(has_mac("data0", "02:11:22:33:44:55") && has_mac("data1", "02:11:22:33:44:66"));
	require(flags_of("data1") & IFF_UP && !(flags_of("data0") & IFF_UP));
	require(strcmp(addresses(), "data1 10.1.0.1\n") == 0);
}

/* The container's namespace belongs to its user namespace. */
static void into_a_user_namespace(const void *unused)
{
	struct clone_args args = { .flags = CLONE_NEWUSER | CLONE_NEWNET, .exit_signal = SIGCHLD };
	int host = new_network(), pid = sys_clone3(&args), before = host;
	char path[64];

	(void)unused;
	if (pid == 0)
		for (;;)
			pause();
	require(pid > 0);
	snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
	int container = open(path, O_RDONLY | O_CLOEXEC);

	make_veth("data0", "02:11:22:33:44:55");
	add_address_to("data0", "10.1.0.1", 24, RT_SCOPE_UNIVERSE, 0, NULL, NULL);
	require(move_one("data0", "eth0", container) == 0);
	net_devices_close(moved);
	/* We ourselves have not moved, no process and no descriptor is left of the visit there. */
	require(if_nametoindex("data0") == 0 && if_nametoindex("eth0") == 0);
	require(waitpid(-1, NULL, WNOHANG | __WALL) == 0);
	require(dup(container) == container + 1 && before >= 0);
	enter(container);
	require(strcmp(addresses(), "eth0 10.1.0.1\n") == 0);
	kill(pid, SIGKILL);
	require(waitpid(pid, NULL, 0) == pid);
}

#define CHILD_TEST(name)                                 \
	static void test_##name(void **state)            \
	{                                                \
		(void)state;                             \
		assert_true(child_succeeds(name, NULL)); \
	}
CHILD_TEST(keeps_what_a_device_has)
CHILD_TEST(keeps_name_and_sets_up)
CHILD_TEST(takes_templates)
CHILD_TEST(refuses_before_it_moves)
CHILD_TEST(moves_back_what_had_moved)
CHILD_TEST(comes_back_when_asked)
CHILD_TEST(into_a_user_namespace)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_what_a_device_has),   cmocka_unit_test(test_keeps_name_and_sets_up),
		cmocka_unit_test(test_takes_templates),           cmocka_unit_test(test_refuses_before_it_moves),
		cmocka_unit_test(test_moves_back_what_had_moved), cmocka_unit_test(test_comes_back_when_asked),
		cmocka_unit_test(test_into_a_user_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
