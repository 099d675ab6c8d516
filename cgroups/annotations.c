/* org.systemd.property.* annotations: GVariant text, as much of it as unit properties take, to D-Bus values. */
#include "cgroups/unit.h"

#include "base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "org.systemd.property."
#define DELEGATE "Delegate"

/* What the driver sets itself: with these, an annotation would take the container out of its own scope. */
static const char *const reserved[] = { "PIDs", "PIDFDs", "Slice", DELEGATE, "DelegateControllers", "DelegateSubgroup" };

struct text {
	const char *at;
};

/* One value of a basic type. */
struct value {
	char type; /* D-Bus type code */
	uint64_t number;
	char *string; /* in the body's arena */
};

static void skip_blanks(struct text *text)
{
	text->at += strspn(text->at, " \t");
}

static bool accept(struct text *text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(text->at, word, length) != 0)
		return false;
	text->at += length;
	skip_blanks(text);
	return true;
}

static bool parse_string(struct text *text, struct arena *arena, struct value *value)
{
	char quote = *text->at++;
	char *out = value->string = arena_alloc(arena, strlen(text->at) + 1);

	for (; *text->at && *text->at != quote; text->at++) {
		if (*text->at == '\\' && (text->at[1] == '\\' || text->at[1] == '\'' || text->at[1] == '"'))
			text->at++;
		else if (*text->at == '\\')
			return false;
		*out++ = *text->at;
	}
	value->type = 's';
	return *text->at && text->at++;
}

/* The last is a number without a type. */
static const struct integer {
	const char *word;
	char type;
	int64_t min;
	uint64_t max;
} integers[] = {
	{ "byte ", 'y', 0, UINT8_MAX },
	{ "int16 ", 'n', INT16_MIN, INT16_MAX },
	{ "uint16 ", 'q', 0, UINT16_MAX },
	{ "int32 ", 'i', INT32_MIN, INT32_MAX },
	{ "uint32 ", 'u', 0, UINT32_MAX },
	{ "int64 ", 'x', INT64_MIN, INT64_MAX },
	{ "uint64 ", 't', 0, UINT64_MAX },
	{ "", 'i', INT32_MIN, INT32_MAX },
};

static bool parse_integer(struct text *text, const struct integer *integer, struct value *value)
{
	bool negative = *text->at == '-';
	char *end;

	if (text->at[negative] < '0' || text->at[negative] > '9')
		return false;
	errno = 0;
	unsigned long long magnitude = strtoull(text->at + negative, &end, 0);

	if (errno || (negative ? magnitude > -(uint64_t)integer->min : magnitude > integer->max))
		return false;
	text->at = end;
	value->type = integer->type;
	value->number = negative ? -magnitude : magnitude;
	return true;
}

static bool parse_basic(struct text *text, struct arena *arena, struct value *value)
{
	*value = (struct value){ 0 };
	if (*text->at == '\'' || *text->at == '"')
		return parse_string(text, arena, value);
	value->type = 'b';
	value->number = accept(text, "true");
	if (value->number || accept(text, "false"))
		return true;
	for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
		if (accept(text, integers[i].word))
			return parse_integer(text, &integers[i], value);
	return false;
}

static void put_value(struct dbus_body *body, const struct value *value)
{
	switch (value->type) {
	case 's':
		dbus_put_string(body, value->string);
		break;
	case 'y':
		dbus_put_byte(body, (uint8_t)value->number);
		break;
	case 'n':
	case 'q':
		dbus_put_u16(body, (uint16_t)value->number);
		break;
	case 'x':
	case 't':
		dbus_put_u64(body, value->number);
		break;
	default:
		dbus_put_u32(body, (uint32_t)value->number);
	}
}

/* --- arrays ----------------------------------------------------------------------------------------------------------- */

#define ELEMENTS_MAX 64

struct variant {
	bool array;
	char type; /* of the value or the elements */
	size_t count;
	struct value values[ELEMENTS_MAX];
};

/* A type in front of the first element is that of all. */
static bool parse_element(struct text *text, struct arena *arena, struct variant *variant)
{
	struct value *value = &variant->values[variant->count];

	for (size_t i = 0; variant->count > 0 && i < sizeof integers / sizeof *integers; i++)
		if (integers[i].type == variant->type && *text->at != '\'' && *text->at != '"') {
			accept(text, integers[i].word);
			return parse_integer(text, &integers[i], value);
		}
	if (!parse_basic(text, arena, value))
		return false;
	if (variant->count == 0)
		variant->type = value->type;
	return value->type == variant->type;
}

