/* checkpoint and restore: a container into files and back, by criu. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/fd.h"
#include "cli/signals.h"
#include "runtime/checkpoint.h"
#include "runtime/criu_message.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define DEFAULT_IMAGES "checkpoint"

/* Options of both. */
#define OPTION_IMAGE_PATH \
	{ "image-path", 0, OPTION_TEXT, AT(criu.image_path), "DIR", "directory of criu's image files (default: ./checkpoint)" }
#define OPTION_WORK_PATH \
	{ "work-path", 0, OPTION_TEXT, AT(criu.work_path), "DIR", "directory of criu's log (default: --image-path)" }
#define OPTION_TCP_ESTABLISHED \
	{ "tcp-established", 0, OPTION_FLAG, AT(criu.tcp_established), NULL, "open TCP connections are kept" }
#define OPTION_EXT_UNIX_SK \
	{ "ext-unix-sk", 0, OPTION_FLAG, AT(criu.ext_unix_sk), NULL, "Unix sockets may lead out of the container" }
#define OPTION_SHELL_JOB { "shell-job", 0, OPTION_FLAG, AT(criu.shell_job), NULL, "it has the terminal of a shell outside" }
#define OPTION_FILE_LOCKS { "file-locks", 0, OPTION_FLAG, AT(criu.file_locks), NULL, "it holds file locks" }
#define OPTION_MANAGE_CGROUPS                                                                                       \
	{ "manage-cgroups-mode", 0, OPTION_CHOICE, AT(criu.cgroups_mode), "soft|full|strict|ignore",                \
	  "what is done about the groups that the container made (default: soft)" }
#define OPTION_EMPTY_NS \
	{ "empty-ns", 0, OPTION_LIST, AT(criu.empty_ns), "network", "make the namespace, but leave what was in it to others" }
#define OPTION_AUTO_DEDUP \
	{ "auto-dedup", 0, OPTION_FLAG, AT(criu.auto_dedup), NULL, "drop from the images what is not needed any more" }
#define OPTION_NETWORK_LOCK                                                                             \
	{ "network-lock", 0, OPTION_CHOICE, AT(criu.network_lock), "default|iptables|nftables|skip",    \
	  "how packets are held back meanwhile (default: criu's)" }

/* --- what they share ---------------------------------------------------------------------------------------------------- */

static int parse_empty_ns(const struct strings *names, int *flags)
{
	*flags = 0;
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->items[i], "network") != 0)
			return refuse(EINVAL, "--empty-ns %s: only network can be left empty", names->items[i]);
		*flags = CLONE_NEWNET;
	}
	return 0;
}

static int make_wishes(struct call *call, struct criu_wishes *wishes)
{
	static const int modes[] = {
		[MODE_SOFT] = CRIU_CGROUPS_SOFT,
		[MODE_FULL] = CRIU_CGROUPS_FULL,
		[MODE_STRICT] = CRIU_CGROUPS_STRICT,
		[MODE_IGNORE] = CRIU_CGROUPS_IGNORE,
	};
	static const int locks[] = {
		[LOCK_DEFAULT] = 0,
		[LOCK_IPTABLES] = CRIU_LOCK_IPTABLES,
		[LOCK_NFTABLES] = CRIU_LOCK_NFTABLES,
		[LOCK_SKIP] = CRIU_LOCK_SKIP,
	};

	*wishes = (struct criu_wishes){
		.images = call_absolute(call, call->criu.image_path ? call->criu.image_path : DEFAULT_IMAGES),
		.work = call_absolute(call, call->criu.work_path),
		.tcp_established = call->criu.tcp_established,
		.ext_unix_sockets = call->criu.ext_unix_sk,
		.shell_job = call->criu.shell_job,
		.file_locks = call->criu.file_locks,
		.lazy_pages = call->criu.lazy_pages,
		.auto_dedup = call->criu.auto_dedup,
		.cgroups_mode = { .set = true, .value = modes[call->criu.cgroups_mode] },
		.network_lock = locks[call->criu.network_lock],
	};
	if (!wishes->images || (call->criu.work_path && !wishes->work))
		return -ENOENT;
	return parse_empty_ns(&call->criu.empty_ns, &wishes->empty_namespaces);
}

