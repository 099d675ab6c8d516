#include "cli/options.h"

#include "base/error.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Words of a command line that are still to be read. */
struct words {
	int count, next;
	char **items;
};

static const struct option help_option = { "help", 'h', OPTION_FLAG, AT(help), NULL, "show this help" };

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static bool option_is_called(const struct option *option, const char *name, size_t length)
{
	if (length == 1 && option->letter == name[0])
		return true;
	return strlen(option->name) == length && memcmp(option->name, name, length) == 0;
}

static const struct option *option_find(const struct option *options, const char *name, size_t length)
{
	for (; options && options->name; options++)
		if (option_is_called(options, name, length))
			return options;
	return option_is_called(&help_option, name, length) ? &help_option : NULL;
}

static bool takes_value(const struct option *option)
{
	return option->kind != OPTION_FLAG && option->kind != OPTION_SWITCH;
}

/* The words that Go's strconv.ParseBool takes. */
static int parse_bool(const struct option *option, const char *text, bool *value)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "true", true }, { "True", true }, { "TRUE", true }, { "t", true }, { "T", true }, { "1", true },
		{ "false", false }, { "False", false }, { "FALSE", false }, { "f", false }, { "F", false }, { "0", false },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(text, words[i].word) == 0) {
			*value = words[i].value;
			return 0;
		}
	return refuse(EINVAL, "--%s=%s: must be true or false", option->name, text);
}

static int parse_count(const struct option *option, const char *text, unsigned *value)
{
	char *end;

	errno = 0;
	unsigned long number = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || errno || number > INT32_MAX)
		return refuse(EINVAL, "--%s %s: must be a number, 0 or more", option->name, text);
	*value = (unsigned)number;
	return 0;
}

static int parse_choice(const struct option *option, const char *text, int *value)
{
	size_t length = strlen(text);
	int position = 0;

	for (const char *word = option->value; word; position++) {
		const char *end = strchr(word, '|');
		size_t size = end ? (size_t)(end - word) : strlen(word);

		if (size == length && memcmp(word, text, size) == 0) {
			*value = position;
			return 0;
		}
		word = end ? end + 1 : NULL;
	}
	return refuse(EINVAL, "--%s %s: must be %s", option->name, text, option->value);
}

static void strings_add(struct arena *arena, struct strings *strings, char *text)
{
	char **grown = arena_array(arena, strings->count + 2, sizeof *grown);

	if (strings->count)
		memcpy(grown, strings->items, strings->count * sizeof *grown);
	grown[strings->count++] = text;
	strings->items = grown;
	strings->set = true;
}

static int store(struct call *call, const struct option *option, char *text)
{
	char *at = (char *)call + option->offset;

	switch (option->kind) {
	case OPTION_FLAG:
		*(bool *)(void *)at = true;
		return text ? parse_bool(option, text, (bool *)(void *)at) : 0;
	case OPTION_SWITCH:
		*(struct opt_bool *)(void *)at = (struct opt_bool){ .set = true, .value = true };
		return text ? parse_bool(option, text, &((struct opt_bool *)(void *)at)->value) : 0;
	case OPTION_TEXT:
		*(const char **)(void *)at = text[0] ? text : NULL;
		return 0;
	case OPTION_COUNT:
		return parse_count(option, text, (unsigned *)(void *)at);
	case OPTION_LIST:
		strings_add(&call->arena, (struct strings *)(void *)at, text);
		return 0;
	case OPTION_CHOICE:
		return parse_choice(option, text, (int *)(void *)at);
	}
	return refuse(EINVAL, "--%s: unknown kind of option", option->name);
}

/* Take the value from the next word where there is none yet. */
static int store_or_fetch(struct call *call, const struct option *option, char *text, struct words *words)
{
	if (!text && takes_value(option)) {
		if (words->next == words->count)
			return refuse(EINVAL, "--%s: flag needs an argument (%s)", option->name, option->value);
		text = words->items[words->next++];
	}
	return store(call, option, text);
}

/* "-abc", "-nVALUE": letters, as getopt reads them. */
static int parse_letters(struct call *call, const struct option *options, char *letters, struct words *words)
{
	for (char *letter = letters; *letter; letter++) {
		const struct option *option = option_find(options, letter, 1);

		if (!option || option->letter != *letter)
			return refuse(EINVAL, "unknown option -%s", letters);
		if (takes_value(option))
			return store_or_fetch(call, option, letter[1] ? letter + 1 : NULL, words);
		int r = store(call, option, NULL);

		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_option(struct call *call, const struct option *options, struct words *words)
{
	char *word = words->items[words->next++];
	bool two_dashes = word[1] == '-';
	char *name = word + 1 + two_dashes, *equals = strchr(name, '=');
	const struct option *option = option_find(options, name, equals ? (size_t)(equals - name) : strlen(name));

	if (option)
		return store_or_fetch(call, option, equals ? equals + 1 : NULL, words);
	return two_dashes ? refuse(EINVAL, "unknown option %s", word) : parse_letters(call, options, name, words);
}

static int parse(struct call *call, const struct option *options, bool first_argument_ends_options, struct words *words)
{
	while (words->next < words->count) {
		char *word = words->items[words->next];

		if (strcmp(word, "--") == 0) {
			words->next++;
			break;
		}
		if (word[0] == '-' && word[1]) {
			int r = parse_option(call, options, words);

			if (r < 0)
				return r;
			continue;
		}
		if (first_argument_ends_options)
			break;
		strings_add(&call->arena, &call->arguments, word);
		words->next++;
	}
	return words->next;
}

int options_parse_global(struct call *call, int argc, char **argv)
{
	struct words words = { .count = argc, .next = argc > 0, .items = argv };

	return parse(call, global_options, true, &words);
}

int options_parse(struct call *call, const struct command *command, int argc, char **argv)
{
	struct words words = { .count = argc, .items = argv };
	int r = parse(call, command->options, command->first_argument_ends_options, &words);

	if (r < 0)
		return r;
	while (words.next < words.count)
		strings_add(&call->arena, &call->arguments, words.items[words.next++]);
	return 0;
}

int options_check_arguments(const struct call *call, const struct command *command)
{
	int count = (int)call->arguments.count;

	if (count < command->min_arguments)
		return refuse(EINVAL, "missing argument: expected %s", command->arguments);
	if (command->max_arguments >= 0 && count > command->max_arguments)
		return refuse(EINVAL, "unexpected argument \"%s\"", call->arguments.items[command->max_arguments]);
	return 0;
}
