#include "cgroups/dbus.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define TIMEOUT_SECONDS 30
#define MESSAGE_MAX ((size_t)1 << 20)
#define NATIVE_ENDIAN (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B')
#define PROTOCOL_VERSION 1
#define FIXED_HEADER 16

enum {
	FIELD_PATH = 1,
	FIELD_INTERFACE = 2,
	FIELD_MEMBER = 3,
	FIELD_ERROR = 4,
	FIELD_REPLY_SERIAL = 5,
	FIELD_DESTINATION = 6,
	FIELD_SIGNATURE = 8
};

/* --- out -------------------------------------------------------------------------------------------------------------- */

static void put_field(struct dbus_body *header, uint8_t code, const char *type, const char *value)
{
	dbus_align(header, 8);
	dbus_put_byte(header, code);
	dbus_put_signature(header, type);
	if (*type == 'g')
		dbus_put_signature(header, value);
	else
		dbus_put_string(header, value);
}

static int send_all(int fd, const void *data, size_t size)
{
	const char *next = data;

	while (size > 0) {
		ssize_t n = send(fd, next, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		next += n;
		size -= (size_t)n;
	}
	return 0;
}

static int send_call(struct dbus *bus, const struct dbus_method *method, const struct dbus_body *body)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct dbus_body header = { .arena = &arena };

	dbus_put_byte(&header, NATIVE_ENDIAN);
	dbus_put_byte(&header, DBUS_CALL);
	dbus_put_byte(&header, 0);
	dbus_put_byte(&header, PROTOCOL_VERSION);
	dbus_put_u32(&header, body ? (uint32_t)body->used : 0);
	dbus_put_u32(&header, ++bus->serial);
	struct dbus_array fields = dbus_begin_array(&header, 8);

	put_field(&header, FIELD_PATH, "o", method->path);
	put_field(&header, FIELD_INTERFACE, "s", method->interface);
	put_field(&header, FIELD_MEMBER, "s", method->member);
	put_field(&header, FIELD_DESTINATION, "s", method->destination);
	if (*method->signature)
		put_field(&header, FIELD_SIGNATURE, "g", method->signature);
	dbus_end_array(&header, fields);
	dbus_align(&header, 8);
	if (body)
		dbus_put_bytes(&header, body->data, body->used);
	return send_all(bus->fd, header.data, header.used);
}

/* --- in --------------------------------------------------------------------------------------------------------------- */

