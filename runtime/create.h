/*
 * create, the larger half of run: from a bundle to a process that has everything but its program.
 */
#pragma once

#include "cgroups/bandwidth.h"
#include "namespaces/newnet.h"
#include "runtime/birth.h"
#include "runtime/container.h"
#include "runtime/notify.h"
#include "runtime/rdt.h"

struct creation {
	const struct runtime *runtime;
	const struct create_options *options;
	struct arena arena;
	struct spec spec;
	char *config;                 /* the configuration's text */
	size_t config_size;
	int bundle;                   /* directory, or -1 */
	int store;                    /* ROOT/ID, or -1: nothing to undo there */
	struct state state;
	struct cgroup_request cgroup_request;
	struct cgroup cgroup;
	struct bandwidth bandwidth;
	struct rdt rdt;
	struct notify notify;         /* run's, listening; else NOTIFY_NONE */
	struct rootfs_request rootfs_request;
	struct rootfs rootfs;
	int *idmap_fds;               /* per mount; NULL: no mount is idmapped */
	struct newborn newborn;
	struct newnet newnet;
	int network;                  /* the container's network namespace, once the runtime has it open; else -1 */
	struct child child;
	bool heard;                   /* what init failed of is in the record */
	bool ended;                   /* init has been killed since the runtime failed */
	struct net_devices *net_devices; /* that have moved; or NULL */
	int terminal;                 /* the master, when the caller relays it; else -1 */
};

/*
 * Up to READY, with everything recorded in the store. With run, the child has been told START, and the terminal's
 * master stays in creation->terminal; otherwise it waits at the start fifo. On failure everything is undone, poststop hooks
 * included.
 */
int creation_make(struct creation *creation, const struct runtime *runtime, const struct create_options *options, bool run,
                  bool detached);

/* Undo after creation_make() has succeeded: run's later failures. The error record is kept. */
void creation_undo(struct creation *creation);

/* Close and free what the runtime holds; the container lives on. */
void creation_close(struct creation *creation);
#define _cleanup_creation_ __attribute__((cleanup(creation_close)))

/*
 * Steps of it that restore.c takes, too, in this order; creation_undo() undoes them all. load: the configuration, understood
 * and checked, and the namespaces to join. claim: the id, with its plan on record, the cgroup, the class of Intel RDT, the
 * notify socket (with run, listening). attach: systemd's scope begins with pid.
 */
int creation_load(struct creation *creation, const struct runtime *runtime, const struct create_options *options, bool run, bool detached);
int creation_claim(struct creation *creation, bool run);
int creation_attach(struct creation *creation, pid_t pid);

/* Of its own, new or joined; a path to the caller's is none. */
bool creation_has_user_namespace(const struct creation *creation);

/* creation->idmap_fds: user namespaces for the mounts that are idmapped. */
int creation_open_idmaps(struct creation *creation);
void creation_close_idmaps(struct creation *creation);

/* prestart and createRuntime, with the state "creating". */
int creation_run_hooks(struct creation *creation);

/* To --console-socket, or into creation->terminal, which takes *master then. */
int creation_take_terminal(struct creation *creation, int *master);

/* Every limit of the configuration, those of bandwidth, the device filter. */
int creation_limit(struct creation *creation);

/* What the state has once the container is there: when that was, and what its standard streams are, which are the caller's. */
void creation_complete_state(struct creation *creation);
