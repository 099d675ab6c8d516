/* A container that its maker stays with: what run and a restore that is not detached end with. */
#pragma once

#include "runtime/create.h"

/*
 * Wait for the workload, relaying the terminal and signals as wait says, and delete the container then, unless keep is set and
 * it ended. Returns its exit status, or -errno with the record filled.
 */
int foreground_wait(struct creation *creation, const struct runtime *runtime, const struct wait_options *wait, bool keep);
