#include "oci/idmap_option.h"

#include "base/error.h"
#include "oci/show.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An id of the container as the host has it: all of the range must lie in one of the container's. */
static const char *to_host(struct spec_id_map *range, const struct spec_id_maps *container)
{
	if (container->count == 0)
		return "\"@\" needs id maps of the container";
	for (size_t i = 0; i < container->count; i++) {
		const struct spec_id_map *map = &container->items[i];

		if (range->host_id < map->container_id || range->host_id - map->container_id >= map->size)
			continue;
		if (range->size > map->size - (range->host_id - map->container_id))
			return "a range must lie within one of the container's";
		range->host_id = map->host_id + (range->host_id - map->container_id);
		return NULL;
	}
	return "the container's id maps do not have this id";
}

/* A number, and what must stand behind it: 0 for the end of a range. */
static bool read_number(const char **text, char behind, uint32_t *number)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	unsigned long long value = strtoull(*text, &end, 10);

	if (errno || value > UINT32_MAX || (behind ? *end != behind : *end && *end != '#' && *end != ';'))
		return false;
	*number = (uint32_t)value;
	*text = behind ? end + 1 : end;
	return true;
}

/* Ranges up to ";" or the end. NULL, or what is wrong. */
static const char *read_ranges(const char **text, const struct spec_id_maps *container, struct spec_id_maps *maps,
                               struct arena *arena)
{
	size_t room = 1;

	for (const char *p = *text; *p && *p != ';'; p++)
		room += *p == '#';
	*maps = (struct spec_id_maps){ .items = arena_array(arena, room, sizeof *maps->items) };
	for (;;) {
		struct spec_id_map *range = &maps->items[maps->count++];
		bool relative = **text == '@';

		*text += relative;
		if (!read_number(text, '-', &range->container_id) || !read_number(text, '-', &range->host_id) ||
		    !read_number(text, 0, &range->size))
			return "a range is FROM-TO-SIZE";
		const char *wrong = relative ? to_host(range, container) : NULL;

		if (wrong || **text != '#')
			return wrong;
		++*text;
	}
}

static const char *read_option(const char *text, const struct spec_linux *config, struct spec_mount *mount, struct arena *arena)
{
	while (*text) {
		bool groups = strncmp(text, "gids=", 5) == 0;

		if (!groups && strncmp(text, "uids=", 5) != 0)
			return "only uids= and gids= may be given";
		text += 5;
		const char *wrong = read_ranges(&text, groups ? &config->gid_maps : &config->uid_maps,
		                                groups ? &mount->gid_maps : &mount->uid_maps, arena);

		if (wrong)
			return wrong;
		text += *text == ';';
	}
	return mount->uid_maps.count > 0 && mount->gid_maps.count > 0 ? NULL : "both uids= and gids= are needed";
}

static int expand(struct spec *spec, size_t m, size_t o)
{
	struct spec_mount *mount = &spec->mounts[m];
	char *option = mount->options.items[o], *value = strchr(option, '=');
	size_t length = value ? (size_t)(value - option) : 0;

	if (!(length == 5 && strncmp(option, "idmap", 5) == 0) && !(length == 6 && strncmp(option, "ridmap", 6) == 0))
		return 0;
	const char *wrong = mount->uid_maps.count + mount->gid_maps.count > 0
	                            ? "the mount has uidMappings or gidMappings already"
	                            : read_option(value + 1, &spec->linux_, mount, &spec->arena);

	if (wrong)
		return refuse(EINVAL, "/mounts/%zu/options/%zu: %s: %s", m, o, show(option).text, wrong);
	mount->options.items[o] = arena_strndup(&spec->arena, option, length);
	return 0;
}

int idmap_options_expand(struct spec *spec)
{
	int r = 0;

	for (size_t m = 0; m < spec->mount_count; m++)
		for (size_t o = 0; r >= 0 && o < spec->mounts[m].options.count; o++)
			r = expand(spec, m, o);
	return r;
}
