#include "cgroups/controllers.h"
#include "cgroups/driver.h"
#include "cgroups/files.h"
#include "cgroups/mount.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"

#include <inttypes.h>

/* Larger than what any file shows but one with hundreds of devices, whose value then cannot be put back. */
#define OLD_SIZE ((size_t)16 * 1024)

bool cgroup_resources_asked(const struct spec_resources *resources)
{
	ARENA_SCRATCH(arena, 2048);
	struct cgroup_values values;

	return resources && (cgroup_plan_resources(resources, &arena, &values) < 0 || values.count > 0);
}

/* The words of text are those that are welcome. */
static int read_welcome(char *text, size_t size, int root, bool delegated)
{
	if (!delegated) {
		snprintf(text, size, "cpu io memory pids");
		return 0;
	}
	ssize_t n = cgroup_file_read(root, "cgroup.controllers", text, size);

	return n < 0 ? fail((int)-n, "read cgroup.controllers of the root cgroup") : 0;
}

int cgroup_resources_enable(int root, struct cgroup *cgroup, const struct cgroup_request *request)
{
	ARENA_SCRATCH(arena, 2048);
	struct cgroup_values values = { 0 };
	int r = request->resources ? cgroup_plan_resources(request->resources, &arena, &values) : 0;
	char welcome[CGROUP_WORDS_SIZE], *rest = NULL;

	if (r >= 0)
		r = read_welcome(welcome, sizeof welcome, root, request->delegated);
	if (r < 0)
		return r;
	struct cgroup_need *needs = arena_array(&arena, values.count + strlen(welcome), sizeof *needs);
	size_t count = 0;

	for (size_t i = 0; i < values.count; i++) {
		const struct cgroup_value *value = &values.items[i];

		if (value->controller && (count == 0 || strcmp(needs[count - 1].controller, value->controller) != 0))
			needs[count++] = (struct cgroup_need){ .controller = value->controller,
							       .field = value->field,
							       .file = value->file };
	}
	for (char *word = strtok_r(welcome, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest))
		needs[count++] = (struct cgroup_need){ .controller = word };
	return cgroup_controllers_enable(root, cgroup->fd, cgroup->path, needs, count);
}

/* --- errors ----------------------------------------------------------------------------------------------------------- */

static const struct hint {
	const char *file;
	int code;
	const char *text;
} hints[] = {
	{ "memory.swap.max", ENOENT, "the kernel does not account swap: boot it with swapaccount=1" },
	{ "cpu.idle", ENOENT, "it needs Linux 5.15" },
	{ "cpu.max.burst", ENOENT, "it needs Linux 5.14" },
	{ "cpuset.cpus", EINVAL, "a list of CPUs that this machine has" },
	{ "cpuset.cpus", ERANGE, "a list of CPUs that this machine has" },
	{ "cpuset.mems", EINVAL, "a list of memory nodes that this machine has" },
	{ "cpuset.mems", ERANGE, "a list of memory nodes that this machine has" },
	{ "cpu.weight", EINVAL, "an idle group (/linux/resources/cpu/idle) has no weight" },
	{ "cpu.max", EINVAL, "period: 1000 to 1000000 µs, quota: at least 1000 µs and no less than the burst" },
	{ "cpu.max.burst", EINVAL, "the burst may not be larger than the quota" },
	{ "io.weight", ENOENT, "weights need the I/O cost controller (CONFIG_BLK_CGROUP_IOCOST) or the BFQ scheduler" },
	{ "io.bfq.weight", ENOENT, "weights need the I/O cost controller (CONFIG_BLK_CGROUP_IOCOST) or the BFQ scheduler" },
	{ "io.weight", EOPNOTSUPP, "this device heeds no weights: give it the BFQ scheduler or enable io.cost.qos" },
	{ "io.bfq.weight", EOPNOTSUPP, "this device heeds no weights: give it the BFQ scheduler or enable io.cost.qos" },
	{ "io.weight", ENODEV, "there is no such block device" },
	{ "io.bfq.weight", ENODEV, "there is no such block device" },
	{ "io.max", ENODEV, "there is no such block device" },
	{ "rdma.max", ENODEV, "there is no such RDMA device" },
	{ "rdma.max", EINVAL, "there is no such RDMA device" },
	{ NULL, ENOENT, "the kernel has no such file" },
	{ NULL, EACCES, "the group belongs to another user" },
	{ NULL, EPERM, "the group belongs to another user" },
};

static int cannot_write(const struct cgroup *cgroup, const struct cgroup_value *value, int code)
{
	const char *hint = NULL;

	for (size_t i = 0; i < sizeof hints / sizeof *hints && !hint; i++)
		if (code == hints[i].code && (!hints[i].file || strcmp(hints[i].file, value->file) == 0))
			hint = hints[i].text;
	fail(code, "%s: write '%s' to %s of cgroup %s", value->field, value->value, value->file, cgroup->path);
	if (!hint)
		return -code;
	struct error said = error_save();

	return refuse(code, "%s (%s)", said.text, hint);
}

