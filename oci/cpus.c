#include "oci/cpus.h"

static void skip_blanks(const char **text)
{
	while (**text == ' ')
		(*text)++;
}

static bool parse_number(const char **text, unsigned *number)
{
	const char *start;

	skip_blanks(text);
	start = *text;
	for (*number = 0; **text >= '0' && **text <= '9'; (*text)++) {
		*number = 10 * *number + (unsigned)(**text - '0');
		if (*number >= SPEC_CPU_MAX)
			return false;
	}
	if (*text == start)
		return false;
	skip_blanks(text);
	return true;
}

bool cpus_parse(const char *text, uint64_t *mask)
{
	for (;;) {
		unsigned first, last;

		if (!parse_number(&text, &first))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!parse_number(&text, &last) || last < first)
				return false;
		}
		for (unsigned i = first; mask && i <= last; i++)
			mask[i / 64] |= UINT64_C(1) << i % 64;
		if (*text == '\0')
			return true;
		if (*text++ != ',')
			return false;
	}
}
