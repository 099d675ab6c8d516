/*
 * The host's side of a terminal: handing the master to an engine, or relaying it to the caller's own terminal.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Connect to the engine's AF_UNIX stream socket (--console-socket) and send the master with SCM_RIGHTS; the payload is the terminal's name,
 * as runc does. Paths longer than sun_path are reached by descriptor.
 */
int terminal_send_master(const char *socket_path, int master, const char *name);

/*
 * Connected socket to be passed on before privileges change: connect now, send later (same payload).
 */
int terminal_connect(const char *socket_path);
int terminal_send(int socket, int master, const char *name);

/* The caller's terminal: size, raw mode, restored on every way out (also on SIGTERM and a crash of ours by atexit-free design). */
struct terminal;

/*
 * Relay between the caller's stdin/stdout and master until the container's side is closed; SIGWINCH moves the size. Used by `run` and foreground
 * `exec` inside their event loop: start sets raw mode, step() is called when one of its descriptors is ready, stop restores.
 */
int terminal_start(struct terminal **terminal, int master);
/* Descriptors to poll: fills up to 3 pollfd entries, returns how many. */
struct pollfd;
int terminal_poll(struct terminal *terminal, struct pollfd *fds);
int terminal_step(struct terminal *terminal, const struct pollfd *fds, int count);
/* SIGWINCH: copy the caller's window size to the container's. */
void terminal_resize(struct terminal *terminal);
/* Drain what the container still wrote, restore the settings, close the master. */
void terminal_stop(struct terminal *terminal);
