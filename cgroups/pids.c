#include "cgroups/pids.h"

#include "cgroups/cgroup.h"
#include "cgroups/files.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

int pid_list_add(struct pid_list *pids, pid_t pid)
{
	if (pids->count == pids->room) {
		size_t room = pids->room ? 2 * pids->room : 64;
		pid_t *grown = reallocarray(pids->items, room, sizeof *grown);

		if (!grown)
			return -ENOMEM;
		pids->items = grown;
		pids->room = room;
	}
	pids->items[pids->count++] = pid;
	return 0;
}

/* cgroup.procs is one number a line; it may be longer than any buffer, and a read may end within a line. */
static int read_group(int dir, struct pid_list *pids)
{
	_cleanup_fd_ int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char text[4096];
	pid_t pid = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, text, sizeof text)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			/* 0: the caller's pid namespace cannot see it. */
			int r = text[i] == '\n' && pid != 0 ? pid_list_add(pids, pid) : 0;

			if (r < 0)
				return r;
			pid = text[i] == '\n' ? 0 : pid * 10 + (text[i] - '0');
		}
	}
	return n < 0 ? -errno : 0;
}

int cgroup_collect_pids(int dir, struct pid_list *pids)
{
	_cleanup_walk_ struct cgroup_walk walk = CGROUP_WALK_START;
	int r;

	while ((r = cgroup_walk_next(&walk, dir)) > 0) {
		r = read_group(walk.fd, pids);
		/* Gone meanwhile; or a threaded group, whose processes its domain lists, which is ours or below it. */
		if (r < 0 && r != -ENOENT && r != -ENODEV && !(r == -EOPNOTSUPP && walk.depth > 0))
			return r;
	}
	return r;
}

void pid_list_free(struct pid_list *pids)
{
	free(pids->items);
	*pids = (struct pid_list){ 0 };
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void pid_list_sort(struct pid_list *pids)
{
	size_t kept = 0;

	if (pids->count > 0)
		qsort(pids->items, pids->count, sizeof *pids->items, compare_pids);
	for (size_t i = 0; i < pids->count; i++)
		if (kept == 0 || pids->items[i] != pids->items[kept - 1])
			pids->items[kept++] = pids->items[i];
	pids->count = kept;
}

bool pid_list_has(const struct pid_list *sorted, pid_t pid)
{
	return sorted->count > 0 && bsearch(&pid, sorted->items, sorted->count, sizeof pid, compare_pids);
}

int cgroup_pids(struct cgroup *cgroup, struct arena *arena, pid_t **pids, size_t *count)
{
	_cleanup_pids_ struct pid_list list = { 0 };
	int r = cgroup_collect_pids(cgroup->fd, &list);

	if (r < 0)
		return fail(-r, "list the processes of cgroup %s", cgroup->path);
	pid_list_sort(&list);
	*pids = arena_array(arena, list.count + 1, sizeof **pids);
	if (list.count > 0)
		memcpy(*pids, list.items, list.count * sizeof **pids);
	*count = list.count;
	return 0;
}
