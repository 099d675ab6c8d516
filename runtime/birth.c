#include "runtime/birth.h"

#include "base/fault.h"
#include "base/fd.h"
#include "base/sys.h"
#include "base/trace.h"
#include "runtime/process.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

/* clone3 with a pidfd, and into the cgroup if there is one. In the child, 0. */
static int clone_process(uint64_t flags, int cgroup, int *pidfd)
{
	struct clone_args args = {
		.flags = flags | (uint64_t)CLONE_PIDFD | (cgroup >= 0 ? (uint64_t)CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup >= 0 ? (uint64_t)(unsigned)cgroup : 0,
	};

	int pid = sys_clone3(&args);

	if (pid == 0) {
		stack_fault_in(8 * 1024, 12 * 1024);
		fault_in_again();
	}
	return pid;
}

/* For a child that is to be its maker's sibling; its signal at the end is its maker's. */
static int clone_sibling(uint64_t flags, int *pidfd)
{
	int pid = sys_clone(flags | SIBLING_FLAGS, pidfd);

	if (pid == 0)
		stack_fault_in(8 * 1024, 12 * 1024);
	return pid;
}

static int clone_failed(int r, uint64_t flags)
{
	if (r == -ENOSPC && flags & CLONE_NEWUSER)
		return fail(-r, "create the container's process (the limit is /proc/sys/user/max_user_namespaces)");
	if (r == -ENOSPC)
		return fail(-r, "create the container's process (the limits are in /proc/sys/user/)");
	if (r == -EPERM && flags != 0 && !(flags & CLONE_NEWUSER))
		return fail(-r, "create the container's namespaces (without root, linux.namespaces needs a user namespace)");
	if (r == -EPERM && flags & CLONE_NEWUSER)
		return fail(-r, "create the container's user namespace (see /proc/sys/kernel/unprivileged_userns_clone and "
		                "apparmor_restrict_unprivileged_userns)");
	if (r == -ENOSYS)
		return fail(-r, "create the container's process (the seccomp filter that berth itself is under, as in a container, "
		                "allows no clone3)");
	if (r == -EACCES)
		return fail(-r, "create the container's process in its cgroup (a user can do that only from a group below one of the "
		                "user's own, as in systemd-run --user --scope)");
	return fail(-r, "create the container's process");
}

/* --- the stage: runs in the child ------------------------------------------------------------------------------------- */

/*
 * From the moment a process of ours can be seen from a container, nothing there may trace it or open its descriptors (CVE-2016-9962).
 * Not before our own id maps are written, though: an unprivileged runtime could not open the files of a process that is not dumpable.
 */
int birth_hide(void)
{
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? fail(errno, "PR_SET_DUMPABLE") : 0;
}

int birth_become_id_0(void)
{
	return process_enter_ids(&(const struct spec_user){ 0 });
}

static int enter_user_namespace(struct newborn *newborn)
{
	struct ns_plan *plan = &newborn->plan;

	if (plan->join[NS_USER] >= 0) {
		int r = ns_join(plan, JOIN_USER);

		if (r < 0)
			return r;
	} else if (plan->new_flags & CLONE_NEWUSER) {
		if (unshare(CLONE_NEWUSER) < 0)
			return clone_failed(-errno, CLONE_NEWUSER);
		if (protocol_send(newborn->socket, MSG_MAP_ME, 0, -1) < 0)
			return fail(EPIPE, "ask the runtime for id maps");
		int r = protocol_expect(newborn->socket, MSG_MAPPED);

		if (r < 0)
			return r;
	} else {
		return 0;
	}
	return process_enter_ids(&newborn->process->user);
}

/* A uts namespace that does not belong to the container's user namespace takes its names from out here only. */
static int name_joined(struct newborn *newborn)
{
	const struct ns_plan *plan = &newborn->plan;

	if (plan->join[NS_UTS] < 0 || plan->after_user & 1U << NS_UTS)
		return 0;
	newborn->named = true;
	return newborn_set_names(newborn->spec);
}

static int stage_enter(const struct birth *birth)
{
	struct newborn *newborn = birth->newborn;

	if (birth->target >= 0) {
		int entered = birth->core_of ? extras_take_core_cookie(birth->core_of) : 0;

		if (entered < 0)
			return entered;
		entered = birth_hide();
		if (entered >= 0)
			entered = sys_setns(birth->target, (int)birth->target_types);
		if (entered < 0)
			return fail(-entered, "enter the container's namespaces");
		if (birth->root >= 0 && (fchdir(birth->root) < 0 || chroot(".") < 0))
			return fail(errno, "enter the container's root");
		return birth->target_types & CLONE_NEWUSER ? process_enter_ids(&newborn->process->user) : 0;
	}
	_cleanup_fd_ int offsets = newborn->plan.time_offsets ? ns_open_time_offsets() : -1;

	if (newborn->plan.time_offsets && offsets < 0)
		return offsets;
	int r = newborn->plan.new_flags & CLONE_NEWUSER ? 0 : birth_hide();

	if (r >= 0)
		r = ns_join(&newborn->plan, JOIN_BEFORE_USER);
	if (r >= 0)
		r = name_joined(newborn);
	if (r >= 0)
		r = enter_user_namespace(newborn);
	if (r >= 0)
		r = birth_hide();
	if (r >= 0)
		r = ns_join(&newborn->plan, JOIN_AFTER_USER);
	bool new_time = newborn->plan.time_offsets || newborn->plan.new_flags & CLONE_NEWTIME;

	return r >= 0 && new_time ? ns_make_time(offsets, newborn->spec) : r;
}

/* execCPUAffinity.initial holds until the process is in the container's cgroup: so it enters that by itself, afterwards. */
static int move_pinned(const struct birth *birth)
{
	if (!birth->affinity)
		return 0;
	int r = limits_set_affinity(birth->affinity, "/process/execCPUAffinity/initial");

	if (r < 0 || birth->cgroup < 0)
		return r;
	r = write_file_at(birth->cgroup, "cgroup.procs", "0");
	return r < 0 ? fail(-r, "enter the container's cgroup") : 0;
}

/* Of whom nobody will ever know must not live on. */
static _Noreturn void announce(const struct newborn *newborn, enum msg_type type, int pid, int pidfd)
{
	if (protocol_send(newborn->socket, type, pid, -1) >= 0)
		_exit(0);
	(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	_exit(1);
}

static _Noreturn void stage_main(const struct birth *birth)
{
	struct newborn *newborn = birth->newborn;
	_cleanup_fd_ int pidfd = -1;
	uint64_t flags = newborn->plan.new_flags & ~(uint64_t)(CLONE_NEWUSER | CLONE_NEWTIME);

	if (move_pinned(birth) < 0 || stage_enter(birth) < 0)
		goto failed;
	if (birth->target >= 0 && process_strip(newborn, birth->target_types & CLONE_NEWUSER) < 0)
		goto failed;

	int pid = clone_sibling(flags, &pidfd);

	if (pid == 0)
		birth->life(newborn);
	if (pid < 0) {
		clone_failed(pid, flags);
		goto failed;
	}
	announce(newborn, MSG_BORN, pid, pidfd);
failed:
	protocol_send_error(newborn->socket, false);
	_exit(1);
}

int birth_hand_over(struct newborn *newborn)
{
	_cleanup_fd_ int pidfd = -1;
	int r = newborn_await_go(newborn);

	if (r >= 0)
		r = ns_join_pid(&newborn->plan);
	if (r >= 0)
		r = process_strip(newborn, false);
	if (r < 0)
		return r;
	int pid = clone_sibling(0, &pidfd);

	if (pid < 0)
		return clone_failed(pid, 0);
	if (pid > 0)
		announce(newborn, MSG_HEIR, pid, pidfd);
	newborn->state->pid = getpid();
	if (setsid() < 0)
		return fail(errno, "setsid");
	if (newborn->terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return fail(errno, "make the terminal the controlling one");
	/* Unknown to the runtime, nobody would end it. */
	return protocol_expect(newborn->socket, MSG_CONTINUE);
}

/* --- the runtime's side ----------------------------------------------------------------------------------------------- */

/*
 * What a child has made by CLONE_PARENT, a child of ours as well. Only such a one: in a shared pid namespace it can be traced by now, and
 * speak before its maker does, which would have us take any process of the host's for the container's.
 */
static int take_sibling(struct child *child, pid_t pid, pid_t maker)
{
	siginfo_t info = { 0 };

	if (pid <= 0 || pid == maker || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
		return refuse(EPROTO, "process %d, said to be the container's, is no child of ours", (int)pid);
	int fd = sys_pidfd_open(pid);

	if (fd < 0)
		return fail(-fd, "open process %d", (int)pid);
	child->ref = (struct pidref){ .pid = pid, .fd = fd };
	return 0;
}

/* Serve the stage until init is born. */
static int attend_stage(struct child *child, const struct newborn *newborn)
{
	const struct spec_linux *config = &newborn->spec->linux_;

	for (;;) {
		_cleanup_fd_ int fd = -1;
		struct msg msg;
		int r = protocol_receive(child->socket, &child->phase, &msg, &fd);

		if (r == 0)
			return refuse(EPIPE, "the stage that enters the namespaces died");
		if (r < 0)
			return r;
		if (msg.type == MSG_BORN) {
			r = take_sibling(child, msg.number, child->stage);
			if (r < 0)
				return r;
			reap(child->stage);
			child->stage = 0;
			return 0;
		}
		r = ns_write_id_maps(child->stage, &config->uid_maps, &config->gid_maps);
		if (r >= 0)
			r = protocol_send(child->socket, MSG_MAPPED, 0, -1);
		if (r < 0)
			return r;
	}
}

static int give_birth(struct child *child, const struct birth *birth)
{
	struct newborn *newborn = birth->newborn;
	const struct spec_linux *config = &newborn->spec->linux_;
	bool staged = birth->target >= 0 || newborn->plan.staged;
	uint64_t flags = staged ? 0 : newborn->plan.new_flags;
	int pidfd = -1;

	/* The root of an IPC namespace's mqueue belongs to its maker: init makes it, once it is somebody. */
	if (flags & CLONE_NEWUSER)
		flags &= ~(uint64_t)CLONE_NEWIPC;

	int pid = clone_process(flags, birth->affinity ? -1 : birth->cgroup, &pidfd);

	if (pid == 0) {
		close_fd(&child->socket);
		if (birth->late_close)
			close_fd(birth->late_close);
		if (!staged)
			birth->life(newborn);
		stage_main(birth);
	}
	/* Before Linux 6.3 (5.15.103, 6.1.20) clone3 makes no time namespaces; unshare does. */
	if (pid == -EINVAL && flags & CLONE_NEWTIME) {
		newborn->plan.staged = true;
		return give_birth(child, birth);
	}
	if (pid < 0)
		return clone_failed(pid, flags);
	close_fd(&newborn->socket);
	if (staged) {
		close_fd(&pidfd);
		child->stage = pid;
		child->phase = PHASE_STAGE;
		return 1;
	}
	child->ref = (struct pidref){ .pid = pid, .fd = pidfd };
	child->phase = PHASE_BUILD;
	return flags & CLONE_NEWUSER ? ns_write_id_maps(pid, &config->uid_maps, &config->gid_maps) : 0;
}

/* Init's own files, which a procfs has only for who is in its pid namespace. A path that is not as plain as most counts as one. */
static bool is_of_process(const char *path)
{
	static const char *const paths[] = { "/proc/self", "/proc/thread-self", "/proc/net", "/proc/mounts" };

	if (!path)
		return false;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (strncmp(path, paths[i], strlen(paths[i])) == 0)
			return true;
	return strstr(path, "//") || strstr(path, "/.");
}

static bool have_one_of_process(const struct strings *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		if (is_of_process(paths->items[i]))
			return true;
	return false;
}

/* Whether what init builds has to do with the pid namespace that it is in, or there may be no second process. */
static bool needs_processes(const struct spec *spec)
{
	const struct spec_linux *config = &spec->linux_;

	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];

		if (is_of_process(mount->destination) || is_of_process(mount->source))
			return true;
		for (size_t j = 0; j < mount->options.count; j++)
			if (strncmp(mount->options.items[j], "pidns=", strlen("pidns=")) == 0)
				return true;
	}
	return have_one_of_process(&config->masked_paths) || have_one_of_process(&config->readonly_paths) ||
	       (config->resources.pids_limit.set && config->resources.pids_limit.value == 1);
}

void birth_plan_heir(struct ns_plan *plan, const struct spec *spec)
{
	if (plan->join[NS_PID] >= 0 && !needs_processes(spec))
		ns_defer_pid(plan);
}

int child_connect(struct child *child, struct newborn *newborn)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(errno, "create a socket pair");
	child->socket = pair[0];
	newborn->socket = pair[1];
	return 0;
}

int birth(struct child *child, const struct birth *birth)
{
	TRACE_SCOPE("birth");
	int r = give_birth(child, birth);

	if (r > 0)
		r = attend_stage(child, birth->newborn);
	if (r < 0 && birth->newborn->socket < 0) {
		struct error e = error_save();

		child_destroy(child);
		error_restore(&e);
	}
	return r;
}

int child_succeed(struct child *child, pid_t pid, struct pidref *former)
{
	struct pidref init = child->ref;
	int r = take_sibling(child, pid, init.pid);

	*former = r < 0 ? PIDREF_NONE : init;
	return r;
}

void child_end(struct pidref *ref)
{
	if (ref->pid > 0) {
		(void)pidref_kill(ref, SIGKILL);
		reap(ref->pid);
	}
	pidref_close(ref);
}

void child_destroy(struct child *child)
{
	close_fd(&child->socket);
	if (child->stage > 0) {
		kill(child->stage, SIGKILL);
		reap(child->stage);
		child->stage = 0;
	}
	child_end(&child->ref);
}
