#include "rootfs/copyup.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"

#include <limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define MAX_DEPTH 64
#define XATTR_MAX 65536

/* One entry: where it is, where it goes. */
struct copy {
	int from, to; /* directories */
	const char *name;
	struct stat st;
	unsigned depth;
};

static int copy_directory(int from, int to, unsigned depth);

static int open_source(const struct copy *c, int flags)
{
	return sys_openat2(c->from, c->name, (uint64_t)(unsigned)(flags | O_NOFOLLOW), 0,
			   RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
}

/* The mount's own label stays; what a tmpfs does not know is left behind. */
static int copy_attribute(int from, int to, const char *name, char *value)
{
	if (strcmp(name, "security.selinux") == 0)
		return 0;
	ssize_t size = fgetxattr(from, name, value, XATTR_MAX);

	if (size < 0)
		return errno == ENODATA ? 0 : fail(errno, "read attribute %s", name);
	if (fsetxattr(to, name, value, (size_t)size, 0) < 0 && errno != ENOTSUP && errno != EPERM)
		return fail(errno, "set attribute %s", name);
	return 0;
}

static int copy_attributes(int from, int to)
{
	char none[1];
	ssize_t size = flistxattr(from, none, 0);

	if (size == 0 || (size < 0 && errno == ENOTSUP))
		return 0;
	_cleanup_free_ char *names = malloc(XATTR_MAX), *value = malloc(XATTR_MAX);

	if (!names || !value)
		return fail(ENOMEM, "copy attributes");
	size = flistxattr(from, names, XATTR_MAX);
	if (size < 0)
		return fail(errno, "list attributes");
	int r = 0;

	for (const char *name = names; r >= 0 && name < names + size; name += strlen(name) + 1)
		r = copy_attribute(from, to, name, value);
	return r;
}

static int copy_content(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, 1 << 30);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? fail(errno, "copy") : 0;
}

static int copy_file(const struct copy *c)
{
	_cleanup_fd_ int from = open_source(c, O_RDONLY | O_NONBLOCK | O_NOCTTY), to = -1;
	struct stat st;

	if (from < 0)
		return fail(-from, "open");
	if (fstat(from, &st) < 0 || !S_ISREG(st.st_mode))
		return refuse(EAGAIN, "changed while it was copied");
	to = openat(c->to, c->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return fail(errno, "create");
	int r = copy_content(from, to);

	if (r >= 0 && fchown(to, c->st.st_uid, c->st.st_gid) < 0 && errno != EINVAL)
		r = fail(errno, "chown");
	if (r >= 0)
		r = copy_attributes(from, to);
	return r;
}

static int copy_sub_directory(const struct copy *c)
{
	_cleanup_fd_ int from = open_source(c, O_RDONLY | O_DIRECTORY), to = -1;

	if (from < 0)
		return fail(-from, "open");
	if (mkdirat(c->to, c->name, 0700) < 0)
		return fail(errno, "create");
	to = openat(c->to, c->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return fail(errno, "open the copy");
	int r = copy_directory(from, to, c->depth + 1);

	if (r >= 0 && fchown(to, c->st.st_uid, c->st.st_gid) < 0 && errno != EINVAL)
		r = fail(errno, "chown");
	return r < 0 ? r : copy_attributes(from, to);
}

static int copy_link(const struct copy *c)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(c->from, c->name, target, sizeof target - 1);

	if (length < 0)
		return fail(errno, "read link");
	target[length] = 0;
	return symlinkat(target, c->to, c->name) < 0 ? fail(errno, "create link") : 0;
}

/* Devices cannot be made in a user namespace, where a tmpfs would not let them work either. */
static int copy_node(const struct copy *c)
{
	if (mknodat(c->to, c->name, c->st.st_mode, c->st.st_rdev) == 0)
		return 0;
	if (errno != EPERM)
		return fail(errno, "create node");
	log_warning("tmpcopyup: device %s cannot be made here", c->name);
	return 1;
}

static int copy_status(const struct copy *c)
{
	const struct timespec times[] = { c->st.st_atim, c->st.st_mtim };
	bool own_chown = S_ISREG(c->st.st_mode) || S_ISDIR(c->st.st_mode);

	/* Before the mode: a change of owner takes set-id bits away. */
	if (!own_chown && fchownat(c->to, c->name, c->st.st_uid, c->st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EINVAL)
		return fail(errno, "chown");
	if (!S_ISLNK(c->st.st_mode) && fchmodat(c->to, c->name, c->st.st_mode & 07777, 0) < 0)
		return fail(errno, "chmod");
	return utimensat(c->to, c->name, times, AT_SYMLINK_NOFOLLOW) < 0 ? fail(errno, "set times") : 0;
}

static int copy_by_type(const struct copy *c)
{
	switch (c->st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(c);
	case S_IFDIR:
		return copy_sub_directory(c);
	case S_IFLNK:
		return copy_link(c);
	default:
		return copy_node(c);
	}
}

/* Of another mount only the place is made. */
static int make_mount_point(const struct copy *c)
{
	int r = S_ISDIR(c->st.st_mode) ? mkdirat(c->to, c->name, 0755) : mknodat(c->to, c->name, S_IFREG | 0644, 0);

	return r < 0 ? fail(errno, "create") : 0;
}

static int copy_entry(const struct copy *c)
{
	_cleanup_fd_ int entry = sys_openat2(c->from, c->name, O_PATH | O_NOFOLLOW, 0,
					     RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
	struct copy with_status = *c;

	if (entry == -ENOENT)
		return 0;
	if (entry < 0 && entry != -EXDEV)
		return fail(-entry, "open");
	int r = entry >= 0 ? fstat(entry, &with_status.st) : fstatat(c->from, c->name, &with_status.st, AT_SYMLINK_NOFOLLOW);

	if (r < 0)
		return fail(errno, "stat");
	if (entry == -EXDEV)
		return make_mount_point(&with_status);
	r = copy_by_type(&with_status);
	return r == 0 ? copy_status(&with_status) : r;
}

static int copy_directory(int from, int to, unsigned depth)
{
	int again = fcntl(from, F_DUPFD_CLOEXEC, 0);
	_cleanup_dir_ DIR *dir = again < 0 ? NULL : fdopendir(again);
	int r = 0;

	if (!dir) {
		r = fail(errno, "read directory");
		close_fd(&again);
		return r;
	}
	if (depth > MAX_DEPTH)
		return refuse(ELOOP, "directories are nested more than %d deep", MAX_DEPTH);
	while (r >= 0) {
		errno = 0;
		const struct dirent *entry = readdir(dir);

		if (!entry)
			return errno ? fail(errno, "read directory") : 0;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		struct copy c = { .from = from, .to = to, .name = entry->d_name, .depth = depth };

		r = context(copy_entry(&c), "%s", entry->d_name);
	}
	return r;
}

int copy_up(int from, int to)
{
	_cleanup_fd_ int source = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), copy = -1;
	struct stat st;

	if (source < 0)
		return fail(errno, "tmpcopyup: open the directory");
	copy = openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copy < 0 || fstat(source, &st) < 0)
		return fail(errno, "tmpcopyup: open the tmpfs");
	int r = copy_directory(source, copy, 0);

	if (r >= 0 && fchown(copy, st.st_uid, st.st_gid) < 0 && errno != EINVAL)
		r = fail(errno, "chown");
	return context(r, "tmpcopyup");
}
