#include "runtime/terminal.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "runtime/terminal_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* --- handing the master to an engine ----------------------------------------------------------------------------------- */

int terminal_send_master(const char *socket_path, int master, const char *name)
{
	_cleanup_fd_ int fd = connect_socket(socket_path, 0);

	if (fd < 0)
		return fail(-fd, "connect to the console socket %s", socket_path);
	int r = send_with_fd(fd, name, strlen(name), master);

	return r < 0 ? fail(-r, "send the terminal to the console socket %s", socket_path) : 0;
}

/* --- the relay ---------------------------------------------------------------------------------------------------------- */

/* A pty's kernel buffer is bounded; more than this after the end comes from a process that outlived the workload. */
#define DRAIN_MAX ((size_t)1 << 20)

/*
 * What was read on one side and not yet written on the other. PIPE_BUF: what a pipe that polls writable takes without
 * blocking.
 */
struct buffer {
	size_t start, end;
	char data[PIPE_BUF];
};

enum { POLL_MASTER, POLL_INPUT, POLL_OUTPUT, POLL_COUNT };

struct terminal {
	int master;        /* -1 once there is nothing more to read */
	int peer;          /* the container's side, held open by us once nobody else did; else -1 */
	int input, output; /* the caller's, not ours to close; -1 when at their end */
	int settings_of;   /* the caller's terminal in raw mode, or -1 */
	struct termios saved;
	struct terminal_guard guard;
	struct buffer to_container, to_caller;
};

static bool is_empty(const struct buffer *buffer)
{
	return buffer->start == buffer->end;
}

/* Returns the bytes read, 0 at the end of file, -EAGAIN when there is nothing now. */
static ssize_t fill(struct buffer *buffer, int fd)
{
	ssize_t n;

	do
		n = read(fd, buffer->data, sizeof buffer->data);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buffer->start = 0;
	buffer->end = (size_t)n;
	return n;
}

static ssize_t flush(struct buffer *buffer, int fd)
{
	ssize_t n = write_quietly(fd, buffer->data + buffer->start, buffer->end - buffer->start);

	if (n > 0)
		buffer->start += (size_t)n;
	return n;
}

/* A background job may not touch its terminal's settings: SIGTTOU would stop it, unless that is blocked. */
static int set_settings(int fd, const struct termios *settings)
{
	sigset_t ttou, old;
	int r;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &old);
	do
		r = tcsetattr(fd, TCSANOW, settings);
	while (r < 0 && errno == EINTR);
	r = r < 0 ? -errno : 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}

/* Only a terminal that input is read from: its keys, ^C among them, are the container's from now on. */
static int set_raw(struct terminal *terminal)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal->saved) < 0)
		return 0;
	raw = terminal->saved;
	cfmakeraw(&raw);
	if (terminal_guard_start(&terminal->guard, STDIN_FILENO, &terminal->saved) < 0)
		log_warning("%s", error_record()->text);
	int r = set_settings(STDIN_FILENO, &raw);

	if (r < 0) {
		terminal_guard_stop(&terminal->guard);
		return fail(-r, "set the terminal to raw mode");
	}
	terminal->settings_of = STDIN_FILENO;
	return 0;
}

int terminal_start(struct terminal **started, int master)
{
	_cleanup_fd_ int owned = master;
	int flags = fcntl(master, F_GETFL);

	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0)
		return fail(errno, "set the container's terminal to non-blocking");
	_cleanup_free_ struct terminal *terminal = calloc(1, sizeof *terminal);

	if (!terminal)
		return fail(ENOMEM, "relay the terminal");
	terminal->master = master;
	terminal->peer = -1;
	terminal->input = STDIN_FILENO;
	terminal->output = STDOUT_FILENO;
	terminal->settings_of = -1;
	terminal->guard = TERMINAL_GUARD_NONE;
	int r = set_raw(terminal);

	if (r < 0)
		return r;
	steal_fd(&owned);
	*started = terminal;
	terminal = NULL;
	return 0;
}

static void fit_size(int master)
{
	struct winsize size;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
			continue;
		/* The container may have closed its side meanwhile: no size to keep then. */
		(void)ioctl(master, TIOCSWINSZ, &size);
		return;
	}
}

void terminal_fit(int master)
{
	struct termios settings;

	fit_size(master);
	if ((isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) || tcgetattr(master, &settings) < 0)
		return;
	settings.c_oflag &= ~(tcflag_t)ONLCR;
	(void)set_settings(master, &settings);
}

void terminal_resize(struct terminal *terminal)
{
	if (terminal->master >= 0)
		fit_size(terminal->master);
}

