#include "runtime/newborn.h"

#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"
#include "base/trace.h"
#include "cgroups/cgroup.h"
#include "namespaces/newnet.h"
#include "rootfs/path.h"
#include "runtime/birth.h"
#include "runtime/hooks.h"
#include "runtime/process.h"
#include "runtime/protocol.h"

#include <sys/stat.h>

/* It has its loopback device up. */
static int join_network(struct newborn *newborn)
{
	TRACE_SCOPE("join network");
	if (!newborn->network_comes)
		return 0;
	_cleanup_fd_ int network = protocol_expect_fd(newborn->socket, MSG_NETWORK);

	if (network < 0)
		return network;
	newborn->network_comes = false;
	int r = sys_setns(network, CLONE_NEWNET);

	return r < 0 ? fail(-r, "join the new network namespace") : 0;
}

int newborn_await_go(struct newborn *newborn)
{
	if (newborn->went)
		return 0;
	int r = join_network(newborn);

	if (r >= 0)
		r = protocol_expect(newborn->socket, MSG_GO);
	if (r < 0)
		return r;
	newborn->went = true;
	/* runtime.md "State": for the hooks that run in here, the pid is the one that is seen in here, where it is. */
	newborn->state->pid = newborn->plan.late_pid ? 0 : getpid();
	return 0;
}

/* In a new user namespace we are nobody until the maps are written; in one that a stage entered, we are id 0 already. */
static int become_mapped(struct newborn *newborn)
{
	if (!(newborn->plan.new_flags & CLONE_NEWUSER) || newborn->plan.staged)
		return 0;
	int r = newborn_await_go(newborn);

	if (r < 0)
		return r;
	r = process_enter_ids(&newborn->process->user);
	if (r < 0)
		return r;
	if (newborn->plan.new_flags & CLONE_NEWIPC && unshare(CLONE_NEWIPC) < 0)
		return fail(errno, "create an IPC namespace");
	return 0;
}

int newborn_set_names(const struct spec *spec)
{
	if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return fail(errno, "/hostname: set \"%s\"", spec->hostname);
	if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return fail(errno, "/domainname: set \"%s\"", spec->domainname);
	return 0;
}

static int set_up_namespaces(struct newborn *newborn)
{
	TRACE_SCOPE("namespaces");
	const struct spec *spec = newborn->spec;

	if (newborn->plan.unshare_cgroup) {
		/* The kernel roots the namespace where its maker is: be in the container's cgroup first. */
		int r = newborn->move_to_cgroup ? newborn_await_go(newborn) : 0;

		if (r < 0)
			return r;
		if (unshare(CLONE_NEWCGROUP) < 0)
			return fail(errno, "create a cgroup namespace");
	}
	int r = newborn->named ? 0 : newborn_set_names(spec);

	if (r >= 0 && newborn->plan.new_flags & CLONE_NEWNET)
		r = ns_loopback_up();
	return r;
}

static bool has_hooks(const struct spec *spec, enum hook_point point)
{
	return spec->hooks[point].count > 0;
}

static int run_hooks(struct newborn *newborn, enum hook_point point, enum status status)
{
	struct arena _cleanup_arena_ arena = { 0 };

	if (!has_hooks(newborn->spec, point))
		return 0;
	int r = newborn_await_go(newborn);

	if (r < 0)
		return r;
	/* Where the container's own directories are as near as for runc's. */
	if (fchdir(newborn->rootfs->root) < 0)
		return fail(errno, "%s hooks: change to the container's root", hook_point_name(point));
	/* The hook makes files as its caller would: our own umask is 0 meanwhile. */
	umask(newborn->umask);
	r = hooks_run(&newborn->spec->hooks[point], point, state_to_oci_json(newborn->state, status, &arena), NULL);
	umask(0);
	return r;
}

/* The hooks that want to see the mounts before the root is entered: those of the runtime first, then those of the container. */
static int run_create_hooks(struct newborn *newborn)
{
	TRACE_SCOPE("hooks");
	const struct spec *spec = newborn->spec;

	if (has_hooks(spec, HOOK_PRESTART) || has_hooks(spec, HOOK_CREATE_RUNTIME)) {
		int r = newborn_await_go(newborn);

		if (r < 0)
			return r;
		if (protocol_send(newborn->socket, MSG_BUILT, 0, -1) < 0)
			return refuse(EPIPE, "the runtime is gone");
		r = protocol_expect(newborn->socket, MSG_CONTINUE);
		if (r < 0)
			return r;
	}
	/* The specification has these in all of the container's namespaces. */
	if (has_hooks(spec, HOOK_CREATE_CONTAINER) && newborn->plan.late_pid) {
		int r = ns_join_pid(&newborn->plan);

		if (r < 0)
			return r;
	}
	return run_hooks(newborn, HOOK_CREATE_CONTAINER, STATUS_CREATING);
}

