#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "oci/parse.h"
#include "oci/validate.h"
#include "runtime/birth.h"
#include "runtime/container.h"
#include "runtime/entry.h"
#include "runtime/process.h"
#include "runtime/rdt.h"
#include "runtime/record.h"
#include "runtime/report.h"
#include "runtime/store.h"
#include "runtime/terminal.h"
#include "runtime/wait.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* One exec, from the record of its container to a process in it. */
struct execution {
	const struct runtime *runtime;
	const struct exec_options *options;
	struct record record;
	struct spec spec;          /* the container's */
	struct spec given;         /* of --process */
	struct spec_process process;
	struct arena arena;
	struct newborn newborn;
	struct child child;
	struct entry_user user;    /* the user namespace of init when that was decided: */
	uint64_t types;            /* CLONE_NEW* of the namespaces to enter */
	bool detached;
	bool paused;               /* the container is: the process enters its cgroup, and stands still, last of all */
	int cgroup;                /* directory to be born in, or -1 */
	int root;                  /* the container's, in a mount namespace that has another; else -1 */
	int terminal;              /* master to be relayed, or -1 */
};

/* --- what to run ------------------------------------------------------------------------------------------------------------- */

static struct strings copy_strings(const char *const *items, struct arena *arena)
{
	struct strings copy = { .set = true };

	while (items && items[copy.count])
		copy.count++;
	copy.items = arena_array(arena, copy.count + 1, sizeof *copy.items);
	for (size_t i = 0; i < copy.count; i++)
		copy.items[i] = arena_strdup(arena, items[i]);
	return copy;
}

/* The container's variables, then the added ones: a later one replaces an earlier one of the same name (environment.h). */
static struct strings merge_env(const struct strings *old, const char *const *added, struct arena *arena)
{
	struct strings extra = copy_strings(added, arena);
	struct strings env = { .set = true, .items = arena_array(arena, old->count + extra.count + 1, sizeof *env.items) };

	for (size_t i = 0; i < old->count; i++)
		env.items[env.count++] = old->items[i];
	for (size_t i = 0; i < extra.count; i++)
		env.items[env.count++] = extra.items[i];
	return env;
}

static void apply_options(struct execution *x)
{
	const struct exec_options *o = x->options;
	struct spec_process *p = &x->process;

	if (o->args)
		p->args = copy_strings(o->args, &x->arena);
	if (o->env)
		p->env = merge_env(&p->env, o->env, &x->arena);
	if (o->cwd)
		p->cwd = arena_strdup(&x->arena, o->cwd);
	if (o->uid_set) {
		p->user.uid = o->uid;
		p->user.additional_gid_count = 0;
	}
	if (o->gid_set)
		p->user.gid = o->gid;
	if (o->additional_gid_count > 0) {
		p->user.additional_gids = arena_array(&x->arena, o->additional_gid_count, sizeof *p->user.additional_gids);
		memcpy(p->user.additional_gids, o->additional_gids, o->additional_gid_count * sizeof *p->user.additional_gids);
		p->user.additional_gid_count = o->additional_gid_count;
	}
	p->capabilities.bounding |= o->capabilities;
	p->capabilities.effective |= o->capabilities;
	p->capabilities.permitted |= o->capabilities;
	p->capabilities.ambient |= o->capabilities & p->capabilities.inheritable;
	p->capabilities.set |= o->capabilities != 0;
	if (o->apparmor_profile)
		p->apparmor_profile = arena_strdup(&x->arena, o->apparmor_profile);
	if (o->selinux_label)
		p->selinux_label = arena_strdup(&x->arena, o->selinux_label);
	if (o->no_new_privs >= 0)
		p->no_new_privileges = o->no_new_privs;
	if (o->tty >= 0)
		p->terminal = o->tty;
}

/* An exec has what init has, unless it is told otherwise; it never has less confinement by leaving a field out. */
static void inherit_confinement(struct execution *x)
{
	const struct spec_process *init = &x->spec.process;
	struct spec_process *p = &x->process;

	if (!p->user.umask.set)
		p->user.umask = init->user.umask;
	if (!p->capabilities.set)
		p->capabilities = init->capabilities;
	if (!p->apparmor_profile)
		p->apparmor_profile = init->apparmor_profile;
	if (!p->selinux_label)
		p->selinux_label = init->selinux_label;
	if (!p->oom_score_adj.set)
		p->oom_score_adj = init->oom_score_adj;
	if (p->rlimit_count == 0) {
		p->rlimits = init->rlimits;
		p->rlimit_count = init->rlimit_count;
	}
	if (!p->scheduler.set)
		p->scheduler = init->scheduler;
	if (!p->io_priority.set)
		p->io_priority = init->io_priority;
	if (!p->affinity_initial.set && !p->affinity_final.set) {
		p->affinity_initial = init->affinity_initial;
		p->affinity_final = init->affinity_final;
	}
	/* A JSON "false" cannot be told from nothing at all. */
	p->no_new_privileges |= init->no_new_privileges;
}

