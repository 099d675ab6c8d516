/* Values: what a scalar is stored as, alone or as an element of an array or of an object with free keys. */
#include "base/error.h"
#include "oci/decoder.h"
#include "oci/show.h"

#include <string.h>

/* More elements than any list needs; it bounds what a document of SPEC_MAX_SIZE can make of itself in memory. */
#define MAX_ELEMENTS 65536

void stack_push(struct stack *stack, const void *data, size_t size)
{
	if (stack->size - stack->used < size) {
		stack->size = stack->size ? 2 * stack->size : 1024;
		unsigned char *grown = arena_array(stack->arena, 1, stack->size);

		if (stack->used)
			memcpy(grown, stack->data, stack->used);
		stack->data = grown;
	}
	memcpy(stack->data + stack->used, data, size);
	stack->used += size;
}

/* Append to strings that are not the last thing in the arena. */
static void strings_append(struct arena *arena, struct strings *strings, char *item)
{
	/* Room doubles at powers of two, so that many appends do not fill the arena. */
	if ((strings->count & (strings->count + 1)) == 0) {
		char **grown = arena_array(arena, 2 * (strings->count + 1), sizeof *grown);

		if (strings->count)
			memcpy(grown, strings->items, strings->count * sizeof *grown);
		strings->items = grown;
	}
	strings->items[strings->count++] = item;
	strings->set = true;
}

static bool in_document(const struct decoder *d, const char *text)
{
	return (uintptr_t)text - (uintptr_t)d->text < d->size;
}

/* Only an escape can hide a NUL; strings with escapes are those that are not in the document. */
bool decoder_has_nul(const struct decoder *d, const char *text, size_t length)
{
	return !in_document(d, text) && memchr(text, 0, length);
}

/*
 * The string as a C string. yajl gives strings without escapes as pointers into the document: what follows them there is their
 * closing quote, already read, and becomes the terminator. Others lie in yajl's buffer and are copied.
 */
char *decoder_keep(struct decoder *d, const char *text, size_t length)
{
	if (!in_document(d, text))
		return arena_strndup(d->arena, text, length);

	char *start = d->text + ((uintptr_t)text - (uintptr_t)d->text);

	start[length] = '\0';
	return start;
}

/* Digits only: 1.0 and 1e3 are not integers here, as they are not for the Go runtimes. */
static bool parse_integer(const struct value *value, bool *negative, uint64_t *magnitude)
{
	size_t i = 0;

	*negative = value->text[0] == '-';
	*magnitude = 0;
	for (i = *negative; i < value->length; i++) {
		unsigned digit = (unsigned char)value->text[i] - (unsigned)'0';

		if (digit > 9 || __builtin_mul_overflow(*magnitude, 10, magnitude) ||
		    __builtin_add_overflow(*magnitude, digit, magnitude))
			return false;
	}
	return true;
}

static bool in_range(const struct field *field, bool negative, uint64_t magnitude)
{
	if (negative)
		return magnitude == 0 ? field->min <= 0 : field->min < 0 && magnitude <= 0 - (uint64_t)field->min;
	return magnitude <= field->max && (field->min <= 0 || magnitude >= (uint64_t)field->min);
}

static int store_integer(struct decoder *d, const struct field *field, const struct value *value, void *member, bool element)
{
	bool negative;
	uint64_t magnitude;

	if (value->type != VALUE_NUMBER || !parse_integer(value, &negative, &magnitude))
		return decoder_refuse_type(d, field, value, element);
	if (!in_range(field, negative, magnitude))
		return decoder_refuse_type(d, field, value, element);

	uint64_t bits = negative ? 0 - magnitude : magnitude;

	switch (field->kind) {
	case KIND_INT32:
		*(int32_t *)member = (int32_t)bits;
		break;
	case KIND_UINT32:
	case KIND_UINT32S:
		*(uint32_t *)member = (uint32_t)bits;
		break;
	case KIND_INT64:
		*(int64_t *)member = (int64_t)bits;
		break;
	case KIND_UINT64:
		*(uint64_t *)member = bits;
		break;
	case KIND_OPT_INT64:
		*(struct opt_i64 *)member = (struct opt_i64){ true, (int64_t)bits };
		break;
	default:
		*(struct opt_u64 *)member = (struct opt_u64){ true, bits };
	}
	return 0;
}

