/*
 * The error record: one a thread, plain data of a fixed size, so that it is also what a child process sends to its runtime.
 *
 * Functions return >= 0 on success and -errno on failure. Who finds an error fills the record, who passes it on may put
 * context in front; only cli/ prints it.
 */
#pragma once

#include <stddef.h>

#define ERROR_TEXT_SIZE 1536

struct error {
	int code;                    /* positive errno value; 0: no error recorded */
	char text[ERROR_TEXT_SIZE];  /* one line, NUL-terminated */
};

/* This thread's record. Valid after a function returned < 0. */
struct error *error_record(void);

/* Record "FMT...: strerror(code)" and return -code. code is a positive errno value. */
int fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));

/* Record "FMT..." alone, for errors that the kernel did not report (a wrong value, a refused path); return -code. */
int refuse(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));

/* Put "FMT...: " in front of the recorded text when r < 0; return r either way. */
int context(int r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Keep the record over clean-up calls that may overwrite it: e = error_save(); ...; error_restore(&e). */
struct error error_save(void);
void error_restore(const struct error *saved);
