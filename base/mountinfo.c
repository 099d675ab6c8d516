#include "base/mountinfo.h"

#include <stdio.h>
#include <string.h>

/* "\040" is a space, in place. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in;) {
		unsigned c;

		if (in[0] == '\\' && strspn(in + 1, "01234567") >= 3 && sscanf(in + 1, "%3o", &c) == 1) {
			*out++ = (char)c;
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	*out = 0;
}

bool mountinfo_parse(char *line, char **mount_point, const char **type)
{
	char *save = NULL, *word = strtok_r(line, " ", &save);

	for (int i = 1; word && i < 5; i++)
		word = strtok_r(NULL, " ", &save);
	*mount_point = word;
	while (word && strcmp(word, "-") != 0)
		word = strtok_r(NULL, " ", &save);
	*type = word ? strtok_r(NULL, " ", &save) : NULL;
	if (*mount_point)
		unescape(*mount_point);
	return *mount_point && *type;
}
