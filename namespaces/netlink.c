#include "namespaces/netlink.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "namespaces/namespaces.h"

#include <sys/socket.h>

static struct nlmsghdr *header_of(struct nl_request *request)
{
	return (struct nlmsghdr *)(void *)request->data;
}

void nl_start(struct nl_request *request, uint16_t type, uint16_t flags, const void *body, size_t size)
{
	memset(request, 0, sizeof *request);
	struct nlmsghdr *header = header_of(request);

	if (size > sizeof request->data - NLMSG_HDRLEN)
		abort();
	/* An acknowledgement ends what is not a dump, so that replies need no counting. */
	if ((flags & NLM_F_DUMP) != NLM_F_DUMP)
		flags |= NLM_F_ACK;
	*header = (struct nlmsghdr){ .nlmsg_len = NLMSG_LENGTH((uint32_t)size),
				     .nlmsg_type = type,
				     .nlmsg_flags = flags | NLM_F_REQUEST };
	memcpy(request->data + NLMSG_HDRLEN, body, size);
}

void nl_put(struct nl_request *request, uint16_t type, const void *data, size_t size)
{
	struct nlmsghdr *header = header_of(request);
	size_t start = NLMSG_ALIGN(header->nlmsg_len);
	struct rtattr attribute = { .rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(size) };

	if (size > sizeof request->data || start + RTA_SPACE(size) > sizeof request->data)
		abort();
	memcpy(request->data + start, &attribute, sizeof attribute);
	memcpy(request->data + start + RTA_LENGTH(0), data, size);
	header->nlmsg_len = (uint32_t)(start + RTA_SPACE(size));
}

void nl_put_string(struct nl_request *request, uint16_t type, const char *text)
{
	nl_put(request, type, text, strlen(text) + 1);
}

/* --- sockets ------------------------------------------------------------------------------------------------------------ */

int nl_open(void)
{
	_cleanup_fd_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	const int options[] = { NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK }, one = 1;

	if (fd < 0)
		return fail(errno, "create a netlink socket");
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (setsockopt(fd, SOL_NETLINK, options[i], &one, sizeof one) < 0)
			return fail(errno, "set up a netlink socket");
	return steal_fd(&fd);
}

static int open_over_there(void *argument)
{
	(void)argument;
	return nl_open();
}

int nl_open_in(int netns)
{
	return ns_visit(netns, NS_NETWORK, open_over_there, NULL);
}

/* --- requests and replies ----------------------------------------------------------------------------------------------- */

int nl_send(struct nl_reply *reply, int socket, struct nl_request *request)
{
	struct nlmsghdr *header = header_of(request);
	ssize_t n;

	reply->socket = socket;
	reply->dump = (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	reply->interrupted = false;
	reply->next = reply->size = 0;
	do
		n = send(socket, header, header->nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? fail(errno, "send to rtnetlink") : 0;
}

static int receive(struct nl_reply *reply)
{
	ssize_t n;

	do
		n = recv(reply->socket, reply->data, sizeof reply->data, MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(errno, "receive from rtnetlink");
	if ((size_t)n > sizeof reply->data)
		return refuse(EMSGSIZE, "a message of rtnetlink is too long: %zd bytes", n);
	reply->next = 0;
	reply->size = (size_t)n;
	return 0;
}

/* The kernel's own words about an error, from the attributes behind it (NETLINK_EXT_ACK). */
static int kernel_error(const struct nlmsghdr *message)
{
	struct nlmsgerr error;
	size_t length;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof error))
		return refuse(EBADMSG, "rtnetlink sent a short message");
	memcpy(&error, (const char *)message + NLMSG_HDRLEN, sizeof error);
	if (error.error == 0)
		return 0;
	const char *text = message->nlmsg_flags & NLM_F_ACK_TLVS ? nl_get(message, sizeof error, NLMSGERR_ATTR_MSG, 1, &length)
								 : NULL;

	return text ? fail(-error.error, "%.*s", (int)strnlen(text, length), text) : fail(-error.error, "rtnetlink");
}

/* A dump ends with its result. */
static int dump_error(const struct nlmsghdr *message)
{
	int result = 0;

	if (message->nlmsg_len >= NLMSG_LENGTH(sizeof result))
		memcpy(&result, (const char *)message + NLMSG_HDRLEN, sizeof result);
	return result < 0 ? fail(-result, "rtnetlink") : 0;
}

int nl_next(struct nl_reply *reply, struct nlmsghdr **message)
{
	for (;;) {
		if (reply->next >= reply->size) {
			int r = receive(reply);

			if (r < 0)
				return r;
		}
		struct nlmsghdr *header = (struct nlmsghdr *)(void *)(reply->data + reply->next);

		if (!NLMSG_OK(header, reply->size - reply->next))
			return refuse(EBADMSG, "rtnetlink sent a short message");
		reply->next += NLMSG_ALIGN(header->nlmsg_len);
		reply->interrupted |= (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (header->nlmsg_type == NLMSG_ERROR)
			return kernel_error(header);
		if (header->nlmsg_type == NLMSG_DONE)
			return dump_error(header);
		if (header->nlmsg_type >= NLMSG_MIN_TYPE) {
			*message = header;
			return 1;
		}
	}
}

int nl_do(int socket, struct nl_request *request)
{
	struct nl_reply reply;
	struct nlmsghdr *message;
	int r = nl_send(&reply, socket, request);

	if (r >= 0)
		do
			r = nl_next(&reply, &message);
		while (r > 0);
	return r;
}

const void *nl_get(const struct nlmsghdr *message, size_t size, uint16_t type, size_t want, size_t *length)
{
	const char *data = (const char *)message;
	size_t next = NLMSG_SPACE(size), end = message->nlmsg_len;
	struct rtattr attribute;

	for (; next + sizeof attribute <= end; next += RTA_ALIGN(attribute.rta_len)) {
		memcpy(&attribute, data + next, sizeof attribute);
		if (attribute.rta_len < sizeof attribute || attribute.rta_len > end - next)
			return NULL;
		if ((attribute.rta_type & NLA_TYPE_MASK) != type || attribute.rta_len - RTA_LENGTH(0) < want)
			continue;
		if (length)
			*length = attribute.rta_len - RTA_LENGTH(0);
		return data + next + RTA_LENGTH(0);
	}
	return NULL;
}
