#include "cgroups/cgroup.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

/* The path under construction: normalised, "" is the root. */
struct path {
	char *text;
	size_t size, used;
};

static int add_component(struct path *path, const char *name, size_t length, const char *whole)
{
	if (length == 0 || (length == 1 && *name == '.'))
		return 0;
	if (length == 2 && memcmp(name, "..", 2) == 0)
		return refuse(EINVAL, "cgroup path '%s': '..' is not allowed", whole);
	if (length > 255 || path->used + 1 + length >= path->size)
		return refuse(ENAMETOOLONG, "cgroup path '%.80s…' is too long", whole);
	path->text[path->used++] = '/';
	memcpy(path->text + path->used, name, length);
	path->used += length;
	path->text[path->used] = 0;
	return 0;
}

static int add_components(struct path *path, const char *whole)
{
	for (const char *c = whole; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return refuse(EINVAL, "cgroup path holds a control character");
	for (const char *name = whole; *name;) {
		size_t length = strcspn(name, "/");
		int r = add_component(path, name, length, whole);

		if (r < 0)
			return r;
		name += length;
		name += strspn(name, "/");
	}
	return 0;
}

static void drop_last_component(struct path *path)
{
	char *slash = strrchr(path->text, '/');

	path->used = slash ? (size_t)(slash - path->text) : 0;
	path->text[path->used] = 0;
}

int cgroup_plan_path(const struct cgroup_request *request, const char *own, char *text, size_t size)
{
	const char *asked = request->cgroups_path && *request->cgroups_path ? request->cgroups_path : request->id;
	struct path path = { .text = text, .size = size };

	text[0] = 0;
	if (*asked != '/') {
		int r = context(add_components(&path, own), "the caller's own cgroup");

		if (r < 0)
			return r;
		drop_last_component(&path);
	}
	size_t base = path.used;
	int r = context(add_components(&path, asked), "/linux/cgroupsPath");

	if (r < 0)
		return r;
	if (path.used == base)
		return refuse(EINVAL, "/linux/cgroupsPath: '%s' names no group of its own", asked);
	if (own && strcmp(text, own) == 0)
		return refuse(EINVAL, "/linux/cgroupsPath: %s is the cgroup of the runtime itself", text);
	return 0;
}
