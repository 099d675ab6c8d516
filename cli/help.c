#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#define OPTION_COLUMN 32

static const char *const group_titles[COMMAND_GROUPS] = {
	[GROUP_LIFE] = "Life of a container",
	[GROUP_INSIDE] = "Inside a container",
	[GROUP_LOOK] = "Looking at containers",
	[GROUP_BUNDLE] = "Around them",
};

static void print_option(const struct option *option)
{
	char left[128];

	snprintf(left, sizeof left, "  %c%c%c --%s%s%s", option->letter ? '-' : ' ', option->letter ? option->letter : ' ',
	         option->letter ? ',' : ' ', option->name, option->value ? " " : "", option->value ? option->value : "");
	if (strlen(left) >= OPTION_COLUMN)
		printf("%s\n%*s%s\n", left, OPTION_COLUMN, "", option->help);
	else
		printf("%-*s%s\n", OPTION_COLUMN, left, option->help);
}

static void print_options(const struct option *options)
{
	static const struct option help = { .name = "help", .letter = 'h', .help = "show this help" };

	puts("\nOptions:");
	for (; options && options->name; options++)
		print_option(options);
	print_option(&help);
}

static void print_commands(void)
{
	for (const struct command *const *c = commands; *c; c++) {
		if (c == commands || c[0]->group != c[-1]->group)
			printf("\n%s:\n", group_titles[(*c)->group]);
		printf("  %-12s%s\n", (*c)->name, (*c)->summary);
	}
}

void help_print(const struct command *command)
{
	if (!command) {
		puts("Usage: berth [OPTION...] COMMAND [ARGUMENT...]\n\nRun containers of the Open Container Initiative.");
		print_commands();
		print_options(global_options);
		puts("\n\"berth COMMAND --help\" tells more; so do the manual pages berth(8) and berth-COMMAND(8).");
		return;
	}
	printf("Usage: berth %s [OPTION...]%s%s\n\n%s\n", command->name, command->arguments[0] ? " " : "", command->arguments,
	       command->description);
	print_options(command->options);
}
