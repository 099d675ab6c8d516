#include "cgroups/mount.h"
#include "cgroups/cgroup.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <linux/magic.h>
#include <sys/statfs.h>

#define PURE "/sys/fs/cgroup"
#define HYBRID "/sys/fs/cgroup/unified"

static bool is_cgroup2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static void explain_absence(void)
{
	struct statfs fs;

	if (statfs(PURE, &fs) < 0)
		fail(errno, "look for cgroup v2 at %s", PURE);
	else if (fs.f_type == TMPFS_MAGIC)
		refuse(ENOTSUP,
		       "this host has cgroup v1 alone: boot it with systemd.unified_cgroup_hierarchy=1, or mount v2 beside v1 "
		       "(mkdir -p %s && mount -t cgroup2 cgroup2 %s)",
		       HYBRID, HYBRID);
	else
		refuse(ENOTSUP, "cgroup v2 is not mounted: mount -t cgroup2 cgroup2 %s", PURE);
}

const char *cgroup_mount_point(void)
{
	if (is_cgroup2(PURE))
		return PURE;
	if (is_cgroup2(HYBRID))
		return HYBRID;
	explain_absence();
	return NULL;
}

int cgroup_root_open(void)
{
	const char *path = cgroup_mount_point();

	if (!path)
		return -error_record()->code;
	int fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail(errno, "open %s", path) : fd;
}

int cgroup_path_in(const char *file, char *path, size_t size)
{
	char text[8192];
	ssize_t n = read_text_at(AT_FDCWD, file, text, sizeof text);

	if (n < 0)
		return fail((int)-n, "read %s", file);
	/* The v2 line is "0::PATH"; on hybrid hosts the lines of v1 hierarchies come first. */
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		line += 3;
		size_t length = strcspn(line, "\n");

		if (length >= size)
			return refuse(ENAMETOOLONG, "%s: the path is too long", file);
		memcpy(path, line, length);
		path[length] = 0;
		return 0;
	}
	return refuse(ENOTSUP, "%s names no cgroup v2 group: the kernel has cgroup v1 alone", file);
}

int cgroup_own_path(char *path, size_t size)
{
	return cgroup_path_in("/proc/self/cgroup", path, size);
}
