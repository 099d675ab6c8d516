#include "runtime/store.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "base/trace.h"
#include "namespaces/namespaces.h"
#include "oci/parse.h"

#include <ctype.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define STATE_FILE "state.json"
#define CONFIG_FILE "config.json"
#define STATE_MAX_SIZE (SPEC_MAX_SIZE * 2) /* it holds the annotations, quoted anew */

#define MAX_DEPTH 8 /* directories below ROOT/ID that store_remove() follows; the store itself makes none */

int store_check_id(const char *id)
{
	size_t length = strlen(id);

	if (length == 0)
		return refuse(EINVAL, "a container id must not be empty");
	if (length > STORE_ID_MAX)
		return refuse(EINVAL, "the container id has %zu characters; at most %d are possible", length, STORE_ID_MAX);
	for (const char *c = id; *c; c++)
		if (!(isascii((unsigned char)*c) && isalnum((unsigned char)*c)) && !strchr("_+.-", *c))
			return refuse(EINVAL, "invalid container id \"%.*s\": only letters, digits, and _ + . - are allowed",
				      (int)(length < 64 ? length : 64), id);
	if (!strcmp(id, ".") || !strcmp(id, ".."))
		return refuse(EINVAL, "invalid container id \"%s\"", id);
	return 0;
}

int store_default_root(char *path, size_t size)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	uid_t uid = geteuid();
	int n;

	if (uid == 0 && ns_in_host_user())
		n = snprintf(path, size, "/run/berth");
	else if (runtime_dir && *runtime_dir == '/')
		n = snprintf(path, size, "%s/berth", runtime_dir);
	else if (uid == 0)
		n = snprintf(path, size, "/run/berth");
	else
		n = snprintf(path, size, "/run/user/%u/berth", (unsigned)uid);
	return (size_t)n < size ? 0 : refuse(ENAMETOOLONG, "XDG_RUNTIME_DIR is too long");
}

/* --- the directories -------------------------------------------------------------------------------------------------- */

static int open_dir(int at, const char *path, int flags)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);

	return fd < 0 ? -errno : fd;
}

/* Make path and its parents. */
static int make_root(const char *root)
{
	char path[PATH_MAX];

	if (strlen(root) >= sizeof path)
		return refuse(ENAMETOOLONG, "the state directory's name is too long");
	memcpy(path, root, strlen(root) + 1);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return fail(errno, "create %s", path);
		*slash = '/';
	}
	return mkdir(path, 0711) < 0 && errno != EEXIST ? fail(errno, "create the state directory %s", path) : 0;
}

static int open_root(const char *root)
{
	int fd = open_dir(AT_FDCWD, root, 0);

	if (fd != -ENOENT)
		return fd < 0 ? fail(-fd, "open the state directory %s", root) : fd;
	int r = make_root(root);

	if (r < 0)
		return r;
	fd = open_dir(AT_FDCWD, root, 0);
	return fd < 0 ? fail(-fd, "open the state directory %s", root) : fd;
}

