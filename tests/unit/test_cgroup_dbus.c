/* The D-Bus client against a peer that answers well, badly, and not at all. */
#include "cgroups/dbus.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#define BIG_ENDIAN_MARK 'B'
#define NATIVE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B')

static char directory[] = "/tmp/berth-unit-dbus.XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };

/* --- the peer --------------------------------------------------------------------------------------------------------- */

static void say(int fd, const void *data, size_t size)
{
	if (write_all(fd, data, size) < 0)
		_exit(1);
}

static void hear(int fd, const char *line)
{
	char text[64];
	size_t length = strlen(line);

	if (recv(fd, text, length, MSG_WAITALL) != (ssize_t)length || memcmp(text, line, length) != 0)
		_exit(2);
}

static void welcome(int fd)
{
	char nul;

	if (recv(fd, &nul, 1, 0) != 1 || nul != 0)
		_exit(3);
	hear(fd, "AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n");
	/* In pieces, as a stream may come. */
	say(fd, "DATA\r\nO", 7);
	usleep(1000);
	say(fd, "K 0123456789abcdef0123456789abcdef\r\n", 36);
}

static uint32_t hear_call(int fd)
{
	uint8_t fixed[16], rest[4096];
	uint32_t body, serial, fields;

	if (recv(fd, fixed, 16, MSG_WAITALL) != 16)
		_exit(4);
	memcpy(&body, fixed + 4, 4);
	memcpy(&serial, fixed + 8, 4);
	memcpy(&fields, fixed + 12, 4);
	size_t size = fields + (-fields & 7) + body;

	if (fixed[0] != NATIVE || fixed[1] != DBUS_CALL || fixed[3] != 1 || size > sizeof rest ||
	    recv(fd, rest, size, MSG_WAITALL) != (ssize_t)size)
		_exit(5);
	return serial;
}

struct reply {
	uint8_t endian, type, version;
	uint32_t serial;
	const char *error, *member, *signature, *text;
	uint32_t claim; /* length of the text, if it is to be a lie */
	bool odd_field;
};

static void field_text(struct dbus_body *message, uint8_t code, const char *type, const char *value)
{
	if (!value)
		return;
	dbus_align(message, 8);
	dbus_put_byte(message, code);
	dbus_put_signature(message, type);
	if (*type == 'g')
		dbus_put_signature(message, value);
	else
		dbus_put_string(message, value);
}

static void say_message(int fd, struct reply reply)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct dbus_body message = { .arena = &arena }, body = { .arena = &arena };

	if (reply.text)
		dbus_put_string(&body, reply.text);
	if (reply.claim)
		memcpy(body.data, &reply.claim, 4);
	dbus_put_byte(&message, reply.endian ? reply.endian : NATIVE);
	dbus_put_byte(&message, reply.type);
	dbus_put_byte(&message, 0);
	dbus_put_byte(&message, reply.version ? reply.version : 1);
	dbus_put_u32(&message, (uint32_t)body.used);
	dbus_put_u32(&message, 1);
	struct dbus_array fields = dbus_begin_array(&message, 8);

	if (reply.serial) {
		dbus_align(&message, 8);
		dbus_put_byte(&message, 5);
		dbus_put_signature(&message, "u");
		dbus_put_u32(&message, reply.serial);
	}
	field_text(&message, 4, "s", reply.error);
	field_text(&message, 3, "s", reply.member);
	field_text(&message, 8, "g", reply.signature);
	if (reply.odd_field) {
		dbus_align(&message, 8);
		dbus_put_byte(&message, 99);
		dbus_put_signature(&message, "a{sv}");
		dbus_put_u32(&message, 0);
	}
	dbus_end_array(&message, fields);
	dbus_align(&message, 8);
	dbus_put_bytes(&message, body.data, body.used);
	say(fd, message.data, message.used);
}