/* Nor is it less likely to be killed for want of memory, whoever calls: an engine may have a score far below that of its containers. */
static void inherit_oom_score(struct execution *x)
{
	char path[48], text[24], own[24];

	if (x->process.oom_score_adj.set)
		return;
	snprintf(path, sizeof path, "/proc/%d/oom_score_adj", (int)x->record.init.pid);
	if (read_text_at(AT_FDCWD, path, text, sizeof text) > 0 &&
	    read_text_at(AT_FDCWD, "/proc/self/oom_score_adj", own, sizeof own) > 0 && atol(text) > atol(own))
		x->process.oom_score_adj = (struct opt_i64){ .set = true, .value = atol(text) };
}

static int choose_process(struct execution *x)
{
	const struct exec_options *o = x->options;

	if (o->process_json) {
		int r = spec_parse_process(&x->given, o->process_json, o->process_json_size);

		if (r < 0)
			return context(r, "--process");
		x->process = x->given.process;
		inherit_confinement(x);
	} else {
		x->process = x->spec.process;
		x->process.terminal = false;
		x->process.console_height = x->process.console_width = (struct opt_u64){ 0 };
	}
	apply_options(x);
	inherit_oom_score(x);
	int r = spec_validate_process(&x->process, "/process");

	if (r < 0)
		return r;
	if (!x->process.terminal && o->console_socket)
		return refuse(EINVAL, "--console-socket needs --tty");
	return 0;
}

/* --- where --------------------------------------------------------------------------------------------------------------------- */

static int refuse_stopped(void)
{
	return refuse(EINVAL, "cannot exec in a stopped container");
}

static int open_container(struct execution *x)
{
	const struct exec_options *o = x->options;
	int r = record_open(&x->record, x->runtime, o->id);

	if (r < 0)
		return r;
	switch (x->record.status) {
	case STATUS_STOPPED:
		return refuse_stopped();
	case STATUS_CREATING:
		return refuse(EBUSY, "container %s is still being created", o->id);
	case STATUS_PAUSED:
		if (!o->ignore_paused)
			return refuse(EINVAL, "cannot exec in a paused container (use --ignore-paused to override)");
		x->paused = true;
		break;
	default:
		break;
	}
	return store_load_config(x->record.dir, &x->spec);
}

/* Below the container's group, as with runc also with "/" in front; "": that group itself. */
static const char *sub_cgroup(const struct execution *x)
{
	const char *sub = x->options->cgroup;

	return sub ? sub + strspn(sub, "/") : "";
}

static int open_cgroup(struct execution *x)
{
	const char *sub = x->options->cgroup;
	int r = record_open_cgroup(&x->record);

	if (r < 0)
		return r;
	if (x->record.cgroup.fd < 0)
		return sub ? refuse(ENOENT, "--cgroup %s: the container has no cgroup of its own", sub) : 0;
	x->cgroup = cgroup_open_sub(&x->record.cgroup, sub_cgroup(x));
	return x->cgroup < 0 ? context(x->cgroup, "--cgroup") : 0;
}

/*
 * A container that has made groups of its own keeps no process in its topmost one: then where init is now. Init may have left the
 * container's group, where it could; nobody is put out there for its sake.
 */
static int open_cgroup_of_init(struct execution *x)
{
	const char *own = x->record.cgroup.path;
	size_t length = strlen(own);
	char path[40], text[4200];

	snprintf(path, sizeof path, "/proc/%d/cgroup", (int)x->record.init.pid);
	ssize_t n = read_text_at(AT_FDCWD, path, text, sizeof text);

	if (n < 0)
		return fail((int)-n, "read %s", path);
	char *now = strstr(text, "0::");

	if (!now)
		return refuse(ENOENT, "%s: no cgroup v2 entry", path);
	now += 3;
	now[strcspn(now, "\n")] = 0;
	if (strncmp(now, own, length) != 0 || now[length] != '/')
		return refuse(EBUSY, "the container's cgroup %s takes no process, since it has groups with controllers, and its first "
		              "process is in %s, which is not below it: use --cgroup", own, now);
	int fd = cgroup_open_sub(&x->record.cgroup, now + length + 1);

	if (fd < 0)
		return fd;
	close_fd(&x->cgroup);
	x->cgroup = fd;
	return 0;
}

