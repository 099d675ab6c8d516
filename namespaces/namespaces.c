#include "namespaces/namespaces.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#define BIT(type) (1U << (type))

/* The inode that the kernel gives the first user namespace (linux/nsfs.h since 6.18). */
#define FIRST_USER_INODE 0xEFFFFFFDU

/* The kernel's limit on how deep user namespaces nest (user_namespaces(7)). */
#define MAX_USER_DEPTH 32

/* --- the plan --------------------------------------------------------------------------------------------------------- */

/* What acts on a whole namespace acts on the host's unless the container has its own. */
static int check_own(const struct spec *spec, unsigned own)
{
	const struct spec_linux *config = &spec->linux_;

	if (!(own & BIT(NS_MOUNT)))
		return refuse(ENOTSUP, "/linux/namespaces: a mount namespace that is not the runtime's own is needed (add "
				       "{\"type\": \"mount\"}): the container's mounts would be made on the host");
	if (!(own & BIT(NS_UTS)) && (spec->hostname || spec->domainname))
		return refuse(EINVAL, "/%s: needs a uts namespace that is not the runtime's own",
			      spec->hostname ? "hostname" : "domainname");
	if (!(own & BIT(NS_NETWORK)) && config->net_device_count > 0)
		return refuse(EINVAL, "/linux/netDevices: needs a network namespace that is not the runtime's own");
	return sysctl_check(&config->sysctl, own);
}

static int check_user(const struct spec_linux *config, bool new_user)
{
	bool uids = config->uid_maps.count > 0, gids = config->gid_maps.count > 0;

	if (new_user && (!uids || !gids))
		return refuse(EINVAL, "/linux/%s: a new user namespace needs at least one",
			      uids ? "gidMappings" : "uidMappings");
	if (!config->namespaces[NS_USER].set && (uids || gids))
		return refuse(EINVAL, "/linux/%s: needs a user namespace", uids ? "uidMappings" : "gidMappings");
	if (new_user && config->namespaces[NS_MOUNT].path)
		return refuse(
			EINVAL,
			"/linux/namespaces: nothing can be mounted in a joined mount namespace from a new user namespace");
	return 0;
}

int ns_plan(struct ns_plan *plan, const struct spec *spec)
{
	const struct spec_linux *config = &spec->linux_;
	bool new_user = spec_new_namespace(spec, NS_USER), offsets = config->boottime.set || config->monotonic.set,
	     joins = false;

	*plan = (struct ns_plan){ 0 };
	for (enum namespace_type type = 0; type < NS_TYPES; type++) {
		plan->join[type] = -1;
		if (config->namespaces[type].set)
			plan->own |= BIT(type);
		if (config->namespaces[type].path)
			joins = true;
		if (spec_new_namespace(spec, type) && type != NS_CGROUP && !(type == NS_TIME && offsets))
			plan->new_flags |= ns_type_clone_flag(type);
	}
	if (offsets && !spec_new_namespace(spec, NS_TIME))
		return refuse(EINVAL, "/linux/timeOffsets: needs a new time namespace");
	plan->unshare_cgroup = spec_new_namespace(spec, NS_CGROUP);
	plan->time_offsets = offsets;
	plan->staged = offsets || config->namespaces[NS_PID].path || config->namespaces[NS_USER].path || (new_user && joins);
	int r = check_user(config, new_user);

	return r < 0 ? r : check_own(spec, plan->own);
}

/* --- opening ---------------------------------------------------------------------------------------------------------- */

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int check_type(int fd, enum namespace_type wanted)
{
	int flag = ioctl(fd, NS_GET_NSTYPE);

	if (flag < 0)
		return fail(errno, "not a namespace");
	for (enum namespace_type type = 0; type < NS_TYPES; type++)
		if (type != wanted && ns_type_clone_flag(type) == (uint64_t)flag)
			return refuse(EINVAL, "is a %s namespace", ns_type_name(type));
	return ns_type_clone_flag(wanted) == (uint64_t)flag ? 0 : refuse(EINVAL, "is a namespace of an unknown type");
}

/* Only a file of nsfs is opened for good; O_PATH neither blocks nor acts on what else may lie there. */
static int open_namespace(const char *path, enum namespace_type type)
{
	_cleanup_fd_ int place = open(path, O_PATH | O_CLOEXEC), fd = -1;
	struct statfs fs;

	if (place < 0)
		return fail(errno, "open");
	if (fstatfs(place, &fs) < 0)
		return fail(errno, "statfs");
	if (fs.f_type != NSFS_MAGIC)
		return refuse(EINVAL, "not a namespace");
	fd = open(fd_path(place).text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(errno, "open");
	int r = check_type(fd, type);

	return r < 0 ? r : steal_fd(&fd);
}

bool ns_is_callers(int fd, enum namespace_type type)
{
	char path[48];
	struct stat theirs, ours;

	snprintf(path, sizeof path, "/proc/thread-self/ns/%s", ns_type_proc_name(type));
	return stat(path, &ours) == 0 && fstat(fd, &theirs) == 0 && same_file(&ours, &theirs);
}

bool ns_in_host_user(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) < 0 || st.st_ino == FIRST_USER_INODE;
}

