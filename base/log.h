/*
 * Warnings and debug messages from below cli/, to a sink that cli/ opens; without one, they go nowhere. The form is that of
 * runc's --log file, which containerd and conmon parse: JSON objects {"level","msg","time"} or text `time="…" level=… msg="…"`.
 */
#pragma once

#include <stddef.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Send messages of level and above to fd, which the log owns from now on; fd -1 closes the sink. */
void log_open(int fd, enum log_format format, enum log_level level);

/* Also send messages of level and above to standard error (as text); LOG_LEVEL_ERROR + 1 is "none", the default. */
void log_to_stderr(enum log_level level);

void log_message(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Write text to fd. A log that cannot be written must not fail the work it tells of, nor stop it: text is lost where the reader of a pipe
 * is gone, or has taken nothing for a second.
 */
void log_write(int fd, const char *text, size_t size);

/* The descriptor of the sink, or -1: a child process keeps it open while it sets itself up. */
int log_fd(void);

#define log_debug(...) log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
