#include "base/error.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"
#include "namespaces/namespaces.h"
#include "oci/parse.h"
#include "rootfs/live.h"
#include "rootfs/tree.h"
#include "runtime/birth.h"
#include "runtime/container.h"
#include "runtime/entry.h"
#include "runtime/record.h"
#include "runtime/store.h"
#include "runtime/wait.h"

#include <sys/stat.h>
#include <sys/wait.h>

/* Mounts that a container which runs gets or loses. */
struct change {
	struct record record;
	struct spec container;   /* as it was created */
	struct spec given;       /* the mounts alone */
	struct spec spec;        /* the one with the mounts of the other; owns nothing */
	struct rootfs_request request;
	struct rootfs rootfs;
	struct arena arena;
	int *idmap_fds;
	struct entry_user user;  /* the container's user namespace */
	uint64_t types;          /* CLONE_NEW* of the namespaces to enter */
	int root, proc;
};

static int open_container(struct change *c, const struct runtime *runtime, const char *id)
{
	int r = record_open(&c->record, runtime, id);

	if (r < 0)
		return r;
	if (c->record.status == STATUS_STOPPED)
		return refuse(EINVAL, "container %s has stopped: it has no mounts any more", id);
	if (c->record.status == STATUS_CREATING)
		return refuse(EBUSY, "container %s is still being created", id);
	r = store_load_config(c->record.dir, &c->container);
	if (r < 0)
		return r;
	c->user = entry_look(&c->record, -1);
	r = entry_check_given(&c->user, &c->record, &c->container);
	if (r < 0)
		return r;
	c->types = entry_types(&c->record, &c->container) & (CLONE_NEWNS | CLONE_NEWUSER);
	r = entry_open_root(&c->record, &c->container, &c->root);
	if (r < 0)
		return r;
	c->spec = c->container;
	c->spec.mounts = c->given.mounts;
	c->spec.mount_count = c->given.mount_count;
	c->request = (struct rootfs_request){
		.spec = &c->spec,
		.bundle = c->record.state.bundle,
		.user_namespace = c->types & CLONE_NEWUSER,
		.idmap_fds = c->idmap_fds,
		.live = true,
	};
	c->proc = proc_open_trusted();
	return c->proc < 0 ? c->proc : 0;
}

/* --- id maps -------------------------------------------------------------------------------------------------------------- */

