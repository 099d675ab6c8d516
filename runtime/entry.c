#include "runtime/entry.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <sys/stat.h>

/* Is init in another namespace of this type than we are? Where that cannot be seen, no. */
static bool differs(const struct record *record, enum ns_type type)
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

	for (enum ns_type type = 0; type < NS_TYPES; type++)
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
