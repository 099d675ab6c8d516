/*
 * For tests of rootfs/: a bundle with a small root in a temporary directory, a configuration filled in by hand, and a container of fresh
 * namespaces in which init builds, enters and seals it and then looks at what a user would see. Needs root. cmocka.h comes after this.
 */
#pragma once

#include "base/sys.h"
#include "rootfs/path.h"
#include "rootfs/rootfs.h"

#include "tests/unit/child.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#define MAX_MOUNTS 16
#define USER_BASE 100000U   /* host id of the container's root in a user namespace */

struct world {
	struct arena arena;
	char bundle[64], root[80], outside[80];
	struct spec spec;
	struct rootfs_request request;
	struct spec_mount mounts[MAX_MOUNTS];
	int idmap_fds[MAX_MOUNTS];
	bool user_namespace;
	bool no_own_network;     /* share the caller's: sysfs cannot be mounted in a user namespace then */
	bool no_own_pid;
	void (*before_enter)(struct world *world, struct rootfs *rootfs);
	void (*look)(struct world *world, struct rootfs *rootfs);
};

static inline void shell(const char *fmt, ...)
{
	char command[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof command, fmt, args);
	va_end(args);
	if (system(command) != 0) {
		dprintf(2, "failed: %s\n", command);
		abort();
	}
}

static inline struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof *w);

	if (!w)
		abort();
	strcpy(w->bundle, "/tmp/berth-rootfs-XXXXXX");
	if (!mkdtemp(w->bundle))
		abort();
	snprintf(w->root, sizeof w->root, "%s/rootfs", w->bundle);
	snprintf(w->outside, sizeof w->outside, "%s/outside", w->bundle);
	shell("chmod 755 %s && mkdir -p %s/etc %s && echo image > %s/etc/hosts && echo secret > %s/secret", w->bundle, w->root, w->outside,
	      w->root, w->outside);
	w->spec.root = (struct spec_root){ .set = true, .path = arena_strdup(&w->arena, "rootfs") };
	w->spec.mounts = w->mounts;
	w->spec.linux_.namespaces[NS_MOUNT].set = true;
	w->spec.linux_.namespaces[NS_PID].set = true;
	w->spec.linux_.namespaces[NS_IPC].set = true;
	w->request = (struct rootfs_request){ .spec = &w->spec, .bundle = w->bundle };
	return w;
}

static inline void world_free(struct world *w)
{
	shell("rm -rf --one-file-system %s", w->bundle);
	arena_free(&w->arena);
	free(w);
}

/* "a,b,c" as an array; the options of these tests have no commas of their own. */
static inline struct strings strings_of(struct world *w, const char *list)
{
	struct strings s = { .set = true, .items = arena_array(&w->arena, strlen(list) + 2, sizeof *s.items) };
	char *save = NULL;

	for (char *item = strtok_r(arena_strdup(&w->arena, list), ",", &save); item; item = strtok_r(NULL, ",", &save))
		s.items[s.count++] = item;
	return s;
}

static inline struct spec_mount *world_mount(struct world *w, const char *destination, const char *type, const char *source,
                                             const char *options)
{
	if (w->spec.mount_count == MAX_MOUNTS)
		abort();
	struct spec_mount *mount = &w->mounts[w->spec.mount_count++];

	mount->destination = arena_strdup(&w->arena, destination);
	mount->type = type ? arena_strdup(&w->arena, type) : NULL;
	mount->source = source ? arena_strdup(&w->arena, source) : NULL;
	mount->options = strings_of(w, options);
	return mount;
}

/* --- the container ------------------------------------------------------------------------------------------------------ */

static inline void world_init(struct world *w, struct rootfs *rootfs)
{
	umask(0);
	require(rootfs_build(rootfs) == 0);
	if (w->before_enter)
		w->before_enter(w, rootfs);
	require(rootfs_enter(rootfs) == 0);
	require(rootfs_seal(rootfs) == 0);
	if (w->look)
		w->look(w, rootfs);
	rootfs_close(rootfs);
	_exit(0);
}

