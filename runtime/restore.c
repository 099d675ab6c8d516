#include "runtime/checkpoint.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/trace.h"
#include "oci/descriptors.h"
#include "rootfs/tree.h"
#include "runtime/create.h"
#include "runtime/criu_mounts.h"
#include "runtime/criu_session.h"
#include "runtime/foreground.h"
#include "runtime/report.h"
#include "runtime/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct restore {
	const struct restore_options *options;
	struct creation creation;
	struct criu_session session;
	struct criu_trees trees;
	int hierarchy; /* cgroup v2, a detached tree, or -1 */
	const char *place;
	int inherit[DESCRIPTORS + NS_TYPES];
};

/* --- images in a user namespace --------------------------------------------------------------------------------------- */

/*
 * Processes that criu has put into the container's user namespace open images, too, and are root there only. For as long as it
 * takes, the group that is their root's may look into the directory.
 */
struct access {
	int directory; /* -1: was not changed */
	struct stat before;
};

static int give_access(struct access *access, int images, const struct spec *spec)
{
	gid_t gid;

	*access = (struct access){ .directory = -1 };
	if (!spec_new_namespace(spec, NS_USER) || !spec_host_id(&spec->linux_.gid_maps, 0, &gid))
		return 0;
	if (fstat(images, &access->before) < 0)
		return fail(errno, "stat the image directory");
	if (access->before.st_mode & S_IXOTH)
		return 0;
	access->directory = images;
	if (fchown(images, (uid_t)-1, gid) < 0 || fchmod(images, (access->before.st_mode & 07777) | S_IRGRP | S_IXGRP) < 0)
		return fail(errno, "let the container's root read the image directory");
	return 0;
}

static void take_access(const struct access *access)
{
	if (access->directory < 0)
		return;
	if (fchmod(access->directory, access->before.st_mode & 07777) < 0 ||
	    fchown(access->directory, (uid_t)-1, access->before.st_gid) < 0)
		log_warning("the image directory can still be read by the container's root: %s", strerror(errno));
}

/* --- the request ------------------------------------------------------------------------------------------------------ */

/* What criu's names stand for here: descriptors that it inherits. */
static void inherit(struct restore *restore, const char *name, int fd)
{
	struct criu_session *session = &restore->session;

	restore->inherit[session->options.inherit.count] = fd;
	criu_add_text(&session->options.inherit, arena_strdup(&session->arena, name), &session->arena);
}

static int inherit_streams(struct restore *restore)
{
	const char *streams[DESCRIPTORS];
	int r = criu_streams_load(&restore->session, streams);

	for (int fd = 0; r >= 0 && fd < DESCRIPTORS; fd++) {
		bool again = false;

		for (int i = 0; streams[fd] && i < fd; i++)
			again = again || (streams[i] && strcmp(streams[i], streams[fd]) == 0);
		if (streams[fd] && !again)
			inherit(restore, streams[fd], fd);
	}
	return r;
}

static int join_namespaces(struct restore *restore)
{
	struct criu_session *session = &restore->session;
	const struct creation *c = &restore->creation;

	for (enum namespace_type type = 0; type < NS_TYPES; type++) {
		const struct spec_namespace *config = &c->spec.linux_.namespaces[type];
		const char *name = criu_namespace_name(type);

		if (!config->path)
			continue;
		if (name && c->newborn.plan.join[type] >= 0)
			inherit(restore, name, c->newborn.plan.join[type]);
		else if (type == NS_UTS || type == NS_IPC)
			criu_add_pair(&session->options.join, arena_strdup(&session->arena, ns_type_proc_name(type)), config->path,
			              &session->arena);
	}
	return 0;
}

