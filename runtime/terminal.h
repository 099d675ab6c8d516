/*
 * The host's side of a terminal: handing the master to an engine, or relaying it to the caller's own terminal.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Connect to the engine's AF_UNIX stream socket (--console-socket) and send the master with SCM_RIGHTS; the payload is the
 * terminal's name, as runc does.
 */
int terminal_send_master(const char *socket_path, int master, const char *name);

/*
 * Relay between the caller's stdin/stdout and master, whoever opens and closes the container's side meanwhile. Used by `run` and foreground
 * `exec` inside their event loop: start sets raw mode if stdin is a terminal (and copies the window size), step() is
 * called when one of its descriptors is ready, stop restores. There is nothing to do at exit or in a signal handler:
 * whoever leaves the event loop, for whatever reason, calls terminal_stop(), and should the process die before, its guard
 * restores the settings (terminal_guard.h). The end of stdin ends the input only; a stdout whose reader is gone (no
 * SIGPIPE is raised) discards the output.
 */
struct terminal;
struct pollfd;

/* Takes master, also when it fails. The settings of the caller's terminal are then as they were. */
int terminal_start(struct terminal **terminal, int master);

/* Descriptors to poll: fills TERMINAL_POLL_MAX pollfd entries (fd -1: skip), returns how many. */
#define TERMINAL_POLL_MAX 3
int terminal_poll(struct terminal *terminal, struct pollfd *fds);

/* After poll(2): move what can be moved. 1; 0 when the container's side has once been closed by all, and what was written is out. */
int terminal_step(struct terminal *terminal, const struct pollfd *fds, int count);

/*
 * Fit a new terminal to the caller, before the workload starts. It gets the size of the caller's terminal, if there is one: the workload would
 * else see a size of nothing, and then a change that there was not. Unless that terminal is in raw mode while we relay, the container's
 * does not put carriage returns before line ends, as runc has it: a pipe or a file shall not have them, and a terminal adds its own.
 */
void terminal_fit(int master);

/* SIGWINCH: copy the caller's window size (of stdin, stdout or stderr, the first that is a terminal) to the container's. */
void terminal_resize(struct terminal *terminal);

/* Restore the settings, write what the container still wrote before its end, close the master. */
void terminal_stop(struct terminal *terminal);
