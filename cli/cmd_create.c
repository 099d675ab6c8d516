/* create and run: a container from a bundle. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/fd.h"
#include "cli/signals.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Options of both. */
#define OPTION_BUNDLE { "bundle", 'b', OPTION_TEXT, AT(bundle), "DIR", "bundle directory (default: the working directory)" }
#define OPTION_CONFIG \
	{ "config", 'f', OPTION_TEXT, AT(file), "FILE", "configuration (default: the bundle's config.json)" }
#define OPTION_CONSOLE_SOCKET \
	{ "console-socket", 0, OPTION_TEXT, AT(console_socket), "SOCKET", "send the terminal's master to this Unix socket" }
#define OPTION_PIDFD_SOCKET \
	{ "pidfd-socket", 0, OPTION_TEXT, AT(pidfd_socket), "SOCKET", "send a pidfd of the container's first process to this Unix socket" }
#define OPTION_PID_FILE { "pid-file", 0, OPTION_TEXT, AT(pid_file), "FILE", "write the pid of the container's first process" }
#define OPTION_PRESERVE_FDS \
	{ "preserve-fds", 0, OPTION_COUNT, AT(preserve_fds), "N", "pass descriptors 3 to 2+N to the process" }
/* Of sd_listen_fds(3), more than any unit has. */
#define LISTEN_MAX 256
#define OPTION_NO_PIVOT { "no-pivot", 0, OPTION_FLAG, AT(no_pivot), NULL, "chroot instead of pivot_root (root on a ramdisk)" }
#define OPTION_NO_NEW_KEYRING \
	{ "no-new-keyring", 0, OPTION_FLAG, AT(no_new_keyring), NULL, "keep the caller's session keyring" }

/* mount_setattr(2) is the newest call that nothing can stand in for. */
static int check_kernel(void)
{
	struct utsname host;
	unsigned major, minor;

	if (uname(&host) < 0)
		return fail(errno, "uname");
	if (sscanf(host.release, "%u.%u", &major, &minor) == 2 && (major < 5 || (major == 5 && minor < 14)))
		return refuse(ENOSYS, "berth needs Linux 5.14 or newer; this is Linux %s", host.release);
	return 0;
}

/* sd_listen_fds(3), as runc has it: sockets that the caller has opened for this process come before --preserve-fds. */
static int listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	char *pid_end, *fds_end;

	if (!pid || !fds)
		return 0;
	long for_whom = strtol(pid, &pid_end, 10), count = strtol(fds, &fds_end, 10);

	return *pid_end == 0 && for_whom == getpid() && *fds_end == 0 && count > 0 && count < LISTEN_MAX ? (int)count : 0;
}

static int make_options(struct call *call, struct create_options *options)
{
	const char *bundle = call->bundle ? call->bundle : ".";
	char path[PATH_MAX];

	if (!realpath(bundle, path))
		return fail(errno, "bundle %s", bundle);
	*options = (struct create_options){
		.id = call_id(call),
		.bundle = arena_strdup(&call->arena, path),
		.config = call->file,
		.console_socket = call->console_socket,
		.pidfd_socket = call->pidfd_socket,
		.pid_file = call->pid_file,
		.preserve_fds = listen_fds() + (int)call->preserve_fds,
		.no_pivot = call->no_pivot,
		.no_new_keyring = call->no_new_keyring,
	};
	return 0;
}

static int run_create(struct call *call)
{
	struct create_options options;
	int r = check_kernel();

	if (r < 0 || (r = make_options(call, &options)) < 0)
		return r;
	return container_create(&call->runtime, &options);
}

static const struct option create_options[] = {
	OPTION_BUNDLE,
	OPTION_CONFIG,
	OPTION_CONSOLE_SOCKET,
	OPTION_PID_FILE,
	OPTION_PIDFD_SOCKET,
	OPTION_PRESERVE_FDS,
	OPTION_NO_PIVOT,
	OPTION_NO_NEW_KEYRING,
	{ "no-subreaper", 0, OPTION_FLAG, AT(no_subreaper), NULL, "for crun's sake: create never is a subreaper" },
	{ 0 },
};

const struct command command_create = {
	.name = "create",
	.group = GROUP_LIFE,
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = "create a container from a bundle",
	.description = "Create a container called ID from a bundle. Its process waits for \"berth start ID\".",
	.options = create_options,
	.sealed = true,
	.run = run_create,
};

static int run_foreground(struct call *call, const struct create_options *options)
{
	_cleanup_fd_ int signals = signal_open_forwarding(call->ignored_signals);

	if (signals < 0)
		return signals;
	/* Processes that the container's first process leaves behind are then ours to reap. */
	if (call->subreaper && !call->no_subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return fail(errno, "become subreaper");
	struct wait_options wait = { .signal_fd = signals, .relay = !call->console_socket };

	return container_run(&call->runtime, options, &wait, call->keep);
}

static int run_run(struct call *call)
{
	struct create_options options;
	int r = check_kernel();

	if (r < 0 || (r = make_options(call, &options)) < 0)
		return r;
	return call->detach ? container_run(&call->runtime, &options, NULL, call->keep) : run_foreground(call, &options);
}

static const struct option run_options[] = {
	OPTION_BUNDLE,
	OPTION_CONFIG,
	{ "detach", 'd', OPTION_FLAG, AT(detach), NULL, "return once the process runs" },
	{ "keep", 0, OPTION_FLAG, AT(keep), NULL, "do not delete the container when it has ended" },
	OPTION_CONSOLE_SOCKET,
	OPTION_PID_FILE,
	OPTION_PIDFD_SOCKET,
	OPTION_PRESERVE_FDS,
	OPTION_NO_PIVOT,
	OPTION_NO_NEW_KEYRING,
	{ "subreaper", 0, OPTION_FLAG, AT(subreaper), NULL, "reap processes that the container leaves behind (default)" },
	{ "no-subreaper", 0, OPTION_FLAG, AT(no_subreaper), NULL, "leave them to another" },
	{ 0 },
};

const struct command command_run = {
	.name = "run",
	.group = GROUP_LIFE,
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = "create, start and wait for a container",
	.description = "Create a container called ID from a bundle, start its process, pass it signals, and delete the\n"
	               "container when the process has ended. The exit status is the process's, or 128 + N when\n"
	               "signal N ended it.",
	.options = run_options,
	.sealed = true,
	.run = run_run,
};
