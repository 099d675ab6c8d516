#include "base/error.h"
#include "oci/decoder.h"
#include "oci/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The place of the current value. */
struct path decoder_path(const struct decoder *d)
{
	struct path path = { "" };
	size_t used = 0;

	for (size_t i = 0; i < d->depth && used < sizeof path.text; i++) {
		const struct frame *frame = &d->frames[i];
		int n = 0;

		if (frame->type == FRAME_ARRAY || frame->type == FRAME_SKIP_ARRAY)
			n = snprintf(path.text + used, sizeof path.text - used, "/%zu", frame->index);
		else if (frame->key)
			n = snprintf(path.text + used, sizeof path.text - used, "/%s",
			             show_key(frame->key, frame->key_length).text);
		used += (size_t)n;
	}
	if (!path.text[0])
		path.text[0] = '/';
	return path;
}

int decoder_refuse_value(struct decoder *d, const char *fmt, ...)
{
	va_list args;
	char text[ERROR_TEXT_SIZE];

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	d->error = refuse(EINVAL, "%s: %s", decoder_path(d).text, text);
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
	d->error = refuse(EINVAL, "%s: %s", decoder_path(d).text, text);
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
	else if (field_has_names(field))
		describe_names(field->names, text, size);
	else if (field->kind == KIND_BOOL || field->kind == KIND_OPT_BOOL)
		snprintf(text, size, "must be true or false");
	else if (field->kind == KIND_OBJECTS || field->kind == KIND_OBJECT_MAP)
		snprintf(text, size, "must be an object");
	else if (field_has_range(field))
		snprintf(text, size, "must be an integer from %" PRId64 " to %" PRIu64, field->min, field->max);
	else
		snprintf(text, size, "must be a string");
}

int decoder_refuse_type(struct decoder *d, const struct field *field, const struct value *value, bool element)
{
	char expected[1024];
	static const char *const words[] = { [VALUE_NULL] = "null", [VALUE_OBJECT] = "an object", [VALUE_ARRAY] = "an array" };

	describe(field, element, expected, sizeof expected);
	if (value->type == VALUE_STRING)
		return decoder_refuse_value(d, "%s: %s", show_bytes(value->text, value->length).text, expected);
	if (value->type == VALUE_NUMBER)
		return decoder_refuse_value(d, "%s: %s", show_key(value->text, value->length).text, expected);
	if (value->type == VALUE_BOOL)
		return decoder_refuse_value(d, "%s: %s", value->boolean ? "true" : "false", expected);
	return decoder_refuse_value(d, "%s: %s", words[value->type], expected);
}
