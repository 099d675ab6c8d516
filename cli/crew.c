#include "cli/crew.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct crew_board {
	atomic_size_t next;
	struct place {
		size_t member, begin, end; /* of that member's text */
	} places[];
};

static size_t board_size(size_t pieces)
{
	return sizeof(struct crew_board) + pieces * sizeof(struct place);
}

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

/* --- a member's work ------------------------------------------------------------------------------------------------------- */

bool crew_next(struct crew *crew, size_t *piece)
{
	size_t here = (size_t)ftello(crew->out);
	struct crew_board *board = crew->board;

	if (crew->piece < crew->pieces)
		board->places[crew->piece].end = here;
	*piece = crew->piece = atomic_fetch_add(&board->next, 1);
	if (*piece >= crew->pieces)
		return false;
	board->places[*piece] = (struct place){ .member = crew->self, .begin = here, .end = here };
	return true;
}

static int work_as(struct crew *crew, size_t self, crew_work *work, void *context)
{
	char buffer[16 * 1024];
	int copy = fcntl(crew->members[self].fd, F_DUPFD_CLOEXEC, 3);

	crew->self = self;
	crew->piece = crew->pieces;
	crew->out = copy < 0 ? NULL : fdopen(copy, "w");
	if (!crew->out)
		return fail(errno, "write down what there is");
	setvbuf(crew->out, buffer, _IOFBF, sizeof buffer);
	int r = work(crew, context);
	bool written = !ferror(crew->out);

	if (fclose(crew->out) || !written)
		r = fail(errno, "write down what there is");
	crew->out = NULL;
	return r;
}

static _Noreturn void help(struct crew *crew, size_t self, crew_work *work, void *context)
{
	spread(self);
	int r = work_as(crew, self, work, context);

	if (r < 0)
		log_warning("%s", error_record()->text);
	_exit(r < 0);
}

/* --- all together ---------------------------------------------------------------------------------------------------------- */

static int prepare(struct crew *crew, size_t pieces, size_t most)
{
	size_t count = processors();

	*crew = (struct crew){ .pieces = pieces };
	count = count < most ? count : most;
	crew->count = count < 1 ? 1 : count < CREW_MAX ? count : CREW_MAX;
	for (size_t i = 0; i < crew->count; i++)
		crew->members[i].fd = -1;
	void *board = mmap(NULL, board_size(pieces), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (board == MAP_FAILED)
		return fail(errno, "share the work out");
	crew->board = board;
	for (size_t i = 0; i < crew->count; i++) {
		crew->members[i].fd = memory_file("crew");
		if (crew->members[i].fd < 0)
			return fail(-crew->members[i].fd, "memfd_create");
	}
	return 0;
}

static int take(struct crew_member *member)
{
	struct stat st;
	int status = 0;

	if (member->pid > 0 && (waitpid(member->pid, &status, 0) < 0 || status != 0))
		return refuse(ECHILD, "a process that did a part of the work failed (status %#x)", (unsigned)status);
	if (fstat(member->fd, &st) < 0)
		return fail(errno, "stat what was written down");
	member->size = (size_t)st.st_size;
	if (member->size == 0)
		return 0;
	void *text = mmap(NULL, member->size, PROT_READ, MAP_PRIVATE, member->fd, 0);

	if (text == MAP_FAILED)
		return fail(errno, "read what was written down");
	member->text = text;
	return 0;
}

int crew_run(struct crew *crew, size_t pieces, size_t most, crew_work *work, void *context)
{
	int r = prepare(crew, pieces, most);

	if (r < 0)
		return r;
	signal(SIGCHLD, SIG_DFL); /* a caller's SIG_IGN would keep how they ended from us */
	for (size_t i = 1; i < crew->count; i++) {
		pid_t pid = fork();

		if (pid == 0)
			help(crew, i, work, context);
		crew->members[i].pid = pid < 0 ? 0 : pid;
	}
	if (crew->count > 1)
		spread(0);
	r = work_as(crew, 0, work, context);
	for (size_t i = 0; i < crew->count; i++) {
		int taken = take(&crew->members[i]);

		r = r < 0 ? r : taken;
	}
	return r;
}

const char *crew_text(const struct crew *crew, size_t piece, size_t *size)
{
	const struct place *place = &crew->board->places[piece];

	*size = place->end - place->begin;
	return *size > 0 ? crew->members[place->member].text + place->begin : "";
}

void crew_close(struct crew *crew)
{
	for (size_t i = 0; i < crew->count; i++) {
		if (crew->members[i].text)
			munmap(crew->members[i].text, crew->members[i].size);
		close_fd(&crew->members[i].fd);
	}
	if (crew->board)
		munmap(crew->board, board_size(crew->pieces));
}
