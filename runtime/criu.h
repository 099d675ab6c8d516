/*
 * The program criu, started for one request ("criu swrk", https://criu.org/RPC): it is a child of the caller, reads the request
 * from a socket pair, tells how far it is and ends with the answer. Messages: criu_message.h.
 */
#pragma once

#include "base/pidref.h"
#include "runtime/criu_message.h"

struct criu_program {
	char *file; /* absolute */
	char *path; /* "PATH=" and where it was looked for: the absolute directories of the caller's */
};

/*
 * Find criu in the caller's PATH, or the usual directories where there is none. What others than root or the caller can write
 * is refused, since it gets all privileges. -ENOENT with the record that says what to install. Texts are in arena.
 */
int criu_find(struct criu_program *program, struct arena *arena);

struct criu {
	struct pidref process;
	int socket;
};

#define CRIU_NONE ((struct criu){ .process = PIDREF_NONE, .socket = -1 })

/* A directory, opened, and where it is: criu's mounts need one of its own mount namespace. */
struct criu_directory {
	int fd; /* -1: none */
	const char *path;
};

struct criu_start {
	const struct criu_program *program;
	bool quiet;              /* nothing that it writes to standard output and error is seen */
	int cgroup;              /* directory to be born in, or -1: the caller's */
	struct criu_directory images, work; /* become CRIU_IMAGES and CRIU_WORK */
	const int *inherit;      /* descriptors that become CRIU_FIRST_INHERITED and on; 0–2 are the caller's */
	size_t inherit_count;
	/*
	 * restore: detached trees that are attached as PLACE/0, PLACE/1 … in a mount namespace that ends with criu; place NULL:
	 * none
	 */
	const char *place;       /* absolute path of a directory that criu has no other use for */
	const int *trees;
	size_t tree_count;
	int hierarchy;           /* one more, PLACE/CRIU_HIERARCHY: cgroup v2; or -1 */
};

/* Start it. A failure leaves no process. */
int criu_start(struct criu *criu, const struct criu_start *start);

/* Send a request, or the answer to its NOTIFY. */
int criu_send(struct criu *criu, const struct criu_request *request);

/* The next message; *fd is the descriptor that came with it, or -1. -EPIPE with the record when criu has ended without one. */
int criu_receive(struct criu *criu, struct criu_response *response, int *fd, struct arena *arena);

/* Wait for its end, after the last message; or kill it. The processes that it restored live on. */
void criu_end(struct criu *criu);
void criu_kill(struct criu *criu);

/*
 * criu has not succeeded: the error that tells what it says itself, the last errors of its log (in directory work, whose path
 * is shown). Returns -errno always.
 */
int criu_explain(const struct criu_response *response, const char *doing, int work, const char *log, const char *work_path);

/* Pure: the last errors of a log, "; " between them, in text; "" when it tells of none. */
void criu_log_errors(const char *log, char *text, size_t size);
