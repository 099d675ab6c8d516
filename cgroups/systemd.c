/*
 * The systemd driver: a container's group is that of a transient scope, which systemd makes, and below which it leaves all to
 * us (Delegate). systemd would put its own idea of the limits that it has properties for in place of ours when it reloads, so
 * it is told of them; the files are written as with cgroupfs, too, and that is what is checked.
 *
 * The device filter is attached by us alone, and no DeviceAllow is set: of two filters on one group both must allow, so
 * systemd's, which cannot say all that the rules can, would only take away.
 */
#include "cgroups/dbus.h"
#include "cgroups/driver.h"
#include "cgroups/files.h"
#include "cgroups/mount.h"
#include "cgroups/unit.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"

#define DEFAULT_PERIOD 100000 /* microseconds; the kernel's */

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER(name, types) (&(struct dbus_method){ SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager", name, types })

/* --- the manager ------------------------------------------------------------------------------------------------------ */

/* Through the message bus a client must present itself, and ask for the signal that it waits for. */
static int join_bus(struct dbus *bus)
{
	static const char rule[] = "type='signal',sender='" SYSTEMD "',interface='" SYSTEMD ".Manager',member='JobRemoved'";
	static const char name[] = "org.freedesktop.DBus", path[] = "/org/freedesktop/DBus";
	_cleanup_arena_ struct arena arena = { 0 };
	struct dbus_body body = { .arena = &arena };
	struct dbus_message reply;
	int r = dbus_call(bus, &(struct dbus_method){ name, path, name, "Hello", "" }, NULL, &reply);

	if (r < 0)
		return r;
	dbus_put_string(&body, rule);
	return dbus_call(bus, &(struct dbus_method){ name, path, name, "AddMatch", "s" }, &body, &reply);
}

/*
 * systemd's own socket first, which saves the way through the message bus; the bus where that is out of reach, as in a
 * container that is given only the latter.
 */
static int connect_manager(struct dbus *bus, bool user)
{
	const char *runtime = user ? getenv("XDG_RUNTIME_DIR") : "/run";
	char directory[64], path[256];

	if (!runtime || *runtime != '/') {
		snprintf(directory, sizeof directory, "/run/user/%u", geteuid());
		runtime = directory;
	}
	snprintf(path, sizeof path, "%s/systemd/private", runtime);
	if (dbus_connect(bus, path) >= 0)
		return 0;
	snprintf(path, sizeof path, user ? "%s/bus" : "%s/dbus/system_bus_socket", runtime);
	int r = dbus_connect(bus, path);

	if (r >= 0)
		r = join_bus(bus);
	if (r < 0)
		dbus_close(bus);
	return context(r, "reach the %s instance of systemd (without one, use the cgroupfs cgroup manager)",
		       user ? "user's" : "system");
}

/* Call a method that answers with a job, and wait for the signal that the job is over. */
static int run_job(struct dbus *bus, const struct dbus_method *method, const struct dbus_body *body, const char *unit)
{
	struct dbus_message message;
	char job[256], result[64];
	int r = dbus_call(bus, method, body, &message);

	if (r < 0)
		return r;
	snprintf(job, sizeof job, "%s", dbus_get_string(&message.body));
	for (;;) {
		r = dbus_receive(bus, &message);
		if (r < 0)
			return context(r, "wait for %s of %s", method->member, unit);
		if (message.type != DBUS_SIGNAL || strcmp(message.member, "JobRemoved") != 0 ||
		    strcmp(message.signature, "uoss") != 0)
			continue;
		(void)dbus_get_u32(&message.body);
		if (strcmp(dbus_get_string(&message.body), job) == 0)
			break;
	}
	(void)dbus_get_string(&message.body);
	snprintf(result, sizeof result, "%s", dbus_get_string(&message.body));
	if (strcmp(result, "done") == 0)
		return 0;
	return refuse(EIO, "%s of %s failed: systemd calls its result '%s' (see systemctl status)", method->member, unit,
		      result);
}

static int reset_failed(struct dbus *bus, const char *unit)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct dbus_body body = { .arena = &arena };
	struct dbus_message reply;

	dbus_put_string(&body, unit);
	return dbus_call(bus, MANAGER("ResetFailedUnit", "s"), &body, &reply);
}

static int stop_unit(struct dbus *bus, const char *unit)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct dbus_body body = { .arena = &arena };

	dbus_put_string(&body, unit);
	dbus_put_string(&body, "replace");
	int r = run_job(bus, MANAGER("StopUnit", "ss"), &body, unit);

	return r == -ENOENT ? 0 : r;
}

/* --- start ------------------------------------------------------------------------------------------------------------ */

static bool has_file(const struct cgroup_values *values, const char *file)
{
	for (size_t i = 0; i < values->count; i++)
		if (strcmp(values->items[i].file, file) == 0)
			return true;
	return false;
}

static void put_pid(struct dbus_body *body, pid_t pid)
{
	dbus_align(body, 8);
	dbus_put_string(body, "PIDs");
	dbus_put_signature(body, "au");
	struct dbus_array pids = dbus_begin_array(body, 4);

	dbus_put_u32(body, (uint32_t)pid);
	dbus_end_array(body, pids);
}

