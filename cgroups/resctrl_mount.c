#include "cgroups/resctrl.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/mountinfo.h"
#include "base/sys.h"

#include <linux/magic.h>
#include <sys/statfs.h>

#ifndef RDTGROUP_SUPER_MAGIC
#define RDTGROUP_SUPER_MAGIC 0x7655821
#endif

static int open_checked(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return fail(errno, "open %s", path);
	if (fstatfs(fd, &fs) < 0)
		return fail(errno, "look at %s", path);
	/* Something else may be mounted over it. */
	return fs.f_type == RDTGROUP_SUPER_MAGIC ? steal_fd(&fd) : refuse(ENOTSUP, "%s is no resctrl file system", path);
}

int resctrl_open(void)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char *text, *save = NULL;
	int r = read_file_at(AT_FDCWD, "/proc/self/mountinfo", &arena, MOUNTINFO_MAX, &text, NULL);

	if (r < 0)
		return fail(-r, "read /proc/self/mountinfo");
	r = refuse(ENOTSUP, "no resctrl file system is mounted: on a machine with Intel RDT, "
	                    "mount -t resctrl resctrl /sys/fs/resctrl");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *path;
		const char *type;

		if (!mountinfo_parse(line, &path, &type) || strcmp(type, "resctrl") != 0)
			continue;
		r = open_checked(path);
		if (r >= 0)
			break;
	}
	return r;
}
