#include "runtime/create.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sys.h"
#include "base/trace.h"
#include "oci/parse.h"
#include "oci/validate.h"
#include "runtime/hooks.h"
#include "runtime/process.h"
#include "runtime/record.h"
#include "runtime/report.h"
#include "runtime/store.h"
#include "runtime/streams.h"
#include "runtime/terminal.h"

#include <poll.h>
#include <sys/stat.h>
#include <time.h>

/* --- prepare: everything that can fail without a process, before there is one -------------------------------------------- */

static int load_bundle(struct creation *c)
{
	TRACE_SCOPE("configuration");
	const char *bundle = c->options->bundle, *config = c->options->config;

	c->bundle = openat(AT_FDCWD, bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->bundle < 0)
		return fail(errno, "open bundle %s", bundle);
	int directory = config ? AT_FDCWD : c->bundle;
	const char *name = config ? config : "config.json";

	if (!config)
		config = arena_printf(&c->arena, "%s/config.json", bundle);
	int r = read_file_at(directory, name, &c->arena, SPEC_MAX_SIZE, &c->config, &c->config_size);

	if (r == -EFBIG)
		return refuse(EFBIG, "%s: larger than %zu bytes", config, SPEC_MAX_SIZE);
	if (r < 0)
		return fail(-r, "read %s", config);
	r = spec_parse(&c->spec, c->config, c->config_size);
	if (r >= 0)
		r = spec_validate_runnable(&c->spec);
	if (r >= 0)
		r = bandwidth_from_annotations(&c->spec.annotations, &c->bandwidth);
	if (r >= 0)
		r = extras_parse(&c->newborn.extras, &c->spec, &c->arena);
	return context(r, "%s", config);
}

static int check_terminal(const struct creation *c, bool run, bool detached)
{
	bool terminal = c->spec.process.terminal;

	if (terminal && !c->options->console_socket && (!run || detached))
		return refuse(EINVAL, "/process/terminal: true needs --console-socket when nobody stays to relay the terminal");
	if (!terminal && c->options->console_socket)
		return refuse(EINVAL, "--console-socket needs /process/terminal to be true");
	return 0;
}

