#include "cgroups/dbus_wire.h"

#include <string.h>

void dbus_put_bytes(struct dbus_body *body, const void *data, size_t size)
{
	if (size == 0)
		return;
	if (body->room - body->used < size) {
		size_t room = 2 * (body->used + size) + 256;
		uint8_t *grown = arena_alloc(body->arena, room);

		if (body->used > 0)
			memcpy(grown, body->data, body->used);
		body->data = grown;
		body->room = room;
	}
	memcpy(body->data + body->used, data, size);
	body->used += size;
}

void dbus_align(struct dbus_body *body, size_t alignment)
{
	static const uint8_t zeros[8];

	dbus_put_bytes(body, zeros, -body->used & (alignment - 1));
}

static void put_aligned(struct dbus_body *body, const void *data, size_t size)
{
	dbus_align(body, size);
	dbus_put_bytes(body, data, size);
}

void dbus_put_byte(struct dbus_body *body, uint8_t value)
{
	dbus_put_bytes(body, &value, 1);
}

void dbus_put_u16(struct dbus_body *body, uint16_t value)
{
	put_aligned(body, &value, sizeof value);
}

void dbus_put_u32(struct dbus_body *body, uint32_t value)
{
	put_aligned(body, &value, sizeof value);
}

void dbus_put_u64(struct dbus_body *body, uint64_t value)
{
	put_aligned(body, &value, sizeof value);
}

void dbus_put_string(struct dbus_body *body, const char *text)
{
	size_t length = strlen(text);

	dbus_put_u32(body, (uint32_t)length);
	dbus_put_bytes(body, text, length + 1);
}

void dbus_put_signature(struct dbus_body *body, const char *signature)
{
	size_t length = strlen(signature);

	dbus_put_byte(body, (uint8_t)length);
	dbus_put_bytes(body, signature, length + 1);
}

struct dbus_array dbus_begin_array(struct dbus_body *body, size_t alignment)
{
	struct dbus_array array;

	dbus_put_u32(body, 0);
	array.length_at = body->used - 4;
	dbus_align(body, alignment);
	array.begin = body->used;
	return array;
}

void dbus_end_array(struct dbus_body *body, struct dbus_array array)
{
	uint32_t length = (uint32_t)(body->used - array.begin);

	memcpy(body->data + array.length_at, &length, sizeof length);
}

/* --- in --------------------------------------------------------------------------------------------------------------- */

/* The next size bytes, at a multiple of alignment; NULL when there are not as many. */
static const uint8_t *take(struct dbus_reader *reader, size_t size, size_t alignment)
{
	size_t at = reader->at + (-reader->at & (alignment - 1));

	if (reader->broken || at > reader->size || reader->size - at < size) {
		reader->broken = true;
		return NULL;
	}
	reader->at = at + size;
	return reader->data + at;
}

uint8_t dbus_get_byte(struct dbus_reader *reader)
{
	const uint8_t *data = take(reader, 1, 1);

	return data ? *data : 0;
}

uint32_t dbus_get_u32(struct dbus_reader *reader)
{
	const uint8_t *data = take(reader, 4, 4);
	uint32_t value = 0;

	if (data)
		memcpy(&value, data, sizeof value);
	return value;
}

/* length bytes and a NUL, with no other NUL before it. */
static const char *get_text(struct dbus_reader *reader, size_t length)
{
	const char *text = (const char *)take(reader, length + 1, 1);

	if (text && strnlen(text, length + 1) == length)
		return text;
	reader->broken = true;
	return "";
}

const char *dbus_get_string(struct dbus_reader *reader)
{
	uint32_t length = dbus_get_u32(reader);

	return reader->broken ? "" : get_text(reader, length);
}

const char *dbus_get_signature(struct dbus_reader *reader)
{
	uint8_t length = dbus_get_byte(reader);

	return reader->broken ? "" : get_text(reader, length);
}

void dbus_skip_padding(struct dbus_reader *reader, size_t alignment)
{
	take(reader, 0, alignment);
}
