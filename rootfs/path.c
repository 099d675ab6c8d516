#include "rootfs/path.h"

#include "base/fd.h"
#include "base/sys.h"

#include <limits.h>
#include <sys/stat.h>

#define IN_ROOT (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

/* A rename or mount anywhere on the system may disturb a scoped look-up with "..": the kernel then says EAGAIN. */
#define TRIES 128

/* As the kernel's own limit (MAXSYMLINKS). */
#define MAX_LINKS 40

static int open_scoped(int root, const char *path, int flags, uint64_t resolve)
{
	for (int i = 0; i < TRIES; i++) {
		int fd = sys_openat2(root, path, (uint64_t)(unsigned)flags, 0, resolve);

		if (fd != -EAGAIN)
			return fd;
	}
	return -EAGAIN;
}

/* An empty path means the root, as "/" does. */
static const char *non_empty(const char *path)
{
	return path[0] ? path : "/";
}

int path_open_in(int root, const char *path, int flags)
{
	return open_scoped(root, non_empty(path), flags, IN_ROOT);
}

int path_open_plain(int root, const char *path, int flags)
{
	return open_scoped(root, non_empty(path), flags, IN_ROOT | RESOLVE_NO_SYMLINKS);
}

void path_clean(char *path)
{
	const char *in = path;
	char *out = path;

	while (*in) {
		size_t length = strcspn(in, "/");

		if (length == 2 && in[0] == '.' && in[1] == '.') {
			while (out > path && *--out != '/')
				;
		} else if (length > 0 && !(length == 1 && in[0] == '.')) {
			*out++ = '/';
			memmove(out, in, length);
			out += length;
		}
		in += length;
		in += strspn(in, "/");
	}
	if (out == path)
		*out++ = '/';
	*out = 0;
}

/*
 * A walk that makes what is missing. done is the way so far, from the root and without symbolic links; left is what remains.
 * Each step resolves done anew below the root, so that no rename of another process can lead the walk out of it.
 */
struct walk {
	int root, dir; /* dir: descriptor of done; the walk owns it */
	size_t done_length;
	unsigned links;
	char done[PATH_MAX], left[PATH_MAX];
};

static int walk_start(struct walk *walk, int root, const char *path)
{
	size_t length = strlen(path);

	*walk = (struct walk){ .root = root, .dir = -1 };
	if (length >= sizeof walk->left)
		return -ENAMETOOLONG;
	memcpy(walk->left, path, length + 1);
	walk->dir = open_scoped(root, "/", O_PATH | O_DIRECTORY, IN_ROOT);
	return walk->dir < 0 ? walk->dir : 0;
}

static void walk_end(struct walk *walk)
{
	close_fd(&walk->dir);
}

#define _cleanup_walk_ __attribute__((cleanup(walk_end)))

/* Cut the next component off left; false when there is none. */
static bool next_component(struct walk *walk, char name[NAME_MAX + 1], int *error)
{
	char *start = walk->left + strspn(walk->left, "/");
	size_t length = strcspn(start, "/");

	*error = length > NAME_MAX ? -ENAMETOOLONG : 0;
	if (length == 0 || *error < 0)
		return false;
	memcpy(name, start, length);
	name[length] = 0;
	start += length;
	memmove(walk->left, start, strlen(start) + 1);
	return true;
}

static bool is_last(const struct walk *walk)
{
	return walk->left[strspn(walk->left, "/")] == 0;
}

/* The parent of done: the root's is the root. */
static int walk_up(struct walk *walk)
{
	while (walk->done_length > 0 && walk->done[--walk->done_length] != '/')
		;
	walk->done[walk->done_length] = 0;
	int dir = open_scoped(walk->root, non_empty(walk->done), O_PATH | O_DIRECTORY, IN_ROOT | RESOLVE_NO_SYMLINKS);

	close_fd(&walk->dir);
	walk->dir = dir;
	return dir < 0 ? dir : 0;
}

/* fd, the directory called name in done, becomes the place where the walk stands. */
static int walk_into(struct walk *walk, const char *name, int fd)
{
	size_t length = strlen(name);

	if (walk->done_length + length + 2 > sizeof walk->done) {
		close_fd(&fd);
		return -ENAMETOOLONG;
	}
	walk->done[walk->done_length++] = '/';
	memcpy(walk->done + walk->done_length, name, length + 1);
	walk->done_length += length;
	close_fd(&walk->dir);
	walk->dir = fd;
	return 0;
}

