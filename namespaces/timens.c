/* Offsets of time namespaces: time_namespaces(7), config-linux.md "Offset for Time Namespace". */
#include "namespaces/namespaces.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <inttypes.h>
#include <linux/magic.h>
#include <sys/statfs.h>

int ns_open_time_offsets(void)
{
	_cleanup_fd_ int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return fail(errno, "open /proc/self/timens_offsets");
	if (fstatfs(fd, &fs) < 0)
		return fail(errno, "statfs /proc/self/timens_offsets");
	return fs.f_type == PROC_SUPER_MAGIC ? steal_fd(&fd) : refuse(EXDEV, "/proc/self/timens_offsets is not on procfs");
}

/* The kernel takes a write at the file's beginning only. */
static int write_offset(int offsets, const char *clock, const struct spec_time_offset *offset)
{
	char line[64];

	snprintf(line, sizeof line, "%s %" PRId64 " %" PRIu32 "\n", clock, offset->secs, offset->nanosecs);
	ssize_t n = lseek(offsets, 0, SEEK_SET) < 0 ? -1 : write(offsets, line, strlen(line));

	if (n >= 0)
		return (size_t)n == strlen(line)
			       ? 0
			       : refuse(EIO, "/linux/timeOffsets/%s: timens_offsets takes a part only", clock);
	if (errno != ERANGE)
		return fail(errno, "/linux/timeOffsets/%s: write timens_offsets", clock);
	return refuse(ERANGE, "/linux/timeOffsets/%s: %" PRId64 " seconds would turn the clock negative or make it overflow",
		      clock, offset->secs);
}

int ns_make_time(int offsets, const struct spec *spec)
{
	const struct spec_linux *config = &spec->linux_;

	if (unshare(CLONE_NEWTIME) < 0)
		return fail(errno, "create a time namespace");
	/* A line at a time, so that an error tells which clock it is about. */
	int r = config->monotonic.set ? write_offset(offsets, "monotonic", &config->monotonic) : 0;

	return r >= 0 && config->boottime.set ? write_offset(offsets, "boottime", &config->boottime) : r;
}