/* Run peer() with the accepted connection in a child; connect to it. */
static int meet(struct dbus *bus, void (*peer)(int fd), pid_t *pid)
{
	_cleanup_fd_ int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(address.sun_path);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 1), 0);
	*pid = fork();
	if (*pid == 0) {
		int fd = accept(listener, NULL, NULL);

		peer(fd);
		_exit(0);
	}
	return dbus_connect(bus, address.sun_path);
}

static void part(struct dbus *bus, pid_t pid)
{
	int status;

	dbus_close(bus);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static const struct dbus_method method = { "a.b", "/a/b", "a.b.C", "Do", "s" };

static int call(struct dbus *bus, struct dbus_message *reply)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct dbus_body body = { .arena = &arena };

	dbus_put_string(&body, "argument");
	return dbus_call(bus, &method, &body, reply);
}

/* --- tests ------------------------------------------------------------------------------------------------------------ */

static void peer_that_answers(int fd)
{
	welcome(fd);
	uint32_t serial = hear_call(fd);

	/* A signal and somebody else's reply come first. */
	say_message(fd, (struct reply){ .type = DBUS_SIGNAL, .member = "JobNew", .signature = "s", .text = "x" });
	say_message(fd, (struct reply){ .type = DBUS_RETURN, .serial = serial + 7, .signature = "s", .text = "not yours" });
	say_message(fd, (struct reply){ .type = DBUS_RETURN, .serial = serial, .signature = "s", .text = "yours" });
	say_message(fd, (struct reply){ .type = DBUS_SIGNAL, .member = "JobRemoved", .signature = "s", .text = "late" });
	serial = hear_call(fd);
	say_message(fd, (struct reply){ .type = DBUS_ERROR,
					.serial = serial,
					.error = "org.freedesktop.systemd1.NoSuchUnit",
					.signature = "s",
					.text = "Unit x not loaded." });
}

static void calls_and_receives(void **state)
{
	_cleanup_dbus_ struct dbus bus;
	struct dbus_message message;
	pid_t pid;

	(void)state;
	assert_int_equal(meet(&bus, peer_that_answers, &pid), 0);
	assert_int_equal(call(&bus, &message), 0);
	assert_string_equal(message.signature, "s");
	assert_string_equal(dbus_get_string(&message.body), "yours");
	assert_false(message.body.broken);
	assert_string_equal(dbus_get_string(&message.body), "");
	assert_true(message.body.broken);
	assert_int_equal(dbus_receive(&bus, &message), 0);
	assert_int_equal(message.type, DBUS_SIGNAL);
	assert_string_equal(message.member, "JobRemoved");
	assert_int_equal(call(&bus, &message), -ENOENT);
	assert_non_null(strstr(error_record()->text, "Do: Unit x not loaded."));
	assert_int_equal(dbus_receive(&bus, &message), -ECONNRESET);
	part(&bus, pid);
}

static void peer_that_rejects(int fd)
{
	char text[64];

	(void)!recv(fd, text, sizeof text, 0);
	say(fd, "REJECTED EXTERNAL\r\n", 19);
}

static void peer_that_leaves(int fd)
{
	char text[64];

	(void)!recv(fd, text, sizeof text, 0);
}

static void peer_that_babbles(int fd)
{
	char text[64];

	(void)!recv(fd, text, sizeof text, 0);
	for (int i = 0; i < 100; i++)
		if (send(fd, "babble babble\r\n", 15, MSG_NOSIGNAL) < 0)
			break;
}

static void refused_connections(void **state)
{
	static const struct {
		void (*peer)(int fd);
		int result;
	} cases[] = { { peer_that_rejects, -EACCES }, { peer_that_leaves, -ECONNRESET }, { peer_that_babbles, -EBADMSG } };
	struct dbus bus;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(meet(&bus, cases[i].peer, &pid), cases[i].result);
		assert_int_equal(bus.fd, -1);
		part(&bus, pid);
	}
	unlink(address.sun_path);
	assert_int_equal(dbus_connect(&bus, address.sun_path), -ENOENT);
	assert_non_null(strstr(error_record()->text, address.sun_path));
}

