/* top: what containers use, again and again. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/screen.h"
#include "cli/top_rows.h"
#include "cli/units.h"
#include "runtime/look.h"
#include "runtime/store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define MILLISECOND UINT64_C(1000000)
#define INTERVAL_MIN (10 * MILLISECOND)
#define SCREEN_LINES 2 /* beside the rows: the summary and the titles */

struct top {
	struct call *call;
	uint64_t interval;
	/* Two looks, the present one and the one before; what they hold is in the arena beside them. */
	struct top_sample samples[2];
	struct arena arenas[2];
	int now;
	/* Of the rows, and of what is made of them. */
	struct arena arena;
	struct top_row *rows;
	size_t count;
};

static uint64_t monotonic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* --- looking --------------------------------------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The ids of the command line, sorted, each once; or all that there are. */
static int choose_ids(struct call *call, struct arena *arena, char ***ids, size_t *count)
{
	const struct strings *given = &call->arguments;

	if (given->count == 0)
		return store_list(call->runtime.root, arena, ids, count);
	*ids = arena_array(arena, given->count, sizeof **ids);
	memcpy(*ids, given->items, given->count * sizeof **ids);
	qsort(*ids, given->count, sizeof **ids, compare_ids);
	*count = 0;
	for (size_t i = 0; i < given->count; i++)
		if (*count == 0 || strcmp((*ids)[*count - 1], (*ids)[i]) != 0)
			(*ids)[(*count)++] = (*ids)[i];
	return 0;
}

/* A container may be coming or going, and one that cannot be read must hide no other. Asked for by name, it must be there at first. */
static int look(struct top *top, const char *id, bool first, struct arena *arena, struct top_look *found)
{
	_Alignas(max_align_t) unsigned char room[LOOK_ROOM];
	struct arena memory = arena_on(room, sizeof room);
	struct runtime runtime = top->call->runtime;

	runtime.memory = &memory; /* the call's would not last for many looks */
	int r = container_usage(&runtime, id, arena, &found->usage);

	if (r < 0 && first && top->call->arguments.count > 0)
		return r;
	if (r < 0) {
		log_debug("%s: %s", id, error_record()->text);
		return 0;
	}
	found->time = monotonic_now();
	found->id = arena_strdup(arena, id);
	return 1;
}

static int take_sample(struct top *top, bool first)
{
	char **ids;
	size_t count;

	top->now = !top->now;
	struct arena *arena = &top->arenas[top->now];
	struct top_sample *sample = &top->samples[top->now];

	arena_free(arena);
	*sample = (struct top_sample){ 0 };
	int r = choose_ids(top->call, arena, &ids, &count);

	if (r < 0)
		return r;
	sample->looks = arena_array(arena, count + 1, sizeof *sample->looks);
	for (size_t i = 0; i < count && r >= 0; i++) {
		r = look(top, ids[i], first, arena, &sample->looks[sample->count]);
		sample->count += r > 0;
	}
	if (r < 0)
		return r;
	arena_free(&top->arena);
	top->count = sample->count;
	top->rows = top_rows(&top->samples[!top->now], sample, &top->arena);
	return 0;
}

static void forget(struct top *top)
{
	arena_free(&top->arenas[0]);
	arena_free(&top->arenas[1]);
	arena_free(&top->arena);
}

/* --- as text that goes on -------------------------------------------------------------------------------------------- */

