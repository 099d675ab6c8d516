/* The cgroupfs driver: groups are directories that we make and remove ourselves. */
#include "cgroups/controllers.h"
#include "cgroups/driver.h"
#include "cgroups/files.h"
#include "cgroups/mount.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <sys/stat.h>
#include <sys/xattr.h>

/* On the groups above containers' that we made, so that whichever container is the last to go can take them away. */
#define MADE "user.berth.made"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static int cannot_make(const char *path, int code)
{
	switch (code) {
	case EACCES:
	case EPERM:
		return fail(code,
			    "create cgroup %s (the caller may only make groups below one that was delegated to it, as "
			    "systemd-run --user --scope -p Delegate=yes does)",
			    path);
	case EROFS:
		return fail(code, "create cgroup %s (the cgroup2 file system is mounted read-only)", path);
	case EAGAIN:
		return fail(code, "create cgroup %s (cgroup.max.descendants or cgroup.max.depth of a group above is reached)",
			    path);
	default:
		return fail(code, "create cgroup %s", path);
	}
}

/* The directory of the group above path, whose last component need not exist. */
static int open_parent(int root, const char *path)
{
	char parent[4096];

	snprintf(parent, sizeof parent, "%s", path);
	*strrchr(parent, '/') = 0;
	return openat(root, *parent ? parent + 1 : ".", DIR_FLAGS);
}

/* Remove empty groups from path's parent up, as long as they are ours. above is the parent's directory; it is closed. */
static void remove_made_parents(int above, const char *path)
{
	_cleanup_fd_ int group = above;
	char rest[4096];
	char *slash;

	snprintf(rest, sizeof rest, "%s", path);
	slash = strrchr(rest, '/');
	while (group >= 0 && slash && slash != rest && fgetxattr(group, MADE, NULL, 0) >= 0) {
		*slash = 0;
		slash = strrchr(rest, '/');
		int parent = openat(group, "..", DIR_FLAGS);

		if (parent < 0)
			return;
		close_fd(&group);
		group = parent;
		if (unlinkat(group, slash + 1, AT_REMOVEDIR) < 0)
			return;
	}
}