static int prepare_root(struct restore *restore)
{
	struct creation *c = &restore->creation;
	struct criu_session *session = &restore->session;
	const char *bundle = c->options->bundle;
	_cleanup_fd_ int root = open(c->state.rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return fail(errno, "/root/path: open %s", c->state.rootfs);
	/* Over the states of all containers, in criu's mount namespace: no business of criu's. */
	restore->place = c->runtime->root;
	session->options.root = arena_printf(&session->arena, "%s/0", restore->place);
	int r = criu_mounts_prepare(&c->spec, bundle, root);

	if (r < 0)
		return r;
	r = creation_open_idmaps(c);
	struct criu_trees_request request = { &c->spec, bundle, root, creation_has_user_namespace(c), c->idmap_fds, restore->place };

	if (r >= 0)
		r = criu_trees_open(&restore->trees, &session->options.external_mounts, &request, &session->arena);
	creation_close_idmaps(c);
	return r;
}

static int fill_request(struct restore *restore)
{
	const struct restore_options *options = restore->options;
	struct criu_session *session = &restore->session;
	struct criu_options *criu = &session->options;

	criu->restore_sibling = true;
	criu->tcp_close = options->tcp_close;
	criu->lsm_profile = options->lsm_profile;
	criu->lsm_mount_context = options->lsm_mount_context;
	criu_session_configure(session, &restore->creation.spec);
	int r = prepare_root(restore);

	if (r >= 0)
		r = inherit_streams(restore);
	return r < 0 ? r : join_namespaces(restore);
}

/* Only now is it known: systemd gives a scope its cgroup when it begins. */
static void set_cgroup(struct restore *restore)
{
	const struct cgroup *cgroup = &restore->creation.cgroup;
	const char *path = cgroup->fd < 0 ? NULL : cgroup->path;

	criu_session_set_cgroups(&restore->session, &restore->creation.spec, path);
	restore->session.options.cgroup_root = path;
	restore->session.options.cgroup_yard = restore->hierarchy < 0 ? NULL : restore->place;
}

/* As a mount, not as a link: processes in the container, whose root is another, look for their groups by it. */
static int open_hierarchy(struct restore *restore)
{
	const char *path = cgroup_mount_point();

	/* Without cgroup v2 there is no group either: who wants one has failed. */
	if (!path)
		return 0;
	restore->hierarchy = tree_clone(AT_FDCWD, path, false);
	return restore->hierarchy < 0 ? fail(-restore->hierarchy, "clone the mount of %s", path) : 0;
}

/* --- the conversation ------------------------------------------------------------------------------------------------- */

/* The first process is our child, like that of a create: its number is its own until we have waited for it. */
static int know_child(struct creation *c, pid_t pid)
{
	if (c->child.ref.fd >= 0)
		return 0;
	int r = pidref_open(&c->child.ref, pid, 0, 0);

	if (r < 0)
		return fail(-r, "open the restored process %d", (int)pid);
	c->state.pid = pid;
	c->state.start_time = c->child.ref.start;
	c->state.pidfd_inode = pidref_inode(&c->child.ref);
	return store_save_state(c->store, &c->state);
}

/* What an engine has made anew has none of them; in a network namespace of its own, criu brings back what it can. */
static int have_namespaces(struct creation *c, pid_t pid)
{
	int network = c->newborn.plan.join[NS_NETWORK], r = know_child(c, pid);

	if (r >= 0 && network >= 0)
		r = sysctl_write_in(network, &c->spec.linux_.sysctl);
	return r < 0 ? r : creation_run_hooks(c);
}

static bool is_of_criu(pid_t pid, pid_t criu)
{
	pid_t parent;

	return pid == criu || (proc_parent(pid, &parent) >= 0 && parent == criu);
}

/* criu was born in the container's cgroup, but the limits there are not for it. */
static int move_criu_out(struct restore *restore)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct cgroup *cgroup = &restore->creation.cgroup;
	char own[4096], number[16];
	pid_t *pids, criu = restore->session.criu.process.pid;
	size_t count;

	if (cgroup->fd < 0)
		return 0;
	int r = cgroup_pids(cgroup, &arena, &pids, &count);

	if (r >= 0)
		r = cgroup_own_path(own, sizeof own);
	if (r < 0)
		return r;
	const char *procs = arena_printf(&arena, "%s%s/cgroup.procs", cgroup_mount_point(), own);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		if (!is_of_criu(pids[i], criu))
			continue;
		snprintf(number, sizeof number, "%d", (int)pids[i]);
		r = write_file_at(AT_FDCWD, procs, number);
		r = r == -ESRCH ? 0 : r;
	}
	return r < 0 ? fail(-r, "move criu out of the container's cgroup, to %s", procs) : 0;
}

/* Everything is there, and nothing runs yet: from here on the limits hold, and the container is seen. */
static int have_processes(struct restore *restore, pid_t pid)
{
	struct creation *c = &restore->creation;
	int r = know_child(c, pid);

	if (r >= 0)
		r = criu_mounts_seal_root(&c->spec, c->state.pid, restore->session.criu.process.pid);
	if (r >= 0)
		r = move_criu_out(restore);
	if (r >= 0)
		r = creation_limit(c);
	if (r < 0)
		return r;
	creation_complete_state(c);
	r = store_save_state(c->store, &c->state);
	if (r >= 0 && c->options->pid_file)
		r = report_pid_file(c->options->pid_file, c->state.pid);
	return r >= 0 && c->options->pidfd_socket ? report_pidfd(c->options->pidfd_socket, &c->child.ref) : r;
}

static int have_terminal(struct creation *c, int *master)
{
	if (*master < 0)
		return refuse(EPROTO, "criu did not send the terminal");
	return creation_take_terminal(c, master);
}