static inline int wait_for(pid_t pid)
{
	int status = -1;

	if (waitpid(pid, &status, 0) != pid)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Process between: in the new user namespace, it makes the others, and init in them. */
static inline void world_between(struct world *w, struct rootfs *rootfs, int go)
{
	uint64_t flags = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | (w->no_own_pid ? 0 : CLONE_NEWPID) |
	                 (w->no_own_network ? 0 : CLONE_NEWNET) | (w->request.cgroup_namespace ? CLONE_NEWCGROUP : 0);
	char byte;

	if (w->user_namespace) {
		require(unshare(CLONE_NEWUSER) == 0);
		require(write(go, "u", 1) == 1 && read(go, &byte, 1) == 1);
		require(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0);
	}
	require(unshare((int)flags) == 0);
	pid_t pid = fork();

	if (pid == 0)
		world_init(w, rootfs);
	require(pid > 0);
	_exit(wait_for(pid));
}

static inline void write_map(pid_t pid, const char *name)
{
	char path[64], map[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	/* Two ids: 0 and, with the engines' gid=5 in mind, nothing near 5. */
	snprintf(map, sizeof map, "0 %u 5\n6 %u 60000", USER_BASE, USER_BASE + 6);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write_all(fd, map, strlen(map)) < 0)
		abort();
	close(fd);
}

/* Run the container. 0: everything was as its functions require()d; a failure to prepare is returned with the record filled. */
static inline int world_run(struct world *w)
{
	struct rootfs rootfs = ROOTFS_NONE;
	int go[2], r;
	char byte;

	w->request.user_namespace = w->user_namespace;
	w->spec.linux_.namespaces[NS_USER].set = w->user_namespace;
	w->spec.linux_.namespaces[NS_NETWORK].set = !w->no_own_network;
	w->spec.linux_.namespaces[NS_PID].set = !w->no_own_pid;
	r = rootfs_prepare(&rootfs, &w->request);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) < 0)
		abort();
	fflush(NULL);
	pid_t pid = fork();

	if (pid == 0)
		world_between(w, &rootfs, go[1]);
	if (w->user_namespace && read(go[0], &byte, 1) == 1) {
		write_map(pid, "uid_map");
		write_map(pid, "gid_map");
		if (write(go[0], "g", 1) != 1)
			abort();
	}
	rootfs_close(&rootfs);
	close(go[0]);
	close(go[1]);
	return wait_for(pid);
}

/* --- what a user sees --------------------------------------------------------------------------------------------------- */

static inline unsigned long flags_of(const char *path)
{
	struct statvfs fs;

	require(statvfs(path, &fs) == 0);
	return fs.f_flag;
}

static inline struct stat stat_of(const char *path)
{
	struct stat st;

	require(lstat(path, &st) == 0);
	return st;
}

static inline bool is_device(const char *path, unsigned major, unsigned minor)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(major, minor);
}

static inline bool link_is(const char *path, const char *target)
{
	char text[PATH_MAX];
	ssize_t n = readlink(path, text, sizeof text - 1);

	return n >= 0 && (text[n] = 0, strcmp(text, target) == 0);
}

static inline bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* The line of /proc/self/mountinfo for the topmost mount at path, or NULL. */
static inline const char *mount_line(const char *path)
{
	static char text[262144], line[4096];
	char point[256];
	bool found = false;

	require(read_text_at(AT_FDCWD, "/proc/self/mountinfo", text, sizeof text) >= 0);
	for (char *save = NULL, *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (sscanf(l, "%*s %*s %*s %*s %255s", point) == 1 && strcmp(point, path) == 0) {
			snprintf(line, sizeof line, "%s", l);
			found = true;
		}
	}
	return found ? line : NULL;
}

static inline bool mount_has(const char *path, const char *text)
{
	const char *line = mount_line(path);

	return line && strstr(line, text);
}
