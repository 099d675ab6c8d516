/* Moving network devices into the container: config-linux.md "Network Devices". */
#include "namespaces/namespaces.h"
#include "namespaces/netlink.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#ifndef IFA_PROTO
#define IFA_PROTO (IFA_RT_PRIORITY + 2)
#endif
#define DUMP_TRIES 10

struct address {
	struct nl_request request; /* RTM_NEWADDR, but for the index and the label */
	char label[IFNAMSIZ];      /* what the label has after the device's name: "" or ":…" */
	struct address *next;
};

struct link {
	uint32_t index, flags;
	char name[IFNAMSIZ];
};

struct device {
	const char *host_name, *name;
	bool is_template;
	struct link host; /* as it was */
	uint32_t index;   /* in the container; 0: not moved */
	struct address *addresses;
};

/* --- looking ------------------------------------------------------------------------------------------------------------ */

/* Find a link by name, or by index if name is NULL. -ENODEV when there is none. */
static int find_link(int socket, const char *name, uint32_t index, struct link *link)
{
	struct ifinfomsg body = { .ifi_index = (int)index };
	const uint32_t mask = RTEXT_FILTER_SKIP_STATS;
	struct nl_request request;
	struct nl_reply reply;
	struct nlmsghdr *message;
	size_t length;

	nl_start(&request, RTM_GETLINK, 0, &body, sizeof body);
	nl_put(&request, IFLA_EXT_MASK, &mask, sizeof mask);
	if (name)
		nl_put_string(&request, IFLA_IFNAME, name);
	*link = (struct link){ 0 };
	int r = nl_send(&reply, socket, &request);

	while (r >= 0 && (r = nl_next(&reply, &message)) > 0) {
		const char *found = nl_get(message, sizeof body, IFLA_IFNAME, 1, &length);

		if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof body) || !found ||
		    length > IFNAMSIZ)
			continue;
		memcpy(&body, NLMSG_DATA(message), sizeof body);
		*link = (struct link){ .index = (uint32_t)body.ifi_index, .flags = body.ifi_flags };
		memcpy(link->name, found, strnlen(found, length < IFNAMSIZ ? length : IFNAMSIZ - 1));
	}
	return r < 0 ? r : link->index ? 0 : refuse(ENODEV, "no such device");
}

/* "Permanent IP addresses of any family with global scope", without those that the kernel derives from others. */
static bool is_to_keep(const struct nlmsghdr *message, const struct ifaddrmsg *body, uint32_t index)
{
	uint32_t flags = body->ifa_flags;
	const void *wide = nl_get(message, sizeof *body, IFA_FLAGS, sizeof flags, NULL);

	if (wide)
		memcpy(&flags, wide, sizeof flags);
	return body->ifa_index == index && body->ifa_scope == RT_SCOPE_UNIVERSE && flags & IFA_F_PERMANENT;
}

/* What the kernel reports of an address as the request that makes it. */
static void to_request(struct address *address, const struct nlmsghdr *message, struct ifaddrmsg body)
{
	static const uint16_t kept[] = { IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_CACHEINFO, IFA_RT_PRIORITY, IFA_PROTO };
	/* How far duplicate address detection has come is not for us to say; all else is kept. */
	const uint32_t passing = IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED | IFA_F_SECONDARY;
	uint32_t flags = body.ifa_flags;
	size_t length;
	const void *data = nl_get(message, sizeof body, IFA_FLAGS, sizeof flags, NULL);

	if (data)
		memcpy(&flags, data, sizeof flags);
	flags &= ~passing;
	body.ifa_flags = 0;
	nl_start(&address->request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof body);
	nl_put(&address->request, IFA_FLAGS, &flags, sizeof flags);
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		data = nl_get(message, sizeof body, kept[i], 0, &length);
		if (data && length <= 64)
			nl_put(&address->request, kept[i], data, length);
	}
}

static void keep_label(struct address *address, const struct nlmsghdr *message, const char *device)
{
	size_t length, name = strlen(device);
	const char *label = nl_get(message, sizeof(struct ifaddrmsg), IFA_LABEL, 1, &length);

	if (label && length <= IFNAMSIZ && label[length - 1] == 0 && !strncmp(label, device, name) && label[name] == ':')
		memcpy(address->label, label + name, strlen(label + name) + 1);
}

