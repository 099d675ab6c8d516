/* Quantities as runc's command line takes them. */
#pragma once

#include <stdint.h>

/*
 * Bytes: a number, perhaps with a fraction, and a unit: 512, 64k, 1.5G, "10 MiB", 100mb. All units are powers of 1024; their case
 * does not matter. -EINVAL without the record.
 */
int units_parse_size(const char *text, int64_t *bytes);

/* A duration of Go, more than nothing: 5s, 500ms, 1m30s, 1.5h. -EINVAL without the record. */
int units_parse_duration(const char *text, uint64_t *nanoseconds);
