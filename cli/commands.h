/* The commands, one struct each, defined beside their handlers; and what the handlers share. */
#pragma once

#include "cli/options.h"

#define EXIT_EXEC_FAILED 255  /* exec: its own errors, as runc, to tell them from the command's */

extern const struct command command_create, command_start, command_run, command_kill, command_delete;
extern const struct command command_exec, command_ps, command_pause, command_resume, command_update, command_mounts;
extern const struct command command_checkpoint, command_restore;
extern const struct command command_list, command_state, command_events, command_top, command_features;
extern const struct command command_spec, command_help;

/* The first argument: the container's id. */
const char *call_id(const struct call *call);

/* Set call->runtime from the global options. */
int call_make_runtime(struct call *call);

/* path made absolute with the working directory, in the call's arena; NULL stays NULL. NULL with the record on failure. */
const char *call_absolute(struct call *call, const char *path);
