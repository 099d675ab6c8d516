#include "runtime/process.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sys.h"
#include "base/trace.h"
#include "runtime/environment.h"
#include "runtime/hooks.h"
#include "runtime/protocol.h"

#include <limits.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

int process_open_terminal(struct newborn *newborn)
{
	const struct spec_process *process = newborn->process;
	unsigned height = (unsigned)process->console_height.value, width = (unsigned)process->console_width.value;
	_cleanup_fd_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), peer = -1, master = -1;

	if (root < 0)
		return fail(errno, "open /");
	master = rootfs_open_console(root, newborn->rootfs != NULL, process->user.uid, height, width, &peer);
	if (master < 0)
		return master;
	/* An heir is to lead the session. */
	if (!newborn->plan.late_pid && ioctl(peer, TIOCSCTTY, 0) < 0)
		return fail(errno, "make the terminal the controlling one");
	for (int fd = 0; fd < 3; fd++)
		if (dup3(peer, fd, 0) < 0)
			return fail(errno, "make the terminal descriptor %d", fd);
	/* It gets its size before anything can ask for that. */
	int r = newborn_await_go(newborn);

	if (r < 0)
		return r;
	if (protocol_send(newborn->socket, MSG_CONSOLE, 0, master) < 0)
		return refuse(EPIPE, "the runtime is gone");
	return protocol_expect(newborn->socket, MSG_CONTINUE);
}

/* --- the attributes, in the order of process_become() ----------------------------------------------------------------- */

/* From within a user namespace only lower limits can be set: the runtime raises the others before it says GO. */
static int set_rlimits(struct newborn *newborn)
{
	int r = limits_set_rlimits(newborn->process);

	if (r != -EPERM || newborn->went)
		return r;
	r = newborn_await_go(newborn);
	return r < 0 ? r : limits_set_rlimits(newborn->process);
}

static int set_limits(struct newborn *newborn)
{
	const struct spec *spec = newborn->spec;
	const struct spec_process *process = newborn->process;
	int r = set_rlimits(newborn);

	if (r >= 0)
		r = limits_set_io_priority(&process->io_priority);
	if (r >= 0)
		r = limits_set_scheduler(&process->scheduler);
	if (r >= 0)
		r = limits_set_personality(&spec->linux_.personality);
	if (r >= 0)
		r = limits_set_memory_policy(&spec->linux_.memory_policy);
	return r;
}

/* What annotations ask for, but for the rules of Landlock: they come last, and are only made here, where every path is in reach. */
static int set_extras(const struct newborn *newborn, int *ruleset)
{
	const struct extras *extras = &newborn->extras;
	int r = 0;

	if (extras->ksm)
		r = extras_share_memory();
	/* An exec has it of init already: its stage took it. */
	if (r >= 0 && extras->core_sched && newborn->rootfs)
		r = extras_make_core_cookie();
	if (r >= 0 && extras->landlock.set)
		r = *ruleset = landlock_prepare(&extras->landlock);
	return r;
}

/*
 * CVE-2024-21626: the directory that we really are in must lie below the container's root, whatever led here. Returns 0 where we may not
 * enter it and somebody else may.
 */
static int enter_working_directory(const struct spec_process *process, bool is_user)
{
	char where[PATH_MAX];

	if (chdir(process->cwd) < 0)
		return errno == EACCES && !is_user ? 0 : fail(errno, "/process/cwd: change to %s", process->cwd);
	long n = syscall(SYS_getcwd, where, sizeof where);

	if (n < 0)
		return fail(errno, "/process/cwd: %s", process->cwd);
	if (where[0] != '/')
		return refuse(EXDEV, "/process/cwd: %s lies outside of the container's root", process->cwd);
	return 1;
}

static int install_filter(struct newborn *newborn)
{
	TRACE_SCOPE("seccomp");
	if (newborn->filter.length == 0)
		return 0;
	_cleanup_fd_ int listener = seccomp_install(&newborn->filter);

	if (listener < 0)
		return listener;
	if (!newborn->filter.notify) {
		listener = -1;
		return 0;
	}
	if (protocol_send(newborn->socket, MSG_LISTENER, 0, listener) < 0)
		return refuse(EPIPE, "the runtime is gone");
	return 0;
}

