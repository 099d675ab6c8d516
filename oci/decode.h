/*
 * JSON to C structs, driven by tables. An object of the document is a table of fields; one engine interprets them. Internal to
 * oci/: parse.h and state.h are what others call.
 *
 * null for a property means that it is absent, as for the Go programs that write these files (their encoder writes null for a
 * nil pointer or slice). null as an element of an array or of an object with free keys is refused: nothing writes it.
 */
#pragma once

#include "oci/names.h"
#include "oci/spec.h"

struct decoder;
struct table;

enum kind {
	KIND_BOOL,        /* bool */
	KIND_OPT_BOOL,    /* struct opt_bool */
	KIND_INT32,       /* int32_t */
	KIND_UINT32,      /* uint32_t */
	KIND_INT64,       /* int64_t */
	KIND_UINT64,      /* uint64_t */
	KIND_OPT_INT64,   /* struct opt_i64 */
	KIND_OPT_UINT64,  /* struct opt_u64 */
	KIND_STRING,      /* char * */
	KIND_NAME,        /* a string of names; its value goes into width bytes */
	KIND_TEXT,        /* a string that convert() turns into something else */
	KIND_STRINGS,     /* struct strings; with names, only these */
	KIND_NAME_BITS,   /* an array of names, their values joined by OR in width bytes */
	KIND_UINT32S,     /* array of uint32_t, and its count */
	KIND_STRING_MAP,  /* struct string_map */
	KIND_OBJECT,      /* a struct described by table, at offset; offset 0 and the parent's type: members of the parent */
	KIND_OBJECTS,     /* array of structs described by table, and its count */
	KIND_OBJECT_MAP,  /* object with free keys, as KIND_OBJECTS; the key goes into the struct's first member, a char * */
	KIND_ANY_OBJECT,  /* an object of whatever content, not kept */
};

enum {
	FIELD_REQUIRED = 1,
	FIELD_EMPTY_IS_ABSENT = 2,  /* "" leaves a string NULL: Go's omitempty does not tell the two apart */
	FIELD_DISCARD = 4,          /* KIND_OBJECT: checked, not kept; offset is a bool that says that it was there */
	FIELD_KEEP_UNKNOWN = 8,     /* KIND_NAME_BITS: unknown names go to the struct strings at count_offset */
};

struct field {
	const char *name;
	uint8_t length;              /* of name */
	uint8_t kind, width, flags;
	uint16_t offset, count_offset;
	const char *expected;        /* "must be …", in place of the sentence that the kind gives */
	union {                      /* what the kind has */
		struct {             /* integers, KIND_UINT32S */
			int64_t min;
			uint64_t max;
		};
		struct {             /* KIND_NAME, KIND_NAME_BITS, KIND_STRINGS, KIND_TEXT */
			const struct names *names;
			bool (*convert)(struct arena *arena, void *member, char *text); /* KIND_TEXT */
		};
		struct {             /* KIND_OBJECT, KIND_OBJECTS, KIND_OBJECT_MAP */
			const struct table *table;
			/* KIND_OBJECTS: takes each element in place of an array; owner is the struct that has the field. */
			int (*collect)(struct decoder *decoder, void *owner, const void *element);
		};
	};
};

/* Which of the union it has, by the order of the kinds. */
static inline bool field_has_range(const struct field *field)
{
	return (field->kind >= KIND_INT32 && field->kind <= KIND_OPT_UINT64) || field->kind == KIND_UINT32S;
}

static inline bool field_has_names(const struct field *field)
{
	return field->kind >= KIND_NAME && field->kind <= KIND_NAME_BITS && field->names;
}

#define TABLE_MAX_FIELDS 32
#define ELEMENT_MAX_SIZE 128

struct table {
	const struct field *fields;
	uint8_t count;
	bool has_set;         /* the struct's bool at set_offset tells that the object was there */
	uint16_t set_offset;
	uint16_t size;        /* of the struct, for elements of arrays */
	const char *unknown;  /* other keys are refused with this sentence; NULL: they are ignored */
	/* Rules that need the whole object. */
	int (*finish)(struct decoder *decoder, void *object);
};

/*
 * Decode text (size bytes; it is changed, and must live as long as the arena: strings point into it) into object, described by
 * table. -EINVAL with the record filled.
 */
int decode(struct arena *arena, const struct table *table, void *object, char *text, size_t size);

/* For finish() and collect(): was the property there, and an error about it (key NULL: about the object itself). */
bool decoder_has(const struct decoder *decoder, const char *key);
int decoder_refuse(struct decoder *decoder, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4), cold));
