#include "runtime/criu_session.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mountinfo.h"
#include "oci/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LOG_LEVEL 4 /* of criu: everything, since what failed can seldom be tried again */
#define MEMORY_MAJOR 1U /* /dev/null and its like */
#define DESCRIPTORS_FILE "descriptors.json"
#define DESCRIPTORS_MAX_SIZE ((size_t)64 * 1024)

/* --- directories ------------------------------------------------------------------------------------------------------ */

/* What was in the container's memory is in there: for root alone. */
static int open_directory(const char *path, const char *what, bool make)
{
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(errno, "make the %s directory %s", what, path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail(errno, "open the %s directory %s", what, path) : fd;
}

static int open_directories(struct criu_session *session, bool make)
{
	const struct criu_wishes *wishes = session->wishes;

	session->images = open_directory(wishes->images, "image", make);
	if (session->images < 0)
		return session->images;
	if (wishes->work)
		session->work = open_directory(wishes->work, "work", true);
	if (wishes->work && session->work < 0)
		return session->work;
	/* What an earlier one says is not to be taken for this one's. */
	if (unlinkat(session->work < 0 ? session->images : session->work, session->log, 0) < 0 && errno != ENOENT)
		return fail(errno, "remove the earlier %s", session->log);
	return 0;
}

int criu_session_open(struct criu_session *session, const struct criu_wishes *wishes, const char *log, bool make)
{
	*session = CRIU_SESSION_NONE;
	session->wishes = wishes;
	session->log = log;
	if (geteuid() != 0)
		return refuse(EPERM, "criu needs root");
	int r = criu_find(&session->program, &session->arena);

	if (r >= 0)
		r = open_directories(session, make);
	if (r < 0)
		return r;
	session->options = (struct criu_options){
		.images_dir = CRIU_IMAGES,
		.work_dir = session->work < 0 ? CRIU_IMAGES : CRIU_WORK,
		.log_level = LOG_LEVEL,
		.log_file = log,
		.ext_unix_sockets = wishes->ext_unix_sockets,
		.tcp_established = wishes->tcp_established,
		.shell_job = wishes->shell_job,
		.file_locks = wishes->file_locks,
		.lazy_pages = wishes->lazy_pages,
		.auto_dedup = wishes->auto_dedup,
		.network_lock = wishes->network_lock,
		.empty_namespaces = wishes->empty_namespaces,
		.notify = true,
		.orphan_terminal = true,
	};
	return 0;
}

void criu_session_configure(struct criu_session *session, const struct spec *spec)
{
	static const char *const files[] = { "/etc/criu/berth.conf", "/etc/criu/runc.conf" };
	const char *asked = spec_annotation(spec, "org.criu.config");

	for (size_t i = 0; !asked && i < sizeof files / sizeof *files; i++)
		if (access(files[i], F_OK) == 0)
			asked = files[i];
	session->options.config_file = asked && *asked ? arena_strdup(&session->arena, asked) : NULL;
}

struct criu_start criu_session_start(const struct criu_session *session)
{
	return (struct criu_start){
		.program = &session->program,
		.cgroup = -1,
		.images = { session->images, session->wishes->images },
		.work = { session->work, session->wishes->work },
	};
}

void criu_session_set_cgroups(struct criu_session *session, const struct spec *spec, const char *path)
{
	struct opt_i64 *mode = &session->options.cgroups_mode;

	*mode = session->wishes->cgroups_mode;
	if (!path)
		*mode = (struct opt_i64){ true, CRIU_CGROUPS_IGNORE };
	else if (mode->value == CRIU_CGROUPS_IGNORE && spec->linux_.namespaces[NS_CGROUP].set)
		*mode = (struct opt_i64){ true, CRIU_CGROUPS_SOFT };
}

void criu_session_close(struct criu_session *session)
{
	criu_kill(&session->criu);
	close_fd(&session->images);
	close_fd(&session->work);
	arena_free(&session->arena);
}

int criu_session_explain(const struct criu_session *session, const struct criu_response *response, const char *doing)
{
	const struct criu_wishes *wishes = session->wishes;

	return criu_explain(response, doing, session->work < 0 ? session->images : session->work, session->log,
	                    wishes->work ? wishes->work : wishes->images);
}

const char *criu_namespace_name(enum ns_type type)
{
	return type == NS_NETWORK ? "extRootNetNS" : type == NS_PID ? "extRootPidNS" : NULL;
}

/* --- streams ---------------------------------------------------------------------------------------------------------- */

static int mount_of_descriptor(pid_t pid, int fd, struct arena *arena)
{
	char path[48], *text;

	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)pid, fd);
	if (read_file_at(AT_FDCWD, path, arena, 4096, &text, NULL) < 0)
		return -1;
	const char *line = strstr(text, "mnt_id:");
	int mount;

	return line && sscanf(line + strlen("mnt_id:"), "%d", &mount) == 1 ? mount : -1;
}

