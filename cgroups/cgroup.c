#include "cgroups/cgroup.h"

#include "cgroups/driver.h"
#include "cgroups/files.h"
#include "cgroups/mount.h"
#include "cgroups/pids.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <stdint.h>
#include <sys/stat.h>

/* How often killed processes are looked at, and how often without there being fewer: what the kernel holds (a dead NFS server) stays. */
#define LOOK_MS 1000
#define PATIENCE 10

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV)

const struct cgroup_driver *cgroup_driver_of(enum cgroup_manager manager)
{
	static const struct cgroup_driver *const drivers[] = {
		[CGROUP_MANAGER_CGROUPFS] = &cgroup_driver_cgroupfs,
		[CGROUP_MANAGER_SYSTEMD] = &cgroup_driver_systemd,
	};

	return drivers[manager];
}

static int do_without(const struct cgroup_request *request)
{
	if (!cgroup_resources_asked(request->resources))
		return 0;
	return refuse(EINVAL, "/linux/resources: limits need a cgroup, and the cgroup manager is \"disabled\"");
}

int cgroup_create(struct cgroup *cgroup, const struct cgroup_request *request)
{
	*cgroup = CGROUP_NONE;
	cgroup->manager = request->manager;
	if (request->manager == CGROUP_MANAGER_DISABLED)
		return do_without(request);
	return cgroup_driver_of(request->manager)->create(cgroup, request);
}

int cgroup_attach(struct cgroup *cgroup, const struct cgroup_request *request, pid_t pid)
{
	return cgroup_driver_of(cgroup->manager)->attach(cgroup, request, pid);
}

int cgroup_adopt(struct cgroup *cgroup, const char *sub, pid_t pid)
{
	return cgroup_driver_of(cgroup->manager)->adopt(cgroup, sub, pid);
}

int cgroup_open_at(struct cgroup *cgroup, int root, const char *path)
{
	int fd = sys_openat2(root, path + 1, O_RDONLY | O_DIRECTORY, 0, BENEATH);

	if (fd < 0)
		return fail(-fd, "open cgroup %s", path);
	close_fd(&cgroup->fd);
	cgroup->fd = fd;
	memmove(cgroup->path, path, strlen(path) + 1);
	return 0;
}

/* The path comes from a stored state: it must be what cgroup_plan_path() can give, above all never the root. */
int cgroup_check_path(const char *path)
{
	if (*path != '/' || path[1] == 0 || path[1] == '/' || strlen(path) >= CGROUP_PATH_SIZE)
		return refuse(EINVAL, "'%s' is not a container's cgroup", path);
	return 0;
}

int cgroup_open(struct cgroup *cgroup, enum cgroup_manager manager, const char *path)
{
	*cgroup = CGROUP_NONE;
	cgroup->manager = manager;
	if (*path == 0)
		return 0;
	int r = cgroup_check_path(path);

	if (r < 0)
		return r;
	_cleanup_fd_ int root = cgroup_root_open();

	return root < 0 ? root : cgroup_open_at(cgroup, root, path);
}

int cgroup_open_sub(struct cgroup *cgroup, const char *name)
{
	int fd = sys_openat2(cgroup->fd, *name ? name : ".", O_RDONLY | O_DIRECTORY, 0, BENEATH);

	if (fd < 0)
		return fail(-fd, "open cgroup '%s' below the container's %s", name, cgroup->path);
	return fd;
}

void cgroup_close(struct cgroup *cgroup)
{
	close_fd(&cgroup->fd);
}

int cgroup_is_populated(struct cgroup *cgroup)
{
	int populated = cgroup_events_get(cgroup->fd, "populated");

	if (populated == -ENOENT)
		return 0;
	return populated < 0 ? fail(-populated, "read cgroup.events of %s", cgroup->path) : populated;
}

/*
 * Until nobody is left: > 0. As long as they get fewer it is worth waiting, be they thousands on a busy machine; or else 0. Killed again and
 * again: see kill_at_once().
 */
static int wait_for_ends(struct cgroup *cgroup)
{
	size_t fewest = SIZE_MAX;

	for (int patience = PATIENCE; patience > 0; patience--) {
		_cleanup_pids_ struct pid_list left = { 0 };
		int r = cgroup_events_wait(cgroup->fd, "populated", 0, LOOK_MS);

		if (r != 0 || (r = cgroup_collect_pids(cgroup->fd, &left)) < 0)
			return r;
		if (left.count < fewest) {
			fewest = left.count;
			patience = PATIENCE;
		}
		if ((r = cgroup_kill(cgroup, SIGKILL)) < 0)
			return r;
	}
	return 0;
}

int cgroup_empty(struct cgroup *cgroup)
{
	for (int attempt = 0; attempt < 8; attempt++) {
		int r = cgroup_kill(cgroup, SIGKILL);

		if (r < 0)
			return r;
		r = wait_for_ends(cgroup);
		if (r == 0)
			return refuse(EBUSY,
				      "cgroup %s: processes have been killed but do not end; the kernel holds them (see ps -o "
				      "stat,wchan)",
				      cgroup->path);
		if (r < 0)
			return fail(-r, "wait for the processes of cgroup %s to end", cgroup->path);
		r = cgroup_remove_below(cgroup->fd);
		/* EBUSY: a process from outside has moved in meanwhile. */
		if (r != -EBUSY)
			return r < 0 ? fail(-r, "remove the groups below cgroup %s", cgroup->path) : 0;
	}
	return refuse(EBUSY, "cgroup %s: other processes keep moving into it", cgroup->path);
}

int cgroup_remove(struct cgroup *cgroup)
{
	if (!cgroup->path[0])
		return 0;
	int r = cgroup_driver_of(cgroup->manager)->remove(cgroup);

	if (r >= 0)
		close_fd(&cgroup->fd);
	return r;
}

/* --- delegation ------------------------------------------------------------------------------------------------------- */

static int give(struct cgroup *cgroup, const char *file, uid_t uid)
{
	if (fchownat(cgroup->fd, file, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW | (*file ? 0 : AT_EMPTY_PATH)) == 0 ||
	    errno == ENOENT)
		return 0;
	return fail(errno, "give %s/%s to user %u", cgroup->path, file, uid);
}

int cgroup_delegate(struct cgroup *cgroup, uid_t uid)
{
	char text[CGROUP_TEXT_SIZE];
	ssize_t n = cgroup_file_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", text, sizeof text);

	if (n < 0 && n != -ENOENT)
		return fail((int)-n, "read /sys/kernel/cgroup/delegate");
	if (n < 0)
		snprintf(text, sizeof text, "cgroup.procs\ncgroup.subtree_control\ncgroup.threads");
	int r = give(cgroup, "", uid);
	char *rest = text, *file;

	while (r >= 0 && (file = strsep(&rest, "\n")))
		if (*file && !strchr(file, '/'))
			r = give(cgroup, file, uid);
	return r;
}
