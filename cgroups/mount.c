#include "cgroups/mount.h"
#include "cgroups/cgroup.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/mountinfo.h"
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

/* All mounts of it show the same. */
int cgroup_options(char *text, size_t size)
{
	struct arena _cleanup_arena_ arena = { 0 };
	char *mounts, *save = NULL;
	int r = read_file_at(AT_FDCWD, "/proc/self/mountinfo", &arena, MOUNTINFO_MAX, &mounts, NULL);

	if (r < 0)
		return fail(-r, "read /proc/self/mountinfo");
	for (char *line = strtok_r(mounts, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *options = strrchr(line, ' ');

		if (!options || !strstr(line, " - cgroup2 "))
			continue;
		if ((size_t)snprintf(text, size, "%s", options + 1) >= size)
			return refuse(ENAMETOOLONG, "cgroup v2 is mounted with too many options: %s", options + 1);
		return 0;
	}
	return refuse(ENOTSUP, "cgroup v2 is not mounted");
}

static int set_options(int fs, char *options)
{
	char *save = NULL;
	int r = 0;

	for (char *word = strtok_r(options, ",", &save); word && r >= 0; word = strtok_r(NULL, ",", &save))
		r = sys_fsconfig(fs, FSCONFIG_SET_FLAG, word, NULL, 0);
	return r < 0 ? r : sys_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}

int cgroup_options_restore(const char *text)
{
	char now[CGROUP_OPTIONS_SIZE], wanted[CGROUP_OPTIONS_SIZE];
	const char *path = cgroup_mount_point();

	if (!path)
		return -error_record()->code;
	int r = cgroup_options(now, sizeof now);

	if (r < 0 || strcmp(now, text) == 0)
		return r;
	_cleanup_fd_ int fs = sys_fspick(AT_FDCWD, path, 0);

	snprintf(wanted, sizeof wanted, "%s", text);
	r = fs < 0 ? fs : set_options(fs, wanted);
	return r < 0 ? fail(-r, "mount cgroup v2 with %s again, which is %s now", text, now) : 0;
}
