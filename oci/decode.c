#include "oci/decode.h"

#include "base/error.h"
#include "oci/parse.h"
#include "oci/show.h"
#include "oci/utf8.h"
#include "oci/yajl_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* More elements than any list needs; it bounds what a document of SPEC_MAX_SIZE can make of itself in memory. */
#define MAX_ELEMENTS 65536

enum frame_type {
	FRAME_OBJECT,       /* described by a table */
	FRAME_ARRAY,        /* the value of an array field */
	FRAME_MAP,          /* the value of a field with free keys */
	FRAME_SKIP_OBJECT,  /* not kept */
	FRAME_SKIP_ARRAY,
};

struct frame {
	enum frame_type type;
	const struct table *table;   /* FRAME_OBJECT */
	const struct field *field;   /* FRAME_ARRAY, FRAME_MAP: whose value this is; FRAME_OBJECT: of the current key, or NULL */
	unsigned char *target;       /* the struct that is filled, or that has field */
	uint32_t seen, present;      /* FRAME_OBJECT: keys that came; keys whose value was not null */
	uint32_t next;               /* FRAME_OBJECT: where the search for the next key starts */
	const char *key;
	size_t key_length;
	size_t index;                /* arrays and maps: elements so far */
	size_t elements, keys;       /* heights of the stacks when the frame was entered */
	_Alignas(8) unsigned char element[ELEMENT_MAX_SIZE];  /* the struct itself, while it is an element of an array */
};

/* A stack of bytes: elements of arrays whose length is not known yet. Inner arrays end before outer ones go on. */
struct stack {
	unsigned char *data;
	size_t used, size;
};

struct key {
	const char *text;
	size_t length;
};

struct decoder {
	struct arena *arena;
	char *text;
	size_t size;
	const struct table *root;
	void *object;
	struct stack elements, keys;
	int error;
	size_t depth;
	struct frame frames[SPEC_MAX_DEPTH];
};

struct value {
	enum { VALUE_NULL, VALUE_BOOL, VALUE_NUMBER, VALUE_STRING, VALUE_OBJECT, VALUE_ARRAY } type;
	bool boolean;
	const char *text;
	size_t length;
};

/* --- memory ------------------------------------------------------------------------------------------------------------ */

static void push(struct stack *stack, const void *data, size_t size)
{
	if (stack->size - stack->used < size) {
		stack->size = stack->size ? 2 * stack->size : 4096;
		stack->data = must(realloc(stack->data, stack->size));
	}
	memcpy(stack->data + stack->used, data, size);
	stack->used += size;
}

void strings_append(struct arena *arena, struct strings *strings, char *item)
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

/* --- errors ------------------------------------------------------------------------------------------------------------ */

struct path {
	char text[640];
};

/* The place of the current value. */
static struct path current_path(const struct decoder *d)
{
	struct path path = { "" };
	size_t used = 0;

	for (size_t i = 0; i < d->depth && used < sizeof path.text; i++) {
		const struct frame *frame = &d->frames[i];
		int n = 0;

		if (frame->type == FRAME_ARRAY || frame->type == FRAME_SKIP_ARRAY)
			n = snprintf(path.text + used, sizeof path.text - used, "/%zu", frame->index);
		else if (frame->key)
			n = snprintf(path.text + used, sizeof path.text - used, "/%s", show_key(frame->key, frame->key_length).text);
		used += (size_t)n;
	}
	if (!path.text[0])
		path.text[0] = '/';
	return path;
}

static int refuse_value(struct decoder *d, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));
static int refuse_value(struct decoder *d, const char *fmt, ...)
{
	va_list args;
	char text[ERROR_TEXT_SIZE];

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	d->error = refuse(EINVAL, "%s: %s", current_path(d).text, text);
	return d->error;
}

int decoder_refuse(struct decoder *d, const char *key, const char *fmt, ...)
{
	struct frame *frame = &d->frames[d->depth - 1];
	va_list args;
	char text[ERROR_TEXT_SIZE];

	frame->key = key;
	frame->key_length = key ? strlen(key) : 0;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	d->error = refuse(EINVAL, "%s: %s", current_path(d).text, text);
	return d->error;
}

static void describe_names(const struct names *names, char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, "must be one of");

	for (size_t i = 0; i < names->count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s \"%s\"", i ? "," : "", names->items[i].text);
}

