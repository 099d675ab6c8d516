#include "oci/validate.h"

#include "base/error.h"
#include "oci/check.h"
#include "oci/show.h"
#include "oci/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define UTS_NAME_MAX 64  /* __NEW_UTS_LEN */

bool has_control_characters(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

int check_env(const struct strings *env, const char *path)
{
	for (size_t i = 0; i < env->count; i++) {
		const char *sign = strchr(env->items[i], '=');

		if (!sign || sign == env->items[i])
			return refuse(EINVAL, "%s/%zu: %s: must have the form NAME=value", path, i, show(env->items[i]).text);
	}
	return 0;
}

static int check_version(const char *version)
{
	long major = version_major(version);

	if (major < 0)
		return refuse(EINVAL, "/ociVersion: %s: must be a semantic version such as \"" OCI_VERSION "\"",
		              show(version).text);
	/* What a later major version means by the same words is not known. */
	if (major > 1)
		return refuse(EINVAL, "/ociVersion: %s: this runtime implements version 1 of the specification",
		              show(version).text);
	return 0;
}

static int check_uts_name(const char *name, const char *path)
{
	if (name && strlen(name) > UTS_NAME_MAX)
		return refuse(EINVAL, "%s: %s: must not be longer than %d bytes", path, show(name).text, UTS_NAME_MAX);
	return 0;
}

#define MAX_EXTENTS 340  /* UID_GID_MAP_MAX_EXTENTS of the kernel */

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

static int check_id_map_pair(const struct spec_id_maps *maps, size_t i, size_t k, const char *path)
{
	const struct spec_id_map *a = &maps->items[i], *b = &maps->items[k];

	if (overlap(a->container_id, a->size, b->container_id, b->size))
		return refuse(EINVAL, "%s/%zu: container ids overlap those of entry %zu", path, i, k);
	if (overlap(a->host_id, a->size, b->host_id, b->size))
		return refuse(EINVAL, "%s/%zu: host ids overlap those of entry %zu", path, i, k);
	return 0;
}

int check_id_maps(const struct spec_id_maps *maps, const char *path)
{
	if (maps->count > MAX_EXTENTS)
		return refuse(EINVAL, "%s: %zu entries: the kernel takes at most %d", path, maps->count, MAX_EXTENTS);
	for (size_t i = 0; i < maps->count; i++) {
		const struct spec_id_map *map = &maps->items[i];

		if (map->size == 0)
			return refuse(EINVAL, "%s/%zu/size: 0: must be at least 1", path, i);
		/* 4294967295 is -1, no id. */
		if ((uint64_t)map->container_id + map->size > UINT32_MAX || (uint64_t)map->host_id + map->size > UINT32_MAX)
			return refuse(EINVAL, "%s/%zu/size: %u: goes beyond id 4294967294", path, i, map->size);
		for (size_t k = 0; k < i; k++) {
			int r = check_id_map_pair(maps, i, k, path);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int check_mount(const struct spec_mount *mount, size_t index)
{
	char path[64];
	int r;

	if (!*mount->destination)
		return refuse(EINVAL, "/mounts/%zu/destination: must not be empty", index);
	if (!mount->uid_maps.count != !mount->gid_maps.count)
		return refuse(EINVAL, "/mounts/%zu: %s: uidMappings and gidMappings must be given together", index,
		              show(mount->destination).text);
	if (mount->uid_maps.count == 0)
		return 0;
	snprintf(path, sizeof path, "/mounts/%zu/uidMappings", index);
	r = check_id_maps(&mount->uid_maps, path);
	if (r < 0)
		return r;
	snprintf(path, sizeof path, "/mounts/%zu/gidMappings", index);
	return check_id_maps(&mount->gid_maps, path);
}

static int check_hook(const struct spec_hook *hook, const char *path)
{
	char env[96];

	if (hook->path[0] != '/')
		return refuse(EINVAL, "%s/path: %s: must be an absolute path", path, show(hook->path).text);
	snprintf(env, sizeof env, "%s/env", path);
	return check_env(&hook->env, env);
}

static int check_hooks(const struct spec *spec)
{
	for (enum hook_point point = 0; point < HOOK_POINTS; point++)
		for (size_t i = 0; i < spec->hooks[point].count; i++) {
			char path[64];

			snprintf(path, sizeof path, "/hooks/%s/%zu", hook_point_name(point), i);
			int r = check_hook(&spec->hooks[point].items[i], path);

			if (r < 0)
				return r;
		}
	return 0;
}

int spec_validate_mounts(const struct spec *spec)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < spec->mount_count; i++)
		r = check_mount(&spec->mounts[i], i);
	return r;
}

int spec_validate(const struct spec *spec)
{
	int r = check_version(spec->oci_version);

	if (r >= 0 && spec->process.set)
		r = spec_validate_process(&spec->process, "/process");
	if (r >= 0 && spec->root.set && !*spec->root.path)
		r = refuse(EINVAL, "/root/path: must not be empty");
	if (r >= 0)
		r = check_uts_name(spec->hostname, "/hostname");
	if (r >= 0)
		r = check_uts_name(spec->domainname, "/domainname");
	if (r >= 0)
		r = spec_validate_mounts(spec);
	if (r >= 0)
		r = check_hooks(spec);
	for (size_t i = 0; r >= 0 && i < spec->annotations.count; i++)
		if (!*spec->annotations.items[i].key)
			r = refuse(EINVAL, "/annotations: a key must not be empty");
	return r < 0 || !spec->linux_.set ? r : check_linux(&spec->linux_);
}