static int receive_all(int fd, uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t n = recv(fd, data, size, MSG_WAITALL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? -ECONNRESET : errno == EAGAIN ? -ETIMEDOUT : -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* One header field: the ones that matter here hold a string, a signature or a number, as do all others that are defined. */
static void get_field(struct dbus_reader *reader, struct dbus_message *message)
{
	dbus_skip_padding(reader, 8);
	uint8_t code = dbus_get_byte(reader);
	const char *type = dbus_get_signature(reader), *text = "";
	uint32_t number = 0;

	if (strcmp(type, "s") == 0 || strcmp(type, "o") == 0)
		text = dbus_get_string(reader);
	else if (strcmp(type, "g") == 0)
		text = dbus_get_signature(reader);
	else if (strcmp(type, "u") == 0)
		number = dbus_get_u32(reader);
	else
		reader->broken = true;
	if (code == FIELD_MEMBER)
		message->member = text;
	else if (code == FIELD_ERROR)
		message->error = text;
	else if (code == FIELD_SIGNATURE)
		message->signature = text;
	else if (code == FIELD_REPLY_SERIAL)
		message->reply_serial = number;
}

static int parse_message(struct dbus_message *message, const uint8_t *data, size_t header, size_t body)
{
	struct dbus_reader reader = { .data = data, .size = header, .at = FIXED_HEADER };

	*message = (struct dbus_message){
		.type = data[1],
		.member = "",
		.error = "",
		.signature = "",
		.body = { .data = data + header + (-header & 7), .size = body },
	};
	while (!reader.broken && reader.at < reader.size)
		get_field(&reader, message);
	return reader.broken ? -EBADMSG : 0;
}

int dbus_receive(struct dbus *bus, struct dbus_message *message)
{
	uint8_t fixed[FIXED_HEADER];
	uint32_t body, fields;
	int r = receive_all(bus->fd, fixed, sizeof fixed);

	if (r < 0)
		return fail(-r, "receive from systemd");
	memcpy(&body, fixed + 4, sizeof body);
	memcpy(&fields, fixed + 12, sizeof fields);
	if (fixed[0] != NATIVE_ENDIAN || fixed[3] != PROTOCOL_VERSION || body > MESSAGE_MAX || fields > MESSAGE_MAX)
		return fail(EBADMSG, "receive from systemd");
	size_t header = FIXED_HEADER + fields, total = header + (-header & 7) + body;

	arena_free(&bus->arena);
	uint8_t *data = arena_alloc(&bus->arena, total);

	memcpy(data, fixed, sizeof fixed);
	r = receive_all(bus->fd, data + sizeof fixed, total - sizeof fixed);
	if (r >= 0)
		r = parse_message(message, data, header, body);
	return r < 0 ? fail(-r, "receive from systemd") : 0;
}

/* --- calls ------------------------------------------------------------------------------------------------------------ */

static int refuse_as_peer_did(const struct dbus_method *method, struct dbus_message *reply)
{
	static const struct {
		const char *name;
		int code;
	} errors[] = {
		{ "org.freedesktop.systemd1.UnitExists", EEXIST },
		{ "org.freedesktop.systemd1.NoSuchUnit", ENOENT },
		{ "org.freedesktop.DBus.Error.AccessDenied", EACCES },
		{ "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", EACCES },
		{ "org.freedesktop.DBus.Error.InvalidArgs", EINVAL },
	};
	const char *said = reply->signature[0] == 's' ? dbus_get_string(&reply->body) : "";
	int code = EIO;

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (strcmp(reply->error, errors[i].name) == 0)
			code = errors[i].code;
	return refuse(code, "systemd refuses %s: %s (%s)", method->member, said, reply->error);
}

int dbus_call(struct dbus *bus, const struct dbus_method *method, const struct dbus_body *body, struct dbus_message *reply)
{
	int r = send_call(bus, method, body);

	if (r < 0)
		return fail(-r, "send %s to systemd", method->member);
	do
		r = dbus_receive(bus, reply);
	while (r >= 0 && !((reply->type == DBUS_RETURN || reply->type == DBUS_ERROR) && reply->reply_serial == bus->serial));
	if (r < 0)
		return context(r, "%s", method->member);
	return reply->type == DBUS_ERROR ? refuse_as_peer_did(method, reply) : 0;
}

/* --- connection ------------------------------------------------------------------------------------------------------- */

static int expect(int fd, const char *word)
{
	char text[8];
	size_t length = strlen(word);
	int r = receive_all(fd, (uint8_t *)text, length);

	if (r < 0)
		return r;
	if (memcmp(text, word, length) == 0)
		return 0;
	return memcmp(text, "REJ", 3) == 0 || memcmp(text, "ERR", 3) == 0 ? -EACCES : -EBADMSG;
}

/*
 * EXTERNAL: the peer asks the kernel who we are. We name no user id, since in a user namespace we do not know ours on the
 * host. The answer is "DATA" and "OK GUID", and not one byte more is read, since messages may follow at once. All is sent in one
 * piece: systemd does not look at a message that it reads together with BEGIN until another one comes.
 */
static int authenticate(int fd)
{
	static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	uint8_t guid[34];
	int r = send_all(fd, hello, sizeof hello - 1);

	if (r >= 0)
		r = expect(fd, "DATA\r\n");
	if (r >= 0)
		r = expect(fd, "OK ");
	if (r >= 0)
		r = receive_all(fd, guid, sizeof guid);
	if (r < 0)
		return r;
	return guid[32] == '\r' && guid[33] == '\n' ? 0 : -EBADMSG;
}

int dbus_connect(struct dbus *bus, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval timeout = { .tv_sec = TIMEOUT_SECONDS };

	*bus = (struct dbus){ .fd = -1 };
	if (strlen(path) >= sizeof address.sun_path)
		return fail(ENAMETOOLONG, "connect to %s", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return fail(errno, "connect to %s", path);
	int r = authenticate(fd);

	if (r < 0)
		return fail(-r, "authenticate at %s", path);
	bus->fd = steal_fd(&fd);
	return 0;
}

void dbus_close(struct dbus *bus)
{
	close_fd(&bus->fd);
	arena_free(&bus->arena);
}
