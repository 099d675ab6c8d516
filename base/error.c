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

static void append(const char *text)
{
	size_t used = strlen(record.text);

	snprintf(record.text + used, sizeof record.text - used, ": %s", text);
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
