#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local struct error record;

struct error *error_record(void)
{
	return &record;
}

static void format_text(const char *fmt, va_list args)
{
	vsnprintf(record.text, sizeof record.text, fmt, args);
}

/* What is too long loses its middle: the reason is at the end. */
static void append(const char *text)
{
	char whole[2 * ERROR_TEXT_SIZE + 2];
	size_t length = (size_t)snprintf(whole, sizeof whole, "%s: %s", record.text, text), room = sizeof record.text - 1;

	if (length <= room)
		memcpy(record.text, whole, length + 1);
	else
		snprintf(record.text, sizeof record.text, "%.*s...%s", (int)(room / 4), whole, whole + length - (room - room / 4 - 3));
}

int fail(int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format_text(fmt, args);
	va_end(args);
	record.code = code;
	append(strerror(code));
	return -code;
}

int refuse(int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format_text(fmt, args);
	va_end(args);
	record.code = code;
	return -code;
}

int context(int r, const char *fmt, ...)
{
	if (r >= 0)
		return r;

	va_list args;
	char old[ERROR_TEXT_SIZE];

	memcpy(old, record.text, sizeof old);
	va_start(args, fmt);
	format_text(fmt, args);
	va_end(args);
	append(old);
	return r;
}

struct error error_save(void)
{
	return record;
}

void error_restore(const struct error *saved)
{
	record = *saved;
}
