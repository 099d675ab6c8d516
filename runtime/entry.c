#include "runtime/entry.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* Is init in another namespace of this type than we are? Where that cannot be seen, no. */
static bool differs(const struct record *record, enum namespace_type type)
{
	char own[48], other[48];
	struct stat a, b;

	snprintf(own, sizeof own, "/proc/self/ns/%s", ns_type_proc_name(type));
	snprintf(other, sizeof other, "/proc/%d/ns/%s", (int)record->init.pid, ns_type_proc_name(type));
	return stat(own, &a) == 0 && stat(other, &b) == 0 && (a.st_dev != b.st_dev || a.st_ino != b.st_ino);
}

uint64_t entry_types(const struct record *record, const struct spec *spec)
{
	uint64_t types = 0;

	for (enum namespace_type type = 0; type < NS_TYPES; type++)
		if ((spec->linux_.namespaces[type].set && type != NS_USER) || differs(record, type))
			types |= ns_type_clone_flag(type);
	return types;
}

/* Should init be gone by now, its pidfd tells, which is used after. */
int entry_open_root(const struct record *record, const struct spec *spec, int *root)
{
	char path[40];

	*root = -1;
	if (!spec->linux_.namespaces[NS_MOUNT].path)
		return 0;
	snprintf(path, sizeof path, "/proc/%d/root", (int)record->init.pid);
	*root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *root < 0 ? fail(errno, "open the container's root") : 0;
}

/* --- the user namespace of init -------------------------------------------------------------------------------------------- */

static bool is_same(const struct entry_user *a, const struct entry_user *b)
{
	return a->device == b->device && a->inode == b->inode;
}

static struct entry_user user_at(int dirfd, const char *path)
{
	struct stat st;

	return fstatat(dirfd, path, &st, *path ? 0 : AT_EMPTY_PATH) < 0 ? (struct entry_user){ 0 }
	                                                                : (struct entry_user){ st.st_dev, st.st_ino };
}

/* Its pidfd tells whether the number was still its own. */
struct entry_user entry_look(const struct record *record, int proc)
{
	char path[48];

	snprintf(path, sizeof path, "%s%d/ns/user", proc < 0 ? "/proc/" : "", (int)record->init.pid);
	struct entry_user found = user_at(proc < 0 ? AT_FDCWD : proc, path);

	return pidref_wait_exit(&record->init, 0) == 0 ? found : (struct entry_user){ 0 };
}

int entry_check_unmoved(const struct entry_user *before, const struct record *record, int proc)
{
	struct entry_user now = entry_look(record, proc);
	bool ended = pidref_wait_exit(&record->init, 0) != 0;

	if (is_same(before, &now) || (ended && record->state.own_pid_namespace))
		return 0;
	return refuse(EBUSY, "the first process of container %s has just %s", record->state.id,
	              ended ? "ended" : "gone to a user namespace of its own");
}

static int open_namespace(const struct record *record, enum namespace_type type)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)record->init.pid, ns_type_proc_name(type));
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* What a namespace of init's belongs to: a user namespace to the one that it was made in. */
static struct entry_user owner_of(const struct record *record, enum namespace_type type)
{
	_cleanup_fd_ int own = open_namespace(record, type), owner = own < 0 ? -1 : ioctl(own, NS_GET_USERNS);

	return owner < 0 ? (struct entry_user){ 0 } : user_at(owner, "");
}

/* What owns its pid namespace, which no process can exchange for another. */
static bool owns_pids(const struct entry_user *user, const struct record *record)
{
	struct entry_user owner = owner_of(record, NS_PID);

	return is_same(&owner, user);
}

/* Without a pid namespace of its own: that of the caller, or the one that was configured, which the caller made or has the path of. */
static bool is_callers(const struct entry_user *user, const struct record *record, const struct spec *spec)
{
	const struct spec_namespace *config = &spec->linux_.namespaces[NS_USER];
	struct entry_user ours = user_at(AT_FDCWD, "/proc/self/ns/user");

	if (is_same(&ours, user) || !config->set)
		return is_same(&ours, user);
	struct entry_user configured = config->path ? user_at(AT_FDCWD, config->path) : (struct entry_user){ 0 };
	struct entry_user maker = owner_of(record, NS_USER);

	return is_same(&configured, user) || is_same(&maker, &ours);
}

int entry_check_given(const struct entry_user *user, const struct record *record, const struct spec *spec)
{
	bool given = record->state.own_pid_namespace ? owns_pids(user, record) : is_callers(user, record, spec);

	if (user->inode != 0 && given)
		return 0;
	return refuse(EPERM, "the first process of container %s is in a user namespace of its own, where it could change what it is given",
	              record->state.id);
}
