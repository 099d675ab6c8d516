#include "base/log.h"

#include "base/fd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	int fd;
	enum log_format format;
	enum log_level level, stderr_level;
} sink = { .fd = -1, .level = LOG_LEVEL_INFO, .stderr_level = LOG_LEVEL_ERROR + 1 };

void log_open(int fd, enum log_format format, enum log_level level)
{
	close_fd(&sink.fd);
	sink.fd = fd;
	sink.format = format;
	sink.level = level;
}

void log_to_stderr(enum log_level level)
{
	sink.stderr_level = level;
}

int log_fd(void)
{
	return sink.fd;
}

/* Both JSON and the text form quote with backslashes; control characters, the C1 controls in UTF-8 as well, become \u00XX. */
static void quote(char *out, size_t size, const char *text)
{
	size_t used = 0;

	for (; *text && used + 7 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			out[used++] = '\\', out[used++] = (char)c;
		else if (c < 0x20 || c == 0x7f)
			used += (size_t)snprintf(out + used, size - used, "\\u%04x", c);
		else if (c == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] <= 0x9f)
			used += (size_t)snprintf(out + used, size - used, "\\u%04x", (unsigned char)*++text);
		else
			out[used++] = (char)c;
	}
	out[used] = 0;
}

static size_t format_line(char *line, size_t size, enum log_format format, enum log_level level, const char *text)
{
	static const char *const names[] = { "debug", "info", "warning", "error" };
	char when[32], quoted[3072];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
	quote(quoted, sizeof quoted, text);
	int length = snprintf(line, size,
	                      format == LOG_FORMAT_JSON ? "{\"level\":\"%2$s\",\"msg\":\"%3$s\",\"time\":\"%1$s\"}\n"
	                                                : "time=\"%1$s\" level=%2$s msg=\"%3$s\"\n",
	                      when, names[level], quoted);
	return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

void log_write(int fd, const char *text, size_t size)
{
	(void)write_or_give_up(fd, text, size, 1000);
}

void log_message(enum log_level level, const char *fmt, ...)
{
	char text[2048], line[4096];
	va_list args;

	if ((sink.fd < 0 || level < sink.level) && level < sink.stderr_level)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (sink.fd >= 0 && level >= sink.level)
		log_write(sink.fd, line, format_line(line, sizeof line, sink.format, level, text));
	if (level >= sink.stderr_level)
		log_write(STDERR_FILENO, line, format_line(line, sizeof line, LOG_FORMAT_TEXT, level, text));
}
