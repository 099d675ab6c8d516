/* Id maps of user namespaces: user_namespaces(7), newuidmap(1). */
#include "namespaces/namespaces.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/spawn.h"
#include "base/sys.h"

#include <inttypes.h>
#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/wait.h>

#define MAX_EXTENTS 340 /* the kernel's */
#define HELPER_TIMEOUT_MS 30000

/* One of the two maps of a process. */
struct id_map {
	const struct spec_id_maps *maps;
	const char *file;   /* below /proc/PID */
	const char *helper; /* program that may write what we may not */
	const char *json_path;
	uint32_t own; /* the caller's id */
	bool is_group;
};

/* /proc/PID of the caller's /proc, and really on procfs. */
static int open_process(pid_t pid)
{
	char path[32];
	struct statfs fs;

	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	_cleanup_fd_ int dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return fail(errno, "open %s", path);
	if (fstatfs(dir, &fs) < 0)
		return fail(errno, "statfs %s", path);
	return fs.f_type == PROC_SUPER_MAGIC ? steal_fd(&dir) : refuse(EXDEV, "%s is not on procfs", path);
}

static int write_process_file(int process, const char *name, const char *data)
{
	_cleanup_fd_ int fd = sys_openat2(process, name, O_WRONLY, 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
	size_t size = strlen(data);

	if (fd < 0)
		return fd;
	/* The kernel takes the whole map in one write, once. */
	ssize_t n = write(fd, data, size);

	return n < 0 ? -errno : (size_t)n == size ? 0 : -EIO;
}

static char *map_text(const struct spec_id_maps *maps, struct arena *arena)
{
	size_t room = maps->count * sizeof "4294967295 4294967295 4294967295\n" + 1, used = 0;
	char *text = arena_alloc(arena, room);

	for (size_t i = 0; i < maps->count; i++)
		used += (size_t)snprintf(text + used, room - used, "%u %u %u\n", maps->items[i].container_id,
					 maps->items[i].host_id, maps->items[i].size);
	return text;
}

/* newuidmap PID CONTAINER HOST SIZE …: numbers that we made, an environment that is empty. */
static char **helper_args(const struct id_map *map, pid_t pid, struct arena *arena)
{
	char **args = arena_array(arena, 3 + 3 * map->maps->count, sizeof *args), **next = args;

	*next++ = arena_strdup(arena, map->helper);
	*next++ = arena_printf(arena, "%d", (int)pid);
	for (size_t i = 0; i < map->maps->count; i++) {
		*next++ = arena_printf(arena, "%u", map->maps->items[i].container_id);
		*next++ = arena_printf(arena, "%u", map->maps->items[i].host_id);
		*next++ = arena_printf(arena, "%u", map->maps->items[i].size);
	}
	return args;
}

static const char *find_helper(const struct id_map *map, struct arena *arena)
{
	static const char *const directories[] = { "/usr/bin", "/bin", "/usr/local/bin", "/run/wrappers/bin" };

	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		const char *path = arena_printf(arena, "%s/%s", directories[i], map->helper);

		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

static int run_helper(const struct id_map *map, pid_t pid)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char *nothing[] = { NULL }, why[SPAWN_OUTPUT_SIZE + 128];
	const char *path = find_helper(map, &arena);

	if (!path)
		return refuse(EPERM,
			      "not permitted, and the program %s, which may (package uidmap or shadow), is not in /usr/bin",
			      map->helper);
	_cleanup_fd_ int input = spawn_input("");

	if (input < 0)
		return input;
	struct spawn spawn = {
		.path = path,
		.args = helper_args(map, pid, &arena),
		.env = nothing,
		.input = input,
		.timeout_ms = HELPER_TIMEOUT_MS,
	};
	struct spawn_result result;
	int r = spawn_run(&spawn, &result);

	if (r >= 0)
		r = spawn_explain(&spawn, &result, why, sizeof why) < 0 ? refuse(EPERM, "%s", why) : 0;
	return context(r, "%s (its ranges are in /etc/sub%s)", path, map->is_group ? "gid" : "uid");
}

/* A group map of the own id alone is allowed to everyone who gives up setgroups(2) in there. */
static int write_own_group(int process, const char *text)
{
	int r = write_process_file(process, "setgroups", "deny");

	if (r < 0)
		return fail(-r, "deny setgroups");
	r = write_process_file(process, "gid_map", text);
	return r < 0 ? fail(-r, "write gid_map") : 0;
}

static int write_map(const struct id_map *map, int process, pid_t pid)
{
	struct arena _cleanup_arena_ arena = { 0 };
	const struct spec_id_maps *maps = map->maps;

	if (maps->count > MAX_EXTENTS)
		return refuse(EINVAL, "%zu entries, but the kernel takes %d", maps->count, MAX_EXTENTS);
	char *text = map_text(maps, &arena);

	if (strlen(text) >= (size_t)sysconf(_SC_PAGESIZE))
		return refuse(EINVAL, "%zu entries are too many: the kernel takes less than a page of text", maps->count);
	int r = write_process_file(process, map->file, text);

	if (r != -EPERM && r != -EACCES)
		return r < 0 ? fail(-r, "write %s of process %d", map->file, (int)pid) : 0;
	if (map->is_group && maps->count == 1 && maps->items[0].size == 1 && maps->items[0].host_id == map->own)
		return write_own_group(process, text);
	return run_helper(map, pid);
}

int ns_write_id_maps(pid_t pid, const struct spec_id_maps *uids, const struct spec_id_maps *gids)
{
	const struct id_map maps[] = {
		{ uids, "uid_map", "newuidmap", "/linux/uidMappings", geteuid(), false },
		{ gids, "gid_map", "newgidmap", "/linux/gidMappings", getegid(), true },
	};
	_cleanup_fd_ int process = open_process(pid);
	int r = process;

	for (size_t i = 0; r >= 0 && i < sizeof maps / sizeof *maps; i++)
		r = context(write_map(&maps[i], process, pid), "%s", maps[i].json_path);
	return r < 0 ? r : 0;
}

/* The kernel writes its own map in the ids of who reads it. */
int ns_host_uid(pid_t pid, uint32_t uid, uid_t *host)
{
	struct arena _cleanup_arena_ arena = { 0 };
	_cleanup_fd_ int process = open_process(pid);
	char *text;

	if (process < 0)
		return process;
	int r = read_file_at(process, "uid_map", &arena, 64 * 1024, &text, NULL);

	if (r < 0)
		return fail(-r, "read uid_map of process %d", (int)pid);
	for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
		uint32_t inside, outside, size;

		if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &inside, &outside, &size) != 3)
			return refuse(EBADMSG, "read uid_map of process %d: not a map", (int)pid);
		if (uid >= inside && uid - inside < size) {
			*host = uid - inside + outside;
			return 0;
		}
	}
	return refuse(ERANGE, "user id %u is not mapped in the user namespace of process %d", (unsigned)uid, (int)pid);
}