int terminal_poll(struct terminal *terminal, struct pollfd *fds)
{
	bool input_waits = !is_empty(&terminal->to_container), output_waits = !is_empty(&terminal->to_caller);
	short master = (short)((input_waits ? POLLOUT : 0) | (output_waits ? 0 : POLLIN));

	/* With nothing to ask for it must not be polled at all: its hang-up would be reported without end. */
	fds[POLL_MASTER] = (struct pollfd){ .fd = master ? terminal->master : -1, .events = master };
	fds[POLL_INPUT] = (struct pollfd){ .fd = input_waits || terminal->master < 0 ? -1 : terminal->input, .events = POLLIN };
	fds[POLL_OUTPUT] = (struct pollfd){ .fd = output_waits ? terminal->output : -1, .events = POLLOUT };
	return POLL_COUNT;
}

/* The caller's side is gone: the container's output must still be read, or the container would block. */
static void write_output(struct terminal *terminal, short ready)
{
	ssize_t n = ready & (POLLERR | POLLNVAL) ? -EPIPE : flush(&terminal->to_caller, terminal->output);

	if (n >= 0 || n == -EAGAIN)
		return;
	terminal->output = -1;
	terminal->to_caller.start = terminal->to_caller.end = 0;
}

/*
 * Nobody has the container's side open. That need not be the end: systemd closes its console between two messages. While we hold it open
 * ourselves the master does not hang up, as it would do without end.
 */
static void hold_open(struct terminal *terminal)
{
	close_fd(&terminal->peer);
	terminal->peer = ioctl(terminal->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal->peer < 0)
		close_fd(&terminal->master);
}

/* An error other than "not now" is EIO. */
static void read_master(struct terminal *terminal)
{
	ssize_t n = fill(&terminal->to_caller, terminal->master);

	if (n == 0 || (n < 0 && n != -EAGAIN))
		hold_open(terminal);
	if (terminal->output < 0)
		terminal->to_caller.start = terminal->to_caller.end = 0;
}

static void write_master(struct terminal *terminal)
{
	ssize_t n = flush(&terminal->to_container, terminal->master);

	/* Whether the container is gone is for reading to find: there may be output left. */
	if (n < 0 && n != -EAGAIN)
		terminal->to_container.start = terminal->to_container.end = 0;
}

/* A closed standard input ends the input alone. */
static void read_input(struct terminal *terminal)
{
	ssize_t n = fill(&terminal->to_container, terminal->input);

	if (n == 0 || (n < 0 && n != -EAGAIN))
		terminal->input = -1;
}

int terminal_step(struct terminal *terminal, const struct pollfd *fds, int count)
{
	if (count != POLL_COUNT)
		return refuse(EINVAL, "terminal_step: not what terminal_poll() gave");
	if (fds[POLL_OUTPUT].revents && !is_empty(&terminal->to_caller))
		write_output(terminal, fds[POLL_OUTPUT].revents);
	if (fds[POLL_MASTER].revents && terminal->master >= 0 && !is_empty(&terminal->to_container))
		write_master(terminal);
	if (fds[POLL_INPUT].revents && is_empty(&terminal->to_container) && terminal->input >= 0)
		read_input(terminal);
	if (fds[POLL_MASTER].revents && terminal->master >= 0 && is_empty(&terminal->to_caller))
		read_master(terminal);
	return (terminal->master >= 0 && terminal->peer < 0) || !is_empty(&terminal->to_caller);
}

static void write_out(struct terminal *terminal)
{
	while (!is_empty(&terminal->to_caller) && terminal->output >= 0) {
		struct pollfd output = { .fd = terminal->output, .events = POLLOUT };

		if (poll(&output, 1, -1) > 0)
			write_output(terminal, output.revents);
	}
}

/* What the container wrote has been through its own terminal's output processing: ours must not add carriage returns to it. */
static void restore_input(const struct terminal *terminal)
{
	struct termios settings = terminal->saved;

	settings.c_oflag &= ~(tcflag_t)OPOST;
	if (terminal->settings_of >= 0)
		(void)set_settings(terminal->settings_of, &settings);
}

void terminal_stop(struct terminal *terminal)
{
	/* First, since writing may wait for a slow reader, and ^C must work again meanwhile. */
	restore_input(terminal);
	write_out(terminal);
	for (size_t total = 0; terminal->master >= 0 && terminal->output >= 0 && total < DRAIN_MAX;) {
		read_master(terminal);
		if (is_empty(&terminal->to_caller))
			break;
		total += terminal->to_caller.end;
		write_out(terminal);
	}
	if (terminal->settings_of >= 0)
		(void)set_settings(terminal->settings_of, &terminal->saved);
	terminal_guard_stop(&terminal->guard);
	close_fd(&terminal->peer);
	close_fd(&terminal->master);
	free(terminal);
}
