#include "rootfs/reach.h"

#include "base/fd.h"
#include "base/sys.h"

#include <sys/fsuid.h>
#include <sys/stat.h>

void reach_begin(struct reach *reach, const struct spec *spec)
{
	uint32_t uid, gid;

	*reach = (struct reach){ .known = false };
	if (!spec_new_namespace(spec, NS_USER) || !spec_host_id(&spec->linux_.uid_maps, 0, &uid) ||
	    !spec_host_id(&spec->linux_.gid_maps, 0, &gid) || uid == 0)
		return;
	reach->changed = true;
	reach->old_gid = (gid_t)setfsgid(gid);
	reach->old_uid = (uid_t)setfsuid(uid);
	/* They report no error: ask again. Id 0 of the host would bring its capabilities along, and nothing would be known. */
	reach->known = (uid_t)setfsuid((uid_t)-1) == uid && (gid_t)setfsgid((gid_t)-1) == gid;
}

void reach_end(struct reach *reach)
{
	if (!reach->changed)
		return;
	setfsuid(reach->old_uid);
	setfsgid(reach->old_gid);
}

bool reach_can_bind(const struct reach *reach, const char *path, bool recursive)
{
	if (!reach->known)
		return false;
	_cleanup_fd_ int fd = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && (recursive || (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)));
}