/* --- the process ------------------------------------------------------------------------------------------------------------- */

static int prepare(struct execution *x)
{
	struct newborn *n = &x->newborn;

	x->user = entry_look(&x->record, -1);
	x->types = entry_types(&x->record, &x->spec);
	int r = capabilities_prepare(&x->process.capabilities, (x->types & CLONE_NEWUSER) != 0, &n->capabilities);

	n->spec = &x->spec;
	n->process = &x->process;
	n->state = &x->record.state;
	n->wait = x->paused ? WAIT_SOCKET : WAIT_NONE;
	n->preserve_fds = x->options->preserve_fds;
	n->terminal = x->process.terminal;
	if (r >= 0)
		r = extras_parse(&n->extras, &x->spec, &x->arena);
	if (r >= 0 && n->extras.landlock.set && !x->process.no_new_privileges)
		r = refuse(EINVAL, "--no-new-privs=false: /annotations/" ANNOTATION_LANDLOCK " needs no_new_privs");
	n->no_new_keyring = !x->record.state.session_keyring;
	if (r >= 0)
		r = lsm_prepare(&x->process);
	if (r >= 0)
		r = process_open_proc(n);
	if (r >= 0 && x->spec.linux_.seccomp.set)
		r = seccomp_prepare(&n->filter, &x->spec.linux_.seccomp, x->runtime->seccomp_cache);
	return r;
}

/* From out of the user's own groups, the way into one leads through its manager. */
static int make_process_outside(struct execution *x, struct birth *request)
{
	request->cgroup = -1;
	int r = birth(&x->child, request);

	return r < 0 ? r : cgroup_adopt(&x->record.cgroup, sub_cgroup(x), x->child.ref.pid);
}

static int make_process(struct execution *x)
{
	struct birth request = {
		.newborn = &x->newborn,
		.cgroup = x->paused ? -1 : x->cgroup,
		.target = x->record.init.fd,
		.target_types = x->types,
		.root = x->root,
		.affinity = x->process.affinity_initial.set ? &x->process.affinity_initial : NULL,
		.core_of = x->newborn.extras.core_sched ? x->record.init.pid : 0,
		.late_close = x->runtime->late_close,
		.life = exec_main,
	};
	int r = child_connect(&x->child, &x->newborn);

	if (r >= 0)
		r = birth(&x->child, &request);
	if (r == -EBUSY && x->newborn.socket >= 0 && !x->options->cgroup && x->cgroup >= 0) {
		r = open_cgroup_of_init(x);
		if (r < 0)
			return r;
		request.cgroup = x->cgroup;
		r = birth(&x->child, &request);
	}
	if (r == -EACCES && x->newborn.socket >= 0 && request.cgroup >= 0)
		r = make_process_outside(x, &request);
	return r;
}

/* What is born in a frozen group cannot even set itself up: so it is moved there once all but the execve is done. */
static int freeze_and_start(struct execution *x)
{
	char pid[16];

	snprintf(pid, sizeof pid, "%d", (int)x->child.ref.pid);
	int r = x->cgroup < 0 ? 0 : write_file_at(x->cgroup, "cgroup.procs", pid);

	if (r == -EBUSY && !x->options->cgroup) {
		r = open_cgroup_of_init(x);
		if (r < 0)
			return r;
		r = write_file_at(x->cgroup, "cgroup.procs", pid);
	}
	if (r < 0)
		return fail(-r, "move the process to the container's cgroup");
	if (protocol_send(x->child.socket, MSG_START, 0, -1) < 0)
		return report_early_death(&x->child.ref);
	return 0;
}

static int take_terminal(struct execution *x, int *master)
{
	if (x->options->console_socket)
		return terminal_send_master(x->options->console_socket, *master, "/dev/pts/0");
	terminal_fit(*master);
	x->terminal = steal_fd(master);
	return 0;
}

static int take(struct execution *x, const struct msg *msg, int *fd)
{
	int r;

	switch (msg->type) {
	case MSG_CONSOLE:
		if (!x->newborn.terminal)
			return refuse(EPROTO, "the container's process sent a terminal during exec, and was asked for none");
		r = take_terminal(x, fd);
		return r < 0 ? r : protocol_send(x->child.socket, MSG_CONTINUE, 0, -1);
	case MSG_LISTENER:
		return report_listener(&x->spec, &x->record.state, STATUS_RUNNING, x->child.ref.pid, *fd);
	case MSG_READY:
		return freeze_and_start(x);
	default:
		return refuse(EPROTO, "the container's process sent message %u during exec", msg->type);
	}
}

