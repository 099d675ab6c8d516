/* yajl's events to frames; the frames' values and keys are the business of decode_value.c and decode_key.c. */
#include "base/error.h"
#include "oci/decoder.h"
#include "oci/show.h"
#include "oci/utf8.h"
#include "oci/yajl_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

static struct frame *enter(struct decoder *d, enum frame_type type, const struct field *field, unsigned char *target)
{
	if (d->depth == SPEC_MAX_DEPTH) {
		decoder_refuse_value(d, "nested deeper than %d levels", SPEC_MAX_DEPTH);
		return NULL;
	}
	struct frame *frame = &d->frames[d->depth++];

	frame->type = type;
	frame->field = field;
	frame->target = target;
	frame->seen = frame->present = frame->next = 0;
	frame->key = NULL;
	frame->index = 0;
	frame->elements = d->elements.used;
	frame->keys = d->keys.used;
	return frame;
}

static int enter_object(struct decoder *d, const struct table *table, unsigned char *target)
{
	struct frame *frame = enter(d, FRAME_OBJECT, NULL, target);

	if (!frame)
		return d->error;
	if (!target) {
		memset(frame->element, 0, table->size);
		frame->target = frame->element;
	}
	frame->table = table;
	if (table->has_set)
		*(bool *)(frame->target + table->set_offset) = true;
	return 0;
}

/* The value of a known property starts with "{". */
static int enter_property_object(struct decoder *d, struct frame *parent)
{
	const struct field *field = parent->field;
	const struct value value = { .type = VALUE_OBJECT };

	parent->present |= UINT32_C(1) << (field - parent->table->fields);
	switch (field->kind) {
	case KIND_OBJECT:
		if (!(field->flags & FIELD_DISCARD))
			return enter_object(d, field->table, parent->target + field->offset);
		*(bool *)(parent->target + field->offset) = true;
		return enter_object(d, field->table, NULL);
	case KIND_STRING_MAP:
	case KIND_OBJECT_MAP:
		return enter(d, FRAME_MAP, field, parent->target) ? 0 : d->error;
	case KIND_ANY_OBJECT:
		return enter(d, FRAME_SKIP_OBJECT, NULL, NULL) ? 0 : d->error;
	default:
		return decoder_refuse_type(d, field, &value, false);
	}
}

static int enter_element_object(struct decoder *d, struct frame *parent)
{
	const struct value value = { .type = VALUE_OBJECT };
	const struct field *field = parent->field;

	if (field->kind != KIND_OBJECTS && field->kind != KIND_OBJECT_MAP)
		return decoder_refuse_type(d, field, &value, true);

	int r = decoder_check_count(d, parent);

	if (r < 0)
		return r;
	r = enter_object(d, field->table, NULL);
	if (r >= 0 && field->kind == KIND_OBJECT_MAP)
		*(char **)(void *)d->frames[d->depth - 1].element = decoder_keep(d, parent->key, parent->key_length);
	return r;
}

static int on_start_object(void *context)
{
	struct decoder *d = context;

	if (d->depth == 0)
		return enter_object(d, d->root, d->object) >= 0;

	struct frame *parent = &d->frames[d->depth - 1];

	if (parent->type == FRAME_OBJECT && parent->field)
		return enter_property_object(d, parent) >= 0;
	if (parent->type == FRAME_ARRAY || parent->type == FRAME_MAP)
		return enter_element_object(d, parent) >= 0;
	return enter(d, FRAME_SKIP_OBJECT, NULL, NULL) != NULL;
}

static int on_start_array(void *context)
{
	struct decoder *d = context;
	const struct value value = { .type = VALUE_ARRAY };

	if (d->depth == 0)
		return decoder_take_value(d, &value) >= 0;

	struct frame *parent = &d->frames[d->depth - 1];

	if (parent->type == FRAME_ARRAY || parent->type == FRAME_MAP)
		return decoder_take_value(d, &value) >= 0;
	if (parent->type != FRAME_OBJECT || !parent->field)
		return enter(d, FRAME_SKIP_ARRAY, NULL, NULL) != NULL;

	const struct field *field = parent->field;
	bool array = field->kind == KIND_STRINGS || field->kind == KIND_NAME_BITS || field->kind == KIND_UINT32S ||
	             field->kind == KIND_OBJECTS;

	if (!array)
		return decoder_refuse_type(d, field, &value, false) >= 0;
	parent->present |= UINT32_C(1) << (field - parent->table->fields);
	return enter(d, FRAME_ARRAY, field, parent->target) != NULL;
}

/* The object on top is an element of parent: hand it over. */
static int store_element(struct decoder *d, struct frame *parent, const struct frame *frame)
{
	const struct field *field = parent->field;
	int r = 0;

	if (field->collect)
		r = field->collect(d, parent->target, frame->element);
	else
		stack_push(&d->elements, frame->element, frame->table->size);
	parent->index++;
	return r;
}