/* The runtime has the same configuration; that it need not believe what we want written is the point. */
static int ask_for_sysctls(struct newborn *newborn)
{
	int r = newborn_await_go(newborn);

	if (r < 0)
		return r;
	if (protocol_send(newborn->socket, MSG_SYSCTL, 0, -1) < 0)
		return refuse(EPIPE, "the runtime is gone");
	return protocol_expect(newborn->socket, MSG_CONTINUE);
}

static int write_sysctls(struct newborn *newborn)
{
	const struct string_map *sysctl = &newborn->spec->linux_.sysctl;

	if (sysctl->count == 0)
		return 0;
	_cleanup_fd_ int proc = proc_open_trusted();
	int r = proc < 0 ? proc : sysctl_write(proc, sysctl);

	return r > 0 ? ask_for_sysctls(newborn) : r;
}

/* A working directory that does not exist is made, as engines expect; on a read-only root the later chdir tells. */
static int make_working_directory(const struct spec_process *process)
{
	if (access(process->cwd, F_OK) == 0)
		return 0;
	_cleanup_fd_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return fail(errno, "open /");
	_cleanup_fd_ int dir = path_make_dir(root, process->cwd, 0755);

	return dir < 0 && dir != -EROFS ? fail(-dir, "/process/cwd: create %s", process->cwd) : 0;
}

/* Without a cgroup namespace a mount of cgroups shows the container's group, whose path systemd chooses. */
static int find_cgroup(struct newborn *newborn)
{
	struct rootfs *rootfs = newborn->rootfs;
	char path[4096];

	if (!newborn->move_to_cgroup || newborn->spec->linux_.namespaces[NS_CGROUP].set)
		return 0;
	int r = newborn_await_go(newborn);

	if (r >= 0)
		r = cgroup_own_path(path, sizeof path);
	if (r >= 0)
		rootfs->cgroup_path = arena_strdup(&rootfs->arena, path);
	return r;
}

static int build(struct newborn *newborn)
{
	struct rootfs *rootfs = newborn->rootfs;
	int r = set_up_namespaces(newborn);

	if (r >= 0)
		r = find_cgroup(newborn);
	if (r >= 0 && newborn->network_comes)
		r = rootfs_build_first(rootfs);
	if (r >= 0)
		r = join_network(newborn);
	if (r >= 0)
		r = write_sysctls(newborn);
	if (r >= 0)
		r = rootfs_build(rootfs);
	if (r >= 0)
		r = run_create_hooks(newborn);
	if (r >= 0)
		r = rootfs_enter(rootfs);
	if (r >= 0)
		r = make_working_directory(newborn->process);
	if (r >= 0 && newborn->terminal)
		r = process_open_terminal(newborn);
	if (r >= 0)
		r = rootfs_seal(rootfs);
	rootfs_close(rootfs);
	return r;
}

/* A failure is told once the maps are written: for a process that has died meanwhile the runtime could not, and would name that instead. */
static int enter_network_and_become_mapped(struct newborn *newborn)
{
	int r = newborn->unshare_network ? newnet_enter() : 0;

	if (r >= 0)
		return become_mapped(newborn);
	struct error failure = error_save();

	(void)become_mapped(newborn);
	error_restore(&failure);
	return r;
}

/* What of `run` is left to do, it does while we go on. Not before GO: the stage may not have told it of us yet. */
static int tell_inside(struct newborn *newborn)
{
	if (newborn->wait != WAIT_SOCKET)
		return 0;
	int r = newborn_await_go(newborn);

	if (r >= 0 && protocol_send(newborn->socket, MSG_INSIDE, 0, -1) < 0)
		r = refuse(EPIPE, "the runtime is gone");
	return r;
}

static int init_run(struct newborn *newborn)
{
	trace_process("container");
	TRACE_SCOPE("init");
	int r = enter_network_and_become_mapped(newborn);

	if (r >= 0)
		r = birth_hide();
	if (r >= 0 && setsid() < 0)
		r = fail(errno, "setsid");
	newborn->umask = umask(0);
	if (r >= 0 && !newborn->plan.staged)
		r = ns_join(&newborn->plan, JOIN_BEFORE_USER);
	if (r >= 0)
		r = build(newborn);
	if (r >= 0 && newborn->plan.late_pid)
		r = birth_hand_over(newborn);
	if (r >= 0)
		r = tell_inside(newborn);
	return r < 0 ? r : process_become(newborn);
}

_Noreturn void init_main(struct newborn *newborn)
{
	init_run(newborn);
	process_fail(newborn);
}

_Noreturn void exec_main(struct newborn *newborn)
{
	int r = setsid() < 0 ? fail(errno, "setsid") : 0;

	newborn->umask = umask(0);
	if (r >= 0 && newborn->terminal)
		r = process_open_terminal(newborn);
	if (r >= 0)
		process_become(newborn);
	process_fail(newborn);
}
