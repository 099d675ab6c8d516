/*
 * What a container's child and its runtime say to each other: messages of one fixed size over a SOCK_SEQPACKET pair. The child asks, the
 * runtime answers.
 *
 *      runtime                         child
 *         <---- MAP_ME -------------     stage: in its new user namespace, wants its id maps
 *          ---- MAPPED ------------>
 *         <---- BORN ---------------     stage: init is its sibling; the stage leaves
 *          ---- NETWORK (fd) ------>     init: its new network namespace, if that was made meanwhile; whoever made it says so
 *          ---- GO ---------------->     init: mapped, in its cgroup
 *         <---- SYSCTL -------------     init: its IPC namespace's parameters are not for it to write (only where the kernel has denied it)
 *          ---- CONTINUE ---------->     they are written
 *         <---- BUILT --------------     init: the mounts are made (only if prestart or createRuntime hooks want to see them)
 *          ---- CONTINUE ---------->
 *         <---- CONSOLE (master) ---     init: a terminal was asked for
 *          ---- CONTINUE ---------->     it has its size
 *         <---- HEIR ---------------     init: a sibling of it, in the pid namespace to join, is the container's process from now on
 *          ---- CONTINUE ---------->     the heir: the runtime knows it, and init is gone
 *         <---- LISTENER (fd) ------     a seccomp notify filter is in place
 *         <---- INSIDE -------------     `run` only: it is in its root file system, and whoever looks may see the container
 *          ---- START ------------->     and when it is ready, it need not wait
 *         <---- READY --------------     everything but the execve is done; after `create`, `start` says START later over the start fifo
 *         <---- end of file --------     the workload has been executed
 *
 * ERROR may come at any time instead, and end of file before READY means that the child died. Which message is legal in which phase, and
 * whether it carries a descriptor, is a table in protocol.c; all else is an error (CVE-2021-43784 was arithmetic on lengths: here are none).
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum msg_type {
	MSG_ERROR = 1,
	/* from the child */
	MSG_MAP_ME,
	MSG_BORN,
	MSG_BUILT,
	MSG_CONSOLE,
	MSG_LISTENER,
	MSG_INSIDE,
	MSG_READY,
	MSG_SYSCTL,
	MSG_HEIR,
	/* from the runtime */
	MSG_MAPPED,
	MSG_NETWORK,
	MSG_CONTINUE,
	MSG_GO,
	MSG_START,
	MSG_TYPES,
};

struct msg {
	uint32_t type;        /* enum msg_type */
	int32_t number;       /* BORN, HEIR: the pid; ERROR: 1 when a startContainer hook failed */
	struct error error;   /* ERROR */
};

enum phase { PHASE_STAGE, PHASE_BUILD, PHASE_ENTERED, PHASE_CONSOLE, PHASE_INSIDE, PHASE_READY, PHASES };

/* Is this message legal from the child in this phase, with or without a descriptor? *next is the phase after it. Pure. */
bool protocol_legal(enum phase phase, uint32_t type, bool with_fd, enum phase *next);

/*
 * Runtime: the next message of the child; *fd is the descriptor that came with it, or -1. Returns 1; 0 on end of file; -errno with the
 * record filled for what is illegal, for a failed read, and for ERROR, whose record becomes ours.
 */
int protocol_receive(int socket, enum phase *phase, struct msg *msg, int *fd);

/* Either side. fd -1: none. Without a descriptor this is one write(2), which narrow seccomp profiles allow. */
int protocol_send(int socket, enum msg_type type, pid_t number, int fd);

/* Child: send the error record. A failure to do so has nobody to go to. */
void protocol_send_error(int socket, bool of_start_hook);

/* Child: wait for exactly this message, without a descriptor. -EPIPE when the runtime is gone. */
int protocol_expect(int socket, enum msg_type type);

/* Child: wait for exactly this message, which carries a descriptor; returns that. */
int protocol_expect_fd(int socket, enum msg_type type);
