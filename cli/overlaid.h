/*
 * The quick way to run from a file that nobody can change (sealed.h): without a copy, and without executing the program again.
 *
 * An overlay without an upper layer shows the program's directory; nothing can be written through it, and no remount changes that,
 * whatever privileges a container has. The process then trades its own file for the one that it sees there: what is mapped of the program,
 * and at last /proc/self/exe (PR_SET_MM_MAP, prctl(2)).
 */
#pragma once

#include <stdbool.h>

/*
 * self: the program's file; argv: main's. True if the process runs from the overlay now; *late_close is then a descriptor that nobody needs,
 * but whose closing makes the kernel wait (struct runtime). False if that cannot be had: it takes CAP_SYS_ADMIN, a kernel with
 * CONFIG_CHECKPOINT_RESTORE, and a file system that can be a lower layer (an overlay of overlays cannot). Nothing has changed then.
 */
bool overlaid_ensure(int self, char **argv, int *late_close);
