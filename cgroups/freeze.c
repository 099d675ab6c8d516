#include "cgroups/cgroup.h"

#include "cgroups/files.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>

int cgroup_freeze(struct cgroup *cgroup, bool freeze, int timeout_ms)
{
	const char *verb = freeze ? "freeze" : "thaw";
	int r = write_file_at(cgroup->fd, "cgroup.freeze", freeze ? "1" : "0");

	if (r < 0)
		return fail(-r, "%s cgroup %s", verb, cgroup->path);
	r = cgroup_events_wait(cgroup->fd, "frozen", freeze, timeout_ms);
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
