/*
 * Hooks (config.md "POSIX-platform Hooks"): run in order, the state on stdin, the environment exactly that of the configuration (absent: empty,
 * but for startContainer, which process.c gives the workload's), signals at their defaults and unblocked, no descriptor but 0–2, killed with
 * its whole process group when the timeout is over. Nobody waits for what a hook leaves behind in the background, nor copies what that
 * writes.
 */
#pragma once

#include "oci/spec.h"

/*
 * Run every hook of the list in the caller's namespaces. state_json is given on stdin. Stops at the first failure; the
 * error names the point, the index, the path, the exit status or signal or timeout, and the last line that the hook wrote
 * to stderr. directory is the hook's working directory (NULL: the caller's). stdout and stderr are the caller's stderr
 * (stdout of the workload is not ours to write).
 */
int hooks_run(const struct spec_hook_list *hooks, enum hook_point point, const char *state_json, const char *directory);

/* As above, but failures are logged as warnings and the rest still runs: poststop (runtime.md "Lifecycle"; a failed
 * poststart hook is an error). Where the directory is gone, they begin in "/". */
void hooks_run_all(const struct spec_hook_list *hooks, enum hook_point point, const char *state_json, const char *directory);
