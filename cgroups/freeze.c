#include "cgroups/cgroup.h"

#include "cgroups/driver.h"
#include "cgroups/files.h"
#include "cgroups/mount.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <string.h>

#define LOOK_MS 100

/* Not when it cannot be read: a group that is gone counts as frozen. */
static bool is_thawed(struct cgroup *cgroup)
{
	char asked[8];

	return cgroup_file_read(cgroup->fd, "cgroup.freeze", asked, sizeof asked) > 0 && asked[0] == '0';
}

/* As cgroup_events_wait(); -ECANCELED when somebody else has thawed it: that changes nothing in cgroup.events which would wake us. */
static int wait_frozen(struct cgroup *cgroup, int timeout_ms)
{
	for (int left = timeout_ms;; left -= LOOK_MS) {
		int r = cgroup_events_wait(cgroup->fd, "frozen", 1, left < LOOK_MS ? left : LOOK_MS);

		if (r != 0)
			return r;
		if (is_thawed(cgroup))
			return -ECANCELED;
		if (left <= LOOK_MS)
			return 0;
	}
}

int cgroup_freeze(struct cgroup *cgroup, bool freeze, int timeout_ms)
{
	const char *verb = freeze ? "freeze" : "thaw";
	int r = write_file_at(cgroup->fd, "cgroup.freeze", freeze ? "1" : "0");

	if (r < 0)
		return fail(-r, "%s cgroup %s", verb, cgroup->path);
	r = freeze ? wait_frozen(cgroup, timeout_ms) : cgroup_events_wait(cgroup->fd, "frozen", 0, timeout_ms);
	if (r == -ECANCELED)
		return refuse(ECANCELED, "cgroup %s is not frozen: it was resumed meanwhile", cgroup->path);
	if (r < 0)
		return fail(-r, "%s cgroup %s: wait for cgroup.events", verb, cgroup->path);
	if (r > 0)
		return 0;
	if (!freeze)
		return refuse(ESTALE, "cgroup %s stays frozen: a group above it is frozen too", cgroup->path);
	/* Half frozen is neither: let those that did freeze run on. */
	r = write_file_at(cgroup->fd, "cgroup.freeze", "0");
	if (r < 0)
		return fail(-r, "cgroup %s did not freeze within %d ms, and thawing it again failed", cgroup->path, timeout_ms);
	return refuse(ESTALE,
		      "cgroup %s did not freeze within %d ms: the kernel holds one of its processes (see ps -o stat,wchan); "
		      "it has been thawed",
		      cgroup->path, timeout_ms);
}

int cgroup_is_frozen(struct cgroup *cgroup)
{
	char asked[8];
	int frozen = cgroup_events_get(cgroup->fd, "frozen");

	/* Not "frozen" for a moment when a process has just come in, but asked to be all the same. */
	if (frozen == 0 && cgroup_file_read(cgroup->fd, "cgroup.freeze", asked, sizeof asked) > 0 && asked[0] == '1')
		return 1;
	if (frozen == -ENOENT)
		return 0;
	return frozen < 0 ? fail(-frozen, "read cgroup.events of %s", cgroup->path) : frozen;
}

/* Whether what is above the path, its first length bytes, is frozen; it stays open for what is in there. */
static int look_above(struct cgroup_freezes *freezes, const char *path, size_t length)
{
	struct cgroup *above = &freezes->above;

	if (freezes->known && length == strlen(above->path) && memcmp(above->path, path, length) == 0)
		return freezes->frozen;
	cgroup_close(above);
	memcpy(above->path, path, length);
	above->path[length] = 0;
	/* The hierarchy's root cannot be frozen. */
	int r = length > 0 ? cgroup_open_at(above, freezes->root, above->path) : 0;

	if (r >= 0 && length > 0)
		r = cgroup_is_frozen(above);
	r = r == -ENOENT ? 0 : r;
	freezes->known = r >= 0;
	freezes->frozen = r > 0;
	return r;
}

/* By itself: what that group was asked for. name: its path's last part, with the slash. */
static int asked_to_freeze(const struct cgroup_freezes *freezes, const char *name)
{
	char file[CGROUP_PATH_SIZE + 16], asked[8] = "";
	const struct cgroup *above = &freezes->above;
	ssize_t n = -ENOENT;

	snprintf(file, sizeof file, "%s/cgroup.freeze", name + 1);
	if (above->fd >= 0 || !above->path[0])
		n = cgroup_file_read_below(above->fd >= 0 ? above->fd : freezes->root, file, asked, sizeof asked);
	if (n < 0 && n != -ENOENT)
		return fail((int)-n, "read cgroup.freeze of %s%s", above->path, name);
	return asked[0] == '1';
}

int cgroup_freezes_look(struct cgroup_freezes *freezes, const char *path)
{
	if (!*path)
		return 0;
	int r = cgroup_check_path(path);
	const char *name = strrchr(path, '/');

	if (r >= 0)
		r = freezes->root < 0 ? freezes->root = cgroup_root_open() : 0;
	if (r >= 0)
		r = look_above(freezes, path, (size_t)(name - path));
	return r == 0 ? asked_to_freeze(freezes, name) : r;
}

void cgroup_freezes_close(struct cgroup_freezes *freezes)
{
	cgroup_close(&freezes->above);
	close_fd(&freezes->root);
}
