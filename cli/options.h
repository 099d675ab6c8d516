/*
 * Command line tables: one row an option, one struct a command. Parsing, --help, and the tests that compare the manual pages
 * and completions with them, all come from these tables.
 *
 * Syntax is the union of what engines and users write for runc and crun:
 *   --name VALUE  --name=VALUE  -name VALUE  -name=VALUE  -n VALUE  -n=VALUE  (Go's flag package)
 *   -nVALUE  -abc                                                             (getopt, where no option is called that)
 * Flags take =BOOLEAN. Options and arguments may be mixed; "--" ends the options. Where a command of the container follows
 * (exec), the first argument ends them.
 */
#pragma once

#include "cli/call.h"

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
	OPTION_FLAG,    /* bool */
	OPTION_SWITCH,  /* struct opt_bool: tells "not given" from false */
	OPTION_TEXT,    /* const char *; an empty value counts as not given */
	OPTION_COUNT,   /* unsigned */
	OPTION_LIST,    /* struct strings: may be given many times */
	OPTION_CHOICE,  /* int: position in the words of value, "table|json" */
};

struct option {
	const char *name;   /* long name; NULL ends a table */
	char letter;        /* or 0 */
	enum option_kind kind;
	size_t offset;      /* of the value in struct call */
	const char *value;  /* what --help calls it; NULL for flags */
	const char *help;
};

#define AT(member) offsetof(struct call, member)

enum command_group { GROUP_LIFE, GROUP_INSIDE, GROUP_LOOK, GROUP_BUNDLE, COMMAND_GROUPS };

struct command {
	const char *name;
	enum command_group group;
	const char *arguments;         /* for usage: "ID [SIGNAL]" */
	int min_arguments, max_arguments;  /* max -1: any number */
	bool first_argument_ends_options;
	const char *summary;           /* in the list of commands */
	const char *description;       /* in its own --help */
	const struct option *options;
	bool sealed;                   /* runs from a sealed copy of the program (cli/sealed.h) */
	int error_status;              /* exit status of its own errors; 0: 1 */
	int (*run)(struct call *call); /* exit status, or -errno with the record filled */
};

/* Every command, those of a group together; the last is NULL. */
extern const struct command *const commands[];
extern const struct option global_options[];

const struct command *command_find(const char *name);

/* Parse the global options. Returns how many words of argv (the program's name included) they took; -EINVAL with the record. */
int options_parse_global(struct call *call, int argc, char **argv);

/* Parse options and arguments of command from all of argv into call. -EINVAL with the record. */
int options_parse(struct call *call, const struct command *command, int argc, char **argv);

/* Number of arguments as the table of command says. -EINVAL with the record. */
int options_check_arguments(const struct call *call, const struct command *command);

/* Text of --help, to standard output; command NULL: of the program. */
void help_print(const struct command *command);
