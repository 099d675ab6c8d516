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
/* The one that was looked up last: most containers have the same. */
struct owner {
	bool known;
	uid_t uid;
	char name[USER_NAME_SIZE];
};

static void name_owner(struct state *state, struct owner *last)
{
	char *end;
	unsigned long uid = state->owner ? strtoul(state->owner, &end, 10) : 0;

	if (!state->owner || !state->owner[0] || *end)
		return;
	if (!last->known || last->uid != (uid_t)uid) {
		last->known = true;
		last->uid = (uid_t)uid;
		user_name(last->uid, last->name, sizeof last->name);
	}
	state->owner = arena_strdup(&state->arena, last->name);
}

static int run_state(struct call *call)
{
	_cleanup_state_ struct state state = { 0 };
	struct owner owner = { 0 };
	enum status status;
	int r = container_state(&call->runtime, call_id(call), &state, &status);

	if (r < 0)
		return r;
	name_owner(&state, &owner);
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

/* One container that cannot be read must not hide the others: it may just be coming or going. */
static bool load(const struct call *call, const char *id, struct state *state, enum status *status)
{
	int r = container_state(&call->runtime, id, state, status);

	if (r == -ENOENT || r == -ENODATA)
		log_debug("%s: %s", id, error_record()->text);
	else if (r < 0)
		log_warning("%s: %s", id, error_record()->text);
	return r >= 0;
}

#define LIST_COLUMNS 6

/* With a thousand containers, a state that is kept for each would be most of the program's memory: only what is printed stays. */
struct list {
	struct arena *arena;
	char **cells;   /* of the table */
	size_t printed; /* rows, with the titles; containers in JSON */
};

static void add_row(struct list *list, const char *const *texts)
{
	for (size_t i = 0; i < LIST_COLUMNS; i++)
		list->cells[list->printed * LIST_COLUMNS + i] = arena_strdup(list->arena, texts[i]);
	list->printed++;
}

static void add_to_table(struct list *list, const struct state *state, enum status status)
{
	char pid[16];

	snprintf(pid, sizeof pid, "%d", status == STATUS_STOPPED ? 0 : (int)state->pid);
	add_row(list, (const char *[]){ state->id, pid, status_name(status), state->bundle, state->created ? state->created : "",
	                                state->owner ? state->owner : "" });
}

static void print_object(struct list *list, const struct state *state, enum status status)
{
	ARENA_SCRATCH(arena, 8192);

	printf("%s%s", list->printed++ ? "," : "", state_to_report_json(state, status, &arena));
}

static int run_list(struct call *call)
{
	struct list list = { .arena = &call->arena };
	struct owner owner = { 0 };
	char **ids;
	size_t count;
	int r = store_list(call->runtime.root, &call->arena, &ids, &count);

	if (r < 0)
		return r;
	bool json = call->format == FORMAT_JSON && !call->quiet, table = !json && !call->quiet;

	list.cells = arena_array(&call->arena, table ? (count + 1) * LIST_COLUMNS : 0, sizeof *list.cells);
	if (json)
		putchar('[');
	if (table)
		add_row(&list, (const char *[]){ "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" });
	for (size_t i = 0; i < count; i++) {
		_cleanup_state_ struct state state = { 0 };
		enum status status;

		if (!load(call, ids[i], &state, &status))
			continue;
		name_owner(&state, &owner);
		if (json)
			print_object(&list, &state, status);
		else if (table)
			add_to_table(&list, &state, status);
		else
			puts(state.id);
	}
	if (json)
		puts("]");
	if (table)
		text_print_table(list.cells, list.printed, LIST_COLUMNS);
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
