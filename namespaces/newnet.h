/*
 * A new network namespace takes the kernel longer than all the rest of a container's birth (its tables, sysctls and loopback device), and
 * needs nothing of it: so a task of the runtime's makes it meanwhile, on another processor, and init joins it when it comes to what
 * shows it.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct newnet {
	pid_t task; /* 0: none is under way */
	volatile int fd, error; /* written by the task, as what follows */
	struct timespec begin, end; /* if the start is traced */
	int status;                 /* of its end, as waitpid(2) has it */
	int socket;                 /* where it sends the descriptor when it has it */
	const void *message;
	size_t size;
	pid_t caller;               /* who is sent to the processors elsewhere when it ends, or 0 */
	cpu_set_t elsewhere, before;
	char stack[4096] __attribute__((aligned(16)));
};

/*
 * Begin to make a network namespace with its loopback device up, owned by the caller's user namespace. As soon as it is there, a descriptor
 * of it goes over the socket (AF_UNIX) with the size bytes of message; that nobody reads there any more is no failure. Until newnet_end()
 * or newnet_cancel(), newnet, socket and message stay as they are, and the calling thread may be bound to other processors than before;
 * it stays in its own network namespace. False: it cannot be done in this manner here (no such code for this processor, or clone(2) does
 * not allow it): let clone3 make it.
 */
bool newnet_begin(struct newnet *newnet, int socket, const void *message, size_t size);

/* Wait for it. A descriptor, which the caller owns; or -errno with the record, as clone3 would fail (EPERM, ENOSPC, ENOMEM). */
int newnet_end(struct newnet *newnet);

/* Wait for it, if it is under way, and let go of what it made. */
void newnet_cancel(struct newnet *newnet);

/* The caller itself makes one, with its loopback device up, and is in it. Errors as of newnet_end(). */
int newnet_enter(void);