static int set_groups(const struct spec_user *user)
{
	/* Where setgroups is denied (a user namespace that an unprivileged user mapped), there is nothing to drop by it either. */
	int r = sys_setgroups(user->additional_gid_count, user->additional_gids);

	if (r < 0) {
		if (r != -EPERM || user->additional_gid_count > 0)
			return fail(-r, "/process/user/additionalGids: setgroups");
		_cleanup_fd_ int proc = proc_open_trusted();
		char text[16] = "";

		if (proc < 0 || read_text_at(proc, "self/setgroups", text, sizeof text) < 0 || strcmp(text, "deny") != 0)
			return fail(EPERM, "/process/user/additionalGids: setgroups");
	}
	return 0;
}

/*
 * Standard streams that are files, pipes or sockets belong to the workload's user, who may want to open /dev/stdout again. A device, the
 * caller's terminal or the host's /dev/null, stays the host's: its owner could shut others out of it.
 */
static void give_streams(const struct newborn *newborn)
{
	const struct spec_user *user = &newborn->process->user;
	struct stat st;

	if (newborn->terminal || user->uid == 0)
		return;
	for (int fd = 0; fd < 3; fd++)
		if (fstat(fd, &st) == 0 && st.st_uid != user->uid && (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
			(void)!fchown(fd, user->uid, (gid_t)-1);
}

static int set_identity(struct newborn *newborn)
{
	TRACE_SCOPE("identity");
	const struct spec_user *user = &newborn->process->user;
	const struct spec_capabilities *caps = &newborn->capabilities;
	int r = capabilities_set_bounding(caps);

	if (r < 0)
		return r;
	give_streams(newborn);
	if (user->uid != 0) {
		r = capabilities_keep();
		if (r < 0)
			return r;
	}
	r = newborn->extras.keep_groups ? 0 : set_groups(user);
	if (r < 0)
		return r;
	r = sys_setresgid(user->gid);
	if (r < 0)
		return fail(-r, "/process/user/gid: become group %u", user->gid);
	r = sys_setresuid(user->uid);
	if (r < 0)
		return fail(-r, "/process/user/uid: become user %u", user->uid);
	return capabilities_set(caps);
}

/*
 * The container's root may enter what its user may not, as images want it that have a working directory of root's; and the user what root may
 * not, on a file system of his own.
 */
static int become_user(struct newborn *newborn)
{
	int entered = enter_working_directory(newborn->process, false);
	int r = entered < 0 ? entered : set_identity(newborn);

	return r < 0 || entered ? r : enter_working_directory(newborn->process, true);
}

int process_enter_ids(const struct spec_user *workload)
{
	const gid_t gids[] = { 0, workload->gid };
	const uid_t uids[] = { 0, workload->uid };
	int group = -EINVAL, user = -EINVAL;

	for (size_t i = 0; group == -EINVAL && i < sizeof gids / sizeof *gids; i++)
		group = sys_setresgid(gids[i]);
	for (size_t i = 0; user == -EINVAL && i < sizeof uids / sizeof *uids; i++)
		user = sys_setresuid(uids[i]);
	if ((group < 0 && group != -EINVAL) || (user < 0 && user != -EINVAL))
		return fail(group < 0 && group != -EINVAL ? -group : -user, "become id 0 in the user namespace");
	return 0;
}

static bool has_label(const struct spec_process *process)
{
	return process->apparmor_profile || process->selinux_label;
}

int process_open_proc(struct newborn *newborn)
{
	if (!has_label(newborn->process))
		return 0;
	newborn->proc = proc_open_trusted();
	return newborn->proc < 0 ? newborn->proc : 0;
}

/* The session keyring, and the label for the program. */
static int prepare(struct newborn *newborn)
{
	const struct spec_process *process = newborn->process;
	int r = newborn->proc < 0 ? process_open_proc(newborn) : 0;

	if (r >= 0 && !newborn->no_new_keyring)
		r = keyring_join(newborn->proc, newborn->state->session_keyring, process->selinux_label, newborn->rootfs != NULL);
	if (r >= 0 && has_label(process))
		r = lsm_set_exec_label(newborn->proc, process);
	close_fd(&newborn->proc);
	return r;
}

static void end(int signal)
{
	_exit(128 + signal);
}

/*
 * The first process of a pid namespace has no default actions: what is only created could not be ended by what ends a program. execve(2)
 * forgets the handler. Where none can be had, it waits for KILL.
 */
static void obey_signals(const struct newborn *newborn)
{
	static const int ending[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action = { .sa_handler = end }, old;

	if (newborn->wait != WAIT_FIFO || getpid() != 1)
		return;
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
		if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			(void)sigaction(ending[i], &action, NULL);
}

static int await_start(struct newborn *newborn)
{
	TRACE_SCOPE("wait for start");
	if (newborn->wait == WAIT_NONE)
		return 0;
	if (protocol_send(newborn->socket, MSG_READY, 0, -1) < 0)
		return refuse(EPIPE, "the runtime is gone");
	if (newborn->wait == WAIT_SOCKET)
		return protocol_expect(newborn->socket, MSG_START);
	close_fd(&newborn->socket);
	return protocol_expect(newborn->start_fifo, MSG_START);
}

/* They are run in the workload's place, and have its environment where they bring none of their own, as runc and crun have it. */
static struct spec_hook_list give_environment(const struct spec_hook_list *hooks, char **env, struct arena *arena)
{
	struct spec_hook_list given = { .count = hooks->count, .items = arena_array(arena, hooks->count, sizeof *given.items) };
	struct strings all = { .set = true, .items = env };

	while (env[all.count])
		all.count++;
	for (size_t i = 0; i < hooks->count; i++) {
		given.items[i] = hooks->items[i];
		if (!given.items[i].env.set)
			given.items[i].env = all;
	}
	return given;
}

static bool has_start_hooks(const struct newborn *newborn)
{
	return newborn->rootfs && newborn->spec->hooks[HOOK_START_CONTAINER].count > 0;
}

static int run_start_hooks(struct newborn *newborn, char **env)
{
	struct arena _cleanup_arena_ arena = { 0 };

	if (!has_start_hooks(newborn))
		return 0;
	struct spec_hook_list hooks = give_environment(&newborn->spec->hooks[HOOK_START_CONTAINER], env, &arena);

	newborn->in_start_hooks = true;
	umask(newborn->umask);
	int r = hooks_run(&hooks, HOOK_START_CONTAINER, state_to_oci_json(newborn->state, STATUS_CREATED, &arena), NULL);

	newborn->in_start_hooks = r < 0;
	return r;
}

static int execute(struct newborn *newborn, const char *path, char *const *env)
{
	trace_end_all();
	execve(path, newborn->process->args.items, env);
	if (errno == EACCES && newborn->extras.landlock.set)
		return refuse(EACCES, "exec: \"%s\": it or what runs it is not in \"exec\" of /annotations/" ANNOTATION_LANDLOCK, path);
	return program_explain(path, errno);
}

static int mark_cloexec(const struct newborn *newborn)
{
	int r = cloexec_from(3 + (unsigned)newborn->preserve_fds);

	return r < 0 ? fail(-r, "mark descriptors close-on-exec") : 0;
}

/* What is left but for the execve. A filter that is in force already may be older than close_range; it was called before then. */
static int prepare_execute(const struct newborn *newborn, bool filtered)
{
	const struct spec_user *user = &newborn->process->user;
	sigset_t none;

	umask(user->umask.set ? (mode_t)user->umask.value : newborn->umask);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return fail(errno, "unblock signals");
	return filtered ? 0 : mark_cloexec(newborn);
}

/*
 * From here on the process may have to do with the container's own (hooks, other processes of its user): what it inherited of the runtime's
 * descriptors goes, but for those it still speaks through.
 */
static int close_inherited(const struct newborn *newborn)
{
	int keep[] = { newborn->socket, newborn->start_fifo, newborn->result_fifo, log_fd(), trace_fd() };
	int r = close_others(3 + newborn->preserve_fds, keep, sizeof keep / sizeof *keep);

	return r < 0 ? r : mark_cloexec(newborn);
}

/*
 * A filter that notifies somebody is installed while the runtime is still there to hand over the listener; and hooks in the container are
 * programs of the image as good as any.
 */
static bool filters_early(const struct newborn *newborn)
{
	return !newborn->process->no_new_privileges || newborn->filter.notify || has_start_hooks(newborn);
}

/* What process_become() itself does with capabilities. */
static uint64_t needed_capabilities(const struct newborn *newborn)
{
	const struct spec_process *process = newborn->process;
	const struct spec_capabilities *granted = &newborn->capabilities;
	uint64_t needed = granted->permitted | granted->effective | granted->inheritable | granted->ambient;

	/* The bounding set and the ids; the streams' owner; a working directory that is not the user's. */
	needed |= 1U << CAP_SETPCAP | 1U << CAP_SETUID | 1U << CAP_SETGID | 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE;
	if (process->rlimit_count > 0)
		needed |= 1U << CAP_SYS_RESOURCE;
	if (process->scheduler.set || process->io_priority.set)
		needed |= 1U << CAP_SYS_NICE;
	if (newborn->filter.length > 0 && !newborn->filtered && !process->no_new_privileges)
		needed |= 1U << CAP_SYS_ADMIN;
	return needed;
}

/* What a configuration can ask for that takes calls of its own. */
enum {
	ALWAYS = 1,
	TERMINAL = 2,
	RLIMITS = 4,
	IO_PRIORITY = 8,
	SCHEDULER = 16,
	PERSONALITY = 32,
	MEMORY_POLICY = 64,
	EXTRAS = 128,
};

static unsigned asked_for(const struct newborn *newborn)
{
	const struct spec_process *process = newborn->process;
	const struct spec_linux *config = &newborn->spec->linux_;

	return ALWAYS | (newborn->terminal ? TERMINAL : 0) | (process->rlimit_count > 0 ? RLIMITS : 0) |
	       (process->io_priority.set ? IO_PRIORITY : 0) | (process->scheduler.set ? SCHEDULER : 0) |
	       (config->personality.set ? PERSONALITY : 0) | (config->memory_policy.set ? MEMORY_POLICY : 0) |
	       (newborn->extras.ksm || newborn->extras.core_sched ? EXTRAS : 0);
}

/*
 * What is called under a filter that is in place at birth, and would not be under one that process_become() sets: by the maker from then on, and by
 * the process up to there. What is called later, the filter has to let pass anyway.
 */
static const struct {
	int number;
	unsigned when;
} early_calls[] = {
	{ SYS_capget, ALWAYS },
	{ SYS_capset, ALWAYS }, /* or it might only be said that they are given up */
	{ SYS_madvise, ALWAYS },
	{ SYS_read, ALWAYS },
	{ SYS_write, ALWAYS },
	{ SYS_exit_group, ALWAYS },
	{ SYS_pidfd_send_signal, ALWAYS },
	{ SYS_setsid, ALWAYS },
	{ SYS_umask, ALWAYS },
	{ SYS_getpid, ALWAYS },
	{ SYS_rt_sigaction, ALWAYS },
	{ SYS_sched_setaffinity, ALWAYS },
#ifdef SYS_open
	{ SYS_open, TERMINAL },
#endif
	{ SYS_openat, TERMINAL },
	{ SYS_openat2, TERMINAL },
	{ SYS_fcntl, TERMINAL },
	{ SYS_close, TERMINAL },
#ifdef SYS_fstat
	{ SYS_fstat, TERMINAL },
#endif
#ifdef SYS_newfstatat
	{ SYS_newfstatat, TERMINAL },
#endif
	{ SYS_fstatfs, TERMINAL },
	{ SYS_fchown, TERMINAL },
	{ SYS_ioctl, TERMINAL },
#ifdef SYS_dup2
	{ SYS_dup2, TERMINAL },
#endif
	{ SYS_dup3, TERMINAL },
	{ SYS_sendmsg, TERMINAL },
	{ SYS_prlimit64, RLIMITS },
	{ SYS_ioprio_set, IO_PRIORITY },
	{ SYS_sched_setattr, SCHEDULER },
	{ SYS_setpriority, SCHEDULER },
	{ SYS_personality, PERSONALITY },
	{ SYS_set_mempolicy, MEMORY_POLICY },
	{ SYS_prctl, EXTRAS },
};

/* A filter without no_new_privs takes CAP_SYS_ADMIN. Whose maker has it set need not have that. */
static bool is_born_filtered(const struct newborn *newborn)
{
	const struct seccomp_filter *filter = &newborn->filter;
	const unsigned asked = asked_for(newborn);
	const uint64_t flags = SIBLING_FLAGS;

	/* The listener goes to the runtime, which hears of the process first. */
	if (filter->length == 0 || filter->notify || newborn->process->no_new_privileges || !seccomp_lets(filter, SYS_clone, &flags))
		return false;
	for (size_t i = 0; i < sizeof early_calls / sizeof *early_calls; i++)
		if (early_calls[i].when & asked && !seccomp_lets(filter, early_calls[i].number, NULL))
			return false;
	return true;
}

int process_strip(struct newborn *newborn, bool own_user_namespace)
{
	int r = prepare(newborn);

	if (r >= 0)
		r = close_inherited(newborn);
	newborn->prepared = true;
	if (r >= 0 && is_born_filtered(newborn)) {
		r = install_filter(newborn);
		newborn->filtered = true;
	}
	return r < 0 || own_user_namespace ? r : capabilities_keep_only(needed_capabilities(newborn));
}

/* execCPUAffinity is of those who enter alone. */
static int set_affinity(const struct newborn *newborn)
{
	const struct spec_process *process = newborn->process;

	if (newborn->rootfs || (!process->affinity_initial.set && !process->affinity_final.set))
		limits_reset_affinity();
	else if (process->affinity_final.set)
		return limits_set_affinity(&process->affinity_final, "/process/execCPUAffinity/final");
	return 0;
}

int process_become(struct newborn *newborn)
{
	TRACE_SCOPE("attributes");
	const struct spec_process *process = newborn->process;
	ARENA_SCRATCH(arena, 4096);
	char program[PATH_MAX], **env;
	bool early_filter = filters_early(newborn);
	_cleanup_fd_ int ruleset = -1;
	int r = newborn->prepared ? 0 : close_inherited(newborn);

	obey_signals(newborn);
	if (r >= 0 && !newborn->prepared)
		r = prepare(newborn);
	/* Before the scheduler: only who may run on all CPUs can be given a deadline. */
	if (r >= 0)
		r = set_affinity(newborn);
	if (r >= 0)
		r = set_limits(newborn);
	if (r >= 0)
		r = set_extras(newborn, &ruleset);
	if (r >= 0)
		r = newborn_await_go(newborn);
	if (r >= 0 && !process->no_new_privileges && !newborn->filtered)
		r = install_filter(newborn);
	if (r >= 0)
		r = become_user(newborn);
	if (r >= 0 && process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = fail(errno, "/process/noNewPrivileges: PR_SET_NO_NEW_PRIVS");
	if (r >= 0 && process->no_new_privileges && early_filter)
		r = install_filter(newborn);
	if (r < 0)
		return r;
	env = environment_of(process, newborn->preserve_fds, &arena);
	r = program_find(&process->args, &process->env, program, sizeof program);
	if (r >= 0)
		r = await_start(newborn);
	if (r >= 0)
		r = run_start_hooks(newborn, env);
	if (r < 0)
		return r;
	r = prepare_execute(newborn, newborn->filter.length > 0 && early_filter);
	if (r >= 0 && ruleset >= 0)
		r = landlock_enforce(ruleset);
	if (r >= 0 && !early_filter)
		r = install_filter(newborn);
	return r < 0 ? r : execute(newborn, program, env);
}

_Noreturn void process_fail(struct newborn *newborn)
{
	/* The fifo counts only once the runtime is gone; before, the socket is open. */
	protocol_send_error(newborn->socket >= 0 ? newborn->socket : newborn->result_fifo, newborn->in_start_hooks);
	/* _exit would try for ever. An illegal instruction ends even the first process of a namespace. */
	syscall(SYS_exit_group, 1);
	__builtin_trap();
}