static void wait_until(uint64_t time)
{
	struct timespec end = { .tv_sec = (time_t)(time / SECOND), .tv_nsec = (long)(time % SECOND) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
		;
}

/* On a terminal as wide as it is. */
static int print(struct top *top)
{
	size_t rows, width = 0;

	if (isatty(STDOUT_FILENO))
		screen_size(&rows, &width);
	if (top->call->format == FORMAT_JSON)
		puts(top_rows_to_json(top->rows, top->count, &top->arena));
	else
		fputs(top_rows_to_table(top->rows, top->count, width, &top->arena), stdout);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : fail(errno, "write to standard output");
}

/* Rates need two looks, so the first is not shown. */
static int run_plain(struct top *top, bool once)
{
	uint64_t next = monotonic_now();
	int r = take_sample(top, true);

	for (bool first = true; r >= 0; first = false) {
		next += top->interval;
		wait_until(next);
		if (!first && top->call->format == FORMAT_TABLE)
			putchar('\n');
		r = take_sample(top, false);
		if (r >= 0)
			r = print(top);
		if (once)
			break;
		/* What came too late is no better when it is hurried after. */
		if (monotonic_now() > next + top->interval)
			next = monotonic_now();
	}
	return r;
}

/* --- on a screen ----------------------------------------------------------------------------------------------------- */

static int draw(struct top *top)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char clock[16] = "";
	time_t now = time(NULL);
	struct tm local;
	size_t lines, width;

	screen_size(&lines, &width);
	if (localtime_r(&now, &local))
		strftime(clock, sizeof clock, "%H:%M:%S", &local);
	size_t room = lines > SCREEN_LINES ? lines - SCREEN_LINES : 0, shown = top->count < room ? top->count : room;
	const char *summary = top_rows_to_summary(top->rows, top->count, clock, &arena);
	const char *table = lines < SCREEN_LINES ? "" : top_rows_to_table(top->rows, shown, width, &arena);

	return screen_draw(arena_printf(&arena, "%.*s\n%s", (int)width, summary, table));
}

static int milliseconds_until(uint64_t time)
{
	uint64_t now = monotonic_now();

	uint64_t left = now >= time ? 0 : (time - now + MILLISECOND - 1) / MILLISECOND;

	return left < INT_MAX ? (int)left : INT_MAX;
}

/* Until the next look is due, or it is the end: then the exit status, else -EAGAIN. */
static int show(struct top *top, struct screen *screen, uint64_t next)
{
	for (;;) {
		int r = draw(top);

		if (r < 0)
			return r;
		do
			r = screen_wait(screen, milliseconds_until(next));
		while (r == SCREEN_TIME && monotonic_now() < next);
		if (r != SCREEN_REDRAW)
			return r == SCREEN_TIME ? -EAGAIN : r == SCREEN_END ? 0 : r;
	}
}

static int run_screen(struct top *top)
{
	struct screen _cleanup_screen_ screen = { .signals = -1 };
	int r = take_sample(top, true);

	if (r >= 0)
		r = screen_begin(&screen, top->call->ignored_signals);
	while (r >= 0) {
		r = show(top, &screen, monotonic_now() + top->interval);
		if (r != -EAGAIN)
			return r;
		r = take_sample(top, false);
	}
	return r;
}

/* A terminal that knows no escapes, as in an editor's window, says so. */
static bool has_screen(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(kind && strcmp(kind, "dumb") == 0);
}

static int run_top(struct call *call)
{
	struct top top = { .call = call, .interval = SECOND };

	if (call->interval && (units_parse_duration(call->interval, &top.interval) < 0 || top.interval < INTERVAL_MIN))
		return refuse(EINVAL, "--interval %s: must be a duration of 10ms or more, such as 500ms, 5s or 1m30s",
			      call->interval);
	bool screen = call->format == FORMAT_TABLE && !call->once && has_screen();
	int r = screen ? run_screen(&top) : run_plain(&top, call->once);

	forget(&top);
	return r;
}

static const struct option top_options[] = {
	{ "once", 0, OPTION_FLAG, AT(once), NULL, "print one table, of one interval, and end" },
	{ "format", 'f', OPTION_CHOICE, AT(format), "table|json", "form; json: an array a line (default: table)" },
	{ "interval", 0, OPTION_TEXT, AT(interval), "DURATION", "time between looks (default: 1s)" },
	{ 0 },
};

const struct command command_top = {
	.name = "top",
	.group = GROUP_LOOK,
	.arguments = "[ID...]",
	.max_arguments = -1,
	.summary = "show what containers use, live",
	.description = "Show what containers use, those first that use most of the processors: CPU, memory, input and output,\n"
		       "processes, network, and how long they wait. On a terminal until q or ^C is pressed.",
	.options = top_options,
	.run = run_top,
};