static char *timestamp(struct creation *c)
{
	struct timespec now = { 0 };
	struct tm tm;
	char date[24];

	sys_wall_clock(&now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	return arena_printf(&c->state.arena, "%s.%09ldZ", date, now.tv_nsec);
}

void creation_complete_state(struct creation *c)
{
	c->state.created = timestamp(c);
	if (!c->spec.process.terminal)
		c->state.external_descriptors = streams_describe(0, &c->state.arena);
}

static void describe(struct creation *c)
{
	struct state *state = &c->state;
	const char *root = c->spec.root.path, *bundle = c->options->bundle;
	const struct spec_hook_list *hooks = c->spec.hooks;

	state->oci_version = arena_strdup(&state->arena, c->spec.oci_version);
	state->id = arena_strdup(&state->arena, c->options->id);
	state->bundle = arena_strdup(&state->arena, bundle);
	state->rootfs = root[0] == '/' ? arena_strdup(&state->arena, root) : arena_printf(&state->arena, "%s/%s", bundle, root);
	state->owner = arena_printf(&state->arena, "%u", geteuid());
	state->systemd_cgroup = c->runtime->manager == CGROUP_MANAGER_SYSTEMD;
	state->own_pid_namespace = spec_new_namespace(&c->spec, NS_PID);
	state->no_late_hooks = !hooks[HOOK_START_CONTAINER].count && !hooks[HOOK_POSTSTART].count && !hooks[HOOK_POSTSTOP].count;
	state->annotations = c->spec.annotations;
}

bool creation_has_user_namespace(const struct creation *c)
{
	return c->newborn.plan.own >> NS_USER & 1;
}

static int prepare_process(struct creation *c)
{
	TRACE_SCOPE("prepare process");
	const struct spec_process *process = &c->spec.process;
	struct newborn *n = &c->newborn;

	n->spec = &c->spec;
	n->process = process;
	n->state = &c->state;
	n->rootfs = &c->rootfs;
	n->terminal = process->terminal;
	n->preserve_fds = c->options->preserve_fds;
	n->no_new_keyring = c->options->no_new_keyring;
	int r = capabilities_prepare(&process->capabilities, creation_has_user_namespace(c), &n->capabilities);

	if (r >= 0 && !n->no_new_keyring)
		r = keyring_new_name(c->options->id, &c->state.arena, &c->state.session_keyring);
	if (r >= 0)
		r = lsm_prepare(process);
	if (r >= 0 && c->spec.linux_.seccomp.set)
		r = seccomp_prepare(&n->filter, &c->spec.linux_.seccomp, c->runtime->seccomp_cache);
	return r;
}

static int prepare_namespaces(struct creation *c)
{
	struct ns_plan *plan = &c->newborn.plan;
	int r = ns_plan(plan, &c->spec);

	return r < 0 ? r : ns_open_joins(plan, &c->spec);
}

/* Which user namespace gives the mount its idmap: its own maps, or those of the container. */
static int open_idmap(const struct creation *c, const struct spec_mount *mount)
{
	const struct spec_linux *config = &c->spec.linux_;

	if (mount->uid_maps.count > 0)
		return ns_open_mapped(&mount->uid_maps, &mount->gid_maps);
	if (spec_new_namespace(&c->spec, NS_USER))
		return ns_open_mapped(&config->uid_maps, &config->gid_maps);
	int fd = fcntl(c->newborn.plan.join[NS_USER], F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? fail(errno, "duplicate the user namespace") : fd;
}

int creation_open_idmaps(struct creation *c)
{
	const struct spec *spec = &c->spec;

	for (size_t i = 0; i < spec->mount_count; i++) {
		if (!rootfs_mount_wants_idmap(&spec->mounts[i]))
			continue;
		if (spec->mounts[i].uid_maps.count == 0 && !creation_has_user_namespace(c))
			return refuse(EINVAL, "/mounts/%zu: idmap needs uidMappings and gidMappings, or a user namespace", i);
		if (!c->idmap_fds) {
			c->idmap_fds = arena_array(&c->arena, spec->mount_count, sizeof *c->idmap_fds);
			for (size_t j = 0; j < spec->mount_count; j++)
				c->idmap_fds[j] = -1;
		}
		c->idmap_fds[i] = open_idmap(c, &spec->mounts[i]);
		if (c->idmap_fds[i] < 0)
			return context(c->idmap_fds[i], "/mounts/%zu: idmap", i);
	}
	return 0;
}

void creation_close_idmaps(struct creation *c)
{
	for (size_t i = 0; c->idmap_fds && i < c->spec.mount_count; i++)
		close_fd(&c->idmap_fds[i]);
}

static int prepare_rootfs(struct creation *c)
{
	TRACE_SCOPE("prepare rootfs");
	const struct ns_plan *plan = &c->newborn.plan;
	int r = creation_open_idmaps(c);

	if (r >= 0) {
		c->rootfs_request = (struct rootfs_request){
			.spec = &c->spec,
			.arena = arena_within(c->runtime->memory),
			.bundle = c->options->bundle,
			.user_namespace = creation_has_user_namespace(c),
			.no_pivot = c->options->no_pivot,
			.cgroup_namespace = c->spec.linux_.namespaces[NS_CGROUP].set,
			.cgroup_mount = cgroup_mount_point(),
			.cgroup_path = c->cgroup.path[0] ? c->cgroup.path : NULL,
			.proc_option = plan->late_pid ? arena_strdup(&c->arena, ns_proc_option(plan).text) : NULL,
			.idmap_fds = c->idmap_fds,
			.emulate = c->newborn.extras.emulate,
		};
		r = rootfs_prepare(&c->rootfs, &c->rootfs_request);
	}
	creation_close_idmaps(c);
	return r;
}

/* Only for the record: what is wrong with the path, cgroup_create() tells. */
static char *plan_cgroup(struct creation *c)
{
	const char *path = c->spec.linux_.cgroups_path;
	char own[4096] = "/", planned[4096];
	bool absolute = path && path[0] == '/';

	if (c->runtime->manager != CGROUP_MANAGER_CGROUPFS || (!absolute && cgroup_own_path(own, sizeof own) < 0) ||
	    cgroup_plan_path(&c->cgroup_request, absolute ? NULL : own, planned, sizeof planned) < 0)
		return NULL;
	return arena_strdup(&c->arena, planned);
}

/* The container may manage its own cgroup if it sees it as its root and can write it (config-linux.md "Cgroup ownership"). */
static bool owns_cgroup(const struct spec *spec)
{
	return spec_new_namespace(spec, NS_CGROUP) && rootfs_cgroup_writable(spec);
}

/* Root in a user namespace of its own may do little more than another user. */
static bool is_rootless(const struct runtime *runtime)
{
	if (runtime->rootless != ROOTLESS_AUTO)
		return runtime->rootless == ROOTLESS_TRUE;
	return geteuid() != 0 || !ns_in_host_user();
}

/* Where the group's path is given it makes no difference, and to find out takes as long as ten other system calls. */
static bool may_lack_cgroup(const struct creation *c)
{
	const char *path = c->spec.linux_.cgroups_path;

	return (c->runtime->manager == CGROUP_MANAGER_SYSTEMD || !path || !*path) && is_rootless(c->runtime);
}

/* From here on, whatever becomes of us, "delete --force" finds what we have made. */
static int record_plan(struct creation *c)
{
	TRACE_SCOPE("record plan");
	c->cgroup_request = (struct cgroup_request){
		.manager = c->runtime->manager,
		.cgroups_path = c->spec.linux_.cgroups_path,
		.id = c->options->id,
		.delegated = owns_cgroup(&c->spec),
		.rootless = may_lack_cgroup(c),
		.resources = &c->spec.linux_.resources,
		.annotations = &c->spec.annotations,
	};
	c->state.planned_cgroup = plan_cgroup(c);
	return store_save_state(c->store, &c->state);
}

static int make_cgroup(struct creation *c)
{
	TRACE_SCOPE("make cgroup");
	int r = cgroup_create(&c->cgroup, &c->cgroup_request);

	if (r < 0)
		return r;
	c->newborn.move_to_cgroup = c->cgroup.fd < 0 && c->runtime->manager == CGROUP_MANAGER_SYSTEMD;
	c->state.cgroup = c->cgroup.path[0] ? c->cgroup.path : NULL;
	c->state.planned_cgroup = NULL;
	return store_save_state(c->store, &c->state);
}

/* Read and write, so that init neither waits for `start` to open its end nor sees an end of file in between. */
static int make_fifo(int store, const char *name)
{
	if (mkfifoat(store, name, 0600) < 0)
		return fail(errno, "create %s", name);
	int fd = openat(store, name, O_RDWR | O_CLOEXEC);

	return fd < 0 ? fail(errno, "open %s", name) : fd;
}

static int prepare_start(struct creation *c, bool run)
{
	struct newborn *n = &c->newborn;

	n->wait = run ? WAIT_SOCKET : WAIT_FIFO;
	if (run)
		return 0;
	n->start_fifo = make_fifo(c->store, START_FIFO);
	if (n->start_fifo < 0)
		return n->start_fifo;
	n->result_fifo = make_fifo(c->store, RESULT_FIFO);
	return n->result_fifo;
}

/* Before the sources of mounts are opened: one more is added. */
static int prepare_notify(struct creation *c, bool run)
{
	const char *manager = c->runtime->notify_socket;
	int r = manager ? notify_prepare(&c->spec, c->store, c->runtime->root, c->options->id) : 0;

	return r >= 0 && run ? notify_listen(&c->notify, c->store, manager) : r;
}

int creation_claim(struct creation *c, bool run)
{
	c->store = store_create(c->runtime->root, c->options->id);
	if (c->store < 0)
		return c->store;
	c->state.at_once = run;
	int r = record_plan(c);

	if (r >= 0)
		r = make_cgroup(c);
	if (r >= 0)
		r = rdt_make(&c->rdt, &c->spec.linux_.intel_rdt, &c->state, c->store);
	return r < 0 ? r : prepare_notify(c, run);
}

/*
 * In a new user namespace only init can make it, so that it belongs there: while it would wait for its id maps, which the runtime
 * cannot write before clone3 returns. What the runtime moves into the namespace after that has to find it there.
 */
static void begin_network(struct creation *c)
{
	static const struct msg message = { .type = MSG_NETWORK };
	struct newborn *newborn = &c->newborn;
	struct ns_plan *plan = &newborn->plan;

	if (!(plan->new_flags & CLONE_NEWNET) || plan->staged)
		return;
	if (plan->new_flags & CLONE_NEWUSER)
		newborn->unshare_network = c->spec.linux_.net_device_count == 0;
	else
		newborn->network_comes = newnet_begin(&c->newnet, c->child.socket, &message, sizeof message);
	if (newborn->unshare_network || newborn->network_comes)
		plan->new_flags &= ~(uint64_t)CLONE_NEWNET;
}

static int prepare(struct creation *c, bool run)
{
	int r = child_connect(&c->child, &c->newborn);

	if (r < 0)
		return r;
	birth_plan_heir(&c->newborn.plan, &c->spec);
	begin_network(c);
	r = prepare_process(c);
	if (r >= 0 && c->newborn.plan.late_pid)
		r = process_open_proc(&c->newborn);
	if (r >= 0)
		r = creation_claim(c, run);
	if (r >= 0)
		r = prepare_rootfs(c);
	return r < 0 ? r : prepare_start(c, run);
}

/* --- bring up: while init builds its root file system ------------------------------------------------------------------- */

int creation_run_hooks(struct creation *c)
{
	TRACE_SCOPE("runtime hooks");
	struct arena _cleanup_arena_ arena = { 0 };
	const char *state = state_to_oci_json(&c->state, STATUS_CREATING, &arena);
	int r = hooks_run(&c->spec.hooks[HOOK_PRESTART], HOOK_PRESTART, state, c->options->bundle);

	return r < 0 ? r : hooks_run(&c->spec.hooks[HOOK_CREATE_RUNTIME], HOOK_CREATE_RUNTIME, state, c->options->bundle);
}

int creation_take_terminal(struct creation *c, int *master)
{
	if (c->options->console_socket)
		return terminal_send_master(c->options->console_socket, *master, "/dev/pts/0");
	terminal_fit(*master);
	c->terminal = steal_fd(master);
	return 0;
}

static int report_created(const struct creation *c)
{
	int r = store_show_state(c->store);

	if (r >= 0 && c->options->pid_file)
		r = report_pid_file(c->options->pid_file, c->state.pid);
	if (r >= 0 && c->options->pidfd_socket)
		r = report_pidfd(c->options->pidfd_socket, &c->child.ref);
	return r;
}

/* A child that has ended says more in what is still to be read. */
static int tell(const struct creation *c, enum msg_type type)
{
	int r = protocol_send(c->child.socket, type, 0, -1);

	return r >= 0 || r == -EPIPE || r == -ECONNRESET ? 0 : fail(-r, "speak to the container's process");
}

static int write_ipc_sysctls(const struct creation *c)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/%d/ns/ipc", (int)c->child.ref.pid);
	_cleanup_fd_ int ipcns = open(path, O_RDONLY | O_CLOEXEC);

	return ipcns < 0 ? fail(errno, "open the container's IPC namespace") : sysctl_write_ipc(ipcns, &c->spec.linux_.sysctl);
}

/* The start time and the inode tell init from a later process of the same number. */
static int identify_init(struct creation *c)
{
	int r = proc_start_time(c->state.pid, &c->state.start_time);

	if (r < 0)
		return fail(-r, "read the start time of process %d", (int)c->state.pid);
	c->state.pidfd_inode = pidref_inode(&c->child.ref);
	return 0;
}

/* Hooks may ask for the state while the container is being created; systemd's scope has its path only now. */
static bool is_shown_early(const struct creation *c)
{
	return report_hooks_before_start(&c->spec) || c->newborn.move_to_cgroup;
}

/* Never is there a state to be seen whose process has ended, which would be a stopped container's. */
static int record_heir(struct creation *c)
{
	char *created = c->state.created;

	c->state.pid = c->child.ref.pid;
	int r = identify_init(c);

	c->state.created = NULL;
	if (r >= 0 && is_shown_early(c))
		r = store_save_state(c->store, &c->state);
	c->state.created = created;
	return r < 0 ? r : store_write_state(c->store, &c->state);
}

static int take_heir(struct creation *c, pid_t pid)
{
	struct pidref init;
	int r = child_succeed(&c->child, pid, &init);

	if (r < 0)
		return r;
	c->newborn.plan.late_pid = false;
	r = record_heir(c);
	child_end(&init);
	return r;
}

/* What the table cannot know: whether a terminal was asked for, and whether an heir is still to come, which is the one to say the rest. */
static bool is_in_turn(const struct creation *c, uint32_t type)
{
	bool late = c->newborn.plan.late_pid;

	switch (type) {
	case MSG_CONSOLE:
		return c->newborn.terminal;
	case MSG_HEIR:
		return late;
	case MSG_LISTENER:
	case MSG_INSIDE:
	case MSG_READY:
		return !late;
	default:
		return true;
	}
}

static int answer(struct creation *c, const struct msg *msg, int *fd)
{
	int r;

	if (!is_in_turn(c, msg->type))
		return refuse(EPROTO, "the container's process sent message %u, which is out of order", msg->type);
	switch (msg->type) {
	case MSG_SYSCTL:
		r = write_ipc_sysctls(c);
		return r < 0 ? r : tell(c, MSG_CONTINUE);
	case MSG_BUILT:
		r = creation_run_hooks(c);
		return r < 0 ? r : tell(c, MSG_CONTINUE);
	case MSG_CONSOLE:
		r = creation_take_terminal(c, fd);
		return r < 0 ? r : tell(c, MSG_CONTINUE);
	case MSG_HEIR:
		r = take_heir(c, msg->number);
		return r < 0 ? r : tell(c, MSG_CONTINUE);
	case MSG_LISTENER:
		return report_listener(&c->spec, &c->state, STATUS_CREATING, c->state.pid, *fd);
	case MSG_INSIDE:
		if (c->newborn.wait != WAIT_SOCKET)
			return refuse(EPROTO, "the container's process sent message %u out of order: it waits for \"start\"", msg->type);
		r = report_created(c);
		return r < 0 ? r : tell(c, MSG_START);
	default:
		return 0;
	}
}

/* Where an heir waits for us, the socket does not tell of init's end. Returns 0 for that, 1 when there is something to read. */
static int await_word(const struct creation *c)
{
	struct pollfd p[] = { { .fd = c->child.socket, .events = POLLIN }, { .fd = c->child.ref.fd, .events = POLLIN } };

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return fail(errno, "wait for the container's process");
	/* What it said before its end may have come just after. */
	return p[0].revents ? 1 : poll(p, 1, 0) > 0;
}

static int converse_until_ready(struct creation *c)
{
	TRACE_SCOPE("wait until ready");
	while (c->child.phase != PHASE_READY) {
		_cleanup_fd_ int fd = -1;
		struct msg msg;
		int r = c->newborn.plan.late_pid ? await_word(c) : 1;

		if (r > 0)
			r = protocol_receive(c->child.socket, &c->child.phase, &msg, &fd);
		if (r > 0)
			r = answer(c, &msg, &fd);
		else if (r == 0)
			r = report_early_death(&c->child.ref);
		if (r < 0) {
			c->heard = true;
			return r;
		}
	}
	return 0;
}

/*
 * r has failed here, with the record; but perhaps only since init had failed before, and its cgroup had gone with it. Then what init has
 * said, or died of, is the reason. patience: how many milliseconds to wait for its end once it has nothing more to say, -1 for ever.
 */
static int heed_init(struct creation *c, int r, int patience)
{
	struct error ours = error_save();
	struct pollfd socket = { .fd = c->child.socket, .events = POLLIN };

	while (!c->heard && poll(&socket, 1, 0) > 0) {
		_cleanup_fd_ int fd = -1;
		struct msg msg;
		struct pidref init;
		int said = protocol_receive(c->child.socket, &c->child.phase, &msg, &fd);

		/* So that it goes as well. */
		if (said > 0 && msg.type == MSG_HEIR && is_in_turn(c, msg.type) && child_succeed(&c->child, msg.number, &init) >= 0)
			child_end(&init);
		if (said > 0)
			continue;
		if (said == 0 && (c->ended || pidref_wait_exit(&c->child.ref, patience) <= 0))
			break; /* it was killed, or is ready and waits for `start` elsewhere */
		c->heard = true;
		return said < 0 ? said : report_early_death(&c->child.ref);
	}
	error_restore(&ours);
	return r;
}

/* A child that has ended cannot be told any more; what it ended of is still to be read, and none of it to be answered. */
static int let_go(struct creation *c)
{
	int r = protocol_send(c->child.socket, MSG_GO, 0, -1);

	if (r != -EPIPE && r != -ECONNRESET)
		return r < 0 ? fail(-r, "speak to the container's process") : 0;
	/* Before GO it closes its end only when it dies, and is no zombie at once. */
	return heed_init(c, refuse(EPIPE, "the container's process is gone"), -1);
}

/* Whoever asks for a limit that cannot be had must know. */
static int limit_bandwidth(const struct creation *c)
{
	const char *asked = bandwidth_asked(&c->bandwidth);

	if (!asked)
		return 0;
	if (c->cgroup.fd < 0)
		return refuse(EPERM, "/annotations/%s: the container has no cgroup of its own that could be limited", asked);
	return context(cgroup_set_bandwidth(&c->cgroup, &c->bandwidth), "/annotations/%s", asked);
}

int creation_limit(struct creation *c)
{
	TRACE_SCOPE("limit");
	const struct spec_linux *config = &c->spec.linux_;
	struct cgroup *cgroup = &c->cgroup;

	int r = limit_bandwidth(c);

	if (r < 0 || cgroup->fd < 0)
		return r;
	r = cgroup_apply(cgroup, &config->resources);
	if (r < 0)
		return r;
	r = cgroup_set_devices(cgroup, config->resources.devices, config->resources.device_count, config->devices,
	                       config->device_count);
	if (r == -EPERM && is_rootless(c->runtime)) {
		log_warning("the device filter needs privileges that the caller lacks: /linux/resources/devices is not enforced");
		r = 0;
	}
	return r;
}

static int delegate(struct creation *c)
{
	const struct spec *spec = &c->spec;
	uid_t owner = spec->process.user.uid;

	if (c->cgroup.fd < 0 || !owns_cgroup(spec))
		return 0;
	int r = creation_has_user_namespace(c) ? ns_host_uid(c->child.ref.pid, spec->process.user.uid, &owner) : 0;

	return r < 0 ? r : cgroup_delegate(&c->cgroup, owner);
}

/* The namespace that the container will be in: init may not have joined it yet, and be in ours. */
static int open_network(struct creation *c)
{
	int join = c->newborn.plan.join[NS_NETWORK];
	char path[40];

	if (c->network >= 0)
		return 0;
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)c->child.ref.pid);
	c->network = join >= 0 ? fcntl(join, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
	return c->network < 0 ? fail(errno, "open the container's network namespace") : 0;
}

