#include "oci/version.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define DIGITS "0123456789"
#define IDENTIFIER DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"

static bool skip_number(const char **text)
{
	size_t length = strspn(*text, DIGITS);

	if (length == 0 || (length > 1 && **text == '0'))
		return false;
	*text += length;
	return true;
}

/* Identifiers joined by dots; numeric ones have no leading zero where they are compared as numbers. */
static bool skip_identifiers(const char **text, bool numbers)
{
	do {
		const char *start = ++*text;
		size_t length = strspn(start, IDENTIFIER);

		if (length == 0 || (numbers && length > 1 && *start == '0' && strspn(start, DIGITS) == length))
			return false;
		*text += length;
	} while (**text == '.');
	return true;
}

long version_major(const char *text)
{
	long major = 0;

	for (const char *p = text; *p >= '0' && *p <= '9'; p++)
		major = major > (LONG_MAX - 9) / 10 ? LONG_MAX : 10 * major + (*p - '0');
	for (int part = 0; part < 3; part++)
		if ((part && *text++ != '.') || !skip_number(&text))
			return -1;
	if (*text == '-' && !skip_identifiers(&text, true))
		return -1;
	if (*text == '+' && !skip_identifiers(&text, false))
		return -1;
	return *text ? -1 : major;
}