/* Does the namespace belong to the user namespace user, or to one below it? Out of our sight (EPERM) it does not. */
static int belongs_to(int namespace, int user)
{
	_cleanup_fd_ int owner = ioctl(namespace, NS_GET_USERNS);
	struct stat wanted, st;

	if (fstat(user, &wanted) < 0)
		return fail(errno, "stat the user namespace");
	for (int depth = 0; owner >= 0 && depth <= MAX_USER_DEPTH; depth++) {
		if (fstat(owner, &st) < 0)
			return fail(errno, "stat the owner of a namespace");
		if (same_file(&wanted, &st))
			return 1;
		int parent = ioctl(owner, NS_GET_PARENT);

		close_fd(&owner);
		owner = parent;
	}
	return owner >= 0 || errno == EPERM ? 0 : fail(errno, "find the owner of a namespace");
}

static int open_join(struct ns_plan *plan, const struct spec *spec, enum namespace_type type)
{
	const char *path = spec->linux_.namespaces[type].path;

	if (!path)
		return 0;
	_cleanup_fd_ int fd = open_namespace(path, type);

	if (fd < 0)
		return context(fd, "/linux/namespaces: %s namespace %s", ns_type_name(type), path);
	if (ns_is_callers(fd, type))
		plan->own &= ~BIT(type);
	else
		plan->join[type] = steal_fd(&fd);
	return 0;
}

static int sort_joins(struct ns_plan *plan)
{
	for (enum namespace_type type = 0; type < NS_TYPES; type++) {
		if (type == NS_USER || plan->join[type] < 0 || plan->join[NS_USER] < 0)
			continue;
		int r = belongs_to(plan->join[type], plan->join[NS_USER]);

		if (r < 0)
			return context(r, "/linux/namespaces: %s", ns_type_name(type));
		if (r > 0)
			plan->after_user |= BIT(type);
	}
	return 0;
}

/* An order that is forced on us, by what is really joined. */
static bool needs_stage(const struct ns_plan *plan)
{
	bool joins = false;

	for (enum namespace_type type = 0; type < NS_TYPES; type++)
		joins |= plan->join[type] >= 0;
	return plan->time_offsets || (plan->join[NS_PID] >= 0 && !plan->late_pid) || plan->join[NS_USER] >= 0 ||
	       (plan->new_flags & CLONE_NEWUSER && joins);
}

int ns_open_joins(struct ns_plan *plan, const struct spec *spec)
{
	int r = 0;

	for (enum namespace_type type = 0; r >= 0 && type < NS_TYPES; type++)
		r = open_join(plan, spec, type);
	if (r >= 0)
		r = sort_joins(plan);
	if (r >= 0)
		r = check_own(spec, plan->own);
	if (r < 0)
		ns_close(plan);
	/* What turned out to be inherited forces no order. */
	plan->staged = needs_stage(plan);
	return r;
}

void ns_defer_pid(struct ns_plan *plan)
{
	if (plan->join[NS_PID] < 0 || plan->join[NS_USER] >= 0 || plan->new_flags & CLONE_NEWUSER || plan->join[NS_MOUNT] >= 0)
		return;
	_cleanup_fd_ int proc = sys_fsopen("proc");

	plan->late_pid = proc >= 0 && sys_fsconfig(proc, FSCONFIG_SET_STRING, "pidns", fd_path(plan->join[NS_PID]).text, 0) >= 0;
	plan->staged = needs_stage(plan);
}

int ns_join_pid(const struct ns_plan *plan)
{
	int r = sys_setns(plan->join[NS_PID], CLONE_NEWPID);

	return r < 0 ? fail(-r, "join the pid namespace") : 0;
}

struct ns_proc_option ns_proc_option(const struct ns_plan *plan)
{
	struct ns_proc_option option;

	snprintf(option.text, sizeof option.text, "pidns=%s", fd_path(plan->join[NS_PID]).text);
	return option;
}

void ns_close(struct ns_plan *plan)
{
	for (enum namespace_type type = 0; type < NS_TYPES; type++)
		close_fd(&plan->join[type]);
}

/* --- joining ---------------------------------------------------------------------------------------------------------- */

static enum ns_join_phase phase_of(const struct ns_plan *plan, enum namespace_type type)
{
	if (type == NS_USER)
		return JOIN_USER;
	return plan->after_user & BIT(type) ? JOIN_AFTER_USER : JOIN_BEFORE_USER;
}

int ns_join(const struct ns_plan *plan, enum ns_join_phase phase)
{
	for (enum namespace_type type = 0; type < NS_TYPES; type++) {
		if (plan->join[type] < 0 || phase_of(plan, type) != phase || (type == NS_PID && plan->late_pid))
			continue;
		int r = sys_setns(plan->join[type], (int)ns_type_clone_flag(type));

		if (r < 0)
			return fail(-r, "join the %s namespace", ns_type_name(type));
	}
	return 0;
}
