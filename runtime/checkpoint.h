/*
 * Checkpoint and restore of a whole container, by criu (criu.h). The image directory has criu's files and descriptors.json, as
 * that of runc. Every function returns >= 0, or -errno with the error record filled.
 */
#pragma once

#include "runtime/container.h"

/* What both take; everything absent is criu's default. */
struct criu_wishes {
	const char *images;          /* directory */
	const char *work;            /* directory of the log; NULL: the images' */
	bool tcp_established, ext_unix_sockets, shell_job, file_locks, lazy_pages, auto_dedup;
	struct opt_i64 cgroups_mode; /* enum criu_cgroups_mode */
	int network_lock;            /* enum criu_network_lock, or 0 */
	int empty_namespaces;        /* CLONE_NEW* of those whose content is left out */
};

struct checkpoint_options {
	const char *id;
	struct criu_wishes wishes;   /* directories are made where they are missing, for root alone */
	const char *parent;          /* directory of an earlier pre-dump, relative to the images'; or NULL */
	bool leave_running, pre_dump, tcp_skip_in_flight, link_remap;
	const char *page_server;     /* address that memory goes to (lazy_pages: where it is served), or NULL */
	int page_server_port;
	int status_fd;               /* gets a zero byte once lazy pages can be asked for; or -1 */
};

/*
 * Write a running or paused container into the image directory. With leave_running and with pre_dump (memory alone, of which
 * the next one leaves out what did not change) it goes on; otherwise it is deleted then, as by container_delete(). After a
 * failure it goes on, too.
 */
int container_checkpoint(const struct runtime *runtime, const struct checkpoint_options *options);

struct restore_options {
	struct create_options create;
	struct criu_wishes wishes;   /* the images' directory has to be there */
	bool tcp_close;              /* connections come back closed */
	const char *lsm_profile;     /* "apparmor:NAME", "selinux:LABEL" in place of the images'; or NULL */
	const char *lsm_mount_context;
};

/*
 * Make the container anew from the images and the bundle: the root file system, the sources of binds, the namespaces that the
 * configuration joins and the cgroup's limits are the bundle's, all else is the images'. prestart and createRuntime hooks run
 * once there are namespaces. wait and the result: as container_run(). A failure leaves nothing behind.
 */
int container_restore(const struct runtime *runtime, const struct restore_options *options, const struct wait_options *wait,
                      bool keep);