static struct reply bad;

static void peer_with_bad_manners(int fd)
{
	welcome(fd);
	bad.serial = hear_call(fd);
	say_message(fd, bad);
}

static void broken_messages(void **state)
{
	static const struct reply cases[] = {
		{ .type = DBUS_RETURN, .version = 2 },
		{ .type = DBUS_RETURN, .endian = NATIVE == 'l' ? 'B' : 'l' },
		{ .type = DBUS_RETURN, .odd_field = true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dbus_message message;
		struct dbus bus;
		pid_t pid;

		bad = cases[i];
		assert_int_equal(meet(&bus, peer_with_bad_manners, &pid), 0);
		assert_int_equal(call(&bus, &message), -EBADMSG);
		part(&bus, pid);
	}
}

static void lengths_that_lie(void **state)
{
	static const uint32_t claims[] = { 6, 7, 4, 0x7fffffff, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
		struct dbus_message message;
		struct dbus bus;
		pid_t pid;

		bad = (struct reply){ .type = DBUS_RETURN, .signature = "s", .text = "12345", .claim = claims[i] };
		assert_int_equal(meet(&bus, peer_with_bad_manners, &pid), 0);
		assert_int_equal(call(&bus, &message), 0);
		assert_string_equal(dbus_get_string(&message.body), "");
		assert_true(message.body.broken);
		part(&bus, pid);
	}
}

static void peer_with_a_huge_header(int fd)
{
	uint8_t fixed[16] = { NATIVE, DBUS_RETURN, 0, 1 };

	welcome(fd);
	hear_call(fd);
	memset(fixed + 12, 0xff, 4);
	say(fd, fixed, sizeof fixed);
}

static void peer_that_stops_half_way(int fd)
{
	uint8_t fixed[16] = { NATIVE, DBUS_RETURN, 0, 1, 9 };

	welcome(fd);
	hear_call(fd);
	say(fd, fixed, sizeof fixed);
}

static void truncated_and_oversized(void **state)
{
	struct dbus_message message;
	struct dbus bus;
	pid_t pid;

	(void)state;
	assert_int_equal(meet(&bus, peer_with_a_huge_header, &pid), 0);
	assert_int_equal(call(&bus, &message), -EBADMSG);
	part(&bus, pid);
	assert_int_equal(meet(&bus, peer_that_stops_half_way, &pid), 0);
	assert_int_equal(call(&bus, &message), -ECONNRESET);
	part(&bus, pid);
}

/* Values at the places that the specification gives them. */
static void layout(void **state)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct dbus_body body = { .arena = &arena };
	static const uint8_t expected[] = {
		7,  0, 0, 0, 2,   0,   0, 0, 'h', 'i', 0, 1, 's', 0, 0, 0, /* byte, string, signature, padding */
		1,  2, 3, 4, 0,   0,   0, 0,                               /* uint64 at 16 */
		12, 0, 0, 0, 0,   0,   0, 0, /* array of structures: length without the padding to 8 */
		2,  0, 0, 0, 'a', 'b', 0, 0, 9,   0,   0, 0,
	};

	(void)state;
	if (NATIVE == BIG_ENDIAN_MARK)
		skip();
	dbus_put_byte(&body, 7);
	dbus_put_string(&body, "hi");
	dbus_put_signature(&body, "s");
	dbus_put_u64(&body, 0x04030201);
	struct dbus_array array = dbus_begin_array(&body, 8);

	dbus_align(&body, 8);
	dbus_put_string(&body, "ab");
	dbus_put_u32(&body, 9);
	dbus_end_array(&body, array);
	assert_int_equal(body.used, sizeof expected);
	assert_memory_equal(body.data, expected, sizeof expected);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(address.sun_path);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_and_receives),      cmocka_unit_test(refused_connections),
		cmocka_unit_test(broken_messages),         cmocka_unit_test(lengths_that_lie),
		cmocka_unit_test(truncated_and_oversized), cmocka_unit_test(layout),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
