#include "cgroups/stats.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "cgroups/bandwidth.h"
#include "cgroups/files.h"

#include <inttypes.h>
#include <limits.h>
#include <sys/inotify.h>

/* memory.stat and io.stat of a machine with many devices are larger than a page. */
#define TEXT_MAX ((size_t)1 << 20)

/* --- reading ---------------------------------------------------------------------------------------------------------------- */

/* The text of a file of the group, or NULL when it cannot be read: the kernel has no such file, or the group is gone. */
static char *read_text(const struct cgroup *cgroup, const char *file, struct arena *arena)
{
	char *text;

	return read_file_at(cgroup->fd, file, arena, TEXT_MAX, &text, NULL) < 0 ? NULL : text;
}

/* "max" is STATS_UNLIMITED. Without the file, *value stays. */
static bool read_value(const struct cgroup *cgroup, const char *file, uint64_t *value)
{
	char text[32];

	if (read_text_at(cgroup->fd, file, text, sizeof text) < 0)
		return false;
	*value = strcmp(text, "max") == 0 ? STATS_UNLIMITED : strtoull(text, NULL, 10);
	return true;
}

/* The number after "KEY " or "KEY=" in text, where KEY begins a word; 0 when it is not there. */
static uint64_t value_of(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *word = text; word && *word; word += strcspn(word, " \n"), word += strspn(word, " \n"))
		if (strncmp(word, key, length) == 0 && (word[length] == ' ' || word[length] == '='))
			return strtoull(word + length + 1, NULL, 10);
	return 0;
}

static double average_of(const char *line, const char *key)
{
	const char *found = strstr(line, key);

	return found ? strtod(found + strlen(key), NULL) : 0;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static struct stats_stall parse_stall(const char *line)
{
	return (struct stats_stall){
		.avg10 = average_of(line, "avg10="),
		.avg60 = average_of(line, "avg60="),
		.avg300 = average_of(line, "avg300="),
		.total = value_of(line, "total"),
	};
}

static void read_pressure(const struct cgroup *cgroup, const char *file, struct stats_pressure *pressure)
{
	char text[256];

	/* Where the kernel was booted with psi=0, reading says EOPNOTSUPP. */
	if (read_text_at(cgroup->fd, file, text, sizeof text) < 0)
		return;
	char *full = strstr(text, "\nfull ");

	pressure->set = true;
	if (full) {
		*full = 0;
		pressure->full = parse_stall(full + 1);
	}
	pressure->some = parse_stall(text);
}

static int cannot_read(const struct cgroup *cgroup)
{
	if (faccessat(cgroup->fd, "cgroup.procs", F_OK, 0) == 0)
		return refuse(EIO, "cpu.stat of cgroup %s cannot be read", cgroup->path);
	return refuse(ENOENT, "cgroup %s is gone", cgroup->path);
}

/* --- controllers ------------------------------------------------------------------------------------------------------------ */

static int read_cpu(const struct cgroup *cgroup, struct arena *arena, struct stats_cpu *cpu)
{
	const char *text = read_text(cgroup, "cpu.stat", arena);

	/* The kernel gives this file to every group but the root, with any controllers. */
	if (!text)
		return cannot_read(cgroup);
	*cpu = (struct stats_cpu){
		.set = true,
		.usage = value_of(text, "usage_usec"),
		.user = value_of(text, "user_usec"),
		.system = value_of(text, "system_usec"),
		.periods = value_of(text, "nr_periods"),
		.throttled_periods = value_of(text, "nr_throttled"),
		.throttled = value_of(text, "throttled_usec"),
		.bursts = value_of(text, "nr_bursts"),
		.burst = value_of(text, "burst_usec"),
	};
	read_pressure(cgroup, "cpu.pressure", &cpu->pressure);
	return 0;
}

/* Flat-keyed text to pairs; the text is cut into strings. */
static void read_pairs(char *text, struct arena *arena, struct stats_memory *memory)
{
	size_t lines = 0;
	char *rest;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	memory->stat = arena_array(arena, lines + 1, sizeof *memory->stat);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *space = strchr(line, ' ');

		if (!space)
			continue;
		*space = 0;
		memory->stat[memory->stat_count++] = (struct stats_pair){ line, strtoull(space + 1, NULL, 10) };
	}
}

