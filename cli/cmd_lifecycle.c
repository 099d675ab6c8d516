/* Commands that hand an id to the runtime and are done. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/signals.h"
#include "runtime/store.h"

#include <errno.h>
#include <regex.h>

#define OPTION_REGEX { "regex", 'r', OPTION_FLAG, AT(regex), NULL, "ID is a regular expression: every container it matches" }

static int run_start(struct call *call)
{
	return container_start(&call->runtime, call_id(call));
}

const struct command command_start = {
	.name = "start",
	.group = GROUP_LIFE,
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = "start the process of a created container",
	.description = "Start the process of a created container. Returns once it has been executed.",
	.run = run_start,
};

static int run_pause(struct call *call)
{
	return container_pause(&call->runtime, call_id(call));
}

const struct command command_pause = {
	.name = "pause",
	.group = GROUP_INSIDE,
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = "freeze all processes of a container",
	.description = "Freeze all processes of a container, until \"resume\".",
	.run = run_pause,
};

static int run_resume(struct call *call)
{
	return container_resume(&call->runtime, call_id(call));
}

const struct command command_resume = {
	.name = "resume",
	.group = GROUP_INSIDE,
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = "let a paused container run on",
	.description = "Let all processes of a paused container run on.",
	.run = run_resume,
};

typedef int action(struct call *call, const char *id);

/* One that fails does not keep the others from it. */
static int act_on_ids(struct call *call, const regex_t *regex, action *act)
{
	size_t count, failed = 0;
	char **ids;
	int r = store_list(call->runtime.root, &call->arena, &ids, &count);

	for (size_t i = 0; r >= 0 && i < count; i++)
		if (regexec(regex, ids[i], 0, NULL, 0) == 0 && act(call, ids[i]) < 0) {
			log_warning("%s: %s", ids[i], error_record()->text);
			failed++;
		}
	return r >= 0 && failed > 0 ? refuse(EIO, "failed for %zu of the containers that match %s", failed, call_id(call)) : r;
}

/* On the container called so, or with --regex on every one whose id matches. */
static int act_on(struct call *call, action *act)
{
	regex_t regex;
	char text[256];

	if (!call->regex)
		return act(call, call_id(call));
	int code = regcomp(&regex, call_id(call), REG_EXTENDED | REG_NOSUB);

	if (code) {
		regerror(code, &regex, text, sizeof text);
		return refuse(EINVAL, "--regex \"%s\": %s", call_id(call), text);
	}
	int r = act_on_ids(call, &regex, act);

	regfree(&regex);
	return r;
}

static int kill_one(struct call *call, const char *id)
{
	return container_kill(&call->runtime, id, call->signal, call->all);
}

static int run_kill(struct call *call)
{
	call->signal = signal_parse(call->arguments.count > 1 ? call->arguments.items[1] : "TERM");
	return call->signal < 0 ? call->signal : act_on(call, kill_one);
}

static const struct option kill_options[] = {
	{ "all", 'a', OPTION_FLAG, AT(all), NULL, "signal every process of the container" },
	OPTION_REGEX,
	{ 0 },
};

const struct command command_kill = {
	.name = "kill",
	.group = GROUP_LIFE,
	.arguments = "ID [SIGNAL]",
	.min_arguments = 1,
	.max_arguments = 2,
	.summary = "send a signal to a container",
	.description = "Send SIGNAL (a name or a number; default: TERM) to the container's first process.",
	.options = kill_options,
	.run = run_kill,
};

static int delete_one(struct call *call, const char *id)
{
	return container_delete(&call->runtime, id, call->force);
}

static int run_delete(struct call *call)
{
	return act_on(call, delete_one);
}

static const struct option delete_options[] = {
	{ "force", 'f', OPTION_FLAG, AT(force), NULL, "kill it if it runs; no error if there is none" },
	OPTION_REGEX,
	{ 0 },
};

const struct command command_delete = {
	.name = "delete",
	.group = GROUP_LIFE,
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = "remove a stopped container",
	.description = "Remove what a stopped container has left: its state and its cgroup. The bundle stays.",
	.options = delete_options,
	.run = run_delete,
};
