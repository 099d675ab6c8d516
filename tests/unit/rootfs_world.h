/*
 * For tests of rootfs/: a bundle with a small root in a temporary directory, a configuration filled in by hand, and a container
 * of fresh namespaces in which init builds, enters and seals it and then looks at what a user would see. Needs root. cmocka.h
 * comes after this.
 */
#pragma once

#include "base/proc.h"
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
#define USER_BASE 100000U /* host id of the container's root in a user namespace */

struct world {
	struct arena arena;
	char bundle[64], root[80], outside[80];
	struct spec spec;
	struct rootfs_request request;
	struct spec_mount mounts[MAX_MOUNTS];
	int idmap_fds[MAX_MOUNTS];
	bool user_namespace, unknown_maps;
	bool host_network, host_pid, host_ipc; /* shared with the caller */
	bool host_mounts;                      /* the mount namespace is "joined": the one that the test made before */
	int fails;                             /* rootfs_build() is to fail with this code ... */
	const char *fails_with;                /* ... and this in its text */
	int sync;                              /* init's end, while meanwhile() is waited for */
	void (*before_enter)(struct world *world, struct rootfs *rootfs);
	void (*look)(struct world *world, struct rootfs *rootfs);
	void (*meanwhile)(struct world *world); /* on the host, when init calls world_meanwhile() */
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
	shell("chmod 755 %s && mkdir -p %s/etc %s && echo image > %s/etc/hosts && echo secret > %s/secret", w->bundle, w->root,
	      w->outside, w->root, w->outside);
	w->spec.root = (struct spec_root){ .set = true, .path = arena_strdup(&w->arena, "rootfs") };
	w->spec.mounts = w->mounts;
	w->request = (struct rootfs_request){ .spec = &w->spec, .bundle = w->bundle };
	return w;
}