/* --- checkpoint --------------------------------------------------------------------------------------------------------- */

/* "10.0.0.2:27000", "[fd00::2]:27000". */
static int parse_page_server(struct call *call, struct checkpoint_options *options)
{
	const char *text = call->criu.page_server, *colon = text ? strrchr(text, ':') : NULL;
	char *end;

	if (!text)
		return 0;
	long port = colon ? strtol(colon + 1, &end, 10) : 0;

	if (!colon || colon == text || colon[1] < '0' || colon[1] > '9' || *end || port < 1 || port > 65535)
		return refuse(EINVAL, "--page-server %s: must be ADDRESS:PORT", text);
	size_t length = (size_t)(colon - text);

	if (text[0] == '[' && length > 2 && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	options->page_server = arena_strndup(&call->arena, text, length);
	options->page_server_port = (int)port;
	return 0;
}

static int run_checkpoint(struct call *call)
{
	struct checkpoint_options options = {
		.id = call_id(call),
		.parent = call->criu.parent_path,
		.leave_running = call->criu.leave_running,
		.pre_dump = call->criu.pre_dump,
		.tcp_skip_in_flight = call->criu.tcp_skip_in_flight,
		.link_remap = call->criu.link_remap,
		.status_fd = call->criu.status_fd > 0 ? (int)call->criu.status_fd : -1,
	};
	int r = make_wishes(call, &options.wishes);

	if (r >= 0)
		r = parse_page_server(call, &options);
	if (r >= 0 && options.pre_dump && options.wishes.lazy_pages)
		r = refuse(EINVAL, "--pre-dump copies memory before, --lazy-pages after: not both");
	if (r >= 0 && options.wishes.lazy_pages && !options.page_server)
		r = refuse(EINVAL, "--lazy-pages needs --page-server, where memory is fetched from");
	return r < 0 ? r : container_checkpoint(&call->runtime, &options);
}

static const struct option checkpoint_options[] = {
	OPTION_IMAGE_PATH,
	OPTION_WORK_PATH,
	{ "parent-path", 0, OPTION_TEXT, AT(criu.parent_path), "DIR", "images of an earlier --pre-dump, relative to --image-path" },
	{ "leave-running", 0, OPTION_FLAG, AT(criu.leave_running), NULL, "the container goes on" },
	{ "pre-dump", 0, OPTION_FLAG, AT(criu.pre_dump), NULL, "memory only, before a checkpoint; the container goes on" },
	OPTION_TCP_ESTABLISHED,
	{ "tcp-skip-in-flight", 0, OPTION_FLAG, AT(criu.tcp_skip_in_flight), NULL, "leave out connections that are being made" },
	{ "link-remap", 0, OPTION_FLAG, AT(criu.link_remap), NULL, "unlinked files that are open may be linked again" },
	OPTION_EXT_UNIX_SK,
	OPTION_SHELL_JOB,
	OPTION_FILE_LOCKS,
	{ "lazy-pages", 0, OPTION_FLAG, AT(criu.lazy_pages), NULL, "serve memory at --page-server when it is asked for" },
	{ "status-fd", 0, OPTION_COUNT, AT(criu.status_fd), "FD", "write a zero byte to FD once memory can be asked for" },
	{ "page-server", 0, OPTION_TEXT, AT(criu.page_server), "ADDRESS:PORT", "send memory to \"criu page-server\" there" },
	OPTION_MANAGE_CGROUPS,
	OPTION_EMPTY_NS,
	OPTION_AUTO_DEDUP,
	OPTION_NETWORK_LOCK,
	{ 0 },
};

const struct command command_checkpoint = {
	.name = "checkpoint",
	.group = GROUP_LIFE,
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = "write a running container to files",
	.description = "Write container ID, with its memory, to files that \"berth restore\" makes it from again, and delete it.\n"
	               "The program criu does it.",
	.options = checkpoint_options,
	.run = run_checkpoint,
};

/* --- restore ------------------------------------------------------------------------------------------------------------ */

static int restore_foreground(struct call *call, const struct restore_options *options)
{
	_cleanup_fd_ int signals = signal_open_forwarding(call->ignored_signals);

	if (signals < 0)
		return signals;
	if (!call->no_subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return fail(errno, "become subreaper");
	struct wait_options wait = { .signal_fd = signals, .relay = !call->console_socket };

	return container_restore(&call->runtime, options, &wait, false);
}

static int run_restore(struct call *call)
{
	const char *bundle = call->bundle ? call->bundle : ".";
	char path[PATH_MAX];

	if (!realpath(bundle, path))
		return fail(errno, "bundle %s", bundle);
	struct restore_options options = {
		.create = {
			.id = call_id(call),
			.bundle = arena_strdup(&call->arena, path),
			.console_socket = call->console_socket,
			.pid_file = call->pid_file,
			.no_pivot = call->no_pivot,
		},
		.tcp_close = call->criu.tcp_close,
		.lsm_profile = call->criu.lsm_profile,
		.lsm_mount_context = call->criu.lsm_mount_context,
	};
	int r = make_wishes(call, &options.wishes);

	if (r < 0)
		return r;
	return call->detach ? container_restore(&call->runtime, &options, NULL, false) : restore_foreground(call, &options);
}

static const struct option restore_options[] = {
	{ "bundle", 'b', OPTION_TEXT, AT(bundle), "DIR", "bundle directory (default: the working directory)" },
	OPTION_IMAGE_PATH,
	OPTION_WORK_PATH,
	{ "detach", 'd', OPTION_FLAG, AT(detach), NULL, "return once the processes run" },
	{ "console-socket", 0, OPTION_TEXT, AT(console_socket), "SOCKET", "send the terminal's master to this Unix socket" },
	{ "pid-file", 0, OPTION_TEXT, AT(pid_file), "FILE", "write the pid of the container's first process" },
	OPTION_TCP_ESTABLISHED,
	{ "tcp-close", 0, OPTION_FLAG, AT(criu.tcp_close), NULL, "TCP connections come back closed" },
	OPTION_EXT_UNIX_SK,
	OPTION_SHELL_JOB,
	OPTION_FILE_LOCKS,
	{ "lazy-pages", 0, OPTION_FLAG, AT(criu.lazy_pages), NULL, "fetch memory from \"criu lazy-pages\" when it is used" },
	OPTION_MANAGE_CGROUPS,
	OPTION_EMPTY_NS,
	OPTION_AUTO_DEDUP,
	OPTION_NETWORK_LOCK,
	{ "lsm-profile", 0, OPTION_TEXT, AT(criu.lsm_profile), "TYPE:NAME", "another LSM profile than the checkpoint's" },
	{ "lsm-mount-context", 0, OPTION_TEXT, AT(criu.lsm_mount_context), "LABEL",
	  "another label of mounts than the checkpoint's" },
	{ "no-subreaper", 0, OPTION_FLAG, AT(no_subreaper), NULL, "leave processes that it leaves behind to another" },
	{ "no-pivot", 0, OPTION_FLAG, AT(no_pivot), NULL, "for runc's sake: criu enters the root by itself" },
	{ 0 },
};

const struct command command_restore = {
	.name = "restore",
	.group = GROUP_LIFE,
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = "make a container from such files again",
	.description = "Make a container called ID from the files of \"berth checkpoint\" and the bundle, and wait for its end as\n"
	               "\"berth run\" does. The program criu does it.",
	.options = restore_options,
	.run = run_restore,
};
