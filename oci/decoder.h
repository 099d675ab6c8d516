/* The engine of oci/decode.h inside: a stack of frames, one for each object or array that is open. Only decode*.c need this. */
#pragma once

#include "oci/decode.h"
#include "oci/parse.h"

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
	const struct field *field;   /* FRAME_ARRAY, FRAME_MAP: whose value this is; FRAME_OBJECT: the current key's, or NULL */
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
	struct arena *arena;
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

/* decode_error.c: the place of the current value as a JSON path, and errors about it. All return -EINVAL and set d->error. */
struct path {
	char text[640];
};
struct path decoder_path(const struct decoder *d);
int decoder_refuse_value(struct decoder *d, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));
/* element: value is an element of the array or map that the field is. */
int decoder_refuse_type(struct decoder *d, const struct field *field, const struct value *value, bool element)
	__attribute__((cold));

/* decode_key.c */
int decoder_take_key(struct decoder *d, const char *text, size_t length);
/* At the end of an object: no key that is in no table came twice, none that is required is missing. */
int decoder_check_keys(struct decoder *d, struct frame *frame);

/* decode_value.c */
void stack_push(struct stack *stack, const void *data, size_t size);
/* The string as a C string that lives as long as the arena. */
char *decoder_keep(struct decoder *d, const char *text, size_t length);
bool decoder_has_nul(const struct decoder *d, const char *text, size_t length);
int decoder_take_value(struct decoder *d, const struct value *value);
/* There is room for one more element in the array or map. */
int decoder_check_count(struct decoder *d, const struct frame *frame);
/* The array or map is complete: its elements become the member of its field. */
void decoder_store_elements(struct decoder *d, struct frame *frame);
