/*
 * list: the containers that there are.
 *
 * A container costs a dozen system calls, which the kernel does as well on all processors at once: a crew looks at them, some at a time.
 */
#include "cli/commands.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/crew.h"
#include "cli/text.h"
#include "cli/users.h"
#include "runtime/look.h"
#include "runtime/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PIECE 25            /* containers that are looked at in one go */
#define WORTH_A_PROCESS 100 /* containers */

#define COLUMNS 6

struct list {
	struct call *call;
	char **ids;
	size_t count;
};

/* --- look at some of them -------------------------------------------------------------------------------------------------- */

/* One container that cannot be read must not hide the others: it may just be coming or going. */
static bool look(struct look *look, const char *id, struct state *state, enum status *status)
{
	int r = look_at(look, id, state, status);

	if (r == -ENOENT || r == -ENODATA)
		log_debug("%s: %s", id, error_record()->text);
	else if (r < 0)
		log_warning("%s: %s", id, error_record()->text);
	return r >= 0;
}

static void put_cell(FILE *out, const char *text)
{
	fwrite(text, 1, strlen(text) + 1, out);
}

/* Of the state's, which may hold anything. */
static void put_foreign_cell(FILE *out, char *text)
{
	put_cell(out, text ? text_make_printable(text) : "");
}

static void put_row(FILE *out, const struct state *state, enum status status)
{
	char pid[16];

	snprintf(pid, sizeof pid, "%d", status == STATUS_STOPPED ? 0 : (int)state->pid);
	put_foreign_cell(out, state->id);
	put_cell(out, pid);
	put_cell(out, status_name(status));
	put_foreign_cell(out, state->bundle);
	put_foreign_cell(out, state->created);
	put_foreign_cell(out, state->owner);
}

static void put_object(FILE *out, const struct state *state, enum status status)
{
	ARENA_SCRATCH(arena, 8192);

	fprintf(out, ",%s", state_to_report_json(state, status, false, &arena));
}

static void put(FILE *out, const struct call *call, const struct state *state, enum status status)
{
	if (call->quiet)
		fprintf(out, "%s\n", state->id);
	else if (call->format == FORMAT_JSON)
		put_object(out, state, status);
	else
		put_row(out, state, status);
}

static int look_at_some(struct crew *crew, void *context)
{
	const struct list *list = context;
	struct user_owner owner = { 0 };
	struct look _cleanup_look_ from = LOOK_NONE;
	_Alignas(max_align_t) unsigned char room[LOOK_ROOM]; /* for one state after the other */
	int r = look_begin(&from, &list->call->runtime);

	for (size_t piece; r >= 0 && crew_next(crew, &piece);)
		for (size_t i = piece * PIECE; i < (piece + 1) * PIECE && i < list->count; i++) {
			_cleanup_state_ struct state state = { .arena = arena_on(room, sizeof room) };
			enum status status;

			if (!look(&from, list->ids[i], &state, &status))
				continue;
			user_name_owner(&state, &owner);
			put(crew->out, list->call, &state, status);
		}
	return r == -ENOENT ? 0 : r;
}

/* --- print ----------------------------------------------------------------------------------------------------------------- */

static void print_table(const struct crew *crew)
{
	static const char titles[] = "ID\0PID\0STATUS\0BUNDLE\0CREATED\0OWNER";
	struct text_table table = { .columns = COLUMNS };
	size_t size;

	text_table_measure(&table, titles, sizeof titles);
	for (size_t i = 0; i < crew->pieces; i++) {
		const char *text = crew_text(crew, i, &size);

		text_table_measure(&table, text, size);
	}
	text_table_print(&table, titles, sizeof titles);
	for (size_t i = 0; i < crew->pieces; i++) {
		const char *text = crew_text(crew, i, &size);

		text_table_print(&table, text, size);
	}
}

/* Each object has a comma before it; the first one's is left out. */
static void print_texts(const struct crew *crew, size_t skip)
{
	for (size_t i = 0; i < crew->pieces; i++) {
		size_t size;
		const char *text = crew_text(crew, i, &size);

		if (size > 0)
			fwrite(text + skip, 1, size - skip, stdout);
		skip = size > 0 ? 0 : skip;
	}
}

static void print(const struct call *call, const struct crew *crew)
{
	static char buffer[16 * 1024]; /* the C library's own makes a system call of each KiB */

	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	if (call->quiet) {
		print_texts(crew, 0);
	} else if (call->format == FORMAT_JSON) {
		putchar('[');
		print_texts(crew, 1);
		puts("]");
	} else {
		print_table(crew);
	}
}

static int run_list(struct call *call)
{
	struct list list = { .call = call };
	struct crew _cleanup_crew_ crew = { 0 };
	int r = store_list(call->runtime.root, &call->arena, &list.ids, &list.count);

	if (r >= 0)
		r = crew_run(&crew, (list.count + PIECE - 1) / PIECE, 1 + list.count / WORTH_A_PROCESS, look_at_some, &list);
	if (r >= 0)
		print(call, &crew);
	return r;
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
