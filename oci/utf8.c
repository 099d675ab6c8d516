#include "oci/utf8.h"

#include "base/error.h"
#include "oci/show.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

size_t utf8_length(const char *text, size_t size)
{
	const unsigned char *p = (const unsigned char *)text;
	/* Table 3-7 of the Unicode standard. */
	static const struct {
		unsigned char first, last;      /* of the first byte */
		unsigned char second, to;       /* of the second byte */
		unsigned char length;
	} rows[] = {
		{ 0x00, 0x7f, 0, 0, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (*p < rows[i].first || *p > rows[i].last)
			continue;
		if (rows[i].length > size || (rows[i].length > 1 && (p[1] < rows[i].second || p[1] > rows[i].to)))
			return 0;
		for (size_t k = 2; k < rows[i].length; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return rows[i].length;
	}
	return 0;
}

/* \uXXXX at p: its value, or -1. */
static int escape_value(const char *p, const char *end)
{
	int value = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int lower = p[i] | 0x20;
		int digit = lower >= '0' && lower <= '9' ? lower - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;

		if (digit < 0)
			return -1;
		value = 16 * value + digit;
	}
	return value;
}

static int refuse_at(const char *text, const char *at, const char *what)
{
	struct place place = text_place(text, (size_t)(at - text));

	return refuse(EINVAL, "not valid JSON: line %zu, column %zu: %s", place.line, place.column, what);
}

static int check_escapes(const char *text, size_t size)
{
	const char *end = text + size;

	for (const char *p = text; (p = memchr(p, '\\', (size_t)(end - p)));) {
		int value = escape_value(p, end);

		if (value < 0xd800 || value > 0xdfff) {
			p += end - p < 2 ? 1 : 2;  /* the escaped character may be another backslash */
			continue;
		}
		int low = escape_value(p + 6, end);

		if (value > 0xdbff || low < 0xdc00 || low > 0xdfff)
			return refuse_at(text, p, "the escape is half of a surrogate pair");
		p += 12;
	}
	return 0;
}

int utf8_check(const char *text, size_t size)
{
	size_t i = 0;

	while (i < size) {
		uint64_t word;

		if (size - i >= sizeof word) {
			memcpy(&word, text + i, sizeof word);
			if (!(word & UINT64_C(0x8080808080808080))) {
				i += sizeof word;
				continue;
			}
		}
		size_t length = utf8_length(text + i, size - i);

		if (!length)
			return refuse_at(text, text + i, "not UTF-8");
		i += length;
	}
	return check_escapes(text, size);
}
