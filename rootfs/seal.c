#include "rootfs/rootfs.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "base/trace.h"
#include "rootfs/mount.h"
#include "rootfs/path.h"
#include "rootfs/substitute.h"
#include "rootfs/tree.h"

#include <sys/stat.h>

/*
 * A mount that covers: itself the first time, and then, being attached, what further ones are cloned from. Older kernels do not
 * clone detached mounts, and one that is left over costs a grace period to dissolve.
 */
struct cover {
	int tree;
	bool attached;
};

static int cover(struct cover *cover, int place)
{
	_cleanup_fd_ int clone = cover->attached ? tree_clone(cover->tree, "", false) : -1;

	if (cover->attached && clone < 0)
		return clone;
	int r = sys_move_mount_fd(cover->attached ? clone : cover->tree, place);

	cover->attached = true;
	return r;
}

/* A path that leads nowhere needs no mask: -ENOENT. */
static int open_place(const struct rootfs *rootfs, const char *path)
{
	int place = path_open_in(rootfs->root, path, O_PATH);

	return place == -ENOTDIR ? -ENOENT : place;
}

/* What was opened, whatever it is called by now, is covered (CVE-2025-31133). */
static int mask(struct cover *null, struct cover *empty, int place)
{
	struct stat st;

	if (fstat(place, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return cover(null, place);
	if (empty->tree < 0)
		empty->tree = substitute_empty();
	return empty->tree < 0 ? empty->tree : cover(empty, place);
}

static int mask_all(struct rootfs *rootfs)
{
	const struct strings *paths = &rootfs->request->spec->linux_.masked_paths;
	struct cover null = { .tree = rootfs->null }, empty = { .tree = -1 };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < paths->count; i++) {
		_cleanup_fd_ int place = open_place(rootfs, paths->items[i]);

		if (place == -ENOENT)
			continue;
		r = place < 0 ? place : mask(&null, &empty, place);
		if (r < 0)
			fail(-r, "/linux/maskedPaths/%zu: mask %s", i, paths->items[i]);
	}
	close_fd(&empty.tree);
	return r;
}

static int make_readonly(int place)
{
	_cleanup_fd_ int tree = tree_clone(place, "", true);

	if (tree < 0)
		return tree;
	int r = tree_set(tree, MOUNT_ATTR_RDONLY, true);

	return r < 0 ? r : sys_move_mount_fd(tree, place);
}

static int make_paths_readonly(const struct rootfs *rootfs)
{
	const struct strings *paths = &rootfs->request->spec->linux_.readonly_paths;

	for (size_t i = 0; i < paths->count; i++) {
		_cleanup_fd_ int place = open_place(rootfs, paths->items[i]);

		if (place == -ENOENT)
			continue;
		int r = place < 0 ? place : make_readonly(place);

		if (r < 0)
			return fail(-r, "/linux/readonlyPaths/%zu: make %s read-only", i, paths->items[i]);
	}
	return 0;
}

static int set_root_propagation(const struct rootfs *rootfs)
{
	static const struct {
		unsigned flag;
		bool recursive;
	} propagations[] = {
		[PROPAGATION_SHARED] = { MS_SHARED, false },
		[PROPAGATION_SHARED_BELOW] = { MS_SHARED, true },
		[PROPAGATION_UNBINDABLE] = { MS_UNBINDABLE, false },
		[PROPAGATION_UNBINDABLE_BELOW] = { MS_UNBINDABLE, true },
	};
	enum propagation wanted = rootfs->request->spec->linux_.rootfs_propagation;

	/* Private and slave it became when it was bound. */
	if (wanted >= sizeof propagations / sizeof *propagations || !propagations[wanted].flag)
		return 0;
	int r = tree_set_propagation(rootfs->root, "", propagations[wanted].flag, propagations[wanted].recursive);

	return r < 0 ? fail(-r, "/linux/rootfsPropagation") : 0;
}

int rootfs_seal(struct rootfs *rootfs)
{
	TRACE_SCOPE("seal root");
	int r = mounts_finish(rootfs);

	if (r >= 0)
		r = make_paths_readonly(rootfs);
	if (r >= 0)
		r = mask_all(rootfs);
	/* Not before: what is unbindable could not be made read-only, and the masks would be each other's peers. */
	if (r >= 0)
		r = set_root_propagation(rootfs);
	if (r < 0 || !rootfs->request->spec->root.readonly)
		return r;
	r = tree_set(rootfs->root, MOUNT_ATTR_RDONLY, false);
	return r < 0 ? fail(-r, "/root/readonly: make the root read-only") : 0;
}
