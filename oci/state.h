/*
 * What the runtime stores about a container and what `state`, hooks and the seccomp listener are told (runtime.md "State").
 * One file a container, state.json, versioned, written atomically by runtime/store.c. Pure: text in, text out.
 */
#pragma once

#include "oci/spec.h"

#include <sys/types.h>

enum status { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED };

const char *status_name(enum status status);

struct state {
	struct arena arena;
	char *oci_version, *id, *bundle;  /* of the configuration; absolute path */
	char *rootfs;                     /* absolute path on the host */
	char *owner;                      /* user name or number of who created it */
	char *created;                    /* RFC 3339 with nanoseconds */
	pid_t pid;                        /* of init, as the runtime sees it; 0 before birth */
	uint64_t start_time;              /* of init, clock ticks since boot */
	uint64_t pidfd_inode;             /* of init (pidref_inode()); 0: not known */
	char *cgroup;                     /* path below the cgroup2 mount, "/…"; NULL: none of its own */
	char *session_keyring;            /* its name (runtime/keyring.h); NULL: the caller's was kept */
	char *planned_cgroup;             /* instead of cgroup, until that is the container's own: it may not be there, or another's */
	bool systemd_cgroup, own_pid_namespace;
	bool at_once;                     /* it was `run` or restored: nothing in it waits for `start` */
	bool no_late_hooks;               /* start and delete have none to run, and need not read the configuration; false: not known */
	bool rdt_own;                     /* the class goes with the container */
	char *rdt_class, *rdt_monitor;    /* in resctrl: its class of service, "/" for the default one, and its monitoring group */
	char *external_descriptors;       /* runc's external_descriptors (runtime/streams.h); NULL: a terminal's */
	struct string_map annotations;
	/* init's namespaces at birth (dev:inode of /proc/PID/ns/NAME), to see that exec joins what create made */
	struct {
		uint64_t device, inode;
	} namespaces[NS_TYPES];
};

/*
 * The state of runtime.md (ociVersion, id, status, pid, bundle, annotations) in one line of JSON with no newline, as hooks get
 * it on stdin. pid is left out when status is stopped or there is none yet. ociVersion is OCI_VERSION, "with which the state
 * complies", whatever the configuration was written for. The text is in arena.
 */
char *state_to_oci_json(const struct state *state, enum status status, struct arena *arena);

/*
 * `state` as runc prints it: ociVersion (of the configuration), id, pid (0 when stopped), status, bundle, rootfs, created,
 * annotations, owner. `list` has it without indents.
 */
char *state_to_report_json(const struct state *state, enum status status, bool indented, struct arena *arena);

/*
 * The container process state of config-linux.md for the seccomp listener: fds is ["seccompFd"]. pid is that of the process
 * whose filter it is: init, or one that exec started.
 */
char *state_to_seccomp_json(const struct state *state, enum status status, pid_t pid, const char *metadata,
                            struct arena *arena);

/*
 * The stored form. state_parse fills state, of which only the arena is there, empty or with room of the caller's; -EINVAL with the record filled
 * if it is not what we wrote.
 */
char *state_to_stored_json(const struct state *state, struct arena *arena);
int state_parse(struct state *state, const char *json, size_t size);

void state_free(struct state *state);
#define _cleanup_state_ __attribute__((cleanup(state_free)))
