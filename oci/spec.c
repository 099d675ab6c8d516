#include "oci/spec.h"

#include "base/sys.h"
#include "oci/names.h"

static const struct {
	const char *name, *proc_name;
	uint64_t clone_flag;
} namespaces[NS_TYPES] = {
	[NS_MOUNT] = { "mount", "mnt", CLONE_NEWNS },
	[NS_PID] = { "pid", "pid", CLONE_NEWPID },
	[NS_NETWORK] = { "network", "net", CLONE_NEWNET },
	[NS_UTS] = { "uts", "uts", CLONE_NEWUTS },
	[NS_IPC] = { "ipc", "ipc", CLONE_NEWIPC },
	[NS_USER] = { "user", "user", CLONE_NEWUSER },
	[NS_CGROUP] = { "cgroup", "cgroup", CLONE_NEWCGROUP },
	[NS_TIME] = { "time", "time", CLONE_NEWTIME },
};

const char *ns_type_name(enum namespace_type type)
{
	return namespaces[type].name;
}

const char *ns_type_proc_name(enum namespace_type type)
{
	return namespaces[type].proc_name;
}

uint64_t ns_type_clone_flag(enum namespace_type type)
{
	return namespaces[type].clone_flag;
}

const char *hook_point_name(enum hook_point point)
{
	static const char *const hook_points[HOOK_POINTS] = {
		[HOOK_PRESTART] = "prestart",
		[HOOK_CREATE_RUNTIME] = "createRuntime",
		[HOOK_CREATE_CONTAINER] = "createContainer",
		[HOOK_START_CONTAINER] = "startContainer",
		[HOOK_POSTSTART] = "poststart",
		[HOOK_POSTSTOP] = "poststop",
	};

	return hook_points[point];
}

const char *spec_annotation(const struct spec *spec, const char *key)
{
	for (size_t i = 0; i < spec->annotations.count; i++)
		if (strcmp(spec->annotations.items[i].key, key) == 0)
			return spec->annotations.items[i].value;
	return NULL;
}

bool spec_host_id(const struct spec_id_maps *maps, uint32_t id, uint32_t *host)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct spec_id_map *map = &maps->items[i];

		if (id >= map->container_id && id - map->container_id < map->size) {
			*host = map->host_id + (id - map->container_id);
			return true;
		}
	}
	return false;
}

void spec_free(struct spec *spec)
{
	arena_free(&spec->arena);
	*spec = (struct spec){ 0 };
}