static int put_scope(struct dbus_body *body, const struct cgroup_request *request, const struct cgroup_unit *unit, pid_t pid)
{
	struct cgroup_values values = { 0 };
	int r = request->resources ? cgroup_plan_resources(request->resources, body->arena, &values) : 0;

	if (r < 0)
		return r;
	dbus_put_string(body, unit->name);
	dbus_put_string(body, "fail");
	struct dbus_array properties = dbus_begin_array(body, 8);

	cgroup_put_unit_string(body, "Description", arena_printf(body->arena, "berth container %s", request->id));
	cgroup_put_unit_string(body, "Slice", unit->slice);
	cgroup_put_unit_bool(body, "Delegate", true);
	cgroup_put_unit_bool(body, "DefaultDependencies", false);
	cgroup_put_unit_string(body, "CollectMode", "inactive-or-failed");
	put_pid(body, pid);
	/* systemd limits every scope's tasks unless told otherwise; the configuration did not ask for that. */
	if (!has_file(&values, "pids.max"))
		cgroup_put_unit_u64(body, "TasksMax", UINT64_MAX);
	cgroup_put_unit_limits(body, &values, DEFAULT_PERIOD);
	r = cgroup_put_unit_annotations(body, request->annotations);
	dbus_end_array(body, properties);
	dbus_end_array(body, dbus_begin_array(body, 8)); /* no auxiliary units */
	return r;
}

static int start_scope(struct dbus *bus, const struct cgroup_request *request, const struct cgroup_unit *unit, pid_t pid)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct dbus_body body = { .arena = &arena };
	const struct dbus_method *start = MANAGER("StartTransientUnit", "ssa(sv)a(sa(sv))");
	int r = put_scope(&body, request, unit, pid);

	if (r < 0)
		return r;
	r = run_job(bus, start, &body, unit->name);
	/* What is left of a scope that failed bears the name until it is reset. */
	if (r == -EEXIST && reset_failed(bus, unit->name) >= 0)
		r = run_job(bus, start, &body, unit->name);
	return r == -EEXIST ? context(r, "scope %s belongs to another container", unit->name) : r;
}

/* The v2 line of /proc/PID/cgroup, which must end with the scope's name: pid is where we wanted it. */
static int find_scope(pid_t pid, const struct cgroup_unit *unit, char *path, size_t size)
{
	char file[40], text[8192];

	snprintf(file, sizeof file, "/proc/%d/cgroup", (int)pid);
	int r = cgroup_path_in(file, text, sizeof text);

	if (r < 0)
		return r;
	const char *name = strrchr(text, '/');

	if (!name || strcmp(name + 1, unit->name) != 0)
		return refuse(EIO, "systemd started %s, but init is in cgroup %s", unit->name, text);
	if (strlen(text) >= size)
		return refuse(ENAMETOOLONG, "cgroup %s", text);
	memcpy(path, text, strlen(text) + 1);
	return 0;
}

/* systemd takes over a group that is there already as it is. Init, frozen in it, would never answer. */
static int check_thawed(const struct cgroup *cgroup)
{
	struct cgroup_freezes freezes = CGROUP_FREEZES_NONE;
	int r = cgroup_freezes_look(&freezes, cgroup->path);

	cgroup_freezes_close(&freezes);
	return r > 0 ? refuse(EBUSY, "cgroup %s is frozen: a container in it would never run", cgroup->path) : r;
}

static int enter_scope(struct cgroup *cgroup, const struct cgroup_request *request, const struct cgroup_unit *unit, pid_t pid)
{
	char path[sizeof cgroup->path];
	int r = find_scope(pid, unit, path, sizeof path);

	if (r < 0)
		return r;
	_cleanup_fd_ int root = cgroup_root_open();

	r = root < 0 ? root : cgroup_open_at(cgroup, root, path);
	if (r >= 0)
		r = check_thawed(cgroup);
	return r < 0 ? r : cgroup_resources_enable(root, cgroup, request);
}

static int attach(struct cgroup *cgroup, const struct cgroup_request *request, pid_t pid)
{
	_cleanup_dbus_ struct dbus bus = { .fd = -1 };
	struct cgroup_unit unit;
	int r = cgroup_plan_unit(request, &unit);

	if (r >= 0)
		r = connect_manager(&bus, request->rootless);
	if (r >= 0)
		r = start_scope(&bus, request, &unit, pid);
	if (r < 0)
		return r;
	r = enter_scope(cgroup, request, &unit, pid);
	if (r < 0) {
		struct error saved = error_save();

		/* At once: systemd would ask it to end, and wait a minute and a half for a process that is deaf to that. */
		(void)kill(pid, SIGKILL);
		(void)stop_unit(&bus, unit.name);
		error_restore(&saved);
		cgroup_close(cgroup);
		cgroup->path[0] = 0;
		return r;
	}
	cgroup->told = true;
	return 0;
}

/* Nothing can be made before there is a process, but what is wrong is said before there is one. */
static int create(struct cgroup *cgroup, const struct cgroup_request *request)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct dbus_body body = { .arena = &arena };
	struct cgroup_unit unit;
	int r = cgroup_plan_unit(request, &unit);

	(void)cgroup;
	return r < 0 ? r : put_scope(&body, request, &unit, 0);
}

