#include "cli/commands.h"

#include "base/error.h"
#include "base/log.h"
#include "runtime/store.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

const struct option global_options[] = {
	{ "root", 0, OPTION_TEXT, AT(root), "DIR", "directory for the state of containers" },
	{ "log", 0, OPTION_TEXT, AT(log), "FILE", "append messages to FILE (default: standard error)" },
	{ "log-format", 0, OPTION_CHOICE, AT(log_format), "text|json", "form of messages in FILE (default: text)" },
	{ "log-level", 0, OPTION_CHOICE, AT(log_level), "debug|info|warning|error",
	  "least level of messages (default: warning)" },
	{ "debug", 0, OPTION_FLAG, AT(debug), NULL, "same as --log-level debug" },
	{ "systemd-cgroup", 0, OPTION_FLAG, AT(systemd_cgroup), NULL, "same as --cgroup-manager systemd" },
	{ "cgroup-manager", 0, OPTION_CHOICE, AT(cgroup_manager), "cgroupfs|systemd|disabled", "who makes cgroups (default: cgroupfs)" },
	{ "rootless", 0, OPTION_CHOICE, AT(rootless), "auto|true|false",
	  "do without cgroups that may not be made (default: auto)" },
	{ "criu", 0, OPTION_TEXT, AT(criu_program), "FILE", "without effect: criu is looked for in PATH" },
	{ "trace", 0, OPTION_TEXT, AT(trace), "FILE", "append a trace of the phases to FILE (Trace Event Format)" },
	{ "version", 'v', OPTION_FLAG, AT(version), NULL, "print the version" },
	{ 0 },
};

const struct command *const commands[] = {
	&command_create, &command_start, &command_run, &command_kill, &command_delete, &command_checkpoint, &command_restore,
	&command_exec, &command_ps, &command_pause, &command_resume, &command_update, &command_mounts,
	&command_list, &command_state, &command_events, &command_top,
	&command_spec, &command_features, &command_help,
	NULL,
};

const char *call_id(const struct call *call)
{
	return call->arguments.items[0];
}

const char *call_absolute(struct call *call, const char *path)
{
	char directory[PATH_MAX];

	if (!path || path[0] == '/')
		return path;
	if (!getcwd(directory, sizeof directory)) {
		fail(errno, "working directory");
		return NULL;
	}
	return arena_printf(&call->arena, "%s/%s", directory, path);
}

/* Of the environment; an empty one is none. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

int call_make_runtime(struct call *call)
{
	char root[PATH_MAX];
	int r = call->root ? 0 : store_default_root(root, sizeof root);

	if (r < 0)
		return r;
	const char *absolute = call_absolute(call, call->root ? call->root : root);

	if (!absolute)
		return -ENOENT;
	if (call->criu_program)
		log_warning("--criu is ignored: criu is looked for in PATH");
	call->runtime = (struct runtime){
		.memory = &call->arena,
		.root = arena_strdup(&call->arena, absolute),
		.manager = call->systemd_cgroup ? CGROUP_MANAGER_SYSTEMD : (enum cgroup_manager)call->cgroup_manager,
		.rootless = (enum rootless)call->rootless,
		.notify_socket = variable("NOTIFY_SOCKET"),
		.late_close = &call->late_close,
		/* "@" cannot be in an id. */
		.seccomp_cache = arena_printf(&call->arena, "%s/@seccomp", absolute),
	};
	return 0;
}
