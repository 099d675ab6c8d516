#include "runtime/checkpoint.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/trace.h"
#include "runtime/annotations.h"
#include "runtime/criu_mounts.h"
#include "runtime/criu_session.h"
#include "runtime/record.h"
#include "runtime/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct checkpoint {
	const struct checkpoint_options *options;
	struct criu_session session;
	struct record record;
	struct spec spec;
};

static void checkpoint_close(struct checkpoint *checkpoint)
{
	criu_session_close(&checkpoint->session);
	record_close(&checkpoint->record);
	spec_free(&checkpoint->spec);
}

/* --- what criu can do here -------------------------------------------------------------------------------------------- */

/* A process of criu's own answers, since one does only one thing. */
static int ask_features(struct checkpoint *checkpoint, struct criu_response *response)
{
	struct criu_session *session = &checkpoint->session;
	struct criu_start start = criu_session_start(session);
	struct criu_request request = { .type = CRIU_FEATURE_CHECK, .ask_memory_tracking = true, .ask_lazy_pages = true };
	_cleanup_fd_ int fd = -1;

	start.quiet = true;
	int r = criu_start(&session->criu, &start);

	if (r >= 0)
		r = criu_send(&session->criu, &request);
	if (r >= 0)
		r = criu_receive(&session->criu, response, &fd, &session->arena);
	/* It would wait for another request, and complain that there is none. */
	criu_kill(&session->criu);
	return r;
}

static int check_features(struct checkpoint *checkpoint)
{
	const struct checkpoint_options *options = checkpoint->options;
	bool tracking = options->pre_dump || options->parent, lazy = options->wishes.lazy_pages;
	struct criu_response response;

	if (!tracking && !lazy)
		return 0;
	int r = ask_features(checkpoint, &response);

	if (r < 0)
		return r;
	if (tracking && !response.has_memory_tracking)
		return refuse(ENOTSUP, "%s needs a kernel that tracks changes of memory (CONFIG_MEM_SOFT_DIRTY)",
		              options->pre_dump ? "--pre-dump" : "--parent-path");
	if (lazy && !response.has_lazy_pages)
		return refuse(ENOTSUP, "--lazy-pages needs a kernel with userfaultfd, and a criu that uses it");
	return 0;
}

/* --- the request ------------------------------------------------------------------------------------------------------ */

static int check_parent(const struct checkpoint *checkpoint)
{
	const char *parent = checkpoint->options->parent;
	struct stat st;

	if (!parent)
		return 0;
	if (parent[0] == '/')
		return refuse(EINVAL, "--parent-path %s: must be relative to --image-path", parent);
	if (fstatat(checkpoint->session.images, parent, &st, 0) < 0)
		return fail(errno, "--parent-path %s, in %s", parent, checkpoint->options->wishes.images);
	return S_ISDIR(st.st_mode) ? 0 : refuse(ENOTDIR, "--parent-path %s", parent);
}

/* Namespaces that the configuration joins are not the container's: who owns them has them ready for the restore. */
static int add_external_namespaces(struct checkpoint *checkpoint)
{
	struct criu_session *session = &checkpoint->session;

	for (enum namespace_type type = 0; type < NS_TYPES; type++) {
		const char *name = criu_namespace_name(type);
		char path[48];
		struct stat st;

		if (!name || !checkpoint->spec.linux_.namespaces[type].path)
			continue;
		snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)checkpoint->record.init.pid, ns_type_proc_name(type));
		if (stat(path, &st) < 0)
			return fail(errno, "stat %s", path);
		criu_add_text(&session->options.external,
		              arena_printf(&session->arena, "%s[%llu]:%s", ns_type_proc_name(type),
		                           (unsigned long long)st.st_ino, name),
		              &session->arena);
	}
	return 0;
}

/* criu freezes the container as a whole, and leaves one that was paused as it was. */
static void set_cgroup(struct checkpoint *checkpoint)
{
	struct criu_session *session = &checkpoint->session;
	const struct cgroup *cgroup = &checkpoint->record.cgroup;
	const char *mount = cgroup->fd >= 0 ? cgroup_mount_point() : NULL;

	criu_session_set_cgroups(session, &checkpoint->spec, mount ? cgroup->path : NULL);
	if (!mount)
		return;
	/* Groups of version 1 beside it are none of the container's. */
	criu_add_text(&session->options.cgroup_controllers, arena_strdup(&session->arena, ""), &session->arena);
	session->options.freeze_cgroup = arena_printf(&session->arena, "%s%s", mount, cgroup->path);
}

/* criu itself looks there, and nobody in the container: a link in the container's directory will do. */
static int make_yard(struct checkpoint *checkpoint, const struct runtime *runtime)
{
	struct criu_session *session = &checkpoint->session;
	const char *mount = checkpoint->record.cgroup.fd >= 0 ? cgroup_mount_point() : NULL;

	if (!mount)
		return 0;
	session->options.cgroup_yard = arena_printf(&session->arena, "%s/%s", runtime->root, checkpoint->options->id);
	(void)unlinkat(checkpoint->record.dir, CRIU_HIERARCHY, 0); /* of one that was killed */
	return symlinkat(mount, checkpoint->record.dir, CRIU_HIERARCHY) < 0 ? fail(errno, "make the link %s", CRIU_HIERARCHY) : 0;
}

static void remove_yard(const struct checkpoint *checkpoint)
{
	if (checkpoint->session.options.cgroup_yard && unlinkat(checkpoint->record.dir, CRIU_HIERARCHY, 0) < 0)
		log_warning("remove the link %s from %s: %s", CRIU_HIERARCHY, checkpoint->session.options.cgroup_yard, strerror(errno));
}

