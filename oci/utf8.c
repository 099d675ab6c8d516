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

/* The length of the escape at p, or 0 if it is half of a surrogate pair. Other wrong escapes are found by the parser. */
static size_t escape_length(const char *p, const char *end)
{
	int value = escape_value(p, end);

	if (value < 0xd800 || value > 0xdfff)
		return end - p < 2 ? 1 : 2;  /* the second byte may be another backslash */

	int low = escape_value(p + 6, end);

	return value < 0xdc00 && low >= 0xdc00 && low <= 0xdfff ? 12 : 0;
}

#define REPEAT(byte) (UINT64_C(0x0101010101010101) * (byte))

/* No byte beyond ASCII and no backslash among these eight. */
static bool is_plain(const char *text)
{
	uint64_t word, slashes;

	memcpy(&word, text, sizeof word);
	slashes = word ^ REPEAT('\\');
	return !((word | ((slashes - REPEAT(0x01)) & ~slashes)) & REPEAT(0x80));
}

int utf8_check(const char *text, size_t size)
{
	for (size_t i = 0; i < size;) {
		if (size - i >= 8 && is_plain(text + i)) {
			i += 8;
			continue;
		}
		bool escape = text[i] == '\\';
		size_t length = escape ? escape_length(text + i, text + size) : utf8_length(text + i, size - i);

		if (!length)
			return refuse_at(text, text + i, escape ? "the escape is half of a surrogate pair" : "not UTF-8");
		i += length;
	}
	return 0;
}