static int open_idmap(const struct change *c, const struct spec_mount *mount, size_t index)
{
	char path[40];

	if (mount->uid_maps.count > 0)
		return ns_open_mapped(&mount->uid_maps, &mount->gid_maps);
	if (!(c->types & CLONE_NEWUSER))
		return refuse(EINVAL, "/mounts/%zu: idmap needs uidMappings and gidMappings, or a user namespace", index);
	snprintf(path, sizeof path, "/proc/%d/ns/user", (int)c->record.init.pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? fail(errno, "open the container's user namespace") : fd;
}

static int open_idmaps(struct change *c)
{
	size_t count = c->spec.mount_count;

	c->request.idmap_fds = c->idmap_fds = arena_array(&c->arena, count + 1, sizeof *c->idmap_fds);
	for (size_t i = 0; i < count; i++)
		c->idmap_fds[i] = -1;
	for (size_t i = 0; i < count; i++) {
		if (!rootfs_mount_wants_idmap(&c->spec.mounts[i]))
			continue;
		c->idmap_fds[i] = open_idmap(c, &c->spec.mounts[i], i);
		if (c->idmap_fds[i] < 0)
			return c->idmap_fds[i];
	}
	return 0;
}

/* --- in the child --------------------------------------------------------------------------------------------------------- */

static int enter_user_namespace(const struct change *c)
{
	if (!(c->types & CLONE_NEWUSER))
		return 0;
	int r = sys_setns(c->record.init.fd, CLONE_NEWUSER);

	return r < 0 ? fail(-r, "enter the container's user namespace") : birth_become_id_0();
}

static int enter_mount_namespace(const struct change *c)
{
	int r = sys_setns(c->record.init.fd, CLONE_NEWNS);

	if (r < 0)
		return fail(-r, "enter the container's mount namespace");
	r = entry_check_unmoved(&c->user, &c->record, c->proc);
	if (r < 0)
		return r;
	if (c->root >= 0 && (fchdir(c->root) < 0 || chroot(".") < 0))
		return fail(errno, "enter the container's root");
	return 0;
}

/* Who owns no mount namespace may mount nothing: a copy of the host's is the container's user namespace's. */
static int copy_mounts(const struct change *c)
{
	if (!(c->types & CLONE_NEWUSER))
		return 0;
	if (unshare(CLONE_NEWNS) < 0)
		return fail(errno, "create a mount namespace");
	int r = tree_make_slaves();

	return r < 0 ? fail(-r, "make the mounts of the host slaves") : 0;
}

static int add_inside(struct change *c)
{
	int r = enter_user_namespace(c);

	if (r >= 0)
		r = copy_mounts(c);
	if (r >= 0)
		r = live_open(&c->rootfs);
	if (r >= 0)
		r = enter_mount_namespace(c);
	return r < 0 ? r : live_attach(&c->rootfs, c->proc);
}

static int remove_inside(struct change *c)
{
	c->rootfs = ROOTFS_NONE;
	c->rootfs.request = &c->request;
	int r = enter_user_namespace(c);

	if (r >= 0)
		r = enter_mount_namespace(c);
	return r < 0 ? r : live_remove(&c->rootfs, c->proc);
}

/*
 * The child does not enter the pid namespace: so the container's processes can neither see nor trace it, though it has
 * descriptors of the host's and, without a user namespace between, more privileges than they.
 */
static int do_inside(struct change *c, int (*act)(struct change *))
{
	struct clone_args args = { .exit_signal = 0 };  /* SIGCHLD is not the caller's to get */
	int pair[2], status = 0;
	bool of_hook;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail(errno, "create a pipe");
	int pid = sys_clone3(&args);

	if (pid == 0) {
		umask(0);
		int r = birth_hide();

		if (r >= 0)
			r = act(c);
		if (r < 0)
			protocol_send_error(pair[1], false);
		_exit(r < 0);
	}
	close_fd(&pair[1]);
	int r = pid < 0 ? fail(-pid, "create a process") : wait_for_exec(pair[0], &of_hook);

	close_fd(&pair[0]);
	if (pid < 0)
		return r;
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	return r >= 0 && status != 0 ? refuse(ECHILD, "the process that enters the container died") : r;
}

/* --- the whole ------------------------------------------------------------------------------------------------------------ */

static int add(struct change *c)
{
	int r = open_idmaps(c);

	if (r >= 0)
		r = live_prepare(&c->rootfs, &c->request);
	return r < 0 ? r : do_inside(c, add_inside);
}

static int remove_mounts(struct change *c)
{
	return do_inside(c, remove_inside);
}

/*
 * Without the container's lock: a file system of its own can keep us waiting for ever, and "delete --force" must still end
 * that.
 */
static int change_mounts(const struct runtime *runtime, const char *id, const char *json, size_t size,
                         int (*act)(struct change *))
{
	struct change c = {
		.record = RECORD_NONE,
		.rootfs = ROOTFS_NONE,
		.root = -1,
		.proc = -1,
		.arena = arena_within(runtime->memory),
		.container.arena = arena_within(runtime->memory),
		.given.arena = arena_within(runtime->memory),
	};
	int r = spec_parse_mounts(&c.given, json, size);

	if (r >= 0)
		r = open_container(&c, runtime, id);
	if (r >= 0)
		r = act(&c);
	for (size_t i = 0; c.idmap_fds && i < c.spec.mount_count; i++)
		close_fd(&c.idmap_fds[i]);
	rootfs_close(&c.rootfs);
	close_fd(&c.root);
	close_fd(&c.proc);
	record_close(&c.record);
	spec_free(&c.container);
	spec_free(&c.given);
	arena_free(&c.arena);
	return r < 0 ? r : 0;
}

int container_mounts_add(const struct runtime *runtime, const char *id, const char *json, size_t size)
{
	return change_mounts(runtime, id, json, size, add);
}

int container_mounts_remove(const struct runtime *runtime, const char *id, const char *json, size_t size)
{
	return change_mounts(runtime, id, json, size, remove_mounts);
}