static int make_parent(int root, const char *path)
{
	if (mkdirat(root, path + 1, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	_cleanup_fd_ int fd = openat(root, path + 1, DIR_FLAGS);

	return fd < 0 || fsetxattr(fd, MADE, "", 0, 0) < 0 ? -errno : 0;
}

/* Make and mark the missing groups above path. */
static int make_parents(int root, const char *path)
{
	char parent[4096];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
		int r = make_parent(root, parent);

		if (r < 0) {
			remove_made_parents(open_parent(root, parent), parent);
			return r;
		}
	}
	return 0;
}

/* Make the group at path. 1: made; 0: it was there. */
static int make_group(int root, const char *path)
{
	int r = 0;

	/* A container that ends meanwhile may take a parent away between our two steps. */
	for (int attempt = 0; attempt < 32; attempt++) {
		if (mkdirat(root, path + 1, 0755) == 0)
			return 1;
		if (errno == EEXIST)
			return 0;
		if (errno != ENOENT)
			return -errno;
		r = make_parents(root, path);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

static int check_unused(struct cgroup *cgroup)
{
	char text[CGROUP_WORDS_SIZE];
	ssize_t n = cgroup_file_read(cgroup->fd, "cgroup.events", text, sizeof text);

	if (n < 0)
		return fail((int)-n, "read cgroup.events of %s", cgroup->path);
	if (cgroup_text_number(text, "populated") != 0)
		return refuse(EBUSY, "cgroup %s exists and holds processes: it belongs to another container or service",
			      cgroup->path);
	if (cgroup_text_number(text, "frozen") != 0)
		return refuse(EBUSY, "cgroup %s exists and is frozen: a container in it would never run", cgroup->path);
	return 0;
}

/* There is no group at path; the groups above it may still be ours to remove. */
static int remove_parents_of_missing(const char *path)
{
	_cleanup_fd_ int root = cgroup_root_open();
	char prefix[4096];
	char *slash;

	if (root < 0)
		return root;
	snprintf(prefix, sizeof prefix, "%s", path);
	while ((slash = strrchr(prefix, '/')) && slash != prefix) {
		int above = open_parent(root, prefix);

		if (above >= 0) {
			remove_made_parents(above, prefix);
			return 0;
		}
		if (errno != ENOENT)
			return fail(errno, "open the group above %s", prefix);
		*slash = 0;
	}
	return 0;
}

static int remove_group(struct cgroup *cgroup)
{
	if (cgroup->fd < 0)
		return remove_parents_of_missing(cgroup->path);
	_cleanup_fd_ int parent = openat(cgroup->fd, "..", DIR_FLAGS);
	const char *name = strrchr(cgroup->path, '/') + 1;

	if (parent < 0)
		return errno == ENOENT ? 0 : fail(errno, "open the group above %s", cgroup->path);
	while (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		if (errno != EBUSY && errno != ENOTEMPTY)
			return fail(errno, "remove cgroup %s", cgroup->path);
		int r = cgroup_empty(cgroup);

		if (r < 0)
			return r;
	}
	remove_made_parents(steal_fd(&parent), cgroup->path);
	return 0;
}

static int undo_create(struct cgroup *cgroup, bool made, int root, int r)
{
	struct error saved = error_save();

	if (made) {
		(void)unlinkat(root, cgroup->path + 1, AT_REMOVEDIR);
		remove_made_parents(open_parent(root, cgroup->path), cgroup->path);
	}
	error_restore(&saved);
	cgroup_close(cgroup);
	cgroup->path[0] = 0;
	return r;
}

static int open_group(struct cgroup *cgroup, const struct cgroup_request *request, int root)
{
	int made = make_group(root, cgroup->path);

	if (made < 0) {
		cannot_make(cgroup->path, -made);
		return undo_create(cgroup, false, root, made);
	}
	int r = cgroup_open_at(cgroup, root, cgroup->path);

	if (r >= 0 && !made)
		r = check_unused(cgroup);
	if (r >= 0)
		r = cgroup_resources_enable(root, cgroup, request);
	return r < 0 ? undo_create(cgroup, made, root, r) : 0;
}

/* Nobody asked for a group, and the caller cannot have one. */
static bool can_do_without(const struct cgroup_request *request, int r)
{
	return request->rootless && !(request->cgroups_path && *request->cgroups_path) &&
	       !cgroup_resources_asked(request->resources) &&
	       (r == -EACCES || r == -EPERM || r == -EROFS || r == -ENOTSUP || r == -ENOENT);
}

static int create(struct cgroup *cgroup, const struct cgroup_request *request)
{
	_cleanup_fd_ int root = cgroup_root_open();
	bool absolute = request->cgroups_path && request->cgroups_path[0] == '/';
	char own[4096];
	int r = root < 0 ? root : 0;

	if (r >= 0 && !absolute)
		r = cgroup_own_path(own, sizeof own);
	if (r >= 0)
		r = cgroup_plan_path(request, absolute ? NULL : own, cgroup->path, sizeof cgroup->path);
	if (r >= 0)
		r = open_group(cgroup, request, root);
	if (r < 0)
		cgroup->path[0] = 0;
	return r < 0 && can_do_without(request, r) ? 0 : r;
}

static int attach(struct cgroup *cgroup, const struct cgroup_request *request, pid_t pid)
{
	(void)cgroup, (void)request, (void)pid;
	return 0;
}

static int tell(struct cgroup *cgroup, const struct cgroup_values *values)
{
	(void)cgroup, (void)values;
	return 0;
}

static int adopt(struct cgroup *cgroup, const char *sub, pid_t pid)
{
	(void)sub, (void)pid;
	return refuse(EACCES,
		      "move the process into cgroup %s: a user can do that only from a group below one of the user's own (as "
		      "in systemd-run --user --scope)",
		      cgroup->path);
}

const struct cgroup_driver cgroup_driver_cgroupfs = {
	.create = create, .attach = attach, .tell = tell, .adopt = adopt, .remove = remove_group
};
