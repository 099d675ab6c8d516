/*
 * What a process is: the pieces that runtime/process.c applies in its one order, to init and to exec alike. "prepare" functions run in
 * the runtime before birth; the others run in the child, single-threaded, about to exec.
 */
#pragma once

#include "oci/spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* --- capabilities.c: capabilities(7) --- */

/*
 * Prepare: warn (log) about names that are unknown or that the caller itself does not have; the masks that can be granted.
 * A requested capability outside the caller's bounding set is dropped from the masks with a warning (config.md).
 * *granted is a copy that the later calls take.
 */
int capabilities_prepare(const struct spec_capabilities *wanted, bool new_user_namespace, struct spec_capabilities *granted);

/* Drop every capability up to the running kernel's last from the bounding set unless it is in the set. */
int capabilities_set_bounding(const struct spec_capabilities *caps);

/* PR_SET_KEEPCAPS, so that the uid change keeps permitted capabilities. */
int capabilities_keep(void);

/* effective, permitted, inheritable exactly as given (CVE-2022-24769), then ambient. After the uid change; clears keepcaps. */
int capabilities_set(const struct spec_capabilities *caps);

/* "CAP_CHOWN" to its number, or -1; and back (NULL when unknown). Any libcap of build time is not asked: the kernel's are numbers. */

/* --- seccomp.c, seccomp_cache.c --- */

struct seccomp_filter {
	struct sock_filter *program;   /* in memory of its own */
	unsigned short length;         /* instructions; 0: no filter */
	unsigned flags;                /* SECCOMP_FILTER_FLAG_* */
	bool notify;                   /* an action is SCMP_ACT_NOTIFY: installing gives a listener */
};

/*
 * Compile the profile to BPF, or take it from the cache in cache_dir (NULL: no cache). Checks: flags and actions that the kernel
 * knows, names libseccomp knows on no architecture are skipped with a debug message as runc does, listenerPath present when NOTIFY is used,
 * NOTIFY for no defaultAction and not for write/sendmsg-class calls that installing needs. See libraries.md for the safe key.
 */
int seccomp_prepare(struct seccomp_filter *filter, const struct spec_seccomp *seccomp, const char *cache_dir);

/* Install. Returns the listener's descriptor with notify, else 0. */
int seccomp_install(const struct seccomp_filter *filter);

/* Runtime: connect to listener_path, send the container process state with the listener's descriptor, close. */
int seccomp_send_listener(const char *listener_path, const char *state_json, int listener);

void seccomp_free(struct seccomp_filter *filter);

/* --- lsm.c: AppArmor, SELinux --- */

/* Prepare: a label asked for and the LSM not enabled, or an AppArmor profile that is not loaded, is an error. */
int lsm_prepare(const struct spec_process *process);
/*
 * Child: set the label that the next execve takes, through the trusted proc (attr/apparmor/exec or attr/exec), and read it back.
 * "unconfined" is a label like any other.
 */
int lsm_set_exec_label(int proc, const struct spec_process *process);

/* --- limits.c --- */

/* Each takes effect on the calling process; errors name the JSON path (/process/rlimits/N …) and the value. */
int limits_set_rlimits(const struct spec_process *process);
/* Through the trusted proc; only when it is set. */
int limits_set_oom_score(int proc, const struct spec_process *process);
int limits_set_scheduler(const struct spec_scheduler *scheduler);
int limits_set_io_priority(const struct spec_io_priority *priority);
int limits_set_personality(const struct spec_personality *personality);
int limits_set_memory_policy(const struct spec_memory_policy *policy);
int limits_set_affinity(const struct spec_cpus *cpus, const char *json_path);

/* --- keyring.c --- */

/* Join a new session keyring named for the container ("_ses.ID"), as runc does; label is the SELinux label or NULL. ENOSYS: fine. */
int keyring_join(const char *id, const char *label);

/* --- program.c --- */

/*
 * Find args[0] as execvp does, with the PATH of env (the container's), inside the caller's root. An absolute or relative path with a slash is
 * taken as is. Returns 0 with path filled, or -errno with the record saying which it was: not found in PATH (ENOENT), a directory, no
 * permission (EACCES).
 */
int program_find(const struct strings *args, const struct strings *env, char *path, size_t size);

/*
 * execve failed with code: fill the record with the true reason – no such file, no execute permission, a file system mounted noexec, the script's
 * interpreter missing (name it), the ELF loader missing (name it), wrong architecture (name it), not a program. Returns -code.
 */
int program_explain(const char *path, int code);
