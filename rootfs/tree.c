#include "rootfs/tree.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"

#include <stdio.h>
#include <sys/statfs.h>

#define ATTR_MOUNT_ROOT 0x2000 /* STATX_ATTR_MOUNT_ROOT, Linux 5.8 */
#define ATTR_ATIME ((uint64_t)MOUNT_ATTR__ATIME)

static unsigned at_flags(const char *path, bool recursive)
{
	return (path[0] ? 0U : (unsigned)AT_EMPTY_PATH) | (recursive ? (unsigned)AT_RECURSIVE : 0U);
}

int tree_clone(int dirfd, const char *path, bool recursive)
{
	return sys_open_tree(dirfd, path, OPEN_TREE_CLONE | at_flags(path, recursive));
}

int tree_set(int tree, uint64_t attributes, bool recursive)
{
	struct mount_attr attr = { .attr_set = attributes };

	return sys_mount_setattr(tree, "", at_flags("", recursive), &attr);
}

int tree_make_slaves(void)
{
	return sys_mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL);
}

int tree_set_propagation(int dirfd, const char *path, unsigned propagation, bool recursive)
{
	struct mount_attr attr = { .propagation = propagation };

	return sys_mount_setattr(dirfd, path, at_flags(path, recursive), &attr);
}

/* The flags of statfs(2) that stand for attributes which the owner of a mount may lock. */
static const struct {
	unsigned long flag;
	uint64_t attribute;
} lockable[] = {
	{ 0x0001, MOUNT_ATTR_RDONLY },
	{ 0x0002, MOUNT_ATTR_NOSUID },
	{ 0x0004, MOUNT_ATTR_NODEV },
	{ 0x0008, MOUNT_ATTR_NOEXEC },
	{ 0x0400 | 0x0800 | 0x1000, MOUNT_ATTR__ATIME },
	{ 0x0800, MOUNT_ATTR_NODIRATIME },
};

/*
 * In a user namespace, what the host set on a mount cannot be cleared (EPERM). Then keep exactly that. A tree may have other
 * locks below its top, so recursively nothing is cleared at all.
 */
static int keep_locked(int tree, struct mount_attr *attr, bool recursive)
{
	uint64_t keep = attr->attr_clr;
	struct statfs fs;

	if (!recursive) {
		if (fstatfs(tree, &fs) < 0)
			return -errno;
		keep = ATTR_ATIME;
		for (size_t i = 0; i < sizeof lockable / sizeof *lockable; i++)
			if ((unsigned long)fs.f_flags & lockable[i].flag)
				keep |= lockable[i].attribute;
	}
	keep &= attr->attr_clr;
	if (!keep)
		return -EPERM;
	attr->attr_clr &= ~keep;
	if (keep & ATTR_ATIME)
		attr->attr_set &= ~ATTR_ATIME;
	return 0;
}

static int set_attributes(int tree, struct mount_attr *attr, bool recursive)
{
	int r = sys_mount_setattr(tree, "", at_flags("", recursive), attr);

	if (r != -EPERM || !attr->attr_clr || keep_locked(tree, attr, recursive) < 0)
		return r;
	log_warning("a mount keeps attributes that its owner has locked");
	return sys_mount_setattr(tree, "", at_flags("", recursive), attr);
}

static bool is_empty(const struct mount_attr *attr)
{
	return !attr->attr_set && !attr->attr_clr && !attr->propagation;
}

static int explain(int r, const struct mount_attr *attr)
{
	if (attr->attr_set & MOUNT_ATTR_IDMAP)
		return fail(-r, "idmap (the source's file system may not support id-mapped mounts)");
	return fail(-r, "set mount attributes");
}

int tree_apply(int tree, const struct mount_options *options, int idmap_fd)
{
	struct mount_attr all = { .attr_set = options->recursive.set, .attr_clr = options->recursive.clear };
	struct mount_attr top = { .attr_set = options->top.set, .attr_clr = options->top.clear };
	struct mount_attr *idmapped = options->idmap_recursive ? &all : &top;

	*(options->propagation_recursive ? &all.propagation : &top.propagation) = options->propagation;
	if (idmap_fd >= 0) {
		idmapped->attr_set |= MOUNT_ATTR_IDMAP;
		idmapped->userns_fd = (unsigned)idmap_fd;
	}
	int r = is_empty(&all) ? 0 : set_attributes(tree, &all, true);

	if (r < 0)
		return explain(r, &all);
	r = is_empty(&top) ? 0 : set_attributes(tree, &top, false);
	return r < 0 ? explain(r, &top) : 0;
}

bool tree_is_mount_root(int fd)
{
	struct sys_statx st;

	return sys_statx(fd, "", 0, &st) == 0 && (st.attributes & ATTR_MOUNT_ROOT);
}

int tree_detach(int proc, int mount)
{
	char path[40];

	snprintf(path, sizeof path, "self/fd/%d", mount);
	return fchdir(proc) < 0 ? -errno : sys_umount2(path, MNT_DETACH);
}