static bool is_mount_of(pid_t pid, int mount, struct arena *arena)
{
	char path[40], *text, start[16];

	snprintf(path, sizeof path, "/proc/%d/mountinfo", (int)pid);
	snprintf(start, sizeof start, "%d ", mount);
	if (read_file_at(AT_FDCWD, path, arena, MOUNTINFO_MAX, &text, NULL) < 0)
		return true;
	for (const char *line = text; line; line = strchr(line, '\n'), line += line != NULL)
		if (strncmp(line, start, strlen(start)) == 0)
			return true;
	return false;
}

/*
 * A file that lies outside of the container can be opened by no path in it: criu is told to leave it to us, by the name that it
 * has for it. Terminals it knows itself.
 */
static char *external_file(pid_t pid, int fd, const char *path, struct arena *arena)
{
	struct stat st;
	int mount;

	if (stat(path, &st) < 0)
		return NULL;
	bool null = S_ISCHR(st.st_mode) && major(st.st_rdev) == MEMORY_MAJOR;

	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !null)
		return NULL;
	mount = mount_of_descriptor(pid, fd, arena);
	if (mount < 0 || is_mount_of(pid, mount, arena))
		return NULL;
	return arena_printf(arena, "file[%x:%llx]", (unsigned)mount, (unsigned long long)st.st_ino);
}

/* "pipe:[123]", or where the file is; "" when it is closed. */
static char *name_stream(struct criu_session *session, pid_t pid, int fd)
{
	struct arena *arena = &session->arena;
	char path[40], target[PATH_MAX];

	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
	ssize_t n = readlink(path, target, sizeof target - 1);

	target[n < 0 ? 0 : n] = 0;
	char *file = target[0] == '/' ? external_file(pid, fd, path, arena) : NULL;

	if (file)
		criu_add_text(&session->options.external, file, arena);
	return file ? file : arena_strdup(arena, target);
}

static int write_descriptors(int directory, const char *json)
{
	_cleanup_fd_ int file = openat(directory, DESCRIPTORS_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = file < 0 ? -errno : write_all(file, json, strlen(json));

	return r < 0 ? fail(-r, "write " DESCRIPTORS_FILE " in the image directory") : 0;
}

int criu_streams_save(struct criu_session *session, pid_t pid)
{
	struct strings names = { 0 };

	for (int fd = 0; fd < DESCRIPTORS; fd++)
		criu_add_text(&names, name_stream(session, pid, fd), &session->arena);
	return write_descriptors(session->images, descriptors_to_json(&names, &session->arena));
}

int criu_streams_load(struct criu_session *session, const char *streams[DESCRIPTORS])
{
	struct strings names;
	char *json;
	int r = read_file_at(session->images, DESCRIPTORS_FILE, &session->arena, DESCRIPTORS_MAX_SIZE, &json, NULL);

	if (r < 0)
		return fail(-r, "read %s/" DESCRIPTORS_FILE " (is this a checkpoint?)", session->wishes->images);
	r = descriptors_parse(&names, json, &session->arena);
	if (r < 0)
		return context(r, "%s/" DESCRIPTORS_FILE, session->wishes->images);
	for (int i = 0; i < DESCRIPTORS; i++) {
		const char *name = names.items[i];
		bool ours = strncmp(name, "pipe:[", 6) == 0 || strncmp(name, "file[", 5) == 0;

		streams[i] = ours ? name : NULL;
	}
	return 0;
}
