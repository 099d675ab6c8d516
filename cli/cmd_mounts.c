/* mounts: what a container that runs gets to see, and what it does not any more. */
#include "cli/commands.h"

#include "base/error.h"
#include "cli/input.h"

#include <errno.h>
#include <string.h>

typedef int change(const struct runtime *runtime, const char *id, const char *json, size_t size);

static int run_mounts(struct call *call)
{
	char **arguments = call->arguments.items, *text;
	bool add = strcmp(arguments[0], "add") == 0;
	size_t size;

	if (!add && strcmp(arguments[0], "remove") != 0)
		return refuse(EINVAL, "mounts %s: must be add or remove", arguments[0]);
	int r = input_read(&call->arena, "FILE", arguments[2], true, &text, &size);
	change *apply = add ? container_mounts_add : container_mounts_remove;

	return r < 0 ? r : context(apply(&call->runtime, arguments[1], text, size), "%s", arguments[2]);
}

const struct command command_mounts = {
	.name = "mounts",
	.group = GROUP_INSIDE,
	.arguments = "add|remove ID FILE",
	.min_arguments = 3,
	.max_arguments = 3,
	.summary = "add mounts to a running container, or remove them",
	.description = "Add the mounts of FILE, an array as \"mounts\" in config.json (\"-\": standard input), to a container that exists,\n"
	               "or remove the mounts at its destinations.",
	.sealed = true,
	.run = run_mounts,
};