/* The sentence of what the field takes; element: of what the array or map takes as an element. */
static void describe(const struct field *field, bool element, char *text, size_t size)
{
	static const char *const whole[] = {
		[KIND_STRINGS] = "must be an array of strings",
		[KIND_NAME_BITS] = "must be an array of strings",
		[KIND_UINT32S] = "must be an array of numbers",
		[KIND_STRING_MAP] = "must be an object with string values",
		[KIND_OBJECT] = "must be an object",
		[KIND_OBJECTS] = "must be an array of objects",
		[KIND_OBJECT_MAP] = "must be an object of objects",
		[KIND_ANY_OBJECT] = "must be an object",
	};

	if (!element && field->kind < sizeof whole / sizeof *whole && whole[field->kind])
		snprintf(text, size, "%s", whole[field->kind]);
	else if (field->expected)
		snprintf(text, size, "%s", field->expected);
	else if (field->names)
		describe_names(field->names, text, size);
	else if (field->kind == KIND_BOOL || field->kind == KIND_OPT_BOOL)
		snprintf(text, size, "must be true or false");
	else if (field->kind == KIND_OBJECTS || field->kind == KIND_OBJECT_MAP)
		snprintf(text, size, "must be an object");
	else if (field->max)
		snprintf(text, size, "must be an integer from %" PRId64 " to %" PRIu64, field->min, field->max);
	else
		snprintf(text, size, "must be a string");
}

static int refuse_type(struct decoder *d, const struct field *field, const struct value *value, bool element)
{
	char expected[1024];
	static const char *const words[] = { [VALUE_NULL] = "null", [VALUE_OBJECT] = "an object", [VALUE_ARRAY] = "an array" };

	describe(field, element, expected, sizeof expected);
	if (value->type == VALUE_STRING)
		return refuse_value(d, "%s: %s", show_bytes(value->text, value->length).text, expected);
	if (value->type == VALUE_NUMBER)
		return refuse_value(d, "%s: %s", show_key(value->text, value->length).text, expected);
	if (value->type == VALUE_BOOL)
		return refuse_value(d, "%s: %s", value->boolean ? "true" : "false", expected);
	return refuse_value(d, "%s: %s", words[value->type], expected);
}

/* --- scalars ----------------------------------------------------------------------------------------------------------- */

/*
 * The string as a C string. yajl gives strings without escapes as pointers into the document: what follows them there is their
 * closing quote, already read, and becomes the terminator. Others lie in yajl's buffer and are copied.
 */
static char *keep(struct decoder *d, const char *text, size_t length)
{
	size_t offset = (uintptr_t)text - (uintptr_t)d->text;

	if (offset >= d->size)
		return arena_strndup(d->arena, text, length);
	d->text[offset + length] = '\0';
	return d->text + offset;
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
		return refuse_type(d, field, value, element);
	if (!in_range(field, negative, magnitude))
		return refuse_type(d, field, value, element);

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
		return refuse_type(d, field, value, false);
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
		return refuse_type(d, field, value, false);
	if (field->kind == KIND_NAME) {
		const struct name *name = names_find(field->names, value->text, value->length);

		if (!name)
			return refuse_type(d, field, value, false);
		store_name(field, member, name->value);
		return 0;
	}
	if (field->flags & FIELD_EMPTY_IS_ABSENT && value->length == 0)
		return 0;

	char *text = keep(d, value->text, value->length);

	if (field->kind == KIND_STRING)
		*(char **)member = text;
	else if (!field->convert(d->arena, member, text))
		return refuse_type(d, field, value, false);
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
		return refuse_type(d, field, value, false);
	}
}

/* --- elements of arrays and of objects with free keys -------------------------------------------------------------------- */

static int store_name_bit(struct decoder *d, struct frame *frame, const struct value *value)
{
	const struct field *field = frame->field;
	const struct name *name = names_find(field->names, value->text, value->length);

	if (name) {
		store_name(field, frame->target + field->offset, name->value);
		return 0;
	}
	if (!(field->flags & FIELD_KEEP_UNKNOWN))
		return refuse_type(d, field, value, true);

	struct strings *unknown = (struct strings *)(void *)(frame->target + field->count_offset);

	for (size_t i = 0; i < unknown->count; i++)
		if (strlen(unknown->items[i]) == value->length && memcmp(unknown->items[i], value->text, value->length) == 0)
			return 0;
	if (unknown->count >= 64)
		return refuse_value(d, "%s: more than 64 unknown names", show_bytes(value->text, value->length).text);
	strings_append(d->arena, unknown, keep(d, value->text, value->length));
	return 0;
}

static int check_count(struct decoder *d, const struct frame *frame)
{
	return frame->index < MAX_ELEMENTS ? 0 : refuse_value(d, "more than %d elements", MAX_ELEMENTS);
}

