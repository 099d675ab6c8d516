/* mon_data/mon_L3_00/llc_occupancy and so on (resctrl.rst "When monitoring is enabled"). */
#include "cgroups/resctrl.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>

#define SCHEMATA_MAX ((size_t)1 << 20)
#define MON_DATA "mon_data"
#define CACHE "mon_L3_"

int resctrl_view_open(int root, const struct resctrl_group *group, struct resctrl_view *view)
{
	char path[2 * 256 + sizeof "/mon_groups/"];
	const char *class = strcmp(group->class, "/") == 0 ? "." : group->class;

	*view = RESCTRL_VIEW_NONE;
	snprintf(path, sizeof path, group->monitor ? "%s/mon_groups/%s" : "%s", class, group->monitor);
	view->class = openat(root, class, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	view->used = openat(root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return view->class < 0 || view->used < 0 ? fail(errno, "open resctrl class %s", group->class) : 0;
}

void resctrl_view_close(struct resctrl_view *view)
{
	close_fd(&view->class);
	close_fd(&view->used);
}

/* "L3:0=7f0;1=1f", without the spaces before it; NULL: there is none. */
static const char *line_of(const char *schemata, const char *name, struct arena *arena)
{
	size_t length = strlen(name);

	for (const char *line = schemata; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		line += strspn(line, " ");
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return arena_strndup(arena, line, strcspn(line, "\n"));
	}
	return NULL;
}

/* "Unavailable" or "Error" where the hardware has no number to tell. */
static struct opt_u64 read_number(int caches, const char *cache, const char *file)
{
	char path[300], text[32], *end;

	snprintf(path, sizeof path, "%s/%s", cache, file);
	if (read_text_at(caches, path, text, sizeof text) <= 0)
		return (struct opt_u64){ 0 };
	uint64_t value = strtoull(text, &end, 10);

	return (struct opt_u64){ *end == 0 && end > text, value };
}

static void add_cache(struct stats_rdt *stats, const struct stats_rdt_cache *cache, struct arena *arena)
{
	struct stats_rdt_cache *caches = arena_array(arena, stats->cache_count + 1, sizeof *caches);
	size_t before = 0;

	while (before < stats->cache_count && stats->caches[before].id < cache->id)
		before++;
	for (size_t i = 0; i < stats->cache_count; i++)
		caches[i + (i >= before)] = stats->caches[i];
	caches[before] = *cache;
	stats->caches = caches;
	stats->cache_count++;
}

static void read_caches(int used, struct arena *arena, struct stats_rdt *stats)
{
	int fd = openat(used, MON_DATA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR _cleanup_dir_ *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, CACHE, strlen(CACHE)) != 0)
			continue;
		struct stats_rdt_cache cache = {
			.id = (uint32_t)strtoul(entry->d_name + strlen(CACHE), NULL, 10),
			.occupancy = read_number(dirfd(dir), entry->d_name, "llc_occupancy"),
			.total = read_number(dirfd(dir), entry->d_name, "mbm_total_bytes"),
			.local = read_number(dirfd(dir), entry->d_name, "mbm_local_bytes"),
		};

		add_cache(stats, &cache, arena);
	}
}

void resctrl_view_read(const struct resctrl_view *view, struct arena *arena, struct stats_rdt *stats)
{
	char *schemata;

	*stats = (struct stats_rdt){ 0 };
	if (view->class < 0 || read_file_at(view->class, "schemata", arena, SCHEMATA_MAX, &schemata, NULL) < 0)
		return;
	stats->set = true;
	stats->l3 = line_of(schemata, "L3", arena);
	stats->bandwidth = line_of(schemata, "MB", arena);
	read_caches(view->used, arena, stats);
}
