#include "oci/show.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Control characters: the C0 and C1 sets and DEL. A terminal that shows the message would obey them. */
static size_t control_length(const unsigned char *p, const unsigned char *end)
{
	if (*p < 0x20 || *p == 0x7f)
		return 1;
	return end - p >= 2 && p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0 ? 2 : 0;
}

static struct shown show_text(const char *text, size_t length, bool quoted)
{
	struct shown shown = { "" };
	char *out = shown.text;
	const unsigned char *p = (const unsigned char *)text, *end = p + length;

	if (quoted)
		*out++ = '"';
	while (p < end && out - shown.text < SHOWN_MAX) {
		size_t control = control_length(p, end);

		if (control) {
			out += sprintf(out, "\\x%02x", p[control - 1]);
			p += control;
			continue;
		}
		if (quoted && (*p == '"' || *p == '\\'))
			*out++ = '\\';
		do {
			*out++ = (char)*p++;
		} while (p < end && (*p & 0xc0) == 0x80 && out - shown.text < SHOWN_MAX + 4);
	}
	if (p < end)
		out += sprintf(out, "...");
	if (quoted)
		*out++ = '"';
	*out = '\0';
	return shown;
}

struct shown show_bytes(const char *text, size_t length)
{
	return show_text(text, length, true);
}

struct shown show_key(const char *text, size_t length)
{
	return show_text(text, length, false);
}

struct shown show(const char *text)
{
	return text ? show_text(text, strlen(text), true) : show_text("null", 4, false);
}

struct place text_place(const char *text, size_t offset)
{
	struct place place = { 1, 1 };

	for (size_t i = 0; i < offset; i++) {
		place.column = text[i] == '\n' ? 1 : place.column + 1;
		place.line += text[i] == '\n';
	}
	return place;
}
