/*
 * System call filters (config-linux.md "Seccomp"): compiled (runtime/seccomp_compile.h has the meaning of a profile), cached
 * (runtime/seccomp_cache.h), installed by seccomp(2).
 *
 * Where the specification leaves a choice:
 * - The machine's own architecture is always in the filter, architectures listed are added, a system call through any other
 *   kills the process. One that libseccomp or the machine's byte order cannot have is an error.
 * - A name that libseccomp knows on no architecture is skipped with a debug message: profiles name system calls of newer
 *   kernels. A name that exists on some of the architectures only is filtered there.
 * - What no rule names gets the default action, literally. (runc answers ENOSYS for system calls newer than the newest one in
 *   the profile; here a profile that wants that says "defaultErrnoRet": 38, as that of containers-common does.)
 * - Flags absent are no flags. (runc and crun then set SPEC_ALLOW; since Linux 5.16 a filter no longer brings the mitigation
 *   that it turns off.) TSYNC has nothing to do, as the child has one thread, but is passed on. WAIT_KILLABLE_RECV is dropped
 *   without a NOTIFY action, as there is then nothing to wait for.
 */
#pragma once

#include "oci/spec.h"

#include <stdbool.h>

struct sock_filter;

struct seccomp_filter {
	struct sock_filter *program;   /* in arena */
	struct arena arena;
	unsigned short length;         /* instructions; 0: no filter */
	unsigned flags;                /* SECCOMP_FILTER_FLAG_* */
	bool notify;                   /* an action is SCMP_ACT_NOTIFY: installing gives a listener */
};

/*
 * Compile the validated profile to BPF, or take it from the cache in cache_dir (NULL: no cache). Not set: an empty filter.
 * *filter must be zero but for its arena. Errors name the JSON path: an architecture or flag that cannot be had, NOTIFY for sendmsg
 * (the call that hands the listener over), too many rules for the kernel.
 */
int seccomp_prepare(struct seccomp_filter *filter, const struct spec_seccomp *seccomp, const char *cache_dir);

/* Install for the calling thread. Returns the listener's descriptor (close-on-exec) with notify, else 0. */
int seccomp_install(const struct seccomp_filter *filter);

/* Whether it lets a system call of the machine's own through, whatever its arguments are; first: but for that one, which is *first. */
bool seccomp_lets(const struct seccomp_filter *filter, int number, const uint64_t *first);

/*
 * Runtime: connect to the agent's AF_UNIX stream socket, send the container process state with the listener, close. An agent
 * that takes longer than ten seconds is an error.
 */
int seccomp_send_listener(const char *listener_path, const char *state_json, int listener);

/* SECCOMP_FILTER_FLAG_* of those in flags that the kernel knows. */
unsigned seccomp_known_flags(unsigned flags);

void seccomp_free(struct seccomp_filter *filter);
#define _cleanup_seccomp_ __attribute__((cleanup(seccomp_free)))