static int react(struct restore *restore, const struct criu_response *response, int *fd)
{
	struct creation *c = &restore->creation;
	const char *script = response->script ? response->script : "";

	if (strcmp(script, "setup-namespaces") == 0)
		return have_namespaces(c, response->pid);
	if (strcmp(script, "post-restore") == 0)
		return have_processes(restore, response->pid);
	if (strcmp(script, "orphan-pts-master") == 0)
		return have_terminal(c, fd);
	return 0;
}

/* criu undoes what it has done when it is told that something failed here; its own error is then only that. */
static int conclude(struct restore *restore, const struct criu_response *response, const struct error *ours)
{
	if (ours->code != 0) {
		error_restore(ours);
		return -ours->code;
	}
	return response->success ? know_child(&restore->creation, response->pid)
	                         : criu_session_explain(&restore->session, response, "restore the container");
}

static int converse(struct restore *restore)
{
	struct criu_session *session = &restore->session;
	struct error ours = { 0 };

	for (;;) {
		struct criu_response response;
		_cleanup_fd_ int fd = -1;
		int r = criu_receive(&session->criu, &response, &fd, &session->arena);

		if (r < 0 && r != -EPIPE)
			return r;
		if (r < 0 || response.type != CRIU_NOTIFY)
			return conclude(restore, &response, &ours);
		r = react(restore, &response, &fd);
		if (r < 0)
			ours = error_save();
		struct criu_request answer = { .type = CRIU_NOTIFY, .notify_success = r >= 0 };

		r = criu_send(&session->criu, &answer);
		if (r < 0)
			return r;
	}
}

static int run_criu(struct restore *restore)
{
	TRACE_SCOPE("criu");
	struct creation *c = &restore->creation;
	struct criu_session *session = &restore->session;
	struct criu_start start = criu_session_start(session);
	struct criu_request request = { .type = CRIU_RESTORE, .options = &session->options };

	/* What criu leaves behind if it is killed is in there. */
	start.cgroup = c->cgroup.fd;
	start.inherit = restore->inherit;
	start.inherit_count = session->options.inherit.count;
	start.place = restore->place;
	start.trees = restore->trees.fds;
	start.tree_count = restore->trees.count;
	int r = open_hierarchy(restore);

	start.hierarchy = restore->hierarchy;
	if (r >= 0)
		r = criu_start(&session->criu, &start);

	if (r >= 0 && c->cgroup.fd < 0 && c->runtime->manager == CGROUP_MANAGER_SYSTEMD)
		r = creation_attach(c, session->criu.process.pid);
	/* What criu makes inherits it. */
	if (r >= 0)
		r = rdt_enter(&c->rdt, session->criu.process.pid);
	if (r < 0)
		return r;
	set_cgroup(restore);
	r = criu_send(&session->criu, &request);
	if (r >= 0)
		r = converse(restore);
	if (r >= 0)
		criu_end(&session->criu);
	return r;
}

/* --- the whole -------------------------------------------------------------------------------------------------------- */

static int make(struct restore *restore)
{
	struct creation *c = &restore->creation;
	struct access access = { .directory = -1 };
	int r = extras_refuse_criu(&c->newborn.extras, "restore");

	if (r >= 0)
		r = criu_mounts_check(&c->spec, "restore");
	if (r >= 0)
		r = criu_session_open(&restore->session, &restore->options->wishes, "restore.log", false);
	if (r >= 0)
		r = creation_claim(c, true);
	if (r >= 0)
		r = store_save_config(c->store, c->config, c->config_size);
	if (r >= 0)
		r = fill_request(restore);
	if (r >= 0)
		r = give_access(&access, restore->session.images, &c->spec);
	if (r >= 0)
		r = run_criu(restore);
	take_access(&access);
	criu_trees_close(&restore->trees);
	close_fd(&restore->hierarchy);
	return r;
}

int container_restore(const struct runtime *runtime, const struct restore_options *options, const struct wait_options *wait,
                      bool keep)
{
	struct restore restore = { .options = options, .session = CRIU_SESSION_NONE, .hierarchy = -1 };
	int r = creation_load(&restore.creation, runtime, &options->create, true, !wait);

	if (r >= 0)
		r = make(&restore);
	if (r < 0) {
		struct error e = error_save();

		criu_kill(&restore.session.criu);
		creation_undo(&restore.creation);
		error_restore(&e);
		r = context(r, "restore");
	} else if (wait) {
		r = foreground_wait(&restore.creation, runtime, wait, keep);
	}
	criu_session_close(&restore.session);
	creation_close(&restore.creation);
	return r;
}
