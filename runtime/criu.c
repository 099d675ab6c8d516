#include "runtime/criu.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/spawn.h"
#include "base/sys.h"
#include "rootfs/tree.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define CRIU_INHERIT_MAX 64
#define MESSAGE_MAX ((size_t)64 * 1024) /* criu's answers are some hundred bytes */
#define LOG_MAX ((size_t)64 * 1024 * 1024)
#define LOG_ERRORS 3

/* --- find ------------------------------------------------------------------------------------------------------------- */

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* 1: it is there, and nobody but root and the caller can change it. */
static int check_program(const char *file)
{
	struct stat st;

	if (stat(file, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return 0;
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & (S_IWGRP | S_IWOTH))
		return refuse(EPERM, "%s could be changed by others than root (owner %u, mode %04o)", file, (unsigned)st.st_uid,
			      st.st_mode & 07777);
	return 1;
}

static char *absolute_only(const char *path, struct arena *arena)
{
	char *kept = arena_alloc(arena, strlen(path) + 1), *end = kept;

	while (*path) {
		size_t length = strcspn(path, ":");

		if (*path == '/') {
			if (end > kept)
				*end++ = ':';
			memcpy(end, path, length);
			end += length;
		}
		path += length + (path[length] == ':');
	}
	return kept;
}

int criu_find(struct criu_program *program, struct arena *arena)
{
	const char *callers = getenv("PATH"), *path = absolute_only(callers ? callers : default_path, arena);

	program->path = arena_printf(arena, "PATH=%s", path);
	for (const char *directory = path; *directory;) {
		int length = (int)strcspn(directory, ":");

		program->file = arena_printf(arena, "%.*s/criu", length, directory);
		int r = check_program(program->file);

		if (r != 0)
			return r < 0 ? r : 0;
		directory += length + (directory[length] == ':');
	}
	return refuse(ENOENT, "there is no program criu in %s: install it (Debian: apt-get install criu), it does the work here",
		      path);
}

/* --- start ------------------------------------------------------------------------------------------------------------ */

/* What runs in the child says what it tried, and errno, over a pipe that closes at the execve. */
struct complaint {
	int code;
	char step[32];
};

static int step(struct complaint *complaint, const char *what, long r)
{
	if (r >= 0)
		return (int)r;
	complaint->code = errno;
	snprintf(complaint->step, sizeof complaint->step, "%s", what);
	return -1;
}

static long with_errno(int r)
{
	errno = r < 0 ? -r : 0;
	return r;
}

static int attach_tree(struct complaint *complaint, int place, int tree, const char *name)
{
	struct stat st;

	if (step(complaint, "stat a mount", fstat(tree, &st)) < 0)
		return -1;
	int r = S_ISDIR(st.st_mode) ? mkdirat(place, name, 0711) : mknodat(place, name, S_IFREG | 0600, 0);

	if (step(complaint, "make a mount point", r) < 0)
		return -1;
	return step(complaint, "mount", with_errno(sys_move_mount(tree, "", place, name, MOVE_MOUNT_F_EMPTY_PATH)));
}

/*
 * criu wants the root to be a mount point, and binds what is mounted elsewhere: nothing of that is seen on the host. Processes
 * that are root in a user namespace only have to get there, too.
 */
static int attach_trees(struct complaint *complaint, const struct criu_start *start)
{
	if (step(complaint, "mount a tmpfs",
	         with_errno(sys_mount("tmpfs", start->place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0711"))) < 0)
		return -1;
	int place = step(complaint, "open the tmpfs", open(start->place, O_PATH | O_DIRECTORY | O_CLOEXEC));

	if (place < 0 || (start->hierarchy >= 0 && attach_tree(complaint, place, start->hierarchy, CRIU_HIERARCHY) < 0))
		return -1;
	for (size_t i = 0; i < start->tree_count; i++) {
		char name[24];

		snprintf(name, sizeof name, "%zu", i);
		if (attach_tree(complaint, place, start->trees[i], name) < 0)
			return -1;
	}
	return 0;
}

static int leave_mounts(struct complaint *complaint)
{
	if (step(complaint, "unshare", unshare(CLONE_NEWNS)) < 0)
		return -1;
	return step(complaint, "set propagation", with_errno(tree_make_slaves()));
}

/* The same directory by way of the mounts of this process. */
static int reopen(struct complaint *complaint, const struct criu_directory *directory)
{
	struct stat was, is;
	int fd = step(complaint, "open its directory again", open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	if (fd < 0 || step(complaint, "stat", fstat(directory->fd, &was)) < 0 || step(complaint, "stat", fstat(fd, &is)) < 0)
		return -1;
	errno = ESTALE;
	return step(complaint, "find its directory again", was.st_dev == is.st_dev && was.st_ino == is.st_ino ? fd : -1);
}

/*
 * fds[i] become descriptors first + i, where there are any; all out of the way first, since one may have the number that
 * another is to get.
 */
static int renumber(struct complaint *complaint, int first, int *fds, int count)
{
	for (int i = 0; i < count; i++)
		if (fds[i] >= 0 && (fds[i] = step(complaint, "dup", fcntl(fds[i], F_DUPFD_CLOEXEC, first + count))) < 0)
			return -1;
	for (int i = 0; i < count; i++)
		if (fds[i] >= 0 && step(complaint, "dup", dup2(fds[i], first + i)) < 0)
			return -1;
	return 0;
}

/*
 * criu finds descriptors 4 and on of whoever made its socket pair. So that is made here, and the other end given to the parent
 * over the socket that there is.
 */
static int make_pair(struct complaint *complaint, int parent)
{
	int pair[2];

	if (step(complaint, "create a socket pair", socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) < 0 ||
	    step(complaint, "send a socket", with_errno(send_with_fd(parent, "", 1, pair[0]))) < 0)
		return -1;
	return pair[1];
}

static int be_quiet(struct complaint *complaint)
{
	int null = step(complaint, "open /dev/null", open("/dev/null", O_WRONLY | O_CLOEXEC));

	return null < 0 ? -1 : step(complaint, "dup", dup2(null, STDOUT_FILENO) < 0 ? -1 : dup2(null, STDERR_FILENO));
}

static int set_up(struct complaint *complaint, const struct criu_start *start, int parent, int *report)
{
	int fds[CRIU_FIRST_INHERITED + CRIU_INHERIT_MAX + 1], count = 0;

	if (start->quiet && be_quiet(complaint) < 0)
		return -1;
	if (start->place && leave_mounts(complaint) < 0)
		return -1;
	if ((fds[count++] = make_pair(complaint, parent)) < 0)
		return -1;
	const struct criu_directory *directories[] = { &start->images, &start->work };

	for (size_t i = 0; i < 2; i++, count++) {
		fds[count] = directories[i]->fd;
		if (start->place && fds[count] >= 0 && (fds[count] = reopen(complaint, directories[i])) < 0)
			return -1;
	}
	if (start->place && attach_trees(complaint, start) < 0)
		return -1;
	for (size_t i = 0; i < start->inherit_count; i++)
		fds[count++] = start->inherit[i];
	/* The last is for the report. */
	fds[count++] = *report;
	if (renumber(complaint, CRIU_SOCKET, fds, count) < 0)
		return -1;
	*report = CRIU_SOCKET + count - 1;
	return step(complaint, "close descriptors",
	            fcntl(*report, F_SETFD, FD_CLOEXEC) < 0 ? -1 : with_errno(sys_close_range((unsigned)*report + 1, ~0U, 0)));
}

static _Noreturn void become_criu(const struct criu_start *start, int parent, int report)
{
	char number[12];
	char *args[] = { start->program->file, (char[]){ "swrk" }, number, NULL };
	char *env[] = { start->program->path, NULL };
	struct complaint complaint = { 0 };

	snprintf(number, sizeof number, "%d", CRIU_SOCKET);
	/* Who may read the images is decided by their directory's mode. */
	umask(022);
	if (step(&complaint, "reset signals", spawn_reset_signals()) >= 0 && set_up(&complaint, start, parent, &report) >= 0)
		step(&complaint, "execute", execve(start->program->file, args, env));
	(void)!write(report, &complaint, sizeof complaint);
	_exit(127);
}

/* 0 at the execve. */
static int await_execve(int report)
{
	struct complaint complaint;
	ssize_t n;

	do
		n = read(report, &complaint, sizeof complaint);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	return n == sizeof complaint ? fail(complaint.code, "%.*s", (int)sizeof complaint.step, complaint.step)
	                             : refuse(EIO, "its process died");
}

static int launch(struct criu *criu, const struct criu_start *start, int parent)
{
	int report[2];

	if (pipe2(report, O_CLOEXEC) < 0)
		return fail(errno, "pipe");
	struct clone_args args = {
		.flags = (uint64_t)CLONE_PIDFD | (start->cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&criu->process.fd,
		/* What it restores becomes our child, and tells its end by the same signal. */
		.exit_signal = SIGCHLD,
		.cgroup = start->cgroup >= 0 ? (uint64_t)(unsigned)start->cgroup : 0,
	};
	int pid = sys_clone3(&args);

	if (pid == 0)
		become_criu(start, parent, report[1]);
	close_fd(&report[1]);
	int r = pid < 0 ? fail(-pid, "clone") : await_execve(report[0]);

	criu->process.pid = pid < 0 ? 0 : pid;
	close_fd(&report[0]);
	return r;
}

int criu_start(struct criu *criu, const struct criu_start *start)
{
	int pair[2];
	char byte;

	*criu = CRIU_NONE;
	if (start->inherit_count > CRIU_INHERIT_MAX)
		return refuse(E2BIG, "%zu descriptors for criu are more than %d", start->inherit_count, CRIU_INHERIT_MAX);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(errno, "create a socket pair");
	int r = launch(criu, start, pair[1]);

	close_fd(&pair[1]);
	if (r >= 0 && (recv_with_fd(pair[0], &byte, 1, &criu->socket) <= 0 || criu->socket < 0))
		r = refuse(EPROTO, "its process did not send a socket");
	close_fd(&pair[0]);
	if (r >= 0)
		return 0;
	struct error e = error_save();

	criu_kill(criu);
	error_restore(&e);
	return context(r, "start %s", start->program->file);
}

/* --- talk ------------------------------------------------------------------------------------------------------------- */

int criu_send(struct criu *criu, const struct criu_request *request)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct wire message = criu_encode(request, &arena);
	ssize_t n = send(criu->socket, message.data, message.size, MSG_NOSIGNAL);

	/* What it ended of, criu_receive() tells. */
	return n < 0 && errno != EPIPE && errno != ECONNRESET ? fail(errno, "speak to criu") : 0;
}

int criu_receive(struct criu *criu, struct criu_response *response, int *fd, struct arena *arena)
{
	uint8_t *buffer = arena_alloc(arena, MESSAGE_MAX);
	ssize_t n = recv_with_fd(criu->socket, buffer, MESSAGE_MAX, fd);

	*response = (struct criu_response){ 0 };
	if (n == 0 || n == -ECONNRESET)
		return refuse(EPIPE, "criu ended without an answer");
	return n < 0 ? fail((int)-n, "listen to criu") : criu_decode(response, buffer, (size_t)n, arena);
}

void criu_end(struct criu *criu)
{
	siginfo_t info;

	close_fd(&criu->socket);
	if (criu->process.fd >= 0)
		while (waitid(ID_PIDFD, (id_t)criu->process.fd, &info, WEXITED) < 0 && errno == EINTR)
			;
	pidref_close(&criu->process);
	*criu = CRIU_NONE;
}

void criu_kill(struct criu *criu)
{
	if (criu->process.fd >= 0)
		(void)sys_pidfd_send_signal(criu->process.fd, SIGKILL);
	criu_end(criu);
}

/* --- explain ---------------------------------------------------------------------------------------------------------- */

/* The lines that only say that it was in vain, or what does no harm. */
static bool says_nothing(const char *text, size_t length)
{
	static const char *const empty[] = { "Dumping FAILED.", "Restoring FAILED.", "Pre-dumping FAILED.", "exited, status=1",
	                                     "rlimit: Can't setup RLIMIT_NOFILE for self" };

	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
		if (length >= strlen(empty[i]) && memcmp(text, empty[i], strlen(empty[i])) == 0)
			return true;
	return false;
}

/* "(00.012345)     17: Error (criu/files.c:123): text": the text; NULL for another line. */
static const char *error_text(const char *line, size_t length)
{
	const char *mark = memmem(line, length, "Error (", 7), *text;

	if (!mark)
		return NULL;
	text = memmem(mark, length - (size_t)(mark - line), "): ", 3);
	return text && !says_nothing(text + 3, length - (size_t)(text + 3 - line)) ? text + 3 : NULL;
}

struct log_line {
	const char *text;
	size_t length;
};

void criu_log_errors(const char *log, char *text, size_t size)
{
	struct log_line last[LOG_ERRORS] = { { 0 } };
	size_t used = 0;

	while (*log) {
		size_t length = strcspn(log, "\n");
		const char *found = error_text(log, length);

		if (found) {
			memmove(last, last + 1, sizeof last - sizeof *last);
			last[LOG_ERRORS - 1] = (struct log_line){ found, length - (size_t)(found - log) };
		}
		log += length + (log[length] == '\n');
	}
	text[0] = 0;
	for (size_t i = 0; i < LOG_ERRORS; i++) {
		if (!last[i].text || used >= size)
			continue;
		int n = snprintf(text + used, size - used, "%s%.*s", used > 0 ? "; " : "", (int)last[i].length, last[i].text);

		used += (size_t)n;
	}
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
}

int criu_explain(const struct criu_response *response, const char *doing, int work, const char *log, const char *work_path)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char errors[1024] = "", *text;
	int code = response->code > 0 ? response->code : EIO;

	if (read_file_at(work, log, &arena, LOG_MAX, &text, NULL) >= 0)
		criu_log_errors(text, errors, sizeof errors);
	if (!errors[0] && response->message)
		criu_log_errors(response->message, errors, sizeof errors);
	if (!errors[0] && response->type == 0)
		snprintf(errors, sizeof errors, "it ended without an answer");
	if (!errors[0])
		snprintf(errors, sizeof errors, "it does not say why (error %d)", code);
	return refuse(code, "criu could not %s: %s (its log: %s/%s)", doing, errors, work_path, log);
}
