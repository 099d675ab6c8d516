/* state, list, features: what there is. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/text.h"
#include "cli/users.h"
#include "runtime/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The store knows numbers; runc and crun print names. */
static void name_owner(struct state *state)
{
	char name[USER_NAME_SIZE], *end;
	unsigned long uid = state->owner ? strtoul(state->owner, &end, 10) : 0;

	if (!state->owner || !state->owner[0] || *end)
		return;
	user_name((uid_t)uid, name, sizeof name);
	state->owner = arena_strdup(&state->arena, name);
}

static int run_state(struct call *call)
{
	_cleanup_state_ struct state state = { 0 };
	enum status status;
	int r = container_state(&call->runtime, call_id(call), &state, &status);

	if (r < 0)
		return r;
	name_owner(&state);
	puts(state_to_report_json(&state, status, &call->arena));
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

struct entry {
	struct state state;
	enum status status;
};

#define LIST_COLUMNS 6

static void print_table(struct call *call, struct entry *entries, size_t count)
{
	static const char *const titles[LIST_COLUMNS] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
	char **cells = arena_array(&call->arena, (count + 1) * LIST_COLUMNS, sizeof *cells), **cell = cells;

	for (size_t i = 0; i < LIST_COLUMNS; i++)
		*cell++ = arena_strdup(&call->arena, titles[i]);
	for (size_t i = 0; i < count; i++) {
		struct state *state = &entries[i].state;

		*cell++ = state->id;
		*cell++ = arena_printf(&call->arena, "%d", entries[i].status == STATUS_STOPPED ? 0 : state->pid);
		*cell++ = arena_strdup(&call->arena, status_name(entries[i].status));
		*cell++ = state->bundle;
		*cell++ = arena_strdup(&call->arena, state->created ? state->created : "");
		*cell++ = state->owner;
	}
	text_print_table(cells, count + 1, LIST_COLUMNS);
}

static void print_json(struct call *call, struct entry *entries, size_t count)
{
	putchar('[');
	for (size_t i = 0; i < count; i++)
		printf("%s%s", i ? "," : "", state_to_report_json(&entries[i].state, entries[i].status, &call->arena));
	puts("]");
}

static void print_ids(struct entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		puts(entries[i].state.id);
}

/* One container that cannot be read must not hide the others: it may just be coming or going. */
static size_t load_entries(struct call *call, char **ids, size_t count, struct entry *entries)
{
	size_t loaded = 0;

	for (size_t i = 0; i < count; i++) {
		struct entry *entry = &entries[loaded];
		int r = container_state(&call->runtime, ids[i], &entry->state, &entry->status);

		if (r >= 0) {
			name_owner(&entry->state);
			loaded++;
		} else if (r == -ENOENT || r == -ENODATA) {
			log_debug("%s: %s", ids[i], error_record()->text);
		} else {
			log_warning("%s: %s", ids[i], error_record()->text);
		}
	}
	return loaded;
}

static int run_list(struct call *call)
{
	char **ids;
	size_t count;
	int r = store_list(call->runtime.root, &call->arena, &ids, &count);

	if (r < 0)
		return r;
	struct entry *entries = arena_array(&call->arena, count + 1, sizeof *entries);

	count = load_entries(call, ids, count, entries);
	if (call->quiet)
		print_ids(entries, count);
	else if (call->format == FORMAT_JSON)
		print_json(call, entries, count);
	else
		print_table(call, entries, count);
	for (size_t i = 0; i < count; i++)
		state_free(&entries[i].state);
	return 0;
}

static const struct option list_options[] = {
	{ "format", 'f', OPTION_CHOICE, AT(format), "table|json", "form of the list (default: table)" },
	{ "quiet", 'q', OPTION_FLAG, AT(quiet), NULL, "only ids" },
	{ 0 },
};

const struct command command_list = {
	.name = "list",
	.group = GROUP_LOOK,
	.arguments = "",
	.summary = "list containers",
	.description = "List the containers of the state directory (--root).",
	.options = list_options,
	.run = run_list,
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
