#include "cli/report.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* crun's forms of --log. Only files here: the others need a daemon's socket for the sake of one line. NULL with the record. */
static const char *log_path(const char *log)
{
	if (strncmp(log, "journald:", 9) == 0 || strncmp(log, "syslog:", 7) == 0) {
		refuse(ENOTSUP, "--log %s: only a file is supported", log);
		return NULL;
	}
	return strncmp(log, "file:", 5) == 0 ? log + 5 : log;
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
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);

	if (fd < 0)
		return fail(errno, "--log %s", path);
	log_open(fd, (enum log_format)call->log_format, level);
	return 0;
}

void report_error(const struct command *command)
{
	struct error error = error_save();

	if (log_fd() >= 0)
		log_message(LOG_LEVEL_ERROR, "%s", error.text);
	/* The text may quote what a container wrote. */
	text_make_printable(error.text);
	fprintf(stderr, "berth%s%s: %s\n", command ? " " : "", command ? command->name : "", error.text);
}

void report_usage_error(const struct command *command)
{
	report_error(command);
	fprintf(stderr, "Try \"berth%s%s --help\".\n", command ? " " : "", command ? command->name : "");
}
