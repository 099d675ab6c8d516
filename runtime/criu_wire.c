#include "runtime/criu_wire.h"

#include <errno.h>
#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

#define VARINT_MAX 10 /* bytes of a 64-bit number, seven bits in each */
#define FIELD_MAX 0x1FFFFFFFU

/* --- write ------------------------------------------------------------------------------------------------------------ */

static void put(struct wire *wire, const void *data, size_t size)
{
	if (wire->room - wire->size < size) {
		size_t room = wire->room * 2 + size + 64;
		uint8_t *larger = arena_alloc(wire->arena, room);

		if (wire->size > 0)
			memcpy(larger, wire->data, wire->size);
		wire->data = larger;
		wire->room = room;
	}
	if (size > 0)
		memcpy(wire->data + wire->size, data, size);
	wire->size += size;
}

static void put_varint(struct wire *wire, uint64_t value)
{
	uint8_t bytes[VARINT_MAX];
	size_t n = 0;

	for (; value > 0x7f; value >>= 7)
		bytes[n++] = (uint8_t)(value | 0x80);
	bytes[n++] = (uint8_t)value;
	put(wire, bytes, n);
}

static void put_bytes(struct wire *wire, unsigned field, const void *data, size_t size)
{
	put_varint(wire, (uint64_t)field << 3 | WIRE_BYTES);
	put_varint(wire, size);
	put(wire, data, size);
}

void wire_put_number(struct wire *wire, unsigned field, int64_t value)
{
	put_varint(wire, (uint64_t)field << 3 | WIRE_VARINT);
	put_varint(wire, (uint64_t)value);
}

void wire_put_text(struct wire *wire, unsigned field, const char *text)
{
	put_bytes(wire, field, text, strlen(text));
}

void wire_put_message(struct wire *wire, unsigned field, const struct wire *message)
{
	put_bytes(wire, field, message->data, message->size);
}

/* --- read ------------------------------------------------------------------------------------------------------------- */

static int take_varint(struct wire_input *input, uint64_t *value)
{
	*value = 0;
	for (unsigned n = 0; n < VARINT_MAX && n < input->size; n++) {
		uint8_t byte = input->data[n];

		/* Of the tenth byte only one bit belongs to a 64-bit number. */
		if (n == VARINT_MAX - 1 && byte > 1)
			return -EBADMSG;
		*value |= (uint64_t)(byte & 0x7f) << (7 * n);
		if (!(byte & 0x80)) {
			input->data += n + 1;
			input->size -= n + 1;
			return 0;
		}
	}
	return -EBADMSG;
}

static int take_bytes(struct wire_input *input, uint64_t size, struct wire_input *bytes)
{
	if (size > input->size)
		return -EBADMSG;
	*bytes = (struct wire_input){ input->data, (size_t)size };
	input->data += size;
	input->size -= (size_t)size;
	return 0;
}

static int take_fixed(struct wire_input *input, size_t size, uint64_t *value)
{
	struct wire_input bytes;
	int r = take_bytes(input, size, &bytes);

	*value = 0;
	for (size_t i = 0; r == 0 && i < size; i++)
		*value |= (uint64_t)bytes.data[i] << (8 * i);
	return r;
}

static int take_delimited(struct wire_input *input, struct wire_field *field)
{
	uint64_t size;
	int r = take_varint(input, &size);

	field->is_bytes = true;
	return r < 0 ? r : take_bytes(input, size, &field->bytes);
}

int wire_next(struct wire_input *input, struct wire_field *field)
{
	uint64_t key;

	if (input->size == 0)
		return 0;
	int r = take_varint(input, &key);

	if (r < 0 || key >> 3 == 0 || key >> 3 > FIELD_MAX)
		return -EBADMSG;
	*field = (struct wire_field){ .number = (unsigned)(key >> 3) };
	switch ((enum wire_type)(key & 7)) {
	case WIRE_VARINT:
		r = take_varint(input, &field->value);
		break;
	case WIRE_FIXED64:
		r = take_fixed(input, 8, &field->value);
		break;
	case WIRE_FIXED32:
		r = take_fixed(input, 4, &field->value);
		break;
	case WIRE_BYTES:
		r = take_delimited(input, field);
		break;
	default:
		r = -EBADMSG;
	}
	return r < 0 ? r : 1;
}

char *wire_text(const struct wire_input *bytes, struct arena *arena)
{
	char *text = arena_alloc(arena, bytes->size + 1);

	for (size_t i = 0; i < bytes->size; i++)
		text[i] = bytes->data[i] < ' ' || bytes->data[i] == 0x7f ? '?' : (char)bytes->data[i];
	return text;
}