static int move_net_devices(struct creation *c)
{
	const struct spec_linux *config = &c->spec.linux_;

	if (config->net_device_count == 0)
		return 0;
	int r = open_network(c);

	return r < 0 ? r : net_devices_move(config->net_devices, config->net_device_count, c->network, &c->arena, &c->net_devices);
}

/* Before GO, which init waits for where it cannot do without. */
static int set_host_limits(struct creation *c)
{
	limits_allow_rlimits(c->child.ref.pid, &c->spec.process);
	return limits_set_oom_score(c->child.ref.pid, &c->spec.process);
}

int creation_attach(struct creation *c, pid_t pid)
{
	int r = cgroup_attach(&c->cgroup, &c->cgroup_request, pid);

	/* With the scope went what was in it. */
	c->ended = r < 0;
	c->state.cgroup = c->cgroup.path[0] ? c->cgroup.path : NULL;
	return r;
}

/* Init has it by then. */
static int await_network(struct creation *c)
{
	TRACE_SCOPE("wait for network");
	if (!c->newborn.network_comes)
		return 0;
	c->network = newnet_end(&c->newnet);
	return c->network < 0 ? c->network : 0;
}

static int record_birth(struct creation *c)
{
	int r = identify_init(c);

	return r < 0 ? r : store_save_config(c->store, c->config, c->config_size);
}

