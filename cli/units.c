#include "cli/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LIMIT 9.2e18  /* a little less than INT64_MAX */

/* Digits and perhaps a fraction; NULL when there are none. strtod() alone takes signs, "inf" and hexadecimal numbers too. */
static const char *skip_number(const char *text)
{
	const char *end = text + strspn(text, "0123456789");

	if (*end == '.')
		end += 1 + strspn(end + 1, "0123456789");
	return isdigit((unsigned char)text[0]) || isdigit((unsigned char)text[text[0] == '.']) ? end : NULL;
}

int units_parse_size(const char *text, int64_t *bytes)
{
	static const char prefixes[] = "kmgtp";
	const char *unit = skip_number(text);

	if (!unit)
		return -EINVAL;
	double number = strtod(text, NULL);

	unit += *unit == ' ';
	const char *prefix = *unit ? strchr(prefixes, tolower((unsigned char)*unit)) : NULL;

	if (prefix) {
		for (long i = 0; i <= prefix - prefixes; i++)
			number *= 1024;
		unit++;
		unit += tolower((unsigned char)unit[0]) == 'i' && tolower((unsigned char)unit[1]) == 'b';
	}
	if (strcasecmp(unit, "") != 0 && strcasecmp(unit, "b") != 0)
		return -EINVAL;
	if (number > LIMIT)
		return -EINVAL;
	*bytes = (int64_t)number;
	return 0;
}

static double unit_of_time(const char *text, size_t length)
{
	static const struct {
		const char *name;
		double nanoseconds;
	} units[] = {
		{ "ns", 1 }, { "us", 1e3 }, { "µs", 1e3 }, { "μs", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 },
	};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strlen(units[i].name) == length && memcmp(text, units[i].name, length) == 0)
			return units[i].nanoseconds;
	return 0;
}

int units_parse_duration(const char *text, uint64_t *nanoseconds)
{
	double sum = 0;

	while (*text) {
		const char *unit = skip_number(text);

		if (!unit)
			return -EINVAL;
		size_t length = strcspn(unit, "0123456789.");
		double factor = unit_of_time(unit, length);

		if (factor <= 0)
			return -EINVAL;
		sum += strtod(text, NULL) * factor;
		text = unit + length;
	}
	if (sum < 1 || sum > LIMIT)
		return -EINVAL;
	*nanoseconds = (uint64_t)sum;
	return 0;
}