/* --- change and stop -------------------------------------------------------------------------------------------------- */

/* Units of a user's instance are below that instance's own. */
static bool is_user_unit(const char *path)
{
	return strstr(path, "/user@") != NULL;
}

static const char *unit_of(const struct cgroup *cgroup)
{
	return strrchr(cgroup->path, '/') + 1;
}

/* systemd wants quota and period, which may each have been set alone: tell what is now in the file. */
static int put_limits(struct dbus_body *body, const struct cgroup *cgroup, const struct cgroup_values *values)
{
	struct cgroup_values now = { .items = arena_array(body->arena, values->count, sizeof *now.items),
				     .count = values->count };

	for (size_t i = 0; i < values->count; i++) {
		now.items[i] = values->items[i];
		if (strcmp(now.items[i].file, "cpu.max") != 0)
			continue;
		char *text = arena_alloc(body->arena, 64);
		ssize_t n = cgroup_file_read(cgroup->fd, "cpu.max", text, 64);

		if (n < 0)
			return fail((int)-n, "read cpu.max of cgroup %s", cgroup->path);
		now.items[i].value = text;
	}
	cgroup_put_unit_limits(body, &now, DEFAULT_PERIOD);
	return 0;
}

/*
 * systemd writes cpu.max some time after its answer, but before it takes the next call; and where there is no quota it forgets
 * the period, which the next quota will be of.
 */
static int keep_cpu_max(struct dbus *bus, struct cgroup *cgroup, const char *text)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct dbus_body body = { .arena = &arena };
	struct dbus_message reply;

	dbus_put_string(&body, unit_of(cgroup));
	int r = dbus_call(bus, MANAGER("GetUnit", "s"), &body, &reply);

	if (r < 0)
		return r;
	r = write_file_at(cgroup->fd, "cpu.max", text);
	return r < 0 ? fail(-r, "write cpu.max of cgroup %s", cgroup->path) : 0;
}

static int tell(struct cgroup *cgroup, const struct cgroup_values *values)
{
	_cleanup_dbus_ struct dbus bus = { .fd = -1 };
	_cleanup_arena_ struct arena arena = { 0 };
	struct dbus_body body = { .arena = &arena };
	struct dbus_message reply;

	dbus_put_string(&body, unit_of(cgroup));
	dbus_put_u32(&body, true); /* until the scope ends */
	struct dbus_array properties = dbus_begin_array(&body, 8);
	int r = put_limits(&body, cgroup, values);

	dbus_end_array(&body, properties);
	if (r < 0 || body.used == properties.begin)
		return r;
	char cpu_max[64];
	ssize_t n = has_file(values, "cpu.max") ? cgroup_file_read(cgroup->fd, "cpu.max", cpu_max, sizeof cpu_max) : 0;

	if (n < 0)
		return fail((int)-n, "read cpu.max of cgroup %s", cgroup->path);
	r = connect_manager(&bus, is_user_unit(cgroup->path));
	if (r >= 0)
		r = dbus_call(&bus, MANAGER("SetUnitProperties", "sba(sv)"), &body, &reply);
	return r < 0 || n == 0 ? r : keep_cpu_max(&bus, cgroup, cpu_max);
}

static int adopt(struct cgroup *cgroup, const char *sub, pid_t pid)
{
	_cleanup_dbus_ struct dbus bus = { .fd = -1 };
	_cleanup_arena_ struct arena arena = { 0 };
	struct dbus_body body = { .arena = &arena };
	struct dbus_message reply;

	dbus_put_string(&body, unit_of(cgroup));
	dbus_put_string(&body, *sub ? arena_printf(&arena, "/%s", sub) : "");
	struct dbus_array pids = dbus_begin_array(&body, 4);

	dbus_put_u32(&body, (uint32_t)pid);
	dbus_end_array(&body, pids);
	int r = connect_manager(&bus, is_user_unit(cgroup->path));

	return r < 0 ? r : dbus_call(&bus, MANAGER("AttachProcessesToUnit", "ssau"), &body, &reply);
}

static int remove_scope(struct cgroup *cgroup)
{
	_cleanup_dbus_ struct dbus bus = { .fd = -1 };
	/* All at once and now, instead of systemd's SIGTERM, a minute and a half, SIGKILL. */
	int r = cgroup->fd >= 0 ? cgroup_empty(cgroup) : 0;

	if (r < 0)
		return r;
	r = connect_manager(&bus, is_user_unit(cgroup->path));
	if (r >= 0)
		r = stop_unit(&bus, unit_of(cgroup));
	/* Without the systemd that made it (the user logged out, say) the group is still ours to remove. */
	if (r < 0)
		log_warning("%s", error_record()->text);
	return cgroup->fd >= 0 ? cgroup_driver_cgroupfs.remove(cgroup) : 0;
}

const struct cgroup_driver cgroup_driver_systemd = {
	.create = create, .attach = attach, .tell = tell, .adopt = adopt, .remove = remove_scope
};
