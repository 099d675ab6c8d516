/*
 * Everything that a process-to-be of a container needs to know, gathered by the runtime before birth and read-only afterwards: after clone3
 * the child has it in its own copy of memory. Shared by init (create, run) and by exec.
 */
#pragma once

#include "namespaces/namespaces.h"
#include "oci/spec.h"
#include "oci/state.h"
#include "rootfs/rootfs.h"
#include "runtime/annotations.h"
#include "runtime/attributes.h"

#include <stdbool.h>

enum wait_for {
	WAIT_SOCKET,  /* run: START comes over the pair */
	WAIT_FIFO,    /* create: START comes over the start fifo, errors go back over the result fifo */
	WAIT_NONE,    /* exec: nobody has anything to do in between */
};

struct newborn {
	const struct spec *spec;
	const struct spec_process *process;
	struct spec_capabilities capabilities;   /* what can be granted of process->capabilities */
	struct seccomp_filter filter;
	struct extras extras;
	struct ns_plan plan;
	struct state *state;                     /* for hooks in the container; its pid is filled in from GO */
	struct rootfs *rootfs;                   /* init only; NULL for exec */
	int socket;                              /* the child's end of the pair */
	int start_fifo, result_fifo;             /* WAIT_FIFO, else -1 */
	int proc;                                /* the caller's /proc, where a maker outside of the container sets labels; else -1 */
	enum wait_for wait;
	int preserve_fds;
	bool terminal, no_new_keyring, move_to_cgroup;
	bool network_comes;                      /* the new network namespace is being made by the runtime, and comes by NETWORK */
	bool unshare_network;                    /* init makes it, while the runtime writes the id maps */
	bool went;                               /* GO has been read */
	bool named;                              /* the stage has set hostname and domainname */
	bool prepared;                           /* its maker has done for it what that must not have the privilege for: process_strip() */
	bool filtered;                           /* and the filter was in place when it was born */
	bool in_start_hooks;                     /* a failure now is one of a startContainer hook */
	mode_t umask;                            /* the caller's */
};

/* init's whole life; exec's whole life. Neither returns. */
_Noreturn void init_main(struct newborn *newborn);
_Noreturn void exec_main(struct newborn *newborn);

/* Child: hostname and domainname of the uts namespace that it is in. */
int newborn_set_names(const struct spec *spec);

/* Child: read GO if it has not been read yet. */
int newborn_await_go(struct newborn *newborn);
