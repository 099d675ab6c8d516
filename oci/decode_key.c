/* Keys: which field a key names, and that no key comes twice. */
#include "oci/decoder.h"

#include <stdlib.h>
#include <string.h>

static int compare_keys(const void *left, const void *right)
{
	const struct key *a = left, *b = right;

	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return memcmp(a->text, b->text, a->length);
}

/* Keys that no table knows are compared at the end of their object, sorted, so that many of them do not cost the square. */
static int check_free_keys(struct decoder *d, struct frame *frame)
{
	size_t count = (d->keys.used - frame->keys) / sizeof(struct key);

	if (count == 0)
		return 0;

	struct key *keys = (struct key *)(void *)(d->keys.data + frame->keys);

	qsort(keys, count, sizeof *keys, compare_keys);
	for (size_t i = 1; i < count; i++) {
		if (compare_keys(&keys[i - 1], &keys[i]) != 0)
			continue;
		frame->key = keys[i].text;
		frame->key_length = keys[i].length;
		return decoder_refuse_value(d, "given twice");
	}
	d->keys.used = frame->keys;
	return 0;
}

/* Writers keep the order of the specification, so the search starts behind the last key found. */
static const struct field *find_field(struct frame *frame, const char *text, size_t length)
{
	const struct table *table = frame->table;
	uint32_t at = frame->next;

	for (uint32_t i = 0; i < table->count; i++, at++) {
		if (at >= table->count)
			at = 0;

		const struct field *field = &table->fields[at];

		if (field->length == length && memcmp(field->name, text, length) == 0) {
			frame->next = at + 1;
			return field;
		}
	}
	return NULL;
}

static int take_known_key(struct decoder *d, struct frame *frame, const struct field *field)
{
	uint32_t bit = UINT32_C(1) << (field - frame->table->fields);

	frame->key = field->name;
	frame->key_length = field->length;
	if (frame->seen & bit)
		return decoder_refuse_value(d, "given twice");
	frame->seen |= bit;
	return 0;
}

int decoder_take_key(struct decoder *d, const char *text, size_t length)
{
	struct frame *frame = &d->frames[d->depth - 1];

	if (frame->type == FRAME_OBJECT) {
		frame->field = find_field(frame, text, length);
		if (frame->field)
			return take_known_key(d, frame, frame->field);
	}
	frame->key = decoder_keep(d, text, length);
	frame->key_length = length;
	if (decoder_has_nul(d, text, length))
		return decoder_refuse_value(d, "a key must not contain NUL");
	if (frame->type == FRAME_OBJECT && frame->table->unknown)
		return decoder_refuse_value(d, "%s", frame->table->unknown);

	struct key key = { frame->key, length };

	stack_push(&d->keys, &key, sizeof key);
	return 0;
}

static int check_required(struct decoder *d, const struct frame *frame)
{
	for (size_t i = 0; i < frame->table->count; i++) {
		const struct field *field = &frame->table->fields[i];

		if (field->flags & FIELD_REQUIRED && !(frame->present & UINT32_C(1) << i))
			return decoder_refuse(d, field->name, "missing, but required");
	}
	return 0;
}

int decoder_check_keys(struct decoder *d, struct frame *frame)
{
	int r = check_free_keys(d, frame);

	return r < 0 || frame->type != FRAME_OBJECT ? r : check_required(d, frame);
}
