/* Offsets of time namespaces: time_namespaces(7), config-linux.md "Offset for Time Namespace". */
#include "namespaces/namespaces.h"

#include "base/error.h"
#include "base/proc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

int ns_write_time_offsets(int proc, pid_t pid, const struct spec *spec)
{
	const struct {
		const char *clock;
		const struct spec_time_offset *offset;
	} clocks[] = {
		{ "monotonic", &spec->linux_.monotonic },
		{ "boottime", &spec->linux_.boottime },
	};
	char path[40], line[64];

	snprintf(path, sizeof path, "%d/timens_offsets", (int)pid);
	/* A line at a time, so that an error tells which clock it is about. */
	for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
		const struct spec_time_offset *offset = clocks[i].offset;

		if (!offset->set)
			continue;
		snprintf(line, sizeof line, "%s %" PRId64 " %" PRIu32 "\n", clocks[i].clock, offset->secs, offset->nanosecs);
		int r = proc_write(proc, path, line);

		if (r == -ERANGE)
			return refuse(ERANGE,
				      "/linux/timeOffsets/%s: %" PRId64
				      " seconds would turn the clock negative or make it overflow",
				      clocks[i].clock, offset->secs);
		if (r < 0)
			return fail(-r, "/linux/timeOffsets/%s: write %s", clocks[i].clock, path);
	}
	return 0;
}
