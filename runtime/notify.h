/*
 * sd_notify(3) between a container and the service manager that has started us (NOTIFY_SOCKET; units of Type=notify). The manager's own
 * socket is not given to the container, which could say anything there in our name: another main process, descriptors to keep. It gets one
 * of its own, in a directory of the state that is mounted at /run/notify, read-only; what it says there about the state of the service
 * is handed on, READY=1 together with a MAINPID: the container's process where nobody waits for it, else who does, as under runc.
 *
 * Functions return >= 0, or -errno with the record filled.
 */
#pragma once

#include "base/pidref.h"
#include "oci/spec.h"

struct notify {
	int socket;   /* the container's, bound; or -1 */
	int manager;  /* connected; or -1: nobody asked, and nothing is done */
};
#define NOTIFY_NONE ((struct notify){ -1, -1 })

/* create: the directory in the state (store, whose path is ROOT/ID), its mount and the variable NOTIFY_SOCKET in the configuration. */
int notify_prepare(struct spec *spec, int store, const char *root, const char *id);

/* Before the program runs: the socket in that directory, and the way to the manager's at path ("@…" is an abstract one). */
int notify_listen(struct notify *notify, int store, const char *path);

/* notify->socket is readable: hand on what has come, though not without end, in the name of process pid. 1: it was READY. */
int notify_take(const struct notify *notify, pid_t pid);

/* The program runs: hand on until READY has come, or the process has ended. A manager that cannot be told is a warning by now. */
void notify_wait(const struct notify *notify, const struct pidref *init);

void notify_close(struct notify *notify);
#define _cleanup_notify_ __attribute__((cleanup(notify_close)))
