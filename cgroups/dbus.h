/*
 * A D-Bus client of our own, as much of it as talking to systemd takes: method calls with their replies, and signals, over a
 * Unix socket, in the machine's byte order. D-Bus Specification, "Message Protocol" and "Authentication Protocol".
 *
 * Why not sd-bus: libsystemd has no static library, so it would cost every user of berth the dynamic linker (ten times our
 * start-up), or take a helper program that has to be found, trusted and kept in step with berth. What is needed is five
 * method calls and one signal, of a protocol that has not changed since 2006, spoken to one peer that is already trusted with
 * every cgroup. Everything that is read is checked for bounds all the same.
 */
#pragma once

#include "cgroups/dbus_wire.h"

enum dbus_type { DBUS_CALL = 1, DBUS_RETURN = 2, DBUS_ERROR = 3, DBUS_SIGNAL = 4 };

struct dbus_message {
	enum dbus_type type;
	uint32_t reply_serial;
	const char *member, *error, *signature; /* "" where absent */
	struct dbus_reader body;
};

struct dbus {
	int fd;
	uint32_t serial;
	struct arena arena; /* of the message that was received last */
};

struct dbus_method {
	const char *destination, *path, *interface, *member;
	const char *signature; /* of the body; "" without one */
};

/* Connect to the socket at path and authenticate as the caller. -errno with the record filled. */
int dbus_connect(struct dbus *bus, const char *path);
void dbus_close(struct dbus *bus);
#define _cleanup_dbus_ __attribute__((cleanup(dbus_close)))

/*
 * Call and wait for the reply, which is valid until the next message; other messages that arrive meanwhile are dropped. An
 * error reply becomes an errno value, with the peer's words in the record: -EEXIST and -ENOENT for units that exist or do
 * not, -EACCES, -EINVAL, -EIO for all others.
 */
int dbus_call(struct dbus *bus, const struct dbus_method *method, const struct dbus_body *body, struct dbus_message *reply);

/* The next message, whatever it is. -ETIMEDOUT after half a minute of silence. */
int dbus_receive(struct dbus *bus, struct dbus_message *message);