/* Whoever can write here can have us signal any process: it must be ours alone. */
static int check_owner(const struct stat *st, uid_t user, const char *id)
{
	if (st->st_uid != user)
		return refuse(EPERM, "the state of %s belongs to user %u: run this as that user", id, (unsigned)st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return refuse(EPERM, "the state directory of %s can be written by others (mode %04o)", id, st->st_mode & 07777);
	return 0;
}

static int open_container(int root, const char *id)
{
	_cleanup_fd_ int dir = open_dir(root, id, O_NOFOLLOW);
	struct stat st;

	if (dir == -ENOENT)
		return refuse(ENOENT, "container does not exist: %s", id);
	if (dir < 0)
		return fail(-dir, "open the state of %s", id);
	if (fstat(dir, &st) < 0)
		return fail(errno, "stat the state of %s", id);
	int r = check_owner(&st, geteuid(), id);

	return r < 0 ? r : steal_fd(&dir);
}

int store_create(const char *root, const char *id)
{
	int r = store_check_id(id);

	if (r < 0)
		return r;
	_cleanup_fd_ int base = open_root(root);

	if (base < 0)
		return base;
	if (mkdirat(base, id, 0700) < 0)
		return errno == EEXIST ? refuse(EEXIST, "container with given ID already exists: %s", id)
				       : fail(errno, "create %s/%s", root, id);
	int dir = open_container(base, id);

	if (dir < 0)
		(void)unlinkat(base, id, AT_REMOVEDIR);
	return dir;
}

int store_open_root(const char *root)
{
	int base = open_dir(AT_FDCWD, root, O_PATH);

	return base < 0 ? fail(-base, "open the state directory %s", root) : base;
}

int store_open(const char *root, const char *id)
{
	int r = store_check_id(id);

	if (r < 0)
		return r;
	_cleanup_fd_ int base = store_open_root(root);

	if (base == -ENOENT)
		return refuse(ENOENT, "container does not exist: %s", id);
	return base < 0 ? base : open_container(base, id);
}

int store_lock(int dir)
{
	_cleanup_fd_ int lock = open_dir(dir, ".", 0);
	struct stat st;

	if (lock == -ENOENT)
		return refuse(ENOENT, "container does not exist");
	if (lock < 0)
		return fail(-lock, "lock the container");
	while (flock(lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return fail(errno, "lock the container");
	if (fstat(lock, &st) < 0)
		return fail(errno, "lock the container");
	/* Who held the lock before us may have deleted the container. */
	return st.st_nlink == 0 ? refuse(ENOENT, "container does not exist") : steal_fd(&lock);
}

/* --- the files -------------------------------------------------------------------------------------------------------- */

/*
 * Readers see the old file or the new one. Not synced: the state lives on a tmpfs and means nothing after a crash of the
 * host.
 */
struct temporary {
	char name[64];
};

static struct temporary temporary_of(const char *name)
{
	static pid_t writer; /* asked for once: nothing is stored after a fork */
	struct temporary temporary;

	writer = writer ? writer : getpid();
	snprintf(temporary.name, sizeof temporary.name, ".%s.%d", name, (int)writer);
	return temporary;
}

static int write_temporary(int dir, const char *name, const char *data, size_t size)
{
	struct temporary temporary = temporary_of(name);
	_cleanup_fd_ int fd = openat(dir, temporary.name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fail(errno, "create %s", temporary.name);
	int r = write_all(fd, data, size);

	if (r < 0)
		(void)unlinkat(dir, temporary.name, 0);
	return r < 0 ? fail(-r, "write %s", name) : 0;
}

static int put_in_place(int dir, const char *name)
{
	struct temporary temporary = temporary_of(name);

	if (renameat(dir, temporary.name, dir, name) == 0)
		return 0;
	int r = fail(errno, "replace %s", name);

	(void)unlinkat(dir, temporary.name, 0);
	return r;
}

static int replace_file(int dir, const char *name, const char *data, size_t size)
{
	int r = write_temporary(dir, name, data, size);

	return r < 0 ? r : put_in_place(dir, name);
}

int store_write_state(int dir, const struct state *state)
{
	TRACE_SCOPE("write state");
	ARENA_SCRATCH(arena, 8192);
	const char *json = state_to_stored_json(state, &arena);

	return write_temporary(dir, STATE_FILE, json, strlen(json));
}

int store_show_state(int dir)
{
	return put_in_place(dir, STATE_FILE);
}

int store_save_state(int dir, const struct state *state)
{
	int r = store_write_state(dir, state);

	return r < 0 ? r : store_show_state(dir);
}

static int load_state(int dir, const char *file, struct state *state)
{
	ARENA_SCRATCH(arena, 8192);
	char *json;
	size_t size;
	int r = read_file_at(dir, file, &arena, STATE_MAX_SIZE, &json, &size);

	if (r == -ENOENT)
		return refuse(ENODATA, "the container is not complete: it is being created, or its creation was interrupted "
				       "(delete --force removes it)");
	if (r < 0)
		return fail(-r, "read " STATE_FILE);
	return context(state_parse(state, json, size), STATE_FILE);
}

int store_load_state(int dir, struct state *state)
{
	return load_state(dir, STATE_FILE, state);
}

int store_peek_state(int root, uid_t user, const char *id, struct state *state)
{
	char file[STORE_ID_MAX + sizeof "/" STATE_FILE];
	struct stat st;
	int r = store_check_id(id);

	if (r < 0)
		return r;
	if (fstatat(root, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? refuse(ENOENT, "container does not exist: %s", id) : fail(errno, "stat the state of %s", id);
	if (!S_ISDIR(st.st_mode))
		return refuse(ENOTDIR, "the state of %s is no directory", id);
	r = check_owner(&st, user, id);
	snprintf(file, sizeof file, "%s/" STATE_FILE, id);
	return r < 0 ? r : load_state(root, file, state);
}

bool store_is_of_this_boot(int dir)
{
	struct statfs fs;

	return fstatfs(dir, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

int store_save_config(int dir, const char *json, size_t size)
{
	return replace_file(dir, CONFIG_FILE, json, size);
}

int store_load_config(int dir, struct spec *spec)
{
	return context(spec_load(spec, dir), "the container's configuration");
}

/* --- remove and list -------------------------------------------------------------------------------------------------- */

static int remove_entry(int dir, const char *name, int depth);

/* Remove what is in dir, except for one name. Not by readdir(3): that allocates, which no other step of a short run does. */
static int empty_dir(int dir, const char *except, int depth)
{
	_Alignas(struct dirent) char entries[2048];
	ssize_t size;

	while ((size = sys_getdents(dir, entries, sizeof entries)) > 0) {
		const struct dirent *entry;

		for (char *at = entries; at < entries + size; at += entry->d_reclen) {
			entry = (const struct dirent *)at;
			if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || (except && !strcmp(entry->d_name, except)))
				continue;
			int r = remove_entry(dir, entry->d_name, depth);

			if (r < 0)
				return r;
		}
	}
	return size < 0 ? fail((int)-size, "read a state directory") : 0;
}

static int remove_entry(int dir, const char *name, int depth)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR || depth == 0)
		return fail(errno, "remove %s", name);
	_cleanup_fd_ int sub = open_dir(dir, name, O_NOFOLLOW);

	if (sub < 0)
		return fail(-sub, "remove %s", name);
	int r = empty_dir(sub, NULL, depth - 1);

	if (r >= 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		r = fail(errno, "remove %s", name);
	return r;
}

int store_remove(const char *root, const char *id)
{
	_cleanup_fd_ int base = open_dir(AT_FDCWD, root, 0), dir = -1;
	int r = store_check_id(id);

	if (r < 0)
		return r;
	if (base < 0)
		return fail(-base, "open the state directory %s", root);
	dir = open_container(base, id);
	if (dir < 0)
		return dir;
	/* The state goes last: interrupted before, the container can still be deleted. */
	r = empty_dir(dir, STATE_FILE, MAX_DEPTH);
	if (r >= 0)
		r = remove_entry(dir, STATE_FILE, 0);
	if (r >= 0 && unlinkat(base, id, AT_REMOVEDIR) < 0)
		r = fail(errno, "remove");
	return context(r, "remove the state of %s", id);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_container(DIR *stream, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type == DT_UNKNOWN)
		return fstatat(dirfd(stream), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
		       store_check_id(entry->d_name) == 0;
	return entry->d_type == DT_DIR && store_check_id(entry->d_name) == 0;
}

int store_list(const char *root, struct arena *arena, char ***ids, size_t *count)
{
	_cleanup_dir_ DIR *stream = opendir(root);
	size_t room = 0, used = 0;
	char **list = NULL;

	*ids = NULL;
	*count = 0;
	if (!stream)
		return errno == ENOENT ? 0 : fail(errno, "open the state directory %s", root);
	for (;;) {
		errno = 0;
		struct dirent *entry = readdir(stream);

		if (!entry && errno)
			return fail(errno, "read the state directory %s", root);
		if (!entry)
			break;
		if (!is_container(stream, entry))
			continue;
		if (used == room) {
			char **grown = arena_array(arena, room = room ? room * 2 : 64, sizeof *grown);

			if (used)
				memcpy(grown, list, used * sizeof *list);
			list = grown;
		}
		list[used++] = arena_strdup(arena, entry->d_name);
	}
	if (used)
		qsort(list, used, sizeof *list, compare_ids);
	*ids = list;
	*count = used;
	return 0;
}
