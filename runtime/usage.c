#include "runtime/usage.h"

#include "runtime/record.h"

#include <stdio.h>
#include <sys/stat.h>

/* Whether init has a network namespace of its own. */
static bool has_network(pid_t pid)
{
	struct stat own, its;
	char path[40];

	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	return stat(path, &its) == 0 && stat("/proc/self/ns/net", &own) == 0 &&
	       (own.st_ino != its.st_ino || own.st_dev != its.st_dev);
}

/* What was read counts if init still lives then: until it does, nobody else has its pid. */
static void read_traffic(const struct pidref *init, struct traffic *traffic)
{
	struct traffic found = { 0 };

	if (has_network(init->pid) && traffic_read(init->pid, &found) >= 0 && pidref_wait_exit(init, 0) == 0)
		*traffic = found;
}

static void read_living(struct record *record, struct arena *arena, struct container_usage *usage)
{
	usage->pid = record->init.pid;
	usage->start_time = record->init.start;
	if (record_open_cgroup(record) >= 0 && record->cgroup.fd >= 0 &&
	    cgroup_read_usage(&record->cgroup, arena, &usage->stats) < 0)
		usage->stats = (struct cgroup_stats){ 0 };
	read_traffic(&record->init, &usage->traffic);
}

int container_usage(const struct runtime *runtime, const char *id, struct arena *arena, struct container_usage *usage)
{
	struct record _cleanup_record_ record = RECORD_NONE;
	int r = record_open(&record, runtime, id);

	*usage = (struct container_usage){ 0 };
	if (r < 0)
		return r;
	usage->status = record.status;
	if (record.init.fd >= 0)
		read_living(&record, arena, usage);
	return 0;
}
