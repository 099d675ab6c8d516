/*
 * What a dump and a restore have in common: the directories, the streams, the namespaces that others own, the options of both.
 */
#pragma once

#include "runtime/checkpoint.h"
#include "runtime/criu.h"

struct criu_session {
	struct arena arena;
	struct criu_program program;
	struct criu criu;
	const struct criu_wishes *wishes;
	const char *log;              /* its name in the work directory */
	int images, work;             /* directories; work is -1 where it is the images' */
	struct criu_options options;
};

#define CRIU_SESSION_NONE ((struct criu_session){ .criu = CRIU_NONE, .images = -1, .work = -1 })

/* Find criu, open (make: and make) the directories, fill the options that both have. -EPERM for who is not root. */
int criu_session_open(struct criu_session *session, const struct criu_wishes *wishes, const char *log, bool make);

/* criu's files for an annotation org.criu.config, or those of /etc/criu. */
void criu_session_configure(struct criu_session *session, const struct spec *spec);

/* What criu_start() is to know of it. */
struct criu_start criu_session_start(const struct criu_session *session);

void criu_session_close(struct criu_session *session);

/* Where the log is, and the error that it tells. Returns -errno always. */
int criu_session_explain(const struct criu_session *session, const struct criu_response *response, const char *doing);

/*
 * Which groups criu dumps or makes: as the wishes say. The container's own is always the configuration's, so "ignore" has
 * nothing to do but harm: a cgroup namespace would be left out with the groups, and the container would see those of the host.
 * Without a group of its own (path NULL) nothing is done about them.
 */
void criu_session_set_cgroups(struct criu_session *session, const struct spec *spec, const char *path);

/* The name of a namespace that the configuration joins, as runc calls it; NULL: criu has no such thing for this type. */
const char *criu_namespace_name(enum namespace_type type);

/*
 * The standard streams of the container with init pid: in the images' directory, and those on files outside of it in the options. described: what
 * streams_describe() said of them at the beginning; NULL: init is looked at.
 */
int criu_streams_save(struct criu_session *session, pid_t pid, const char *described);

/* Names of those of the images that the caller's own 0 to 2 replace: streams[i] is NULL where it is none. */
int criu_streams_load(struct criu_session *session, const char *streams[3]);
