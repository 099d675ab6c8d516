/*
 * list: the containers that there are.
 *
 * A container costs a dozen system calls, which the kernel does as well on all processors at once: each of a few processes looks at a part of
 * them and leaves what is to be printed in a memory file. Processes rather than threads: they share no memory, no error and no allocator.
 */
#include "cli/commands.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "cli/text.h"
#include "cli/users.h"
#include "runtime/look.h"
#include "runtime/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARTS_MAX 8
#define WORTH_A_PROCESS 100 /* containers */

#define COLUMNS 6

struct part {
	size_t begin, end; /* of the ids */
	pid_t pid;         /* of who looks at them; 0: ourselves */
	int fd;            /* what is to be printed */
	char *text;
	size_t size;
};

struct list {
	struct call *call;
	char **ids;
	size_t count;
	struct part parts[PARTS_MAX];
	size_t part_count;
};

/* --- look at a part of them ------------------------------------------------------------------------------------------------ */

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
	fwrite(text ? text : "", 1, text ? strlen(text) + 1 : 1, out);
}

static void put_row(FILE *out, const struct state *state, enum status status)
{
	char pid[16];

	snprintf(pid, sizeof pid, "%d", status == STATUS_STOPPED ? 0 : (int)state->pid);
	put_cell(out, state->id);
	put_cell(out, pid);
	put_cell(out, status_name(status));
	put_cell(out, state->bundle);
	put_cell(out, state->created);
	put_cell(out, state->owner);
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

static int look_at_part(const struct list *list, const struct part *part)
{
	struct user_owner owner = { 0 };
	struct look _cleanup_look_ from = LOOK_NONE;
	int copy = fcntl(part->fd, F_DUPFD_CLOEXEC, 3);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	char buffer[16384];
	_Alignas(max_align_t) unsigned char room[LOOK_ROOM]; /* for one state after the other */

	if (!out)
		return fail(errno, "write down what there is");
	setvbuf(out, buffer, _IOFBF, sizeof buffer);
	int r = look_begin(&from, &list->call->runtime);

	for (size_t i = part->begin; r >= 0 && i < part->end; i++) {
		_cleanup_state_ struct state state = { .arena = arena_on(room, sizeof room) };
		enum status status;

		if (!look(&from, list->ids[i], &state, &status))
			continue;
		user_name_owner(&state, &owner);
		put(out, list->call, &state, status);
	}
	bool written = !ferror(out);

	if (fclose(out) || !written)
		r = fail(errno, "write down what there is");
	return r == -ENOENT ? 0 : r;
}

/* --- share out, and put together ------------------------------------------------------------------------------------------- */

static size_t processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : (size_t)CPU_COUNT(&set);
}

/* The scheduler leaves a new process where its parent runs, and this work is over before it changes its mind. */
static void spread(size_t number)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof all, &all) < 0)
		return;
	CPU_ZERO(&one);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && number-- == 0)
			CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof one, &one) == 0)
		(void)sched_setaffinity(0, sizeof all, &all);
}

static int share_out(struct list *list)
{
	size_t count = 1 + list->count / WORTH_A_PROCESS, most = processors();

	count = count < most ? count : most;
	list->part_count = count < PARTS_MAX ? count : PARTS_MAX;
	for (size_t i = 0; i < list->part_count; i++) {
		struct part *part = &list->parts[i];

		part->begin = list->count * i / list->part_count;
		part->end = list->count * (i + 1) / list->part_count;
		part->fd = memory_file("list");
		if (part->fd < 0)
			return fail(-part->fd, "memfd_create");
	}
	return 0;
}

static void help(const struct list *list, const struct part *part)
{
	spread((size_t)(part - list->parts));
	int r = look_at_part(list, part);

	if (r < 0)
		log_warning("%s", error_record()->text);
	_exit(r < 0);
}

/* Who cannot have another process does the work alone. */
static int look_at_all(struct list *list)
{
	int r = 0;

	signal(SIGCHLD, SIG_DFL); /* a caller's SIG_IGN would keep how they ended from us */
	for (size_t i = 1; i < list->part_count; i++) {
		struct part *part = &list->parts[i];

		part->pid = fork();
		if (part->pid < 0)
			part->pid = 0;
		else if (part->pid == 0)
			help(list, part);
	}
	if (list->part_count > 1)
		spread(0);
	for (size_t i = 0; i < list->part_count && r >= 0; i++)
		if (list->parts[i].pid == 0)
			r = look_at_part(list, &list->parts[i]);
	return r;
}

static int take(struct part *part)
{
	struct stat st;
	int status = 0;

	if (part->pid > 0 && (waitpid(part->pid, &status, 0) < 0 || status != 0))
		return refuse(ECHILD, "the process that looked at a part of the containers failed (status %#x)", (unsigned)status);
	if (fstat(part->fd, &st) < 0)
		return fail(errno, "stat what was written down");
	part->size = (size_t)st.st_size;
	if (part->size == 0)
		return 0;
	part->text = mmap(NULL, part->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, part->fd, 0);
	if (part->text == MAP_FAILED) {
		part->text = NULL;
		return fail(errno, "read what was written down");
	}
	return 0;
}

static int take_all(struct list *list)
{
	int r = 0;

	for (size_t i = 0; i < list->part_count; i++) {
		int taken = take(&list->parts[i]);

		r = r < 0 ? r : taken;
	}
	return r;
}

static void print_table(struct list *list)
{
	struct arena *arena = &list->call->arena;
	static const char titles[] = "ID\0PID\0STATUS\0BUNDLE\0CREATED\0OWNER";
	char **cells = arena_array(arena, (list->count + 1) * COLUMNS, sizeof *cells), *title = arena_alloc(arena, sizeof titles);
	size_t count = 0;

	memcpy(title, titles, sizeof titles);
	for (; count < COLUMNS; title += strlen(title) + 1)
		cells[count++] = title;
	for (size_t i = 0; i < list->part_count; i++)
		for (char *text = list->parts[i].text; text < list->parts[i].text + list->parts[i].size; text += strlen(text) + 1)
			cells[count++] = text;
	text_print_table(cells, count / COLUMNS, COLUMNS);
}

/* Each object has a comma before it; the first one's is left out. */
static void print_texts(const struct list *list, size_t skip)
{
	for (size_t i = 0; i < list->part_count; i++) {
		const struct part *part = &list->parts[i];

		if (part->size > 0)
			fwrite(part->text + skip, 1, part->size - skip, stdout);
		skip = part->size > 0 ? 0 : skip;
	}
}

static void print(struct list *list)
{
	static char buffer[64 * 1024]; /* the C library's own makes a system call of each KiB */

	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	if (list->call->quiet) {
		print_texts(list, 0);
	} else if (list->call->format == FORMAT_JSON) {
		putchar('[');
		print_texts(list, 1);
		puts("]");
	} else {
		print_table(list);
	}
}

static void list_close(struct list *list)
{
	for (size_t i = 0; i < PARTS_MAX; i++) {
		if (list->parts[i].text)
			munmap(list->parts[i].text, list->parts[i].size);
		close_fd(&list->parts[i].fd);
	}
}

static int run_list(struct call *call)
{
	struct list __attribute__((cleanup(list_close))) list = { .call = call };

	for (size_t i = 0; i < PARTS_MAX; i++)
		list.parts[i].fd = -1;
	int r = store_list(call->runtime.root, &call->arena, &list.ids, &list.count);

	if (r >= 0)
		r = share_out(&list);
	if (r < 0)
		return r;
	r = look_at_all(&list);
	int taken = take_all(&list);

	r = r < 0 ? r : taken;
	if (r >= 0)
		print(&list);
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