static void read_memory_size(const struct cgroup *cgroup, struct stats_memory *memory)
{
	/* Pressure is there without the controller, too. */
	read_pressure(cgroup, "memory.pressure", &memory->pressure);
	memory->set = read_value(cgroup, "memory.current", &memory->current);
	if (!memory->set)
		return;
	memory->max = STATS_UNLIMITED;
	read_value(cgroup, "memory.max", &memory->max);
}

static void read_memory(const struct cgroup *cgroup, struct arena *arena, struct stats_memory *memory)
{
	read_memory_size(cgroup, memory);
	if (!memory->set)
		return;
	char *stat = read_text(cgroup, "memory.stat", arena), *events = read_text(cgroup, "memory.events", arena);

	read_value(cgroup, "memory.peak", &memory->peak);
	read_value(cgroup, "memory.low", &memory->low);
	memory->swap_set = read_value(cgroup, "memory.swap.current", &memory->swap);
	read_value(cgroup, "memory.swap.peak", &memory->swap_peak);
	read_value(cgroup, "memory.swap.max", &memory->swap_max);
	if (events) {
		memory->low_events = value_of(events, "low");
		memory->high_events = value_of(events, "high");
		memory->max_events = value_of(events, "max");
		memory->oom_events = value_of(events, "oom");
		memory->oom_kills = value_of(events, "oom_kill");
		memory->oom_group_kills = value_of(events, "oom_group_kill");
	}
	if (stat)
		read_pairs(stat, arena, memory);
}

/* "8:0 rbytes=… wbytes=… rios=… wios=… dbytes=… dios=…" */
static void read_io(const struct cgroup *cgroup, struct arena *arena, struct stats_io *io)
{
	char *text = read_text(cgroup, "io.stat", arena), *rest;
	size_t lines = 1;

	read_pressure(cgroup, "io.pressure", &io->pressure);
	if (!text)
		return;
	io->set = true;
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	io->devices = arena_array(arena, lines, sizeof *io->devices);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct stats_device device = { 0 };

		/* A device that nothing was read from or written to has its number alone. */
		if (sscanf(line, "%" SCNu32 ":%" SCNu32, &device.major, &device.minor) != 2 || !strchr(line, '='))
			continue;
		device.read_bytes = value_of(line, "rbytes");
		device.write_bytes = value_of(line, "wbytes");
		device.read_ios = value_of(line, "rios");
		device.write_ios = value_of(line, "wios");
		device.discard_bytes = value_of(line, "dbytes");
		device.discard_ios = value_of(line, "dios");
		io->devices[io->count++] = device;
	}
}

static int read_pids(struct cgroup *cgroup, struct arena *arena, struct stats_pids *pids)
{
	pid_t *list;
	size_t count;

	pids->max = STATS_UNLIMITED;
	pids->set = read_value(cgroup, "pids.current", &pids->current);
	if (pids->set) {
		read_value(cgroup, "pids.max", &pids->max);
		return 0;
	}
	int r = cgroup_pids(cgroup, arena, &list, &count);

	if (r >= 0)
		pids->current = count;
	return r;
}

/* NULL with the record. */
static DIR *open_directory(const struct cgroup *cgroup)
{
	int fd = openat(cgroup->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		fail(errno, "list cgroup %s", cgroup->path);
		close_fd(&fd);
	}
	return dir;
}