static inline void world_free(struct world *w)
{
	/* What the test mounted on its host's side. */
	shell("while read -r _ _ _ _ p _; do case $p in %s/*) umount -l $p 2>/dev/null || :;; esac; done < "
	      "/proc/self/mountinfo",
	      w->bundle);
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

/*
 * A mount namespace of the test's own, in which it plays the host, with a /dev of its own; nothing of it reaches the machine,
 * whatever is wrong with what is tested.
 */
static inline void world_host(void)
{
	if (unshare(CLONE_NEWNS) < 0 || sys_mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		abort();
	shell("d=$(mktemp -d) && mount -t tmpfs -o mode=755 dev $d && cd /dev && cp -a null zero full random urandom tty $d && "
	      "cd $d && "
	      "mkdir char && ln -s ../null char/1:3 && ln -s ../zero char/1:5 && ln -s ../full char/1:7 && cd / && "
	      "mount --move $d /dev && rmdir $d");
}

/* --- the container ------------------------------------------------------------------------------------------------------ */

/* In init: let the host act. */
static inline void world_meanwhile(struct world *w)
{
	char byte = 'm';

	require(write(w->sync, &byte, 1) == 1 && read(w->sync, &byte, 1) == 1);
}

static inline void world_init(struct world *w, struct rootfs *rootfs)
{
	umask(0);
	int r = rootfs_build(rootfs);

	if (w->fails) {
		require(r == -w->fails && error_record()->code == w->fails);
		require(strstr(error_record()->text, w->fails_with));
		_exit(0);
	}
	require(r == 0);
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

/* The process between: in the new user namespace, it makes the other namespaces, and init in them. */
static inline void world_between(struct world *w, struct rootfs *rootfs)
{
	int flags = (w->host_mounts ? 0 : CLONE_NEWNS) | CLONE_NEWUTS | (w->host_ipc ? 0 : CLONE_NEWIPC) |
		    (w->host_pid ? 0 : CLONE_NEWPID) | (w->host_network ? 0 : CLONE_NEWNET) |
		    (w->request.cgroup_namespace ? CLONE_NEWCGROUP : 0);
	char byte = 'u';

	if (w->user_namespace) {
		require(unshare(CLONE_NEWUSER) == 0);
		require(write(w->sync, &byte, 1) == 1 && read(w->sync, &byte, 1) == 1);
		require(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0);
	}
	require(unshare(flags) == 0);
	pid_t pid = fork();

	if (pid == 0)
		world_init(w, rootfs);
	require(pid > 0);
	_exit(wait_for(pid));
}

/* Ids but 5, the gid that engines give to a devpts. */
static inline struct spec_id_map *world_maps(void)
{
	static struct spec_id_map maps[] = { { 0, USER_BASE, 5 }, { 6, USER_BASE + 6, 60000 } };

	return maps;
}

static inline void write_map(pid_t pid, const char *name)
{
	char path[64], map[128];
	const struct spec_id_map *m = world_maps();

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	snprintf(map, sizeof map, "%u %u %u\n%u %u %u", m[0].container_id, m[0].host_id, m[0].size, m[1].container_id,
		 m[1].host_id, m[1].size);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write_all(fd, map, strlen(map)) < 0)
		abort();
	close(fd);
}

static inline void world_configure(struct world *w)
{
	struct spec_linux *config = &w->spec.linux_;
	static char some_path[] = "/proc/self/ns/x";

	w->request.user_namespace = w->user_namespace;
	config->namespaces[NS_USER] = (struct spec_namespace){ .set = w->user_namespace,
							       .path = w->unknown_maps ? some_path : NULL };
	config->namespaces[NS_NETWORK].set = !w->host_network;
	config->namespaces[NS_PID].set = !w->host_pid;
	config->namespaces[NS_IPC].set = !w->host_ipc;
	config->namespaces[NS_MOUNT] = (struct spec_namespace){ .set = true, .path = w->host_mounts ? some_path : NULL };
	if (w->user_namespace && !w->unknown_maps)
		config->uid_maps = config->gid_maps = (struct spec_id_maps){ 2, world_maps() };
}

/* What the host does: for init's requests, until its end is closed. */
static inline void world_serve(struct world *w, int sync, pid_t pid)
{
	char byte;

	while (read(sync, &byte, 1) == 1) {
		if (byte == 'u') {
			write_map(pid, "uid_map");
			write_map(pid, "gid_map");
		} else {
			w->meanwhile(w);
		}
		if (write(sync, &byte, 1) != 1)
			abort();
	}
}

/* Run the container. 0: everything was as its functions require()d; a failure to prepare is returned with the record filled. */
static inline int world_run(struct world *w)
{
	struct rootfs rootfs = ROOTFS_NONE;
	int sync[2];

	world_configure(w);
	int r = rootfs_prepare(&rootfs, &w->request);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sync) < 0)
		abort();
	fflush(NULL);
	pid_t pid = fork();

	if (pid == 0) {
		close(sync[0]);
		w->sync = sync[1];
		world_between(w, &rootfs);
	}
	rootfs_close(&rootfs);
	close(sync[1]);
	world_serve(w, sync[0], pid);
	close(sync[0]);
	return wait_for(pid);
}

/* Everything of the outside is as world_new() made it. */
static inline bool world_outside_is_untouched(const struct world *w)
{
	char command[512];

	snprintf(command, sizeof command,
		 "test \"$(ls -A %1$s)\" = secret && test \"$(cat %1$s/secret)\" = secret && test \"$(stat -c %%a%%u%%g "
		 "%1$s)\" = 75500",
		 w->outside);
	return system(command) == 0;
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

/* The caller's mounts, by a procfs of our own where the container has none. */
static inline char *mountinfo(void)
{
	static char text[262144];

	if (read_text_at(AT_FDCWD, "/proc/self/mountinfo", text, sizeof text) >= 0)
		return text;
	_cleanup_fd_ int proc = proc_open_trusted();

	require(proc >= 0 && read_text_at(proc, "self/mountinfo", text, sizeof text) >= 0);
	return text;
}

/* The line of /proc/self/mountinfo for the topmost mount at path, or NULL. */
static inline const char *mount_line(const char *path)
{
	static char line[4096];
	char point[256];
	bool found = false;

	for (char *save = NULL, *l = strtok_r(mountinfo(), "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
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

/* How many mounts there are at path. */
static inline int mounts_at(const char *path)
{
	char point[256];
	int count = 0;

	for (char *save = NULL, *l = strtok_r(mountinfo(), "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		count += sscanf(l, "%*s %*s %*s %*s %255s", point) == 1 && strcmp(point, path) == 0;
	return count;
}

static inline bool can_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static inline bool text_is(const char *path, const char *want)
{
	char text[1024];

	return read_text_at(AT_FDCWD, path, text, sizeof text) >= 0 && strcmp(text, want) == 0;
}