/* Once over the device's addresses. Returns 1 when they changed meanwhile. */
static int dump_addresses(int socket, struct device *device, struct arena *arena)
{
	struct ifaddrmsg body = { .ifa_family = AF_UNSPEC, .ifa_index = device->host.index };
	struct address **last = &device->addresses;
	struct nl_request request;
	struct nl_reply reply;
	struct nlmsghdr *message;

	*last = NULL;
	nl_start(&request, RTM_GETADDR, NLM_F_DUMP, &body, sizeof body);
	int r = nl_send(&reply, socket, &request);

	while (r >= 0 && (r = nl_next(&reply, &message)) > 0) {
		if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof body))
			continue;
		memcpy(&body, NLMSG_DATA(message), sizeof body);
		if (!is_to_keep(message, &body, device->host.index))
			continue;
		struct address *address = arena_alloc(arena, sizeof *address);

		to_request(address, message, body);
		keep_label(address, message, device->host_name);
		*last = address;
		last = &address->next;
	}
	return r < 0 ? r : reply.interrupted;
}

static int read_addresses(int socket, struct device *device, struct arena *arena)
{
	int r;

	for (int i = 0; i < DUMP_TRIES; i++) {
		r = dump_addresses(socket, device, arena);
		if (r <= 0)
			return context(r, "read its addresses");
	}
	return refuse(EAGAIN, "its addresses change all the time");
}

/* --- moving ------------------------------------------------------------------------------------------------------------- */

static int set_link(int socket, uint32_t index, const char *name, bool up)
{
	struct ifinfomsg body = { .ifi_index = (int)index, .ifi_flags = up ? IFF_UP : 0, .ifi_change = up ? IFF_UP : 0 };
	struct nl_request request;

	nl_start(&request, RTM_NEWLINK, 0, &body, sizeof body);
	if (name)
		nl_put_string(&request, IFLA_IFNAME, name);
	return nl_do(socket, &request);
}

static int set_namespace(int socket, uint32_t index, int netns, const char *name)
{
	struct ifinfomsg body = { .ifi_index = (int)index };
	struct nl_request request;

	nl_start(&request, RTM_NEWLINK, 0, &body, sizeof body);
	nl_put(&request, IFLA_NET_NS_FD, &netns, sizeof netns);
	nl_put_string(&request, IFLA_IFNAME, name);
	return nl_do(socket, &request);
}

static int add_address(int socket, const struct address *address, const struct link *link)
{
	struct nl_request request = address->request;
	struct ifaddrmsg *body = (struct ifaddrmsg *)(void *)(request.data + NLMSG_HDRLEN);
	char label[2 * IFNAMSIZ];

	body->ifa_index = link->index;
	if (*address->label) {
		snprintf(label, sizeof label, "%s%s", link->name, address->label);
		/* Too long together with the new name, the label is lost: it is but a name for ifconfig(8). */
		if (strlen(label) < IFNAMSIZ)
			nl_put_string(&request, IFA_LABEL, label);
	}
	return nl_do(socket, &request);
}

/* What is done to a device, in which namespace it is and in which it shall be. */
struct transfer {
	int from, to;     /* rtnetlink sockets */
	int netns;        /* the namespace of to */
	const char *name; /* there; may hold a %d */
	bool up;
};

/*
 * Move by a name that is free on either side, then rename: renaming can fail (the name was taken meanwhile), and then it
 * must still be clear where the device is; and the number that the kernel finds for %d is known only by the index. *index
 * is 0 if it has not moved.
 */
static int transfer(const struct transfer *way, const struct device *device, uint32_t old_index, uint32_t *index)
{
	char passing[IFNAMSIZ];
	struct link link;

	*index = 0;
	snprintf(passing, sizeof passing, "b%x.%x", (unsigned)gettid() & 0xffffff, old_index & 0xffffff);
	int r = set_namespace(way->from, old_index, way->netns, passing);

	if (r < 0)
		return context(r, "move it");
	r = find_link(way->to, passing, 0, &link);
	if (r < 0)
		return context(r, "find it after the move");
	*index = link.index;
	r = set_link(way->to, link.index, way->name, false);
	if (r < 0)
		return context(r, "rename it to %s", way->name);
	r = find_link(way->to, NULL, link.index, &link);
	for (const struct address *address = device->addresses; r >= 0 && address; address = address->next)
		r = context(add_address(way->to, address, &link), "add its address again");
	if (r >= 0 && way->up)
		r = context(set_link(way->to, link.index, NULL, true), "set it up");
	return r;
}

/* --- the whole list ----------------------------------------------------------------------------------------------------- */

