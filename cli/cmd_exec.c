/* exec: one more process in a container. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/fd.h"
#include "cli/input.h"
#include "cli/signals.h"
#include "oci/names.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Decimal digits and nothing else, up to the highest id; 2^32-1 is the kernel's "none". */
static int parse_id(const char *what, const char *text, size_t length, uint32_t *id)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < length && text[i] >= '0' && text[i] <= '9' && value < UINT32_MAX; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	if (length == 0 || i < length || value >= UINT32_MAX)
		return refuse(EINVAL, "%s: \"%.*s\" is not a numeric id", what, (int)length, text);
	*id = (uint32_t)value;
	return 0;
}

/* UID[:GID]: a user alone keeps the group of the container's process, as runc has it. */
static int parse_user(const struct call *call, struct exec_options *options)
{
	const char *text = call->user, *colon = strchr(text, ':');
	int r = parse_id("--user", text, colon ? (size_t)(colon - text) : strlen(text), &options->uid);

	options->uid_set = true;
	options->gid_set = colon;
	return r < 0 || !colon ? r : parse_id("--user", colon + 1, strlen(colon + 1), &options->gid);
}

static int parse_gids(struct call *call, struct exec_options *options)
{
	uint32_t *gids = arena_array(&call->arena, call->additional_gids.count + 1, sizeof *gids);

	for (size_t i = 0; i < call->additional_gids.count; i++) {
		const char *text = call->additional_gids.items[i];
		int r = parse_id("--additional-gids", text, strlen(text), &gids[i]);

		if (r < 0)
			return r;
	}
	options->additional_gids = gids;
	options->additional_gid_count = call->additional_gids.count;
	return 0;
}

/* "CAP_SYS_ADMIN", and as crun takes it "sys_admin". */
static int parse_capabilities(const struct strings *texts, uint64_t *mask)
{
	for (size_t i = 0; i < texts->count; i++) {
		char name[64] = "CAP_";
		size_t used = strncasecmp(texts->items[i], "CAP_", 4) == 0 ? 0 : 4;

		for (const char *c = texts->items[i]; *c && used + 1 < sizeof name; c++)
			name[used++] = (char)toupper((unsigned char)*c);
		const struct name *found = names_find(&names_capabilities, name, used);

		if (!found)
			return refuse(EINVAL, "--cap: unknown capability \"%s\"", texts->items[i]);
		*mask |= found->value;
	}
	return 0;
}

static int check(const struct call *call)
{
	bool command = call->arguments.count > 1;

	if (!command && !call->process)
		return refuse(EINVAL, "nothing to execute: give a command or --process FILE");
	if (command && call->process)
		return refuse(EINVAL, "give either a command or --process FILE, not both");
	if (call->cgroup && strchr(call->cgroup, ':') > call->cgroup)
		return refuse(EINVAL, "--cgroup %s: controllers are of cgroup v1; only a path is supported", call->cgroup);
	return 0;
}

static int make_options(struct call *call, struct exec_options *options)
{
	int r = check(call);

	*options = (struct exec_options){
		.id = call_id(call),
		.args = call->process ? NULL : (const char *const *)call->arguments.items + 1,
		.env = (const char *const *)call->env.items,
		.cwd = call->cwd,
		.apparmor_profile = call->apparmor,
		.selinux_label = call->process_label,
		.no_new_privs = call->no_new_privs.set ? call->no_new_privs.value : -1,
		/* Without --tty a command has no terminal, whatever the container's own process has. */
		.tty = call->tty.set ? call->tty.value : call->process ? -1 : 0,
		.console_socket = call->console_socket,
		.pid_file = call->pid_file,
		/* "[CONTROLLER:]PATH": cgroup v2 has no controller to name. */
		.cgroup = call->cgroup && call->cgroup[0] == ':' ? call->cgroup + 1 : call->cgroup,
		.preserve_fds = (int)call->preserve_fds,
		.ignore_paused = call->ignore_paused,
		.pidfd_socket = call->pidfd_socket,
	};
	if (r < 0 || (call->user && (r = parse_user(call, options)) < 0) || (r = parse_gids(call, options)) < 0 ||
	    (r = parse_capabilities(&call->capabilities, &options->capabilities)) < 0)
		return r;
	if (!call->process)
		return 0;
	char *text;

	r = input_read(&call->arena, "--process", call->process, false, &text, &options->process_json_size);

	options->process_json = text;
	return r;
}

