/* Strings of a configuration in error messages: one line, no control characters, not too long. Internal to oci/. */
#pragma once

#include <stddef.h>

#define SHOWN_MAX 96

struct shown {
	char text[SHOWN_MAX + 16];
};

/* "text" in double quotes; a NULL text is shown as null. */
struct shown show(const char *text);
struct shown show_bytes(const char *text, size_t length);

/* The same without quotes, for keys in JSON paths. */
struct shown show_key(const char *text, size_t length);

/* Where the byte at offset is, counted from 1. */
struct place {
	size_t line, column;
};
struct place text_place(const char *text, size_t offset);
