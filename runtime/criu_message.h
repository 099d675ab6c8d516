/*
 * Requests to criu and what it answers: the fields of its images/rpc.proto that berth uses. Pure. Descriptors are criu's own,
 * as criu.h has them.
 */
#pragma once

#include "oci/spec.h"
#include "runtime/criu_wire.h"

#include <sys/types.h>

enum criu_type {
	CRIU_EMPTY = 0,
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
};

/* Enumerations of rpc.proto. */
enum criu_cgroups_mode { CRIU_CGROUPS_IGNORE = 0, CRIU_CGROUPS_SOFT = 3, CRIU_CGROUPS_FULL = 4, CRIU_CGROUPS_STRICT = 5 };
enum criu_network_lock { CRIU_LOCK_IPTABLES = 1, CRIU_LOCK_NFTABLES = 2, CRIU_LOCK_SKIP = 3 };

/* What is 0, false, NULL or empty is not sent, but for what may be 0 on purpose. */
struct criu_options {
	int images_dir, work_dir;           /* directories: CRIU_IMAGES, CRIU_WORK */
	int pid;                            /* dump: whose tree */
	int log_level;
	const char *log_file;               /* in work_dir, or else in images_dir */
	const char *root;                   /* a mount point, where the container's root is mounted */
	const char *parent_images;          /* relative to images_dir */
	const char *freeze_cgroup;          /* absolute path of the directory */
	const char *config_file;
	const char *lsm_profile, *lsm_mount_context;
	bool leave_running, ext_unix_sockets, tcp_established, tcp_skip_in_flight, tcp_close, shell_job, file_locks, link_remap;
	bool notify, track_memory, auto_dedup, lazy_pages, restore_sibling, orphan_terminal;
	struct opt_i64 cgroups_mode;        /* enum criu_cgroups_mode */
	int network_lock;                   /* enum criu_network_lock */
	int empty_namespaces;               /* CLONE_NEW* */
	const char *page_server_address;
	int page_server_port;
	const char *cgroup_root;            /* path below the hierarchy's root */
	/*
	 * Directory where CRIU_HIERARCHY is the host's cgroup v2. Without it, criu mounts that once more: from the host's cgroup namespace
	 * and with no options, which takes nsdelegate from the only hierarchy that there is (cgroup-v2.rst "Mounting"; seen with 4.1, 4.2).
	 */
	const char *cgroup_yard;
	struct string_map external_mounts;  /* dump: mount point to name; restore: name to source */
	struct string_map join;             /* restore: "ipc", … to path */
	struct strings cgroup_controllers;  /* dump: those whose groups are looked at; version 2 is "" */
	struct strings external;            /* "net[INODE]:NAME", … */
	struct strings inherit;             /* names of the descriptors that criu inherits: CRIU_FIRST_INHERITED and on */
};

#define CRIU_HIERARCHY "unified" /* its name for cgroup v2 */

enum { CRIU_SOCKET = 3, CRIU_IMAGES, CRIU_WORK, CRIU_FIRST_INHERITED }; /* descriptors of criu */

struct criu_request {
	enum criu_type type;
	const struct criu_options *options;            /* DUMP, PRE_DUMP, RESTORE */
	bool ask_memory_tracking, ask_lazy_pages;      /* FEATURE_CHECK */
	bool notify_success;                           /* NOTIFY: the answer to criu's own */
};

/* Add to the lists of options; what is added is not copied. A key that is there keeps its value. */
void criu_add_text(struct strings *texts, char *text, struct arena *arena);
void criu_add_pair(struct string_map *map, char *key, char *value, struct arena *arena);

struct wire criu_encode(const struct criu_request *request, struct arena *arena);

struct criu_response {
	enum criu_type type;
	bool success;
	pid_t pid;                                     /* RESTORE: of the first process; NOTIFY: the same, from when there is one */
	char *script;                                  /* NOTIFY: which point has been reached, or NULL */
	char *message;                                 /* criu's own words for its failure, or NULL */
	int code;                                      /* an errno value, or 0 */
	bool has_memory_tracking, has_lazy_pages;      /* FEATURE_CHECK */
};

/* -EBADMSG with the record filled. Texts are in arena. */
int criu_decode(struct criu_response *response, const void *data, size_t size, struct arena *arena);