static int store_array_element(struct decoder *d, struct frame *frame, const struct value *value)
{
	const struct field *field = frame->field;
	bool number = field->kind == KIND_UINT32S, object = field->kind == KIND_OBJECTS;
	uint32_t integer = 0;
	char *text;
	int r;

	if (object || (value->type != VALUE_STRING && !number))
		return refuse_type(d, field, value, true);
	if (number) {
		r = store_integer(d, field, value, &integer, true);
		push(&d->elements, &integer, sizeof integer);
		r = r < 0 ? r : check_count(d, frame);
	} else if (field->kind == KIND_NAME_BITS) {
		r = store_name_bit(d, frame, value);
	} else if (field->names && !names_find(field->names, value->text, value->length)) {
		r = refuse_type(d, field, value, true);
	} else {
		text = keep(d, value->text, value->length);
		push(&d->elements, &text, sizeof text);
		r = check_count(d, frame);
	}
	frame->index++;
	return r;
}

static int store_map_value(struct decoder *d, struct frame *frame, const struct value *value)
{
	if (frame->field->kind == KIND_OBJECT_MAP || value->type != VALUE_STRING)
		return refuse_type(d, frame->field, value, true);

	struct string_pair pair = {
		.key = keep(d, frame->key, frame->key_length),
		.value = keep(d, value->text, value->length),
	};
	push(&d->elements, &pair, sizeof pair);
	int r = check_count(d, frame);

	frame->index++;
	return r;
}

static int on_value(struct decoder *d, const struct value *value)
{
	if (d->depth == 0) {
		refuse_value(d, "the document must be an object");
		return 0;
	}
	struct frame *frame = &d->frames[d->depth - 1];
	int r = 0;

	if (value->type == VALUE_STRING && memchr(value->text, 0, value->length))
		r = refuse_value(d, "%s: must not contain NUL", show_bytes(value->text, value->length).text);
	else if (frame->type == FRAME_OBJECT && frame->field)
		r = store_property(d, frame, value);
	else if (frame->type == FRAME_ARRAY)
		r = store_array_element(d, frame, value);
	else if (frame->type == FRAME_MAP)
		r = store_map_value(d, frame, value);
	else
		frame->index++;
	return r >= 0;
}

/* --- objects and arrays ------------------------------------------------------------------------------------------------ */

static struct frame *enter(struct decoder *d, enum frame_type type, const struct field *field, unsigned char *target)
{
	if (d->depth == SPEC_MAX_DEPTH) {
		refuse_value(d, "nested deeper than %d levels", SPEC_MAX_DEPTH);
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
		return refuse_type(d, field, &value, false);
	}
}

static int enter_element_object(struct decoder *d, struct frame *parent)
{
	const struct value value = { .type = VALUE_OBJECT };
	const struct field *field = parent->field;

	if (field->kind != KIND_OBJECTS && field->kind != KIND_OBJECT_MAP)
		return refuse_type(d, field, &value, true);

	int r = check_count(d, parent);

	if (r < 0)
		return r;
	r = enter_object(d, field->table, NULL);
	if (r >= 0 && field->kind == KIND_OBJECT_MAP)
		*(char **)(void *)d->frames[d->depth - 1].element = keep(d, parent->key, parent->key_length);
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
		return on_value(d, &value);

	struct frame *parent = &d->frames[d->depth - 1];

	if (parent->type == FRAME_ARRAY || parent->type == FRAME_MAP)
		return on_value(d, &value);
	if (parent->type != FRAME_OBJECT || !parent->field)
		return enter(d, FRAME_SKIP_ARRAY, NULL, NULL) != NULL;

	const struct field *field = parent->field;
	bool array = field->kind == KIND_STRINGS || field->kind == KIND_NAME_BITS || field->kind == KIND_UINT32S ||
	             field->kind == KIND_OBJECTS;

	if (!array)
		return refuse_type(d, field, &value, false) >= 0;
	parent->present |= UINT32_C(1) << (field - parent->table->fields);
	return enter(d, FRAME_ARRAY, field, parent->target) != NULL;
}

/* --- keys -------------------------------------------------------------------------------------------------------------- */

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
		return refuse_value(d, "given twice");
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

static int on_known_key(struct decoder *d, struct frame *frame, const struct field *field)
{
	uint32_t bit = UINT32_C(1) << (field - frame->table->fields);

	frame->key = field->name;
	frame->key_length = field->length;
	if (frame->seen & bit)
		return refuse_value(d, "given twice");
	frame->seen |= bit;
	return 0;
}

