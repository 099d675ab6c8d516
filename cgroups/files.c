#include "cgroups/files.h"

#include "base/fd.h"
#include "base/sys.h"

#include <poll.h>
#include <time.h>

static ssize_t read_once(int fd, char *text, size_t size)
{
	ssize_t n = fd < 0 ? -1 : pread(fd, text, size, 0);

	if (n < 0)
		return errno == ENODEV ? -ENOENT : -errno;
	if ((size_t)n == size)
		return -EFBIG;
	if (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = 0;
	return n;
}

ssize_t cgroup_file_read(int dir, const char *file, char *text, size_t size)
{
	_cleanup_fd_ int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);

	return read_once(fd, text, size);
}

ssize_t cgroup_file_read_below(int root, const char *path, char *text, size_t size)
{
	_cleanup_fd_ int fd = sys_openat2(root, path, O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);

	return fd < 0 ? fd : read_once(fd, text, size);
}

long cgroup_text_number(const char *text, const char *key)
{
	size_t length = strlen(key);

	while (text) {
		if (strncmp(text, key, length) == 0 && text[length] == ' ')
			return strtol(text + length, NULL, 10);
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return -1;
}

bool cgroup_text_has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	while (*text) {
		size_t here = strcspn(text, " \n");

		if (here == length && memcmp(text, word, length) == 0)
			return true;
		text += here;
		text += strspn(text, " \n");
	}
	return false;
}

/* --- cgroup.events ---------------------------------------------------------------------------------------------------- */

int cgroup_events_get(int dir, const char *key)
{
	char text[256] = "";
	ssize_t n = cgroup_file_read(dir, "cgroup.events", text, sizeof text);

	if (n < 0)
		return (int)n;
	long value = cgroup_text_number(text, key);

	return value < 0 ? -ENODATA : (int)value;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int cgroup_events_wait(int dir, const char *key, long want, int timeout_ms)
{
	_cleanup_fd_ int fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t end = now_ms() + timeout_ms;
	char text[CGROUP_WORDS_SIZE];

	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 1 : -errno;
	for (;;) {
		/* Reading arms the poll: a change after this read wakes it. */
		ssize_t n = pread(fd, text, sizeof text - 1, 0);

		if (n < 0)
			return errno == ENODEV ? 1 : -errno;
		text[n] = 0;
		if (cgroup_text_number(text, key) == want)
			return 1;
		int64_t left = end - now_ms();
		struct pollfd p = { .fd = fd, .events = POLLPRI };

		if (left <= 0)
			return 0;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
	}
}

/* --- directories ------------------------------------------------------------------------------------------------------ */

struct entry { /* struct linux_dirent64, which no header declares */
	uint64_t inode;
	int64_t next;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* A directory's entries in the order and with the positions of the kernel; fits hundreds of the files of a group. */
struct listing {
	_Alignas(struct entry) char data[8192];
	long used, at;
};

/* The next sub-group of dir in name: 1, *next is where to read on; 0 at the end. A group that is gone has none. */
static int next_child(int dir, struct listing *listing, char name[256], off_t *next)
{
	for (;;) {
		if (listing->at == listing->used) {
			listing->used = syscall(SYS_getdents64, dir, listing->data, sizeof listing->data);
			listing->at = 0;
			if (listing->used <= 0)
				return listing->used == 0 || errno == ENOENT ? 0 : -errno;
		}
		const struct entry *entry = (const struct entry *)(const void *)(listing->data + listing->at);

		listing->at += entry->length;
		if (entry->type != DT_DIR || strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
			continue;
		snprintf(name, 256, "%s", entry->name);
		*next = entry->next;
		return 1;
	}
}

static int open_dir(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int push_position(struct cgroup_walk *walk, off_t position)
{
	if (walk->depth == walk->room) {
		size_t room = walk->room ? 2 * walk->room : 16;
		off_t *grown = reallocarray(walk->positions, room, sizeof *grown);

		if (!grown)
			return -ENOMEM;
		walk->positions = grown;
		walk->room = room;
	}
	walk->positions[walk->depth++] = position;
	return 0;
}

/* Into the first child of the current group from position on: 1, or 0 when there is none. */
static int walk_down(struct cgroup_walk *walk, off_t position)
{
	struct listing listing = { .used = 0 };
	char name[256];
	off_t next;
	int r;

	if (lseek(walk->fd, position, SEEK_SET) < 0)
		return -errno;
	while ((r = next_child(walk->fd, &listing, name, &next)) > 0) {
		int child = open_dir(walk->fd, name);

		if (child == -ENOENT)
			continue;
		if (child < 0)
			return child;
		close_fd(&walk->fd);
		walk->fd = child;
		r = push_position(walk, next);
		return r < 0 ? r : 1;
	}
	return r;
}

int cgroup_walk_next(struct cgroup_walk *walk, int top)
{
	if (!walk->started) {
		walk->started = true;
		walk->fd = open_dir(top, ".");
		/* A group that is gone has nothing in it. */
		return walk->fd == -ENOENT ? 0 : walk->fd < 0 ? walk->fd : 1;
	}
	int r = walk_down(walk, 0);

	while (r == 0 && walk->depth > 0) {
		int parent = open_dir(walk->fd, "..");

		if (parent < 0)
			return parent;
		close_fd(&walk->fd);
		walk->fd = parent;
		r = walk_down(walk, walk->positions[--walk->depth]);
	}
	return r;
}

void cgroup_walk_end(struct cgroup_walk *walk)
{
	close_fd(&walk->fd);
	free(walk->positions);
	*walk = CGROUP_WALK_START;
}

/* Remove the children of dir that have none themselves. 1: name has children, and must be entered first. 0: none is left. */
static int remove_leaves(int dir, char name[256])
{
	struct listing listing = { .used = 0 };
	off_t next;
	int r;

	if (lseek(dir, 0, SEEK_SET) < 0)
		return -errno;
	while ((r = next_child(dir, &listing, name, &next)) > 0) {
		if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			continue;
		return errno == EBUSY || errno == ENOTEMPTY ? 1 : -errno;
	}
	return r;
}

int cgroup_remove_below(int dir)
{
	_cleanup_fd_ int here = open_dir(dir, ".");
	size_t depth = 0;
	char name[256];

	if (here < 0)
		return here == -ENOENT ? 0 : here;
	for (;;) {
		int r = remove_leaves(here, name);

		if (r < 0)
			return r;
		if (r == 0 && depth == 0)
			return 0;
		int populated = r > 0 ? cgroup_events_get(here, "populated") : 0;

		if (populated > 0)
			return -EBUSY;
		int fd = open_dir(here, r > 0 ? name : "..");

		if (fd == -ENOENT && r > 0)
			continue;
		if (fd < 0)
			return fd;
		depth = r > 0 ? depth + 1 : depth - 1;
		close_fd(&here);
		here = fd;
	}
}
