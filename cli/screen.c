#include "cli/screen.h"

#include "base/error.h"
#include "base/fd.h"
#include "cli/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* ECMA-48 and xterm's: the other screen, no cursor; and back. */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

static int flush(void)
{
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : fail(errno, "write to standard output");
}

/* --- the terminal's settings ----------------------------------------------------------------------------------------- */

/* SIGTTOU is blocked, so that settings can always be given back. Here it may stop us, as it stops others in the background. */
static int set_in_foreground(const struct termios *settings)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTTOU);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	int r = tcsetattr(STDIN_FILENO, TCSANOW, settings);

	r = r < 0 ? fail(errno, "settings of the terminal") : 0;
	/* Not the whole mask of before: musl hides signals of its own, which are blocked, too. */
	sigprocmask(SIG_BLOCK, &stop, NULL);
	return r;
}

static int enter(struct screen *screen)
{
	struct termios settings = screen->before;
	int r = 0;

	settings.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	settings.c_cc[VMIN] = 1;
	settings.c_cc[VTIME] = 0;
	if (screen->has_settings)
		r = set_in_foreground(&settings);
	if (r < 0)
		return r;
	fputs(ENTER, stdout);
	return flush();
}

/* Whatever fails now, there is nobody to tell. */
static void leave(struct screen *screen)
{
	fputs(LEAVE, stdout);
	fflush(stdout);
	if (screen->has_settings)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->before);
}

int screen_begin(struct screen *screen, uint64_t ignored)
{
	*screen = (struct screen){ .signals = signal_open_forwarding(ignored) };
	if (screen->signals < 0)
		return screen->signals;
	screen->keys = screen->has_settings = tcgetattr(STDIN_FILENO, &screen->before) == 0;
	int r = enter(screen);

	if (r < 0)
		screen_end(screen);
	return r;
}

void screen_end(struct screen *screen)
{
	if (screen->signals < 0)
		return;
	struct error e = error_save();

	leave(screen);
	close_fd(&screen->signals);
	error_restore(&e);
}

/* --- what is shown --------------------------------------------------------------------------------------------------- */

void screen_size(size_t *rows, size_t *columns)
{
	struct winsize size;
	bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;

	*rows = known && size.ws_row > 0 ? size.ws_row : 24;
	*columns = known && size.ws_col > 0 ? size.ws_col : 80;
}

int screen_draw(const char *text)
{
	fputs(HOME, stdout);
	/* Cleared first: behind a line that is as long as the screen is wide, its last character would go. */
	for (;;) {
		size_t length = strcspn(text, "\n");
		bool last = !text[length] || !text[length + 1];

		printf("%s%.*s", last ? CLEAR_BELOW : CLEAR_LINE, (int)length, text);
		if (last)
			return flush();
		putchar('\n');
		text += length + 1;
	}
}

/* --- what happens ---------------------------------------------------------------------------------------------------- */

/* As others that are stopped by ^Z; we go on here. */
static int stop(struct screen *screen)
{
	leave(screen);
	raise(SIGSTOP);
	int r = enter(screen);

	return r < 0 ? r : SCREEN_REDRAW;
}

static int take_signal(struct screen *screen)
{
	struct signalfd_siginfo info;
	ssize_t n = read(screen->signals, &info, sizeof info);

	if (n != sizeof info)
		return n < 0 && errno != EAGAIN ? fail(errno, "read signals") : SCREEN_REDRAW;
	switch (info.ssi_signo) {
	case SIGWINCH:
	case SIGCONT:
	case SIGCHLD:
	case SIGURG:
		return SCREEN_REDRAW;
	case SIGTSTP:
		return stop(screen);
	case SIGINT:
		return SCREEN_END;
	default:
		return SCREEN_SIGNAL + (int)info.ssi_signo;
	}
}

/* A terminal that is gone gives no more keys. */
static int take_keys(struct screen *screen)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof keys);

	for (ssize_t i = 0; i < n; i++)
		if (keys[i] == 'q' || keys[i] == 'Q')
			return SCREEN_END;
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		screen->keys = false;
	return SCREEN_REDRAW;
}

int screen_wait(struct screen *screen, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = screen->signals, .events = POLLIN },
		{ .fd = screen->keys ? STDIN_FILENO : -1, .events = POLLIN },
	};
	int r = poll(fds, sizeof fds / sizeof *fds, timeout_ms);

	if (r < 0)
		return errno == EINTR ? SCREEN_REDRAW : fail(errno, "wait for the terminal");
	if (fds[0].revents)
		return take_signal(screen);
	return fds[1].revents ? take_keys(screen) : SCREEN_TIME;
}