static int store_bool(struct decoder *d, const struct field *field, const struct value *value, void *member)
{
	if (value->type != VALUE_BOOL)
		return decoder_refuse_type(d, field, value, false);
	if (field->kind == KIND_BOOL)
		*(bool *)member = value->boolean;
	else
		*(struct opt_bool *)member = (struct opt_bool){ true, value->boolean };
	return 0;
}

static void store_name(const struct field *field, void *member, uint64_t value)
{
	if (field->width == sizeof(uint32_t))
		*(uint32_t *)member |= (uint32_t)value;
	else
		*(uint64_t *)member |= value;
}

static int store_string(struct decoder *d, const struct field *field, const struct value *value, void *member)
{
	if (value->type != VALUE_STRING)
		return decoder_refuse_type(d, field, value, false);
	if (field->kind == KIND_NAME) {
		const struct name *name = names_find(field->names, value->text, value->length);

		if (!name)
			return decoder_refuse_type(d, field, value, false);
		store_name(field, member, name->value);
		return 0;
	}
	if (field->flags & FIELD_EMPTY_IS_ABSENT && value->length == 0)
		return 0;

	char *text = decoder_keep(d, value->text, value->length);

	if (field->kind == KIND_STRING)
		*(char **)member = text;
	else if (!field->convert(d->arena, member, text))
		return decoder_refuse_type(d, field, value, false);
	return 0;
}

static int store_property(struct decoder *d, struct frame *frame, const struct value *value)
{
	const struct field *field = frame->field;
	void *member = frame->target + field->offset;

	if (value->type == VALUE_NULL)
		return 0;
	frame->present |= UINT32_C(1) << (field - frame->table->fields);
	switch (field->kind) {
	case KIND_BOOL:
	case KIND_OPT_BOOL:
		return store_bool(d, field, value, member);
	case KIND_INT32:
	case KIND_UINT32:
	case KIND_INT64:
	case KIND_UINT64:
	case KIND_OPT_INT64:
	case KIND_OPT_UINT64:
		return store_integer(d, field, value, member, false);
	case KIND_STRING:
	case KIND_NAME:
	case KIND_TEXT:
		return store_string(d, field, value, member);
	default:
		return decoder_refuse_type(d, field, value, false);
	}
}

/* --- elements of arrays and of objects with free keys -------------------------------------------------------------------- */

static size_t element_size(const struct field *field)
{
	switch (field->kind) {
	case KIND_STRINGS:
		return sizeof(char *);
	case KIND_UINT32S:
		return sizeof(uint32_t);
	case KIND_STRING_MAP:
		return sizeof(struct string_pair);
	default:
		return field->table->size;
	}
}

/* Move the elements that were stacked since the frame was entered into an array of the arena, and into the field. */
void decoder_store_elements(struct decoder *d, struct frame *frame)
{
	const struct field *field = frame->field;
	unsigned char *member = frame->target + field->offset;

	if (field->kind == KIND_NAME_BITS || (field->kind == KIND_OBJECTS && field->collect))
		return;

	size_t bytes = d->elements.used - frame->elements, count = bytes / element_size(field);
	bool strings = field->kind == KIND_STRINGS;
	void *items = bytes || strings ? arena_alloc(d->arena, bytes + (strings ? sizeof(char *) : 0)) : NULL;

	if (bytes)
		memcpy(items, d->elements.data + frame->elements, bytes);
	d->elements.used = frame->elements;
	if (strings) {
		*(struct strings *)(void *)member = (struct strings){ true, count, items };
	} else if (field->kind == KIND_STRING_MAP) {
		*(struct string_map *)(void *)member = (struct string_map){ true, count, items };
	} else {
		*(void **)(void *)member = items;
		*(size_t *)(void *)(frame->target + field->count_offset) = count;
	}
}

