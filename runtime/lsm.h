/*
 * Labels of the Linux security modules: AppArmor profiles and SELinux contexts (config.md "Linux Process").
 */
#pragma once

#include "oci/spec.h"

/* Runtime: a label asked for whose module is not enabled on this host is an error. Empty strings are no label. */
int lsm_prepare(const struct spec_process *process);

/*
 * Child: set the labels that the next execve takes, through the trusted proc (of the caller's pid namespace), and read them
 * back. Before no_new_privs, which would forbid the change. An AppArmor profile that is not loaded or a context that the
 * policy does not have is an error here: only the kernel knows. "unconfined" is a profile like any other.
 */
int lsm_set_exec_label(int proc, const struct spec_process *process);