static int leave_object(struct decoder *d, struct frame *frame)
{
	int r = frame->table->finish ? frame->table->finish(d, frame->target) : 0;

	if (r >= 0 && d->depth > 1 && frame[-1].type != FRAME_OBJECT)
		r = store_element(d, &frame[-1], frame);
	d->depth--;
	return r;
}

static int on_end_object(void *context)
{
	struct decoder *d = context;
	struct frame *frame = &d->frames[d->depth - 1];

	if (decoder_check_keys(d, frame) < 0)
		return 0;
	if (frame->type == FRAME_OBJECT)
		return leave_object(d, frame) >= 0;
	if (frame->type == FRAME_MAP)
		decoder_store_elements(d, frame);
	d->depth--;
	if (d->depth > 0 && d->frames[d->depth - 1].type == FRAME_SKIP_ARRAY)
		d->frames[d->depth - 1].index++;
	return 1;
}

static int on_end_array(void *context)
{
	struct decoder *d = context;
	struct frame *frame = &d->frames[--d->depth];

	if (frame->type == FRAME_ARRAY)
		decoder_store_elements(d, frame);
	else if (d->frames[d->depth - 1].type == FRAME_SKIP_ARRAY)
		d->frames[d->depth - 1].index++;
	return 1;
}

static int on_key(void *context, const unsigned char *text, size_t length)
{
	return decoder_take_key(context, (const char *)text, length) >= 0;
}

static int on_null(void *context)
{
	return decoder_take_value(context, &(struct value){ .type = VALUE_NULL }) >= 0;
}

static int on_bool(void *context, int boolean)
{
	return decoder_take_value(context, &(struct value){ .type = VALUE_BOOL, .boolean = boolean != 0 }) >= 0;
}

static int on_number(void *context, const char *text, size_t length)
{
	return decoder_take_value(context, &(struct value){ .type = VALUE_NUMBER, .text = text, .length = length }) >= 0;
}

static int on_string(void *context, const unsigned char *text, size_t length)
{
	const struct value value = { .type = VALUE_STRING, .text = (const char *)text, .length = length };

	return decoder_take_value(context, &value) >= 0;
}

bool decoder_has(const struct decoder *d, const char *key)
{
	const struct frame *frame = &d->frames[d->depth - 1];

	for (size_t i = 0; i < frame->table->count; i++)
		if (strcmp(frame->table->fields[i].name, key) == 0)
			return frame->present & UINT32_C(1) << i;
	return false;
}

/* consumed: bytes up to the end of what could not be read. */
static int refuse_syntax(struct decoder *d, yajl_handle parser, size_t consumed)
{
	unsigned char *text = yajl_get_error(parser, 0, NULL, 0);
	struct place place = text_place(d->text, consumed ? consumed - 1 : 0);
	struct path path = decoder_path(d);
	bool inside = path.text[1];
	int r = refuse(EINVAL, "not valid JSON: line %zu, column %zu%s%s: %.*s", place.line, place.column,
	               inside ? ", after " : "", inside ? path.text : "", (int)strcspn((const char *)text, "\n"),
	               (const char *)text);

	yajl_free_error(parser, text);
	return r;
}

static int run(struct decoder *d, struct arena *scratch)
{
	static const yajl_callbacks callbacks = {
		.yajl_null = on_null,
		.yajl_boolean = on_bool,
		.yajl_number = on_number,
		.yajl_string = on_string,
		.yajl_start_map = on_start_object,
		.yajl_map_key = on_key,
		.yajl_end_map = on_end_object,
		.yajl_start_array = on_start_array,
		.yajl_end_array = on_end_array,
	};
	yajl_alloc_funcs memory = yajl_memory(scratch);
	yajl_handle parser = yajl_alloc(&callbacks, &memory, d);

	yajl_config(parser, yajl_allow_comments, 0);
	yajl_config(parser, yajl_dont_validate_strings, 1);  /* utf8_check() is stricter and has been there */

	yajl_status status = yajl_parse(parser, (const unsigned char *)d->text, d->size);
	size_t consumed = yajl_get_bytes_consumed(parser);
	int r = 0;

	if (status == yajl_status_ok) {
		status = yajl_complete_parse(parser);
		consumed = d->size;
	}
	if (status == yajl_status_client_canceled)
		r = d->error;
	else if (status != yajl_status_ok)
		r = refuse_syntax(d, parser, consumed);

	yajl_free(parser);
	return r;
}

int decode(struct arena *arena, const struct table *table, void *object, char *text, size_t size)
{
	struct arena _cleanup_arena_ scratch = arena_within(arena);
	struct decoder *d = arena_reserve(&scratch, sizeof *d);

	d->arena = arena;
	d->text = text;
	d->size = size;
	d->root = table;
	d->object = object;
	d->elements = d->keys = (struct stack){ .arena = &scratch };
	d->error = 0;
	d->depth = 0;

	int r = utf8_check(text, size);

	return r < 0 ? r : run(d, &scratch);
}
