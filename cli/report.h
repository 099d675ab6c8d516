/*
 * What the program says: the --log file and standard error.
 *
 * An error is one plain line on standard error, "berth create: MESSAGE": people read it, and engines without a log match words
 * in it or show it as it is. The --log file gets MESSAGE alone, in logrus form, of which containerd takes the last error and
 * Podman the only object. Warnings go to the log, or without one to standard error.
 */
#pragma once

#include "cli/options.h"

/* Open the --log file and set levels. -errno with the record. */
int report_open(const struct call *call);

/* Say what the error record holds. command may be NULL. */
void report_error(const struct command *command);

/* As above, with a hint where to read on: for command lines that cannot be understood. */
void report_usage_error(const struct command *command);