static int run_exec(struct call *call)
{
	struct exec_options options;
	int r = make_options(call, &options);

	if (r < 0)
		return r;
	if (call->detach) {
		r = container_exec(&call->runtime, &options, NULL);
		return r < 0 ? r : EXIT_SUCCESS;
	}
	_cleanup_fd_ int signals = signal_open_forwarding(call->ignored_signals);

	if (signals < 0)
		return signals;
	struct wait_options wait = { .signal_fd = signals, .relay = !call->console_socket };

	return container_exec(&call->runtime, &options, &wait);
}

static const struct option exec_options[] = {
	{ "tty", 't', OPTION_SWITCH, AT(tty), NULL, "give the process a terminal" },
	{ "detach", 'd', OPTION_FLAG, AT(detach), NULL, "return once the process runs" },
	{ "process", 'p', OPTION_TEXT, AT(process), "FILE", "the process as JSON, as in config.json" },
	{ "user", 'u', OPTION_TEXT, AT(user), "UID[:GID]", "numeric ids of the process" },
	{ "additional-gids", 'g', OPTION_LIST, AT(additional_gids), "GID", "one more group" },
	{ "cwd", 0, OPTION_TEXT, AT(cwd), "DIR", "working directory in the container" },
	{ "env", 'e', OPTION_LIST, AT(env), "NAME=VALUE", "set an environment variable" },
	{ "cap", 'c', OPTION_LIST, AT(capabilities), "CAPABILITY", "add a capability" },
	{ "no-new-privs", 0, OPTION_SWITCH, AT(no_new_privs), NULL, "no privileges by setuid programs" },
	{ "apparmor", 0, OPTION_TEXT, AT(apparmor), "PROFILE", "AppArmor profile" },
	{ "process-label", 0, OPTION_TEXT, AT(process_label), "LABEL", "SELinux label" },
	{ "cgroup", 0, OPTION_TEXT, AT(cgroup), "PATH", "run in this group below the container's" },
	{ "ignore-paused", 0, OPTION_FLAG, AT(ignore_paused), NULL, "also in a paused container" },
	{ "console-socket", 0, OPTION_TEXT, AT(console_socket), "SOCKET", "send the terminal's master to this Unix socket" },
	{ "pidfd-socket", 0, OPTION_TEXT, AT(pidfd_socket), "SOCKET", "send a pidfd of the process to this Unix socket" },
	{ "pid-file", 0, OPTION_TEXT, AT(pid_file), "FILE", "write the pid of the process" },
	{ "preserve-fds", 0, OPTION_COUNT, AT(preserve_fds), "N", "pass descriptors 3 to 2+N to the process" },
	{ "no-subreaper", 0, OPTION_FLAG, AT(no_subreaper), NULL, "for runc's sake: exec never is a subreaper" },
	{ 0 },
};

const struct command command_exec = {
	.name = "exec",
	.group = GROUP_INSIDE,
	.arguments = "ID COMMAND [ARGUMENT...] | --process FILE ID",
	.min_arguments = 1,
	.max_arguments = -1,
	.first_argument_ends_options = true,
	.summary = "run a command in a container",
	.description = "Run a command in a running container, and pass it signals. What follows ID belongs to the command.\n"
	               "The exit status is the command's, 128 + N when signal N ended it, or 255 when it could not be run.",
	.options = exec_options,
	.sealed = true,
	.error_status = EXIT_EXEC_FAILED,
	.run = run_exec,
};