/* Put the text of the symbolic link in front of what is left. */
static int follow_link(struct walk *walk, int link)
{
	char target[PATH_MAX], rest[PATH_MAX];

	if (++walk->links > MAX_LINKS)
		return -ELOOP;
	ssize_t length = readlinkat(link, "", target, sizeof target - 1);

	if (length < 0)
		return -errno;
	target[length] = 0;
	memcpy(rest, walk->left, sizeof rest);
	int n = snprintf(walk->left, sizeof walk->left, "%s/%s", target, rest);

	if (n < 0 || (size_t)n >= sizeof walk->left)
		return -ENAMETOOLONG;
	if (target[0] != '/')
		return 0;
	walk->done_length = 0;
	walk->done[0] = 0;
	int root = open_scoped(walk->root, "/", O_PATH | O_DIRECTORY, IN_ROOT);

	close_fd(&walk->dir);
	walk->dir = root;
	return root < 0 ? root : 0;
}

/*
 * The entry called name where the walk stands, a symbolic link not followed. Mount points are entered: the root may have some.
 */
static int open_entry(int dir, const char *name)
{
	return open_scoped(dir, name, O_PATH | O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

static int make_in(int dir, const char *name, bool directory, mode_t mode)
{
	int r = directory ? mkdirat(dir, name, mode) : mknodat(dir, name, S_IFREG | mode, 0);

	return r < 0 ? -errno : 0;
}

static int make_entry(const struct walk *walk, const char *name, bool directory, mode_t mode)
{
	int fd = open_entry(walk->dir, name);

	if (fd != -ENOENT)
		return fd;
	int r = make_in(walk->dir, name, directory, mode);

	return r < 0 && r != -EEXIST ? r : open_entry(walk->dir, name);
}

/*
 * Go to the parent of the last component, making directories; name is that component, or "" when the path ends in the directory
 * where the walk stands ("/", "a/..").
 */
static int walk_to_parent(struct walk *walk, char name[NAME_MAX + 1])
{
	int error;

	while (next_component(walk, name, &error)) {
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			error = walk_up(walk);
			if (error < 0)
				return error;
			continue;
		}
		if (is_last(walk))
			return 0;
		int fd = make_entry(walk, name, true, 0755);
		struct stat st;

		if (fd < 0)
			return fd;
		if (fstat(fd, &st) < 0)
			error = -errno;
		else if (S_ISLNK(st.st_mode))
			error = follow_link(walk, fd);
		else if (S_ISDIR(st.st_mode)) {
			error = walk_into(walk, name, steal_fd(&fd));
		} else
			error = -ENOTDIR;
		close_fd(&fd);
		if (error < 0)
			return error;
	}
	name[0] = 0;
	return error;
}

int path_make_plain(int root, const char *path, bool directory, mode_t mode)
{
	const char *last = strrchr(path, '/');
	char parent[PATH_MAX];
	size_t length = last ? (size_t)(last - path) : 0;

	last = last ? last + 1 : path;
	if (length >= sizeof parent)
		return -ENAMETOOLONG;
	if (!last[0] || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
		return -EINVAL;
	memcpy(parent, path, length);
	parent[length] = 0;
	_cleanup_fd_ int dir = path_open_plain(root, parent, O_PATH | O_DIRECTORY);
	int r = dir < 0 ? dir : make_in(dir, last, directory, mode);

	return r < 0 ? r : open_entry(dir, last);
}

/* The last component may be a symbolic link, also a dangling one, whose target is made then. */
static int make(int root, const char *path, bool directory, mode_t mode)
{
	_cleanup_walk_ struct walk walk;
	char name[NAME_MAX + 1];
	struct stat st;
	int r = walk_start(&walk, root, path);

	while (r >= 0) {
		r = walk_to_parent(&walk, name);
		if (r < 0)
			break;
		if (!name[0])
			return directory ? steal_fd(&walk.dir) : -EISDIR;
		_cleanup_fd_ int fd = make_entry(&walk, name, directory, mode);

		if (fd < 0)
			return fd;
		if (fstat(fd, &st) < 0)
			return -errno;
		if (!S_ISLNK(st.st_mode)) {
			if (directory != S_ISDIR(st.st_mode))
				return directory ? -ENOTDIR : -EISDIR;
			return steal_fd(&fd);
		}
		r = follow_link(&walk, fd);
	}
	return r;
}

int path_make_dir(int root, const char *path, mode_t mode)
{
	int fd = path_open_in(root, path, O_PATH | O_DIRECTORY);

	return fd == -ENOENT ? make(root, path, true, mode) : fd;
}

int path_make_file(int root, const char *path, mode_t mode)
{
	return make(root, path, false, mode);
}

int path_open_parent(int root, const char *path, char *name, size_t size)
{
	_cleanup_walk_ struct walk walk;
	char last[NAME_MAX + 1];
	int r = walk_start(&walk, root, path);

	if (r >= 0)
		r = walk_to_parent(&walk, last);
	if (r < 0)
		return r;
	if (!last[0])
		return -EINVAL;
	if (strlen(last) >= size)
		return -ENAMETOOLONG;
	memcpy(name, last, strlen(last) + 1);
	return steal_fd(&walk.dir);
}
