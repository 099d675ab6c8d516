/*
 * What init and exec have in common: the terminal, and the one order in which a process gets its attributes and becomes the workload.
 */
#pragma once

#include "runtime/newborn.h"

#include <sched.h>

/* Open the container's terminal, make it the controlling one and standard input, output and error; send the master to the runtime. */
int process_open_terminal(struct newborn *newborn);

/* Runtime: what process_strip() needs of the host. */
int process_open_proc(struct newborn *newborn);

/*
 * In what cannot be seen in a container, and is about to make a process that can (the stage of an exec, an init with an heir): do what takes
 * privileges (the session keyring, the label for the program, the filter if it lets pass what comes before it), and give up what the process must
 * not be robbed of. Who has CAP_SYS_PTRACE in there can trace it, whatever it does: so the host's descriptors go, and without a user namespace
 * between (own_user_namespace) the capabilities that neither the process nor the way to it needs.
 */
int process_strip(struct newborn *newborn, bool own_user_namespace);

/* It is made by clone(2), as filters cannot look at the flags of clone3, with these. */
#define SIBLING_FLAGS ((uint64_t)(CLONE_PARENT | CLONE_PIDFD))

/*
 * In the user namespace that the process is to be in: become its id 0, which may do there what is to be done. Where that is not mapped,
 * be the workload's user at once, whose files what is made then are; where neither is, stay: what an id is needed for will tell.
 */
int process_enter_ids(const struct spec_user *workload);

/* Apply every attribute in order, wait for the start, execve. Returns only on failure. */
int process_become(struct newborn *newborn);

/*
 * Tell whoever waits (the runtime, or after create the `start` command) of the error in the record, and end: also where the
 * container's filter, already in force, denies the one and the other.
 */
_Noreturn void process_fail(struct newborn *newborn);
