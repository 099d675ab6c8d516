/*
 * A process that does nothing but wait for the caller to die without having restored its terminal (SIGKILL, a crash), and
 * restores it then. Neither atexit(3) nor a signal handler can promise that.
 */
#pragma once

#include <sys/types.h>
#include <termios.h>

struct terminal_guard {
	int process; /* pidfd, or -1 */
	int alive;   /* a pipe that is closed when the caller dies, or -1 */
};

#define TERMINAL_GUARD_NONE ((struct terminal_guard){ -1, -1 })

/* Guard the terminal tty, whose settings shall become settings. */
int terminal_guard_start(struct terminal_guard *guard, int tty, const struct termios *settings);

/* The settings are restored: the guard goes, and touches nothing. */
void terminal_guard_stop(struct terminal_guard *guard);
