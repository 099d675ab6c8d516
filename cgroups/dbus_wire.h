/* D-Bus values in memory (D-Bus Specification, "Marshaling"), in the machine's byte order. Pure. */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- values out: the body of a message, or a part of it --- */

struct dbus_body {
	struct arena *arena;
	uint8_t *data;
	size_t used, room;
};

struct dbus_array {
	size_t length_at, begin;
};

void dbus_put_byte(struct dbus_body *body, uint8_t value);
void dbus_put_u16(struct dbus_body *body, uint16_t value);
void dbus_put_u32(struct dbus_body *body, uint32_t value);      /* also int32 and boolean */
void dbus_put_u64(struct dbus_body *body, uint64_t value);      /* also int64 and double */
void dbus_put_string(struct dbus_body *body, const char *text); /* also object path */
void dbus_put_signature(struct dbus_body *body, const char *signature);
void dbus_put_bytes(struct dbus_body *body, const void *data, size_t size);
/* Zeros up to a multiple of alignment; 8 is where a structure begins. */
void dbus_align(struct dbus_body *body, size_t alignment);
/* alignment is that of the elements: 1, 2, 4 (also strings) or 8 (also structures). */
struct dbus_array dbus_begin_array(struct dbus_body *body, size_t alignment);
void dbus_end_array(struct dbus_body *body, struct dbus_array array);

/* --- values in --- */

struct dbus_reader {
	const uint8_t *data;
	size_t size, at;
	bool broken; /* something did not fit; what was read since then is empty */
};

uint8_t dbus_get_byte(struct dbus_reader *reader);
uint32_t dbus_get_u32(struct dbus_reader *reader);
const char *dbus_get_string(struct dbus_reader *reader);
const char *dbus_get_signature(struct dbus_reader *reader);
void dbus_skip_padding(struct dbus_reader *reader, size_t alignment);
