/*
 * What `top` tells of containers: quantities from two looks at them, as a table or as JSON. Pure.
 */
#pragma once

#include "runtime/usage.h"

#include <stdbool.h>

/* One look at one container. */
struct top_look {
	char *id;
	uint64_t time; /* nanoseconds of CLOCK_MONOTONIC */
	struct container_usage usage;
};

struct top_sample {
	size_t count;
	struct top_look *looks; /* sorted by id */
};

/* A quantity that may be unknown. */
struct top_value {
	bool set;
	double value;
};

struct top_row {
	const char *id;
	enum status status;
	pid_t pid;
	struct top_value cpu;                /* percent of one processor */
	struct top_value memory, memory_max; /* bytes; the limits are infinite without one */
	struct top_value pids, pids_max;
	struct top_value read, write;    /* bytes a second, of all block devices */
	struct top_value received, sent; /* bits a second */
	bool by_limits;                  /* these two are counted by the limits of network bandwidth */
	struct top_value pressure_cpu, pressure_memory, pressure_io; /* percent of the last 10 s in which some waited */
};

/* now.count rows in arena, those that use most of the processors first. Rates are unknown for who is not in before. */
struct top_row *top_rows(const struct top_sample *before, const struct top_sample *now, struct arena *arena);

/* As table_to_text(). */
char *top_rows_to_table(const struct top_row *rows, size_t count, size_t width, struct arena *arena);

/* An array with an object for each row; what is unknown is null, and so is a limit where there is none. */
char *top_rows_to_json(const struct top_row *rows, size_t count, struct arena *arena);

/* A line about all: "TIME  N containers, N running  CPU% N  MEM N". count: of rows; time: "12:34:56". */
char *top_rows_to_summary(const struct top_row *rows, size_t count, const char *time, struct arena *arena);
