#include "runtime/criu_session.h"

#include "base/error.h"
#include "base/fd.h"
#include "runtime/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_LEVEL 4 /* of criu: everything, since what failed can seldom be tried again */
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
		.hierarchy = -1,
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

const char *criu_namespace_name(enum namespace_type type)
{
	return type == NS_NETWORK ? "extRootNetNS" : type == NS_PID ? "extRootPidNS" : NULL;
}

/* --- streams ---------------------------------------------------------------------------------------------------------- */

static int write_descriptors(int directory, const char *json)
{
	_cleanup_fd_ int file = openat(directory, DESCRIPTORS_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = file < 0 ? -errno : write_all(file, json, strlen(json));

	return r < 0 ? fail(-r, "write " DESCRIPTORS_FILE " in the image directory") : 0;
}

int criu_streams_save(struct criu_session *session, pid_t pid, const char *described)
{
	struct arena *arena = &session->arena;
	struct strings names;
	int r = streams_outside(described ? described : streams_describe(pid, arena), pid, &names, arena);

	/* What lies outside of the container can be opened by no path in it: criu is told to leave it to us. */
	for (size_t i = 0; r >= 0 && i < names.count; i++)
		if (stream_is_file(names.items[i]))
			criu_add_text(&session->options.external, names.items[i], arena);
	return r < 0 ? r : write_descriptors(session->images, descriptors_to_json(&names, arena));
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
	for (int i = 0; i < DESCRIPTORS; i++)
		streams[i] = stream_is_replaced(names.items[i]) ? names.items[i] : NULL;
	return 0;
}
