#include "cli/report.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "cli/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* crun's forms of --log. Only files here: the others need a daemon's socket for the sake of one line. NULL with the record. */
static const char *log_path(const char *log)
{
	if (strncmp(log, "journald:", 9) == 0 || strncmp(log, "syslog:", 7) == 0) {
		refuse(ENOTSUP, "--log %s: only a file is supported", log);
		return NULL;
	}
	return strncmp(log, "file:", 5) == 0 ? log + 5 : log;
}

/* A FIFO would have us wait for a reader, which may never come. */
static int open_log(const char *path)
{
	const int flags = O_WRONLY | O_APPEND;
	int fd = open(path, flags | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0644);

	if (fd < 0 && errno == ENXIO)
		return refuse(ENXIO, "--log %s: a FIFO that nobody reads, or no file at all", path);
	if (fd < 0)
		return fail(errno, "--log %s", path);
	if (fcntl(fd, F_SETFL, flags) < 0) {
		int code = errno;

		close_fd(&fd);
		return fail(code, "--log %s", path);
	}
	return fd;
}

int report_open(const struct call *call)
{
	enum log_level level = call->debug ? LOG_LEVEL_DEBUG : (enum log_level)call->log_level;

	if (!call->log) {
		/* Errors are printed by report_error(). */
		log_to_stderr(level);
		return 0;
	}
	const char *path = log_path(call->log);

	if (!path)
		return -ENOTSUP;
	int fd = open_log(path);

	if (fd < 0)
		return fd;
	log_open(fd, (enum log_format)call->log_format, level);
	return 0;
}

/* On standard error, in one piece. */
static void __attribute__((format(printf, 1, 2))) tell(const char *fmt, ...)
{
	char text[ERROR_TEXT_SIZE + 128];
	va_list args;

	va_start(args, fmt);
	int length = vsnprintf(text, sizeof text, fmt, args);

	va_end(args);
	if (length > 0)
		log_write(STDERR_FILENO, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

void report_error(const struct command *command)
{
	struct error error = error_save();
	const char *space = command ? " " : "", *name = command ? command->name : "";

	if (log_fd() >= 0)
		log_message(LOG_LEVEL_ERROR, "%s", error.text);
	/* The text may quote what a container wrote. */
	text_make_printable(error.text);
	tell("berth%s%s: %s\n", space, name, error.text);
}

void report_usage_error(const struct command *command)
{
	report_error(command);
	tell("Try \"berth%s%s --help\".\n", command ? " " : "", command ? command->name : "");
}
