/* What yajl lets through: UTF-8 that is overlong, encodes surrogates or lies beyond U+10FFFF, and \u escapes of half a pair. */
#pragma once

#include <stddef.h>

/* Check a JSON text. -EINVAL with the record filled. */
int utf8_check(const char *text, size_t size);

/* The length of the UTF-8 sequence that text starts with, 1 to 4; 0 if that is none. size is at least 1. */
size_t utf8_length(const char *text, size_t size);