/* As the kernel has it (dev_valid_name), with at most one "%d", at the end. */
static bool is_valid_name(const char *name, bool *is_template)
{
	size_t length = strlen(name);
	const char *percent = strchr(name, '%');

	*is_template = percent && !strcmp(percent, "%d");
	return length > 0 && length < IFNAMSIZ && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       !strpbrk(name, "/: \t\n\v\f\r") && (!percent || *is_template);
}

static int check_device(struct device *device, const struct device *earlier, int host, int container, struct arena *arena)
{
	struct link taken;

	if (!is_valid_name(device->name, &device->is_template))
		return refuse(EINVAL, "\"%s\" is not the name of a network device", device->name);
	if (strlen(device->host_name) >= IFNAMSIZ)
		return refuse(ENODEV, "no such device");
	int r = find_link(host, device->host_name, 0, &device->host);

	if (r < 0)
		return r;
	if (device->host.flags & IFF_LOOPBACK)
		return refuse(EINVAL, "a loopback device cannot be moved");
	for (; earlier < device && !device->is_template; earlier++)
		if (!strcmp(earlier->name, device->name))
			return refuse(EEXIST, "%s is also to become \"%s\" in the container", earlier->host_name, device->name);
	if (!device->is_template) {
		r = find_link(container, device->name, 0, &taken);
		if (r >= 0)
			return refuse(EEXIST, "there is a device \"%s\" in the container's network namespace already",
				      device->name);
		if (r != -ENODEV)
			return r;
	}
	return read_addresses(host, device, arena);
}

/* The sockets keep both namespaces, whoever lives there. */
struct net_devices {
	struct device *list;
	size_t count;
	int host, container; /* rtnetlink sockets */
};

static int move_all(struct net_devices *d, int netns)
{
	for (size_t i = 0; i < d->count; i++) {
		struct device *device = &d->list[i];
		struct transfer way = {
			.from = d->host, .to = d->container, .netns = netns, .name = device->name, .up = true
		};
		int r = transfer(&way, device, device->host.index, &device->index);

		if (r < 0)
			return context(r, "/linux/netDevices/%s", device->host_name);
	}
	return 0;
}

static int return_one(const struct net_devices *d, const struct device *device, int netns)
{
	struct transfer way = { .from = d->container,
				.to = d->host,
				.netns = netns,
				.name = device->host_name,
				.up = device->host.flags & IFF_UP };
	uint32_t index;

	return device->index ? transfer(&way, device, device->index, &index) : 0;
}

void net_devices_return(struct net_devices *d)
{
	struct error cause = error_save();
	_cleanup_fd_ int netns = d ? open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC) : -1;

	for (size_t i = 0; d && i < d->count; i++)
		if (return_one(d, &d->list[i], netns) < 0)
			log_warning("network device %s does not come back: %s", d->list[i].host_name, error_record()->text);
	net_devices_close(d);
	error_restore(&cause);
}

void net_devices_close(struct net_devices *d)
{
	if (!d)
		return;
	close_fd(&d->host);
	close_fd(&d->container);
	d->count = 0;
}

static int check_all(struct net_devices *d, const struct spec_net_device *devices, size_t count, struct arena *arena)
{
	d->list = arena_array(arena, count, sizeof *d->list);
	d->count = count;
	for (size_t i = 0; i < count; i++) {
		struct device *device = &d->list[i];

		device->host_name = devices[i].host_name;
		device->name = devices[i].name ? devices[i].name : devices[i].host_name;
		int r = check_device(device, d->list, d->host, d->container, arena);

		if (r < 0)
			return context(r, "/linux/netDevices/%s", device->host_name);
	}
	return 0;
}

int net_devices_move(const struct spec_net_device *devices, size_t count, int netns, struct arena *arena,
		     struct net_devices **moved)
{
	*moved = NULL;
	if (count == 0)
		return 0;
	struct net_devices *d = arena_alloc(arena, sizeof *d);

	*d = (struct net_devices){ .host = nl_open(), .container = -1 };
	int r = d->host;

	if (r >= 0)
		r = d->container = nl_open_in(netns);
	if (r < 0)
		context(r, "/linux/netDevices");
	if (r >= 0)
		r = check_all(d, devices, count, arena);
	if (r >= 0)
		r = move_all(d, netns);
	if (r < 0) {
		net_devices_return(d);
		return r;
	}
	*moved = d;
	return 0;
}