static int bring_up(struct creation *c, bool run)
{
	struct birth request = {
		.newborn = &c->newborn,
		.cgroup = c->cgroup.fd,
		.target = -1,
		.root = -1,
		.late_close = c->runtime->late_close,
		.life = init_main,
	};
	int r = cgroup_apply_first(&c->cgroup, &c->spec.linux_.resources);

	if (r >= 0)
		r = birth(&c->child, &request);
	if (r < 0)
		return r;
	c->state.pid = c->child.ref.pid;
	/* What init waits for comes first, and our own waiting, which leaves it the processor. */
	r = await_network(c);
	if (r >= 0)
		r = set_host_limits(c);
	if (r >= 0 && c->newborn.move_to_cgroup)
		r = creation_attach(c, c->child.ref.pid);
	if (r >= 0)
		r = rdt_enter(&c->rdt, c->state.pid);
	bool asked = is_shown_early(c);

	if (r >= 0 && asked)
		r = record_birth(c);
	if (r >= 0 && asked)
		r = store_save_state(c->store, &c->state);
	if (r >= 0)
		r = let_go(c);
	if (r >= 0 && !asked)
		r = record_birth(c);
	if (r >= 0)
		r = move_net_devices(c);
	/* `run` stays, and the namespace is to end with the container. */
	close_fd(&c->network);
	if (r >= 0)
		r = creation_limit(c);
	if (r >= 0)
		r = delegate(c);
	/* Written while init is busy; to be seen once it is ready: an exec before that would come into the host's root. */
	creation_complete_state(c);
	if (r >= 0)
		r = store_write_state(c->store, &c->state);
	if (r < 0)
		return heed_init(c, r, 0);
	if (c->runtime->late_close)
		close_fd(c->runtime->late_close);
	r = converse_until_ready(c);
	if (r < 0 || run)
		return r;
	r = report_created(c);
	if (r >= 0)
		close_fd(&c->child.socket);
	return r;
}

