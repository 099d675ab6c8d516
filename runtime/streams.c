#include "runtime/streams.h"

#include "base/fd.h"
#include "base/mountinfo.h"
#include "base/sys.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MEMORY_MAJOR 1U /* /dev/null and its like */
#define PIPE "pipe:["
#define FILE_ON_MOUNT "file["

static char *describe(int fd, struct arena *arena)
{
	struct sys_statx st;
	struct statfs fs;

	if (sys_statx(fd, "", SYS_STATX_BASIC, &st) < 0)
		return arena_strdup(arena, "");
	bool fifo = S_ISFIFO(st.mode), memory = S_ISCHR(st.mode) && st.rdev_major == MEMORY_MAJOR;

	if (fifo && fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC)
		return arena_printf(arena, PIPE "%llu]", (unsigned long long)st.inode);
	if (!fifo && !memory && !S_ISREG(st.mode))
		return arena_strdup(arena, "");
	return arena_printf(arena, FILE_ON_MOUNT "%x:%llx]", (unsigned)st.mount, (unsigned long long)st.inode);
}

static char *describe_of(pid_t pid, int fd, struct arena *arena)
{
	char path[48];

	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
	_cleanup_fd_ int file = open(path, O_PATH | O_CLOEXEC);

	return describe(file, arena);
}

char *streams_describe(pid_t pid, struct arena *arena)
{
	struct strings names = { .items = arena_array(arena, DESCRIPTORS, sizeof *names.items), .count = DESCRIPTORS };

	for (int fd = 0; fd < DESCRIPTORS; fd++)
		names.items[fd] = pid ? describe_of(pid, fd, arena) : describe(fd, arena);
	return descriptors_to_json(&names, arena);
}

static bool is_mount_of(pid_t pid, unsigned mount, struct arena *arena)
{
	char path[40], *text, start[16];

	snprintf(path, sizeof path, "/proc/%d/mountinfo", (int)pid);
	snprintf(start, sizeof start, "%u ", mount);
	if (read_file_at(AT_FDCWD, path, arena, MOUNTINFO_MAX, &text, NULL) < 0)
		return true;
	for (const char *line = text; line; line = strchr(line, '\n'), line += line != NULL)
		if (strncmp(line, start, strlen(start)) == 0)
			return true;
	return false;
}

int streams_outside(const char *described, pid_t pid, struct strings *names, struct arena *arena)
{
	int r = descriptors_parse(names, described, arena);

	for (size_t i = 0; r >= 0 && i < names->count; i++) {
		unsigned mount;

		if (sscanf(names->items[i], FILE_ON_MOUNT "%x:", &mount) == 1 && is_mount_of(pid, mount, arena))
			names->items[i] = arena_strdup(arena, "");
	}
	return r;
}

bool stream_is_file(const char *name) { return strncmp(name, FILE_ON_MOUNT, sizeof FILE_ON_MOUNT - 1) == 0; }

bool stream_is_replaced(const char *name) { return stream_is_file(name) || strncmp(name, PIPE, sizeof PIPE - 1) == 0; }