static int store_name_bit(struct decoder *d, struct frame *frame, const struct value *value)
{
	const struct field *field = frame->field;
	const struct name *name = names_find(field->names, value->text, value->length);

	if (name) {
		store_name(field, frame->target + field->offset, name->value);
		return 0;
	}
	if (!(field->flags & FIELD_KEEP_UNKNOWN))
		return decoder_refuse_type(d, field, value, true);

	struct strings *unknown = (struct strings *)(void *)(frame->target + field->count_offset);

	for (size_t i = 0; i < unknown->count; i++)
		if (strlen(unknown->items[i]) == value->length && memcmp(unknown->items[i], value->text, value->length) == 0)
			return 0;
	if (unknown->count >= 64)
		return decoder_refuse_value(d, "%s: more than 64 unknown names", show_bytes(value->text, value->length).text);
	strings_append(d->arena, unknown, decoder_keep(d, value->text, value->length));
	return 0;
}

int decoder_check_count(struct decoder *d, const struct frame *frame)
{
	return frame->index < MAX_ELEMENTS ? 0 : decoder_refuse_value(d, "more than %d elements", MAX_ELEMENTS);
}

static int store_array_element(struct decoder *d, struct frame *frame, const struct value *value)
{
	const struct field *field = frame->field;
	bool number = field->kind == KIND_UINT32S, object = field->kind == KIND_OBJECTS;
	uint32_t integer = 0;
	char *text;
	int r;

	if (object || (value->type != VALUE_STRING && !number))
		return decoder_refuse_type(d, field, value, true);
	if (number) {
		r = store_integer(d, field, value, &integer, true);
		stack_push(&d->elements, &integer, sizeof integer);
		r = r < 0 ? r : decoder_check_count(d, frame);
	} else if (field->kind == KIND_NAME_BITS) {
		r = store_name_bit(d, frame, value);
	} else if (field->names && !names_find(field->names, value->text, value->length)) {
		r = decoder_refuse_type(d, field, value, true);
	} else {
		text = decoder_keep(d, value->text, value->length);
		stack_push(&d->elements, &text, sizeof text);
		r = decoder_check_count(d, frame);
	}
	frame->index++;
	return r;
}

static int store_map_value(struct decoder *d, struct frame *frame, const struct value *value)
{
	if (frame->field->kind == KIND_OBJECT_MAP || value->type != VALUE_STRING)
		return decoder_refuse_type(d, frame->field, value, true);

	struct string_pair pair = {
		.key = decoder_keep(d, frame->key, frame->key_length),
		.value = decoder_keep(d, value->text, value->length),
	};
	stack_push(&d->elements, &pair, sizeof pair);
	int r = decoder_check_count(d, frame);

	frame->index++;
	return r;
}

int decoder_take_value(struct decoder *d, const struct value *value)
{
	if (d->depth == 0)
		return decoder_refuse_value(d, "the document must be an object");

	struct frame *frame = &d->frames[d->depth - 1];
	int r = 0;

	if (value->type == VALUE_STRING && decoder_has_nul(d, value->text, value->length))
		r = decoder_refuse_value(d, "%s: must not contain NUL", show_bytes(value->text, value->length).text);
	else if (frame->type == FRAME_OBJECT && frame->field)
		r = store_property(d, frame, value);
	else if (frame->type == FRAME_ARRAY)
		r = store_array_element(d, frame, value);
	else if (frame->type == FRAME_MAP)
		r = store_map_value(d, frame, value);
	else
		frame->index++;
	return r;
}
