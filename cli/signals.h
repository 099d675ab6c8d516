/* Signals: their names, and those that a foreground workload is passed. */
#pragma once

#include <stdint.h>

/*
 * "TERM", "SIGTERM", "sigterm", "15", "RTMIN+3": its number, or -EINVAL with the record. 0 only asks whether the process is
 * there.
 */
int signal_parse(const char *text);

/*
 * Block SIGXFSZ: with a limit on the size of files (RLIMIT_FSIZE), a write of ours fails with EFBIG then, and what was begun is undone,
 * where the signal would end us in the middle of it. What we execute has nothing blocked.
 */
void signal_block_file_size(void);

/*
 * Give every signal its default effect, so that a workload does not depend on what its caller happened to ignore, and waiting
 * for children works even where the caller ignored SIGCHLD. What was ignored is blocked instead, and
 * returned as a mask: bit n-1 is signal n.
 */
uint64_t signal_reset(void);

/*
 * Block what can be passed on and return a signalfd of it. Left out are: what a fault of this program raises; SIGPIPE (blocked:
 * a write fails instead); SIGTTOU (blocked: giving the terminal back its settings must not stop us) and SIGTTIN; and what the
 * caller had ignored, as nohup(1) and shells do for commands that the terminal's signals are not meant for.
 */
int signal_open_forwarding(uint64_t ignored);
