/*
 * The life of a container (runtime.md "Operations"): what cli/, or another program, calls. Every function returns >= 0, or -errno with the
 * error record filled. Nothing here prints, exits, or changes the caller's working directory, umask, signals or environment.
 */
#pragma once

#include "base/pidref.h"
#include "cgroups/bandwidth.h"
#include "cgroups/cgroup.h"
#include "cgroups/resctrl.h"
#include "cgroups/stats.h"
#include "oci/spec.h"
#include "oci/state.h"

#include <stdbool.h>
#include <sys/types.h>

/* What the caller may not do (cgroups) is left out where nobody asked for it. AUTO: for users but root, and in a user namespace. */
enum rootless { ROOTLESS_AUTO, ROOTLESS_TRUE, ROOTLESS_FALSE };

/* What all operations share: the global options. */
struct runtime {
	/*
	 * What an operation needs begins in the room of this arena (arena_on()), and stays taken there when the operation has ended: for few
	 * operations, one after the other, in one thread. NULL: the heap.
	 */
	struct arena *memory;
	const char *root;              /* state directory (store_default_root()) */
	enum cgroup_manager manager;
	enum rootless rootless;
	const char *seccomp_cache;     /* directory of compiled filters, or NULL: none */
	const char *notify_socket;     /* sd_notify(3): the service manager's, for create, start and run; or NULL */
	int *late_close;               /* a descriptor that is closed while there is nothing else to do, or NULL */
};

struct create_options {
	const char *id;
	const char *bundle;            /* absolute path of the bundle directory */
	const char *config;            /* the configuration, where it is not the bundle's config.json; or NULL */
	const char *console_socket;    /* engine's socket for the terminal's master, or NULL */
	const char *pidfd_socket;      /* a pidfd of the container's first process is sent there, or NULL */
	const char *pid_file;          /* written when the container is created, or NULL */
	int preserve_fds;              /* descriptors 3 … 3+n-1 stay open in the workload */
	bool no_pivot, no_new_keyring;
};

/* How the caller waits for a workload in the foreground. */
struct wait_options {
	int signal_fd;                 /* signalfd of the signals that the caller has blocked and wants forwarded (SIGCHLD and SIGWINCH are handled) */
	bool relay;                    /* the workload has a terminal and no console socket: relay it to stdin and stdout */
};

/* Exit status as a shell reports it: the workload's code, or 128 + signal. */

/* create: afterwards the container is "created" and waits for container_start(). A failure leaves nothing behind. */
int container_create(const struct runtime *runtime, const struct create_options *options);

/*
 * start: runs startContainer hooks and the workload; returns when it has been executed (or the error why not), after poststart hooks. While
 * hooks run, the container can be changed and deleted: -ENOENT when it was, before the workload was known to be executed. With a
 * notify_socket, which it needs if create had one, it returns once the workload has said there that it is ready, or has ended; a detached
 * run, too.
 */
int container_start(const struct runtime *runtime, const char *id);

/*
 * run: create and start in one. wait NULL: detached, returns 0 once the workload runs. Otherwise waits, returns the exit status (>= 0),
 * and deletes the container unless keep is set.
 */
int container_run(const struct runtime *runtime, const struct create_options *options, const struct wait_options *wait, bool keep);

struct exec_options {
	const char *id;
	const char *process_json;      /* a process object (--process), or NULL: the container's own process with the changes below */
	size_t process_json_size;
	const char *const *args;       /* NULL-terminated; replaces args */
	const char *const *env;        /* NULL-terminated or NULL: added, later ones win */
	const char *cwd;
	bool uid_set, gid_set;         /* another user has no additional groups but those given here */
	uint32_t uid, gid;
	size_t additional_gid_count;
	const uint32_t *additional_gids;
	uint64_t capabilities;         /* added to bounding, effective, permitted; to ambient what is inheritable already (CVE-2022-24769) */
	const char *apparmor_profile, *selinux_label;
	int no_new_privs;              /* -1: as the container; 0/1 */
	int tty;                       /* -1: as process_json; 0/1 */
	const char *console_socket, *pid_file;
	const char *cgroup;            /* sub-group below the container's, or NULL */
	int preserve_fds;
	bool ignore_paused;
	const char *pidfd_socket;      /* a pidfd of the process is sent there, or NULL */
};

/* exec: wait NULL: detached, returns the pid (host's view); else the exit status. */
int container_exec(const struct runtime *runtime, const struct exec_options *options, const struct wait_options *wait);

/* state: the record and the status at this moment. On failure nothing needs freeing. */
int container_state(const struct runtime *runtime, const char *id, struct state *state, enum status *status);

/*
 * kill: to init; with all (or without a pid namespace of its own) to every process in its cgroup, if there is any. -ESRCH "container not
 * running"; but with all, where it has stopped and nobody can be left: 0.
 */
int container_kill(const struct runtime *runtime, const char *id, int signal, bool all);

/*
 * delete: a stopped (or with force: any) container; poststop hooks, cgroup and state go. force and no such container: 0. A half-made
 * container (its creator died) is cleaned with force.
 */
int container_delete(const struct runtime *runtime, const char *id, bool force);

int container_pause(const struct runtime *runtime, const char *id);
int container_resume(const struct runtime *runtime, const char *id);

/* ps: host pids of all processes. */
int container_pids(const struct runtime *runtime, const char *id, struct arena *arena, pid_t **pids, size_t *count);

/*
 * update: change the limits that are set in resources, live, in bandwidth (which may be NULL: none is) and in rdt (l3_cache_schema and
 * mem_bw_schema alone, for a container that was created with linux.intelRdt; or NULL). Device rules replace all earlier ones; a limit of
 * memory and swap together without one of memory counts from the memory limit that is there. A failure leaves the limits as they were.
 * Later operations (and who reads ROOT/ID/config.json) see the configuration of the create: the cgroup's files are the truth.
 * The annotations of the state have the present bandwidth, and that alone.
 */
int container_update(const struct runtime *runtime, const char *id, const struct spec_resources *resources,
		     const struct bandwidth *bandwidth, const struct spec_intel_rdt *rdt);

/*
 * mounts: add mounts (an array as /mounts of a configuration, as JSON) to a container that is not stopped, all or none of them; or remove
 * what is mounted at their destinations. Where they are mounted in the container is recorded nowhere: its mount namespace is the truth.
 * rootfs/live.h says what is refused.
 */
int container_mounts_add(const struct runtime *runtime, const char *id, const char *json, size_t size);
int container_mounts_remove(const struct runtime *runtime, const char *id, const char *json, size_t size);

/* events --stats: what the container's cgroup has used; everything in arena. */
int container_stats(const struct runtime *runtime, const char *id, struct arena *arena, struct cgroup_stats *stats);

/*
 * events: a living container, watched. It stays the same one when another gets its id, and its statistics can be read
 * after its end too, until its cgroup is removed (-ENOENT): a process that the OOM killer takes is counted before it dies.
 */
struct container_watch {
	struct cgroup cgroup;
	struct pidref init;  /* init.fd is readable once the container has ended */
	struct resctrl_view rdt;
	int changes;         /* readable when the counters of memory.events have changed: cgroup_watch_drain() */
};

int container_watch(struct container_watch *watch, const struct runtime *runtime, const char *id);
int container_watch_stats(struct container_watch *watch, struct arena *arena, struct cgroup_stats *stats);
void container_watch_close(struct container_watch *watch);
#define _cleanup_watch_ __attribute__((cleanup(container_watch_close)))

/* features: what this build can do (features.md), as JSON. */
char *container_features(const struct runtime *runtime, struct arena *arena);