/* --- one value -------------------------------------------------------------------------------------------------------- */

/* The line of text that begins with the first word of value, without its newline; NULL if there is none. */
static const char *line_of(struct arena *arena, const char *text, const char *value)
{
	size_t length = strcspn(value, " ");

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, value, length) == 0 && (line[length] == ' ' || line[length] == 0 || line[length] == '\n'))
			return arena_strndup(arena, line, strcspn(line, "\n"));
	}
	return NULL;
}

/* What brings back the state that old shows. */
static const char *undo_text(struct arena *arena, const struct cgroup_value *value, const char *old)
{
	const char *line = line_of(arena, old, value->value);

	if (line)
		return line;
	return value->reset ? value->reset : *old ? old : "\n";
}

/* Write value; *undo is what takes it back, or NULL where the file does not say. Returns -errno, record not filled. */
static int write_value(int dir, const struct cgroup_value *value, struct arena *arena, const char **undo)
{
	_cleanup_free_ char *old = malloc(OLD_SIZE);
	_cleanup_fd_ int fd = openat(dir, value->file, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	const char *text = value->value;

	*undo = NULL;
	if (!old)
		return -ENOMEM;
	if (fd < 0 && errno == EACCES)
		fd = openat(dir, value->file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = pread(fd, old, OLD_SIZE - 1, 0);

	if (n < 0 && value->flags & CGROUP_VALUE_KEEP_QUOTA)
		return -errno;
	if (n >= 0 && (size_t)n < OLD_SIZE - 1) {
		old[n > 0 && old[n - 1] == '\n' ? n - 1 : n] = 0;
		*undo = undo_text(arena, value, arena_strdup(arena, old));
		if (value->flags & CGROUP_VALUE_KEEP_QUOTA)
			text = arena_printf(arena, "%.*s%s", (int)strcspn(old, " "), old, strchr(value->value, ' '));
	}
	n = write(fd, text, strlen(text));
	return n < 0 ? -errno : (size_t)n == strlen(text) ? 0 : -EIO;
}

/* Whether every range of the list (the kernel's form: sorted, merged) lies in one of the other's. */
static bool list_within(const char *list, const char *other)
{
	while (*list) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
		bool found = false;

		for (const char *range = other; *range && !found;) {
			char *stop;
			unsigned long low = strtoul(range, &stop, 10), high = *stop == '-' ? strtoul(stop + 1, &stop, 10) : low;

			found = low <= first && last <= high;
			if (stop == range)
				break;
			range = stop + (*stop == ',');
		}
		if (!found || end == list)
			return false;
		list = end + (*end == ',');
	}
	return true;
}

static int check_effective(const struct cgroup *cgroup, const struct cgroup_value *value)
{
	char asked[CGROUP_TEXT_SIZE], effective[CGROUP_TEXT_SIZE], file[64];
	ssize_t n = cgroup_file_read(cgroup->fd, value->file, asked, sizeof asked);

	snprintf(file, sizeof file, "%s.effective", value->file);
	if (n >= 0)
		n = cgroup_file_read(cgroup->fd, file, effective, sizeof effective);
	if (n < 0)
		return fail((int)-n, "%s: read %s of cgroup %s", value->field, file, cgroup->path);
	if (*effective && list_within(effective, asked))
		return 0;
	return refuse(EINVAL, "%s: none of %s can be had in cgroup %s; the kernel would use %s instead", value->field,
		      value->value, cgroup->path, effective);
}

/* The controller of a running container's group may not be enabled yet. */
static int enable_for(struct cgroup *cgroup, const struct cgroup_value *value)
{
	struct cgroup_need need = { .controller = value->controller, .field = value->field, .file = value->file };
	_cleanup_fd_ int root = cgroup_root_open();

	return root < 0 ? root : cgroup_controllers_enable(root, cgroup->fd, cgroup->path, &need, 1);
}

/* One value and what became of it. */
struct step {
	const struct cgroup_value *value;
	int result;       /* of the write */
	const char *undo; /* what takes it back, or NULL */
};

static void write_step(struct cgroup *cgroup, struct step *step, struct arena *arena)
{
	step->result = write_value(cgroup->fd, step->value, arena, &step->undo);
	if (step->result < 0)
		step->undo = NULL;
}

static bool may_fail(const struct step *step)
{
	unsigned flags = step->value->flags;

	if (step->result == -ENOENT && flags & CGROUP_VALUE_IF_PRESENT)
		return true;
	if (step->result != -ENOENT && step->result != -EOPNOTSUPP)
		return false;
	return flags & CGROUP_VALUE_FIRST_OF_TWO || (flags & CGROUP_VALUE_SECOND_OF_TWO && step[-1].result == 0);
}

/* Of two files neither of which took the value, the one that is there says more. */
static int report_failure(const struct cgroup *cgroup, const struct step *step)
{
	if (step->value->flags & CGROUP_VALUE_SECOND_OF_TWO && step->result == -ENOENT)
		step--;
	return cannot_write(cgroup, step->value, -step->result);
}

static int take_step(struct cgroup *cgroup, struct step *step, struct arena *arena)
{
	write_step(cgroup, step, arena);
	if (step->result == -ENOENT && step->value->controller) {
		int r = enable_for(cgroup, step->value);

		if (r < 0)
			return r;
		write_step(cgroup, step, arena);
	}
	if (step->result < 0)
		return may_fail(step) ? 0 : report_failure(cgroup, step);
	return step->value->flags & CGROUP_VALUE_CHECK_EFFECTIVE ? check_effective(cgroup, step->value) : 0;
}

/* Take back the steps up to and including last, the last first. */
static void take_back(struct cgroup *cgroup, const struct step *first, const struct step *last)
{
	struct error saved = error_save();

	for (const struct step *step = last; step >= first; step--) {
		int r = step->undo ? write_file_at(cgroup->fd, step->value->file, step->undo) : 0;

		if (r < 0)
			log_warning("cgroup %s: put '%s' back into %s: %s", cgroup->path, step->undo, step->value->file,
				    strerror(-r));
	}
	error_restore(&saved);
}

/* config-linux.md "Memory": as cgroup v1 did, refuse a limit below what is in use, instead of letting the OOM killer loose. */
static int check_memory_in_use(struct cgroup *cgroup, const struct spec_memory *memory)
{
	char text[32];

	if (!memory->check_before_update.set || !memory->check_before_update.value || !memory->limit.set ||
	    memory->limit.value <= 0)
		return 0;
	ssize_t n = cgroup_file_read(cgroup->fd, "memory.current", text, sizeof text);

	if (n == -ENOENT)
		return 0;
	if (n < 0)
		return fail((int)-n, "read memory.current of cgroup %s", cgroup->path);
	uint64_t current = strtoull(text, NULL, 10);

	if ((uint64_t)memory->limit.value >= current)
		return 0;
	return refuse(EBUSY,
		      "/linux/resources/memory/limit: %" PRId64 " is less than the %" PRIu64
		      " bytes in use (checkBeforeUpdate)",
		      memory->limit.value, current);
}

enum part { ALL, THE_FIRST, THE_REST };

static bool is_of(enum part part, const struct cgroup_value *value)
{
	return part == ALL || (strcmp(value->file, "memory.max") == 0) == (part == THE_FIRST);
}

/* Not for who has no limits: each page of its large frame would be touched. */
static __attribute__((noinline)) int apply_values(struct cgroup *cgroup, const struct cgroup_values *values, enum part part, bool tell,
                                                  struct arena *arena)
{
	struct step *steps = arena_array(arena, values->count, sizeof *steps);
	int r = 0;

	for (size_t i = 0; i < values->count && r >= 0; i++) {
		steps[i] = (struct step){ .value = &values->items[i] };
		r = is_of(part, steps[i].value) ? take_step(cgroup, &steps[i], arena) : 0;
		if (r < 0)
			take_back(cgroup, steps, &steps[i]);
	}
	if (r < 0 || !tell)
		return r;
	r = cgroup_driver_of(cgroup->manager)->tell(cgroup, values);
	if (r < 0)
		take_back(cgroup, steps, &steps[values->count - 1]);
	return r;
}

int cgroup_apply_first(struct cgroup *cgroup, const struct spec_resources *resources)
{
	ARENA_SCRATCH(arena, 2048);
	struct cgroup_values values;

	if (cgroup->fd < 0)
		return 0;
	int r = cgroup_plan_resources(resources, &arena, &values);

	if (r < 0 || values.count == 0)
		return r;
	cgroup->begun = true;
	return apply_values(cgroup, &values, THE_FIRST, false, &arena);
}

int cgroup_apply(struct cgroup *cgroup, const struct spec_resources *resources)
{
	ARENA_SCRATCH(arena, 2048);
	struct cgroup_values values;
	bool told = cgroup->told, begun = cgroup->begun;
	int r = cgroup_plan_resources(resources, &arena, &values);

	cgroup->told = cgroup->begun = false;
	if (r < 0 || values.count == 0)
		return r;
	if (cgroup->fd < 0)
		return refuse(ENOENT, "%s: the container has no cgroup to limit", values.items[0].field);
	r = check_memory_in_use(cgroup, &resources->memory);
	return r < 0 ? r : apply_values(cgroup, &values, begun ? THE_REST : ALL, !told, &arena);
}
