/*
 * Where the time of a start goes: --trace FILE appends the phases of both processes to FILE, in the JSON array form of the Trace Event Format
 * (ui.perfetto.dev and chrome://tracing read it; the closing bracket may be missing, so several commands can share a file). Without a
 * file, a phase costs one comparison.
 */
#pragma once

#include <time.h>

/* Begin to trace. -errno, record filled. */
int trace_open(const char *path);

/* The descriptor, or -1: a child process keeps it open while it sets itself up. */
int trace_fd(void);

/* What the process that calls this is shown as. */
void trace_process(const char *name);

/* A phase; phases of a process nest. */
void trace_begin(const char *phase);
void trace_end(void);

/* End all that have begun: another program takes over the process. */
void trace_end_all(void);

/* What another process of ours has done, which cannot write here itself; times of CLOCK_REALTIME. */
void trace_span(const char *process, int pid, const char *phase, const struct timespec *begin, const struct timespec *end);

/* The phase lasts to the end of the block. */
#define TRACE_SCOPE(phase) __attribute__((cleanup(trace_leave), unused)) const int trace_scope = trace_enter(phase)

static inline int trace_enter(const char *phase)
{
	trace_begin(phase);
	return 0;
}

static inline void trace_leave(const int *scope)
{
	(void)scope;
	trace_end();
}