static int on_key(void *context, const unsigned char *bytes, size_t length)
{
	struct decoder *d = context;
	struct frame *frame = &d->frames[d->depth - 1];
	const char *text = (const char *)bytes;

	if (frame->type == FRAME_OBJECT) {
		frame->field = find_field(frame, text, length);
		if (frame->field)
			return on_known_key(d, frame, frame->field) >= 0;
	}
	frame->key = keep(d, text, length);
	frame->key_length = length;
	if (memchr(text, 0, length))
		return refuse_value(d, "a key must not contain NUL") >= 0;
	if (frame->type == FRAME_OBJECT && frame->table->unknown)
		return refuse_value(d, "%s", frame->table->unknown) >= 0;

	struct key key = { frame->key, length };

	push(&d->keys, &key, sizeof key);
	return 1;
}

/* --- ends -------------------------------------------------------------------------------------------------------------- */

static int check_required(struct decoder *d, const struct frame *frame)
{
	for (size_t i = 0; i < frame->table->count; i++) {
		const struct field *field = &frame->table->fields[i];

		if (field->flags & FIELD_REQUIRED && !(frame->present & UINT32_C(1) << i))
			return decoder_refuse(d, field->name, "missing, but required");
	}
	return 0;
}

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
static void store_elements(struct decoder *d, struct frame *frame)
{
	const struct field *field = frame->field;
	unsigned char *member = frame->target + field->offset;

	if (field->kind == KIND_NAME_BITS || field->collect)
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

/* The object on top is an element of parent: hand it over. */
static int store_element(struct decoder *d, struct frame *parent, const struct frame *frame)
{
	const struct field *field = parent->field;
	int r = 0;

	if (field->collect)
		r = field->collect(d, parent->target, frame->element);
	else
		push(&d->elements, frame->element, frame->table->size);
	parent->index++;
	return r;
}

static int leave_object(struct decoder *d, struct frame *frame)
{
	int r = check_required(d, frame);

	if (r >= 0 && frame->table->finish)
		r = frame->table->finish(d, frame->target);
	if (r >= 0 && d->depth > 1 && frame[-1].type != FRAME_OBJECT)
		r = store_element(d, &frame[-1], frame);
	d->depth--;
	return r;
}

static int on_end_object(void *context)
{
	struct decoder *d = context;
	struct frame *frame = &d->frames[d->depth - 1];

	if (check_free_keys(d, frame) < 0)
		return 0;
	if (frame->type == FRAME_OBJECT)
		return leave_object(d, frame) >= 0;
	if (frame->type == FRAME_MAP)
		store_elements(d, frame);
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
		store_elements(d, frame);
	else if (d->frames[d->depth - 1].type == FRAME_SKIP_ARRAY)
		d->frames[d->depth - 1].index++;
	return 1;
}

static int on_null(void *context)
{
	return on_value(context, &(struct value){ .type = VALUE_NULL });
}

static int on_bool(void *context, int boolean)
{
	return on_value(context, &(struct value){ .type = VALUE_BOOL, .boolean = boolean != 0 });
}

static int on_number(void *context, const char *text, size_t length)
{
	return on_value(context, &(struct value){ .type = VALUE_NUMBER, .text = text, .length = length });
}

static int on_string(void *context, const unsigned char *text, size_t length)
{
	return on_value(context, &(struct value){ .type = VALUE_STRING, .text = (const char *)text, .length = length });
}

/* --- the document ------------------------------------------------------------------------------------------------------ */

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
	struct path path = current_path(d);
	bool inside = path.text[1];
	int r = refuse(EINVAL, "not valid JSON: line %zu, column %zu%s%s: %.*s", place.line, place.column, inside ? ", after " : "",
	               inside ? path.text : "", (int)strcspn((const char *)text, "\n"), (const char *)text);

	yajl_free_error(parser, text);
	return r;
}

static int run(struct decoder *d)
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
	yajl_alloc_funcs memory = yajl_memory;
	yajl_handle parser = must(yajl_alloc(&callbacks, &memory, d));

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
	struct decoder d;

	d.arena = arena;
	d.text = text;
	d.size = size;
	d.root = table;
	d.object = object;
	d.elements = d.keys = (struct stack){ 0 };
	d.error = 0;
	d.depth = 0;

	int r = utf8_check(text, size);

	if (r >= 0)
		r = run(&d);
	free(d.elements.data);
	free(d.keys.data);
	return r;
}