/* --- the whole ----------------------------------------------------------------------------------------------------------- */

static void creation_init(struct creation *c, const struct runtime *runtime, const struct create_options *options)
{
	memset(c, 0, sizeof *c);
	c->arena = c->spec.arena = c->state.arena = arena_within(runtime->memory);
	c->runtime = runtime;
	c->options = options;
	c->bundle = c->store = c->terminal = c->network = -1;
	c->cgroup = CGROUP_NONE;
	c->rdt = RDT_NONE;
	c->notify = NOTIFY_NONE;
	c->rootfs = ROOTFS_NONE;
	c->child = CHILD_NONE;
	c->newborn = (struct newborn){ .socket = -1, .start_fifo = -1, .result_fifo = -1, .proc = -1, .plan = NS_PLAN_NONE, .filter.arena = c->arena };
}

int creation_load(struct creation *c, const struct runtime *runtime, const struct create_options *options, bool run, bool detached)
{
	creation_init(c, runtime, options);
	int r = store_check_id(options->id);

	if (r >= 0)
		r = load_bundle(c);
	if (r >= 0)
		r = check_terminal(c, run, detached);
	if (r < 0)
		return r;
	describe(c);
	return prepare_namespaces(c);
}

int creation_make(struct creation *c, const struct runtime *runtime, const struct create_options *options, bool run, bool detached)
{
	int r = creation_load(c, runtime, options, run, detached);

	if (r >= 0)
		r = prepare(c, run);
	if (r >= 0)
		r = bring_up(c, run);
	if (r < 0)
		creation_undo(c);
	return r;
}