static bool parse_variant(const char *annotation, struct arena *arena, struct variant *variant)
{
	struct text text = { .at = annotation };

	skip_blanks(&text);
	*variant = (struct variant){ .array = accept(&text, "[") };
	do {
		if (variant->count == ELEMENTS_MAX || !parse_element(&text, arena, variant))
			return false;
		variant->count++;
		skip_blanks(&text);
	} while (variant->array && accept(&text, ","));
	return (!variant->array || accept(&text, "]")) && *text.at == 0;
}

static size_t alignment_of(char type)
{
	static const struct {
		char type;
		size_t alignment;
	} others[] = { { 'y', 1 }, { 'n', 2 }, { 'q', 2 }, { 'x', 8 }, { 't', 8 } };

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (type == others[i].type)
			return others[i].alignment;
	return 4;
}

static void put_variant(struct dbus_body *body, const struct variant *variant)
{
	const char signature[] = { variant->array ? 'a' : variant->type, variant->array ? variant->type : 0, 0 };

	dbus_put_signature(body, signature);
	if (!variant->array) {
		put_value(body, &variant->values[0]);
		return;
	}
	struct dbus_array array = dbus_begin_array(body, alignment_of(variant->type));

	for (size_t i = 0; i < variant->count; i++)
		put_value(body, &variant->values[i]);
	dbus_end_array(body, array);
}

/* --- properties ------------------------------------------------------------------------------------------------------- */

/* A letter in upper case, then letters and digits. */
static bool is_property_name(const char *name)
{
	if (*name < 'A' || *name > 'Z')
		return false;
	for (; *name; name++)
		if (!((*name >= 'A' && *name <= 'Z') || (*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9')))
			return false;
	return true;
}

/* Length of NAME in "NAMESec", 0 for other names. */
static size_t seconds_suffix(const char *name)
{
	size_t length = strlen(name);

	return length > 3 && strcmp(name + length - 3, "Sec") == 0 && name[length - 4] != 'U' ? length - 3 : 0;
}

static bool parse_seconds(const char *annotation, uint64_t *microseconds)
{
	struct text text = { .at = annotation };
	char *end;

	skip_blanks(&text);
	for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
		if (*integers[i].word && accept(&text, integers[i].word))
			break;
	if (*text.at < '0' || *text.at > '9')
		return false;
	double seconds = strtod(text.at, &end);

	if (end[strspn(end, " \t")] || !(seconds < 1e12))
		return false;
	*microseconds = (uint64_t)(seconds * 1e6);
	return true;
}

/* Engines that let a container write its cgroup ask for a delegated scope, which each of ours is. */
static bool asks_for_what_is(const char *name, const char *annotation)
{
	struct text text = { .at = annotation };

	skip_blanks(&text);
	return strcmp(name, DELEGATE) == 0 && accept(&text, "true") && !*text.at;
}

static int put_annotation(struct dbus_body *body, const char *key, const char *annotation)
{
	const char *name = key + strlen(PREFIX);
	size_t seconds = seconds_suffix(name);
	struct variant variant;
	uint64_t microseconds;

	if (!is_property_name(name))
		return refuse(EINVAL, "/annotations/%s: '%s' cannot be the name of a property", key, name);
	if (asks_for_what_is(name, annotation))
		return 0;
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (strcmp(name, reserved[i]) == 0)
			return refuse(EINVAL, "/annotations/%s: the runtime sets this property itself", key);
	if (seconds > 0) {
		if (!parse_seconds(annotation, &microseconds))
			return refuse(EINVAL, "/annotations/%s: '%s' is not a number of seconds", key, annotation);
		cgroup_put_unit_u64(body, arena_printf(body->arena, "%.*sUSec", (int)seconds, name), microseconds);
		return 0;
	}
	if (!parse_variant(annotation, body->arena, &variant))
		return refuse(EINVAL, "/annotations/%s: '%s' is not a value such as true, 'text', 5, uint64 5 or ['a', 'b']",
			      key, annotation);
	dbus_align(body, 8);
	dbus_put_string(body, name);
	put_variant(body, &variant);
	return 0;
}

int cgroup_put_unit_annotations(struct dbus_body *body, const struct string_map *annotations)
{
	int r = 0;

	for (size_t i = 0; annotations && i < annotations->count && r >= 0; i++)
		if (strncmp(annotations->items[i].key, PREFIX, strlen(PREFIX)) == 0)
			r = put_annotation(body, annotations->items[i].key, annotations->items[i].value);
	return r;
}
