/* state, features, help: what there is. */
#include "cli/commands.h"

#include "base/error.h"
#include "cli/users.h"
#include "runtime/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int run_state(struct call *call)
{
	_cleanup_state_ struct state state = { 0 };
	struct user_owner owner = { 0 };
	enum status status;
	int r = container_state(&call->runtime, call_id(call), &state, &status);

	if (r < 0)
		return r;
	user_name_owner(&state, &owner);
	puts(state_to_report_json(&state, status, true, &call->arena));
	return 0;
}

const struct command command_state = {
	.name = "state",
	.group = GROUP_LOOK,
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = "print the state of a container",
	.description = "Print the state of a container as JSON.",
	.run = run_state,
};

static int run_features(struct call *call)
{
	const char *json = container_features(&call->runtime, &call->arena);

	if (!json)
		return -ENOTSUP;
	puts(json);
	return 0;
}

const struct command command_features = {
	.name = "features",
	.group = GROUP_BUNDLE,
	.arguments = "",
	.summary = "print what this runtime supports",
	.description = "Print what this runtime supports on this kernel, as JSON.",
	.run = run_features,
};

static int run_help(struct call *call)
{
	const struct command *command = call->arguments.count ? command_find(call_id(call)) : NULL;

	if (call->arguments.count && !command)
		return refuse(EINVAL, "unknown command \"%s\"", call_id(call));
	help_print(command);
	return 0;
}

const struct command command_help = {
	.name = "help",
	.group = GROUP_BUNDLE,
	.arguments = "[COMMAND]",
	.max_arguments = 1,
	.summary = "show help",
	.description = "Show help of berth or of a command.",
	.run = run_help,
};
