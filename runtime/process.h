/*
 * What init and exec have in common: the terminal, and the one order in which a process gets its attributes and becomes the workload.
 */
#pragma once

#include "runtime/newborn.h"

/* Open the container's terminal, make it the controlling one and standard input, output and error; send the master to the runtime. */
int process_open_terminal(struct newborn *newborn);

/* Apply every attribute in order, wait for the start, execve. Returns only on failure. */
int process_become(struct newborn *newborn);

/* Tell whoever waits (the runtime, or after create the `start` command) of the error in the record. */
void process_report_failure(struct newborn *newborn);
