/*
 * The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), as far as criu's messages have it: varints
 * and length-delimited fields. Pure; what is read may be anything.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* A message that grows in its arena. */
struct wire {
	struct arena *arena;
	uint8_t *data;
	size_t size, room;
};

/* A number of any integer or boolean type; a negative one has ten bytes. */
void wire_put_number(struct wire *wire, unsigned field, int64_t value);
void wire_put_text(struct wire *wire, unsigned field, const char *text);
void wire_put_message(struct wire *wire, unsigned field, const struct wire *message);

/* What is left of a message that was received. */
struct wire_input {
	const uint8_t *data;
	size_t size;
};

struct wire_field {
	unsigned number;
	bool is_bytes;            /* bytes; else value */
	uint64_t value;           /* fixed-size fields have theirs here, too */
	struct wire_input bytes;  /* within the input */
};

/* Take the next field. 1; 0 at the end; -EBADMSG for what is no message (record untouched). */
int wire_next(struct wire_input *input, struct wire_field *field);

/* The bytes as a string in arena; what cannot be in one line of text becomes "?". */
char *wire_text(const struct wire_input *bytes, struct arena *arena);
