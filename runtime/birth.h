/*
 * Birth: how the process of a container comes to be, directly by one clone3 or through a stage where joins force an order
 * (namespaces/namespaces.h says which).
 */
#pragma once

#include "base/pidref.h"
#include "runtime/newborn.h"
#include "runtime/protocol.h"

struct child {
	struct pidref ref;   /* init, or the process that exec made; without its start time */
	pid_t stage;         /* a stage that is still to be reaped, or 0 */
	int socket;          /* the runtime's end of the pair, or -1 */
	enum phase phase;
};

#define CHILD_NONE ((struct child){ .ref = PIDREF_NONE, .socket = -1 })

struct birth {
	struct newborn *newborn;
	int cgroup;          /* directory to be born in (CLONE_INTO_CGROUP), or -1: the caller's */
	int target;          /* exec: pidfd of the init whose namespaces are entered; -1: by newborn->plan */
	uint64_t target_types;             /* exec: CLONE_NEW* of those */
	int root;            /* exec: the container's root, where the mount namespace has another; else -1 */
	const struct spec_cpus *affinity;  /* exec: execCPUAffinity.initial, or NULL */
	pid_t core_of;       /* exec: whose core scheduling cookie to have, or 0 */
	int *late_close;     /* struct runtime's; the child closes it at once, and so need not wait */
	void (*life)(struct newborn *newborn);  /* init_main or exec_main: does not return */
};

/* Make the pair: child->socket for the runtime, newborn->socket for the process to be; birth() closes that when there is one. */
int child_connect(struct child *child, struct newborn *newborn);

/*
 * Whether a pid namespace to join is left to an heir (ns_defer_pid()): not where init has to do with files that a procfs has for those in its
 * pid namespace only, or where there may be no second process.
 */
void birth_plan_heir(struct ns_plan *plan, const struct spec *spec);

/*
 * Make the process, with what child_connect() has made. When this returns, it exists (child->ref) and has not been sent GO; in a new user
 * namespace it is mapped. Where clone3 makes no time namespace, a plan with a new one becomes a staged one. A failure leaves no process; the
 * pair stays as it was if there never was one, and is closed else.
 */
int birth(struct child *child, const struct birth *birth);

/*
 * In init, with plan.late_pid: once all is done that takes more than the workload may have, a process in the pid namespace to join takes its
 * place, with no more than what exec puts into a container has (process_strip()). Returns in that one; init ends. -errno with the record.
 */
int birth_hand_over(struct newborn *newborn);

/* The runtime's side: child->ref is the heir, *former was. -EPROTO when pid is no child of ours. */
int child_succeed(struct child *child, pid_t pid, struct pidref *former);

/* Kill, reap and close one of ours; none is fine. */
void child_end(struct pidref *ref);

/* In the child: be out of reach of other processes of the container. */
int birth_hide(void);

/* In the child: be id 0 of the user namespace just entered, if that has one. */
int birth_become_id_0(void);

/* Kill and reap what birth() made, if it still lives. */
void child_destroy(struct child *child);