/* --- a user namespace for idmapped mounts ------------------------------------------------------------------------------ */

/* Wait for SIGKILL, which comes from the parent, or from the kernel if the parent dies first. */
static _Noreturn void hold_namespace(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	for (;;)
		pause();
}

static int open_user_namespace(pid_t pid, const struct spec_id_maps *uids, const struct spec_id_maps *gids)
{
	int r = ns_write_id_maps(pid, uids, gids);

	if (r < 0)
		return r;
	_cleanup_fd_ int process = open_process(pid);

	if (process < 0)
		return process;
	int fd = openat(process, "ns/user", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? fail(errno, "open the user namespace of process %d", (int)pid) : fd;
}

int ns_open_mapped(const struct spec_id_maps *uids, const struct spec_id_maps *gids)
{
	_cleanup_fd_ int pidfd = -1;
	/* No exit signal: the caller's SIGCHLD and its wait for any child are not disturbed. */
	struct clone_args args = { .flags = CLONE_NEWUSER | CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd };
	siginfo_t info = { 0 };
	pid_t parent = getpid();
	int pid = sys_clone3(&args);

	if (pid == 0)
		hold_namespace(parent);
	if (pid < 0)
		return fail(-pid, "create a user namespace for idmapped mounts");
	int fd = open_user_namespace(pid, uids, gids);

	(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	while (waitid(ID_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) < 0 && errno == EINTR)
		;
	return fd;
}