static int fill_request(struct checkpoint *checkpoint)
{
	const struct checkpoint_options *options = checkpoint->options;
	struct criu_session *session = &checkpoint->session;
	struct criu_options *criu = &session->options;
	pid_t pid = checkpoint->record.init.pid;

	criu->pid = pid;
	criu->leave_running = options->leave_running;
	criu->tcp_skip_in_flight = options->tcp_skip_in_flight;
	criu->link_remap = options->link_remap;
	criu->track_memory = options->pre_dump || options->parent;
	criu->parent_images = options->parent;
	criu->page_server_address = options->page_server;
	criu->page_server_port = options->page_server ? options->page_server_port : 0;
	criu->root = checkpoint->record.state.rootfs;
	criu_session_configure(session, &checkpoint->spec);
	set_cgroup(checkpoint);
	int r = add_external_namespaces(checkpoint);

	if (r >= 0)
		r = criu_mounts_of(pid, &checkpoint->spec, &criu->external_mounts, &session->arena);
	return r < 0 || options->pre_dump ? r : criu_streams_save(session, pid, checkpoint->record.state.external_descriptors);
}

/* --- the conversation ------------------------------------------------------------------------------------------------- */

static void tell_ready(int status_fd)
{
	if (status_fd >= 0 && write_quietly(status_fd, "", 1) < 0)
		log_warning("--status-fd %d: cannot write", status_fd);
}

static int converse(struct checkpoint *checkpoint, const char *doing)
{
	struct criu_session *session = &checkpoint->session;

	for (;;) {
		struct criu_request go_on = { .type = CRIU_NOTIFY, .notify_success = true };
		struct criu_response response;
		_cleanup_fd_ int fd = -1;
		int r = criu_receive(&session->criu, &response, &fd, &session->arena);

		if (r < 0 && r != -EPIPE)
			return r;
		if (r < 0 || (response.type != CRIU_NOTIFY && !response.success))
			return criu_session_explain(session, &response, doing);
		if (response.type != CRIU_NOTIFY)
			return 0;
		if (response.script && strcmp(response.script, "status-ready") == 0)
			tell_ready(checkpoint->options->status_fd);
		r = criu_send(&session->criu, &go_on);
		if (r < 0)
			return r;
	}
}

static int dump(struct checkpoint *checkpoint)
{
	TRACE_SCOPE("dump");
	struct criu_session *session = &checkpoint->session;
	bool pre_dump = checkpoint->options->pre_dump;
	struct criu_start start = criu_session_start(session);
	struct criu_request request = { .type = pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP, .options = &session->options };
	int r = criu_start(&session->criu, &start);

	if (r >= 0)
		r = criu_send(&session->criu, &request);
	if (r >= 0)
		r = converse(checkpoint, pre_dump ? "dump the container's memory" : "dump the container");
	/* After a pre-dump it would wait for another request, and complain that there is none. */
	if (r >= 0 && pre_dump)
		criu_kill(&session->criu);
	else if (r >= 0)
		criu_end(&session->criu);
	return r;
}

/* --- the whole -------------------------------------------------------------------------------------------------------- */

static int open_container(struct checkpoint *checkpoint, const struct runtime *runtime)
{
	struct record *record = &checkpoint->record;
	int r = record_open(record, runtime, checkpoint->options->id);

	if (r < 0)
		return r;
	if (record->status != STATUS_RUNNING && record->status != STATUS_PAUSED)
		return refuse(EINVAL, "cannot checkpoint container %s: it is %s", record->state.id, status_name(record->status));
	r = record_open_cgroup(record);
	if (r >= 0)
		r = store_load_config(record->dir, &checkpoint->spec);
	struct extras extras;

	if (r >= 0)
		r = extras_parse(&extras, &checkpoint->spec, &checkpoint->spec.arena);
	if (r >= 0)
		r = extras_refuse_criu(&extras, "checkpoint");
	return r < 0 ? r : criu_mounts_check(&checkpoint->spec, "checkpoint");
}

static int run(struct checkpoint *checkpoint, const struct runtime *runtime)
{
	const struct checkpoint_options *options = checkpoint->options;
	int r = open_container(checkpoint, runtime);

	if (r < 0)
		return r;
	_cleanup_fd_ int lock = store_lock(checkpoint->record.dir);

	if (lock < 0)
		return lock;
	r = criu_session_open(&checkpoint->session, &options->wishes, "dump.log", true);
	if (r >= 0)
		r = check_parent(checkpoint);
	if (r >= 0)
		r = check_features(checkpoint);
	if (r >= 0)
		r = fill_request(checkpoint);
	if (r >= 0)
		r = make_yard(checkpoint, runtime);
	if (r >= 0) {
		r = dump(checkpoint);
		remove_yard(checkpoint);
	}
	if (r < 0 || options->leave_running || options->pre_dump)
		return r;
	return record_destroy(&checkpoint->record, runtime, NULL);
}

int container_checkpoint(const struct runtime *runtime, const struct checkpoint_options *options)
{
	struct checkpoint checkpoint = {
		.options = options,
		.session = CRIU_SESSION_NONE,
		.record = RECORD_NONE,
		.spec.arena = arena_within(runtime->memory),
	};
	int r = context(run(&checkpoint, runtime), "checkpoint");

	checkpoint_close(&checkpoint);
	return r;
}