void creation_undo(struct creation *c)
{
	struct error e = error_save();
	struct arena _cleanup_arena_ arena = { 0 };
	bool born = c->child.ref.pid > 0;

	newnet_cancel(&c->newnet); /* it sends by the pair */
	child_destroy(&c->child);
	close_fd(&c->newborn.socket);
	net_devices_return(c->net_devices);
	rdt_undo(&c->rdt);
	notify_close(&c->notify);
	/* There may be no descriptors left to undo things with. */
	close_fd(&c->newborn.start_fifo);
	close_fd(&c->newborn.result_fifo);
	close_fd(&c->newborn.proc);
	close_fd(&c->bundle);
	if (c->runtime->late_close)
		close_fd(c->runtime->late_close);
	ns_close(&c->newborn.plan);
	rootfs_close(&c->rootfs);
	/* "delete --force" may have come first: what is called so now is another container. */
	_cleanup_fd_ int lock = c->store >= 0 ? store_lock(c->store) : -1;
	bool stored = c->store >= 0, gone = lock == -ENOENT;

	close_fd(&c->store);
	if (!gone && c->cgroup.fd >= 0 && cgroup_remove(&c->cgroup) < 0)
		log_warning("undo of a failed create: %s", error_record()->text);
	if (!gone && stored && store_remove(c->runtime->root, c->options->id) < 0)
		log_warning("undo of a failed create: %s", error_record()->text);
	if (!gone && born)
		hooks_run_all(&c->spec.hooks[HOOK_POSTSTOP], HOOK_POSTSTOP, state_to_oci_json(&c->state, STATUS_STOPPED, &arena),
		              c->options->bundle);
	error_restore(&e);
}

void creation_close(struct creation *c)
{
	newnet_cancel(&c->newnet);
	close_fd(&c->child.socket);
	close_fd(&c->newborn.socket);
	pidref_close(&c->child.ref);
	close_fd(&c->newborn.start_fifo);
	close_fd(&c->newborn.result_fifo);
	close_fd(&c->newborn.proc);
	close_fd(&c->terminal);
	close_fd(&c->bundle);
	close_fd(&c->store);
	ns_close(&c->newborn.plan);
	net_devices_close(c->net_devices);
	close_fd(&c->network);
	seccomp_free(&c->newborn.filter);
	rootfs_close(&c->rootfs);
	cgroup_close(&c->cgroup);
	close_fd(&c->rdt.root);
	notify_close(&c->notify);
	state_free(&c->state);
	spec_free(&c->spec);
	arena_free(&c->arena);
}
