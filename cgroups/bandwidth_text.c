#include "cgroups/bandwidth.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define BURST_MIN (UINT64_C(128) << 10)
#define MAX_DECIMALS 9

/* --- numbers -------------------------------------------------------------------------------------------------------------- */

static const struct suffix {
	const char *text;
	uint64_t factor;
} suffixes[] = {
	{ "Ki", UINT64_C(1) << 10 },
	{ "Mi", UINT64_C(1) << 20 },
	{ "Gi", UINT64_C(1) << 30 },
	{ "Ti", UINT64_C(1) << 40 },
	{ "k", 1000 },
	{ "M", 1000000 },
	{ "G", 1000000000 },
	{ "T", UINT64_C(1000000000000) },
	{ "", 1 },
};

/* The longer ones come first, so that one that fits is the one. */
static uint64_t parse_suffix(const char **at)
{
	const struct suffix *suffix = suffixes;

	while (strncmp(*at, suffix->text, strlen(suffix->text)) != 0)
		suffix++;
	*at += strlen(suffix->text);
	return suffix->factor;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits as a number; false when it is beyond what any value here can be. */
static bool parse_digits(const char **at, uint64_t *number, unsigned *digits)
{
	*number = 0;
	for (*digits = 0; is_digit(**at); ++*at, ++*digits) {
		if (*number > BANDWIDTH_RATE_MAX)
			return false;
		*number = *number * 10 + (uint64_t)(**at - '0');
	}
	return *digits > 0;
}

/* NUMBER[.DECIMALS][SUFFIX], at most max. A fraction of a unit is cut off. */
static bool parse_number(const char **at, uint64_t max, uint64_t *number)
{
	uint64_t whole, fraction = 0, scale = 1;
	unsigned digits, decimals = 0;

	if (!parse_digits(at, &whole, &digits))
		return false;
	if (**at == '.') {
		++*at;
		if (!parse_digits(at, &fraction, &decimals) || decimals > MAX_DECIMALS)
			return false;
	}
	for (unsigned i = 0; i < decimals; i++)
		scale *= 10;

	uint64_t factor = parse_suffix(at);

	if (whole > max / factor)
		return false;
	/* The fraction is below scale, and scale is at most 10^9: no product overflows. */
	*number = whole * factor + fraction * (factor / scale) + fraction * (factor % scale) / scale;
	return *number <= max;
}

static bool skip_word(const char **at, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*at, word, length) != 0)
		return false;
	*at += length;
	return true;
}

/* --- limits --------------------------------------------------------------------------------------------------------------- */

uint64_t bandwidth_default_burst(uint64_t rate)
{
	uint64_t burst = rate / 20;

	return burst < BURST_MIN ? BURST_MIN : burst > BANDWIDTH_BURST_MAX ? BANDWIDTH_BURST_MAX : burst;
}

static int malformed(const char *text)
{
	return refuse(EINVAL,
		      "\"%s\": must be bits a second from 1k to 1000T, such as 100M, 1.5Gbit or 512Ki, with an optional burst "
		      "of up to "
		      "1Gi bytes, such as 100M,burst=256Ki, or max",
		      text);
}

int bandwidth_parse(const char *text, struct bandwidth_limit *limit)
{
	const char *at = text;

	*limit = (struct bandwidth_limit){ .set = true, .rate = BANDWIDTH_UNLIMITED };
	if (strcmp(text, "max") == 0)
		return 0;
	if (!parse_number(&at, BANDWIDTH_RATE_MAX, &limit->rate) || limit->rate < BANDWIDTH_RATE_MIN)
		return malformed(text);
	(void)(skip_word(&at, "bit") || skip_word(&at, "bps"));
	limit->burst = bandwidth_default_burst(limit->rate);
	if (skip_word(&at, ",burst=")) {
		if (!parse_number(&at, BANDWIDTH_BURST_MAX, &limit->burst) || limit->burst == 0)
			return malformed(text);
		skip_word(&at, "B");
	}
	return *at ? malformed(text) : 0;
}

/* With the suffix that makes the number smallest and leaves no fraction. */
static char *number_to_text(uint64_t number, struct arena *arena)
{
	const struct suffix *best = suffixes;

	for (const struct suffix *s = suffixes; s < suffixes + sizeof suffixes / sizeof *suffixes; s++)
		if (number % s->factor == 0 && (number % best->factor != 0 || s->factor > best->factor))
			best = s;
	return arena_printf(arena, "%" PRIu64 "%s", number / best->factor, best->text);
}

char *bandwidth_to_text(const struct bandwidth_limit *limit, struct arena *arena)
{
	if (limit->rate == BANDWIDTH_UNLIMITED)
		return arena_strdup(arena, "max");
	char *rate = number_to_text(limit->rate, arena);

	if (limit->burst == bandwidth_default_burst(limit->rate))
		return rate;
	return arena_printf(arena, "%s,burst=%s", rate, number_to_text(limit->burst, arena));
}

/* --- annotations ---------------------------------------------------------------------------------------------------------- */

static struct bandwidth_limit *limit_of(struct bandwidth *bandwidth, const char *annotation)
{
	return strcmp(annotation, BANDWIDTH_EGRESS) == 0    ? &bandwidth->egress
	       : strcmp(annotation, BANDWIDTH_INGRESS) == 0 ? &bandwidth->ingress
							    : NULL;
}

int bandwidth_from_annotations(const struct string_map *annotations, struct bandwidth *bandwidth)
{
	*bandwidth = (struct bandwidth){ 0 };
	for (size_t i = 0; i < annotations->count; i++) {
		struct bandwidth_limit *limit = limit_of(bandwidth, annotations->items[i].key);
		int r = limit ? bandwidth_parse(annotations->items[i].value, limit) : 0;

		if (r < 0)
			return context(r, "/annotations/%s", annotations->items[i].key);
	}
	return 0;
}

const char *bandwidth_asked(const struct bandwidth *bandwidth)
{
	return bandwidth->egress.set ? BANDWIDTH_EGRESS : bandwidth->ingress.set ? BANDWIDTH_INGRESS : NULL;
}
