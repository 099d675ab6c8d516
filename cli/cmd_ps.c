/* ps: the processes of a container. */
#include "cli/commands.h"

#include "cli/processes.h"
#include "oci/json.h"

#include <stdio.h>

static void print_json(struct call *call, const pid_t *pids, size_t count)
{
	struct json *json = json_new(&call->arena, false);

	json_array(json);
	for (size_t i = 0; i < count; i++)
		json_int(json, pids[i]);
	json_array_end(json);
	puts(json_finish(json));
}

static int run_ps(struct call *call)
{
	pid_t *pids;
	size_t count;
	int r = container_pids(&call->runtime, call_id(call), &call->arena, &pids, &count);

	if (r < 0)
		return r;
	if (call->format == FORMAT_JSON) {
		print_json(call, pids, count);
		return 0;
	}
	if (call->arguments.count > 1)
		return processes_filter_ps(pids, count, call->arguments.items + 1, call->arguments.count - 1);
	return processes_print(&call->arena, pids, count);
}

static const struct option ps_options[] = {
	{ "format", 'f', OPTION_CHOICE, AT(format), "table|json", "form of the list; json: pids (default: table)" },
	{ 0 },
};

const struct command command_ps = {
	.name = "ps",
	.group = GROUP_INSIDE,
	.arguments = "ID [PS-OPTION...]",
	.min_arguments = 1,
	.max_arguments = -1,
	.first_argument_ends_options = true,
	.summary = "list the processes of a container",
	.description = "List the processes of a container, as the host numbers them. With options of ps(1) after ID, the\n"
	               "host's ps is run and its lines for the container's processes are shown.",
	.options = ps_options,
	.run = run_ps,
};