/* Until the execve, which closes the child's end. */
static int attend(struct execution *x)
{
	limits_allow_rlimits(x->child.ref.pid, &x->process);
	int r = limits_set_oom_score(x->child.ref.pid, &x->process);

	if (r >= 0)
		r = rdt_enter_of(&x->record.state, x->child.ref.pid);
	if (r >= 0 && x->options->pidfd_socket)
		r = report_pidfd(x->options->pidfd_socket, &x->child.ref);
	if (r >= 0 && x->options->pid_file)
		r = report_pid_file(x->options->pid_file, x->child.ref.pid);
	/* A child that has ended cannot be told any more; what it ended of is still to be read. */
	int sent = r < 0 ? r : protocol_send(x->child.socket, MSG_GO, 0, -1);
	bool gone = sent == -EPIPE || sent == -ECONNRESET;

	if (r >= 0 && sent < 0 && !gone)
		r = fail(-sent, "speak to the container's process");
	if (x->runtime->late_close)
		close_fd(x->runtime->late_close);
	while (r >= 0) {
		_cleanup_fd_ int fd = -1;
		struct msg msg;

		r = protocol_receive(x->child.socket, &x->child.phase, &msg, &fd);
		if (r == 0)
			return gone ? report_early_death(&x->child.ref) : 0;
		if (r > 0)
			r = take(x, &msg, &fd);
		/* The execve waits for `resume`; who detaches does not. */
		if (r >= 0 && msg.type == MSG_READY && x->detached)
			return 0;
	}
	return r;
}

/* Init leaves its namespaces before the kernel kills the rest of its pid namespace, whose end that of init itself waits for. */
static bool init_ends(const struct pidref *init)
{
	char path[40], target[40];

	if (init->fd < 0)
		return false;
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)init->pid);
	return pidref_wait_exit(init, 0) > 0 || (readlink(path, target, sizeof target) < 0 && errno == ENOENT);
}

/* With the record of what failed. A container that has ended meanwhile is what it failed of. */
static int give_up(struct execution *x, int failed)
{
	struct error e = error_save();

	child_destroy(&x->child);
	if (init_ends(&x->record.init))
		return refuse_stopped();
	error_restore(&e);
	return failed;
}

static int execute(struct execution *x, const struct wait_options *wait)
{
	x->detached = !wait;
	int r = open_container(x);

	if (r >= 0)
		r = choose_process(x);
	if (r >= 0 && x->process.terminal && !x->options->console_socket && !wait)
		r = refuse(EINVAL, "a detached exec with a terminal needs --console-socket");
	if (r >= 0)
		r = open_cgroup(x);
	if (r >= 0)
		r = entry_open_root(&x->record, &x->spec, &x->root);
	if (r >= 0)
		r = prepare(x);
	if (r >= 0)
		r = make_process(x);
	if (r >= 0)
		r = entry_check_unmoved(&x->user, &x->record, -1);
	if (r >= 0)
		r = attend(x);
	if (r < 0)
		return give_up(x, r);
	return wait ? wait_for_workload(&x->child.ref, wait, steal_fd(&x->terminal), NULL) : x->child.ref.pid;
}

int container_exec(const struct runtime *runtime, const struct exec_options *options, const struct wait_options *wait)
{
	struct execution x = {
		.runtime = runtime,
		.options = options,
		.record = RECORD_NONE,
		.arena = arena_within(runtime->memory),
		.spec.arena = arena_within(runtime->memory),
		.given.arena = arena_within(runtime->memory),
		.newborn = { .socket = -1, .start_fifo = -1, .result_fifo = -1, .proc = -1, .plan = NS_PLAN_NONE, .filter.arena = arena_within(runtime->memory) },
		.child = CHILD_NONE,
		.cgroup = -1,
		.root = -1,
		.terminal = -1,
	};

	int r = execute(&x, wait);

	close_fd(&x.child.socket);
	close_fd(&x.newborn.socket);
	close_fd(&x.newborn.proc);
	pidref_close(&x.child.ref);
	close_fd(&x.cgroup);
	close_fd(&x.root);
	close_fd(&x.terminal);
	seccomp_free(&x.newborn.filter);
	record_close(&x.record);
	spec_free(&x.spec);
	spec_free(&x.given);
	arena_free(&x.arena);
	return r;
}