/* One entry for each hugetlb.SIZE.current. */
static int read_hugetlb(const struct cgroup *cgroup, struct arena *arena, struct cgroup_stats *stats)
{
	static const char prefix[] = "hugetlb.", suffix[] = ".current";
	_cleanup_dir_ DIR *dir = open_directory(cgroup);
	struct stats_hugetlb list[16];

	if (!dir)
		return -error_record()->code;
	for (struct dirent *entry; (entry = readdir(dir)) && stats->hugetlb_count < sizeof list / sizeof *list;) {
		size_t length = strlen(entry->d_name), around = strlen(prefix) + strlen(suffix);
		char file[NAME_MAX + 16];

		if (length <= around || strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
		    strcmp(entry->d_name + length - strlen(suffix), suffix) != 0)
			continue;
		char *size = arena_strndup(arena, entry->d_name + strlen(prefix), length - around);

		if (strchr(size, '.'))
			continue;  /* hugetlb.2MB.rsvd.current */
		struct stats_hugetlb *one = &list[stats->hugetlb_count++];

		*one = (struct stats_hugetlb){ .page_size = size };
		read_value(cgroup, entry->d_name, &one->current);
		snprintf(file, sizeof file, "hugetlb.%s.max", size);
		read_value(cgroup, file, &one->max);
		snprintf(file, sizeof file, "hugetlb.%s.events", size);
		const char *events = read_text(cgroup, file, arena);

		one->fails = events ? value_of(events, "max") : 0;
	}
	stats->hugetlb = arena_array(arena, stats->hugetlb_count + 1, sizeof *stats->hugetlb);
	memcpy(stats->hugetlb, list, stats->hugetlb_count * sizeof *list);
	return 0;
}

/* "mlx5_0 hca_handle=2 hca_object=2000" */
static void read_rdma(const struct cgroup *cgroup, struct arena *arena, struct cgroup_stats *stats)
{
	char *text = read_text(cgroup, "rdma.current", arena), *rest;
	size_t lines = 1;

	if (!text)
		return;
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	stats->rdma = arena_array(arena, lines, sizeof *stats->rdma);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct stats_rdma device = { .handles = value_of(line, "hca_handle"), .objects = value_of(line, "hca_object") };

		device.device = arena_strndup(arena, line, strcspn(line, " "));
		stats->rdma[stats->rdma_count++] = device;
	}
}

/* What went while it was read looks like a group without controllers. */
static int unless_gone(const struct cgroup *cgroup, int r)
{
	return faccessat(cgroup->fd, "cgroup.procs", F_OK, 0) < 0 ? cannot_read(cgroup) : r;
}

int cgroup_read_usage(struct cgroup *cgroup, struct arena *arena, struct cgroup_stats *stats)
{
	*stats = (struct cgroup_stats){ 0 };
	int r = read_cpu(cgroup, arena, &stats->cpu);

	if (r < 0)
		return r;
	read_memory_size(cgroup, &stats->memory);
	read_io(cgroup, arena, &stats->io);
	cgroup_bandwidth_read(cgroup, &stats->network);
	return unless_gone(cgroup, read_pids(cgroup, arena, &stats->pids));
}

int cgroup_read_stats(struct cgroup *cgroup, struct arena *arena, struct cgroup_stats *stats)
{
	*stats = (struct cgroup_stats){ 0 };
	int r = read_cpu(cgroup, arena, &stats->cpu);

	if (r < 0)
		return r;
	read_memory(cgroup, arena, &stats->memory);
	read_io(cgroup, arena, &stats->io);
	read_rdma(cgroup, arena, stats);
	cgroup_bandwidth_read(cgroup, &stats->network);
	r = read_pids(cgroup, arena, &stats->pids);
	if (r >= 0)
		r = read_hugetlb(cgroup, arena, stats);
	return unless_gone(cgroup, r);
}

/* --- notification ----------------------------------------------------------------------------------------------------------- */

int cgroup_watch(struct cgroup *cgroup)
{
	_cleanup_fd_ int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[64];

	if (watch < 0)
		return fail(errno, "inotify_init1 (the limit is /proc/sys/fs/inotify/max_user_instances)");
	snprintf(path, sizeof path, "%s/memory.events", fd_path(cgroup->fd).text);
	if (inotify_add_watch(watch, path, IN_MODIFY) < 0 && errno != ENOENT)
		return fail(errno, "watch memory.events of cgroup %s", cgroup->path);
	return steal_fd(&watch);
}

int cgroup_watch_drain(int watch)
{
	char events[1024];
	ssize_t n;

	do
		n = read(watch, events, sizeof events);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 && errno != EAGAIN ? fail(errno, "read notifications") : 0;
}
