/*
 * Run a program and wait for it: hooks, newuidmap and other helpers. The caller keeps its signal dispositions, its other
 * children and its descriptors. The program starts with every signal at its default and unblocked, in a process group of
 * its own, with descriptors 0–2 only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SPAWN_OUTPUT_SIZE 1024

struct spawn {
	const char *path;      /* absolute */
	char *const *args;     /* NULL-terminated */
	char *const *env;      /* NULL-terminated */
	const char *directory; /* working directory; NULL: the caller's */
	int input;             /* descriptor that becomes standard input */
	int timeout_ms;        /* afterwards its process group is killed; -1: never */
};

struct spawn_result {
	int status; /* as of waitpid(2) */
	bool timed_out;
	char output[SPAWN_OUTPUT_SIZE]; /* the end of what it wrote to standard output and error: printable, lines parted by " | " */
};

/*
 * 0 when the program was executed and has ended, however that was; -errno with the record filled when it could not be
 * started or waited for. What it still writes from the background after its own end is lost.
 */
int spawn_run(const struct spawn *spawn, struct spawn_result *result);

/*
 * Describe a result that is not success in buffer: "exit status 3: output". Returns 0 for success, else -ECHILD or
 * -ETIMEDOUT.
 */
int spawn_explain(const struct spawn *spawn, const struct spawn_result *result, char *buffer, size_t size);

/* A descriptor that reads as text and cannot be written: standard input of any length without a pipe to fill. Record filled. */
int spawn_input(const char *text);

/*
 * In a child that is about to execute a program: every signal at its default and unblocked. By system call: the C libraries
 * refuse the signals that they keep for themselves. 0, or -1 with errno.
 */
int spawn_reset_signals(void);
