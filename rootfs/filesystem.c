#include "rootfs/filesystem.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "rootfs/path.h"
#include "rootfs/tree.h"

#include <stdlib.h>
#include <sys/stat.h>

/* fsconfig(2) takes no longer string than this. */
#define FSCONFIG_MAX 255

/* Flags of a file system that only mount(2) can give. */
#define ONLY_MOUNT (MS_SILENT | MS_MANDLOCK | MS_I_VERSION)

static const struct {
	unsigned flag;
	const char *set, *clear;
} super_flags[] = {
	{ MS_SYNCHRONOUS, "sync", "async" },
	{ MS_DIRSYNC, "dirsync", NULL },
	{ MS_LAZYTIME, "lazytime", "nolazytime" },
};

/* No SELinux label can be given to these when they are mounted. */
static const char *const no_context[] = { "proc", "sysfs", "cgroup", "cgroup2", "mqueue" };

static const char *type_of(const struct mount_plan *plan)
{
	return strcmp(plan->spec->type, "cgroup") == 0 ? "cgroup2" : plan->spec->type;
}

static const char *mount_label(const struct rootfs *rootfs, const struct mount_plan *plan)
{
	for (size_t i = 0; i < sizeof no_context / sizeof *no_context; i++)
		if (strcmp(plan->spec->type, no_context[i]) == 0)
			return NULL;
	return rootfs->request->spec->linux_.mount_label;
}

uint64_t filesystem_attributes(const struct mount_options *options)
{
	return (options->recursive.set & ~options->top.clear) | options->top.set;
}

bool filesystem_is_late_readonly(const struct mount_plan *plan)
{
	return (filesystem_attributes(&plan->options) & MOUNT_ATTR_RDONLY) && !plan->options.remount &&
	       (strcmp(plan->destination, "/dev") == 0 ||
		(!plan->options.bind && plan->spec->type && strcmp(plan->spec->type, "tmpfs") == 0));
}

/* What is read-only from the start, as a file system and as a mount. */
static bool is_readonly(const struct mount_plan *plan)
{
	return (filesystem_attributes(&plan->options) & MOUNT_ATTR_RDONLY) && !filesystem_is_late_readonly(plan);
}

static uint64_t first_attributes(const struct mount_plan *plan)
{
	uint64_t attributes = filesystem_attributes(&plan->options);

	return is_readonly(plan) ? attributes : attributes & ~(uint64_t)MOUNT_ATTR_RDONLY;
}

/* --- what the file system is told --------------------------------------------------------------------------------------- */

/* The options as "key" and "key=value" in one list: those of the configuration, and what the runtime adds. */
struct parameters {
	size_t count;
	const char **items;
};

static bool has_key(const struct mount_options *options, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 0; i < options->data_count; i++)
		if (strncmp(options->data[i], key, length) == 0 && options->data[i][length] == '=')
			return true;
	return false;
}

static int add_parameters(struct parameters *p, struct arena *arena, const struct rootfs *rootfs, const struct mount_plan *plan,
			  int destination, bool made)
{
	const struct mount_options *options = &plan->options;
	const char *label = mount_label(rootfs, plan);

	*p = (struct parameters){ .items = arena_array(arena, options->data_count + 3, sizeof *p->items) };
	if (rootfs->request->proc_option && strcmp(plan->spec->type, "proc") == 0)
		p->items[p->count++] = arena_strdup(arena, rootfs->request->proc_option);
	/* A tmpfs over a directory of the image takes that directory's mode, as other runtimes do. */
	if (!made && strcmp(plan->spec->type, "tmpfs") == 0 && !has_key(options, "mode")) {
		struct stat st;

		if (fstat(destination, &st) < 0)
			return fail(errno, "stat %s", plan->destination);
		p->items[p->count++] = arena_printf(arena, "mode=%04o", st.st_mode & 07777);
	}
	for (size_t i = 0; i < options->data_count; i++)
		p->items[p->count++] = options->data[i];
	if (label && !has_key(options, "context"))
		p->items[p->count++] = arena_printf(arena, "context=%s", label);
	return 0;
}

/* --- fsopen(2) ---------------------------------------------------------------------------------------------------------- */

/* The file system's own message about the last failure, or "". */
static void read_message(int fs, char *text, size_t size)
{
	ssize_t n;

	text[0] = 0;
	/* "e tmpfs: Bad value for 'size'": one message a read, the last word of the kernel wins. */
	for (int i = 0; i < 8; i++) {
		char line[256];

		n = read(fs, line, sizeof line - 1);
		if (n < 2)
			return;
		line[n] = 0;
		line[strcspn(line, "\n")] = 0;
		if (line[0] == 'e')
			snprintf(text, size, " (%s)", line + 2);
	}
}

static int fs_fail(int fs, int r, const char *type, const char *what)
{
	char message[320];

	read_message(fs, message, sizeof message);
	return fail(-r, "%s%s%s%s", type, what[0] ? ": option " : "", what, message);
}

static int set_flag(int fs, const char *type, const char *name)
{
	int r = sys_fsconfig(fs, FSCONFIG_SET_FLAG, name, NULL, 0);

	return r < 0 ? fs_fail(fs, r, type, name) : 0;
}

static int set_parameter(int fs, const char *type, const char *parameter)
{
	const char *value = strchr(parameter, '=');
	char key[FSCONFIG_MAX + 1];

	if (!value)
		return set_flag(fs, type, parameter);
	snprintf(key, sizeof key, "%.*s", (int)(value - parameter), parameter);
	int r = sys_fsconfig(fs, FSCONFIG_SET_STRING, key, value + 1, 0);

	return r < 0 ? fs_fail(fs, r, type, parameter) : 0;
}

static int set_super_flags(int fs, const char *type, const struct mount_options *options)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof super_flags / sizeof *super_flags; i++) {
		if (options->super_set & super_flags[i].flag)
			r = set_flag(fs, type, super_flags[i].set);
		else if ((options->super_clear & super_flags[i].flag) && super_flags[i].clear)
			r = set_flag(fs, type, super_flags[i].clear);
	}
	return r;
}

static bool is_too_long(const struct mount_plan *plan)
{
	if (plan->source && strlen(plan->source) > FSCONFIG_MAX)
		return true;
	for (size_t i = 0; i < plan->options.data_count; i++)
		if (strlen(plan->options.data[i]) > FSCONFIG_MAX)
			return true;
	return false;
}

static int configure(int fs, const struct mount_plan *plan, const struct parameters *parameters)
{
	const char *type = type_of(plan);
	int r = 0;

	if (plan->source && plan->source[0])
		r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", plan->source, 0);
	if (r < 0)
		return fs_fail(fs, r, type, "source");
	r = plan->options.super_set | plan->options.super_clear ? set_super_flags(fs, type, &plan->options) : 0;
	if (r >= 0 && is_readonly(plan))
		r = set_flag(fs, type, "ro");
	for (size_t i = 0; r >= 0 && i < parameters->count; i++) {
		r = set_parameter(fs, type, parameters->items[i]);
		/* A file system of the old kind (an overlay before Linux 6.5) takes a quoted comma by mount(2) alone. */
		if (r == -EINVAL && strstr(parameters->items[i], "\\,"))
			return -EOPNOTSUPP;
	}
	if (r < 0)
		return r;
	r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	return r < 0 ? fs_fail(fs, r, type, "") : 0;
}

int filesystem_open(const struct rootfs *rootfs, const struct mount_plan *plan, int destination, bool made)
{
	if ((plan->options.super_set & ONLY_MOUNT) || is_too_long(plan))
		return -EOPNOTSUPP;
	ARENA_SCRATCH(arena, 1024);
	struct parameters parameters;
	int r = add_parameters(&parameters, &arena, rootfs, plan, destination, made);

	if (r < 0)
		return r;
	_cleanup_fd_ int fs = sys_fsopen(type_of(plan));

	if (fs == -ENODEV)
		return refuse(ENODEV, "this kernel has no file system of type \"%s\"", plan->spec->type);
	if (fs < 0)
		return fail(-fs, "open file system %s", plan->spec->type);
	r = configure(fs, plan, &parameters);
	if (r < 0)
		return r;
	r = sys_fsmount(fs, (unsigned)first_attributes(plan));
	return r < 0 ? fs_fail(fs, r, type_of(plan), "") : r;
}

/* --- mount(2) ----------------------------------------------------------------------------------------------------------- */

static const struct {
	uint64_t attribute;
	unsigned long flag;
} mount_flags[] = {
	{ MOUNT_ATTR_RDONLY, MS_RDONLY },         { MOUNT_ATTR_NOSUID, MS_NOSUID },
	{ MOUNT_ATTR_NODEV, MS_NODEV },           { MOUNT_ATTR_NOEXEC, MS_NOEXEC },
	{ MOUNT_ATTR_NOATIME, MS_NOATIME },       { MOUNT_ATTR_STRICTATIME, MS_STRICTATIME },
	{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME }, { MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW },
};

/* mount(2) splits at commas: a label has some of its own. */
static char *join(const struct parameters *p, struct arena *arena)
{
	char *text = arena_strdup(arena, "");

	for (size_t i = 0; i < p->count; i++) {
		const char *item = p->items[i], *value = strchr(item, '=');
		size_t key = value ? (size_t)(value - item) : 0;
		bool quote = key >= 7 && strncmp(value - 7, "context", 7) == 0;

		text = quote ? arena_printf(arena, "%s%s%.*s=\"%s\"", text, i ? "," : "", (int)key, item, value + 1)
			     : arena_printf(arena, "%s%s%s", text, i ? "," : "", item);
	}
	return text;
}

static int mount_here(const struct mount_plan *plan, int destination, const char *data)
{
	uint64_t attributes = first_attributes(plan);
	unsigned long flags = plan->options.super_set;

	for (size_t i = 0; i < sizeof mount_flags / sizeof *mount_flags; i++)
		if (attributes & mount_flags[i].attribute)
			flags |= mount_flags[i].flag;
	int before = enter_dir(destination);

	if (before < 0)
		return fail(-before, "enter %s", plan->destination);
	int r = sys_mount(plan->source && plan->source[0] ? plan->source : "none", ".", type_of(plan), flags, data);
	int left = leave_dir(before);

	if (left < 0)
		return fail(-left, "leave %s", plan->destination);
	return r < 0 ? fail(-r, "%s with options \"%s\"", type_of(plan), data) : 0;
}

int filesystem_mount(const struct rootfs *rootfs, const struct mount_plan *plan, int destination, bool made)
{
	ARENA_SCRATCH(arena, 1024);
	struct parameters parameters;
	int r = add_parameters(&parameters, &arena, rootfs, plan, destination, made);

	if (r >= 0)
		r = mount_here(plan, destination, join(&parameters, &arena));
	if (r < 0)
		return r;
	/* Its name may lead elsewhere by now. Above a root is what is mounted on it. */
	int fd = path_open_in(destination, "..", O_PATH | O_DIRECTORY);

	return fd < 0 ? fail(-fd, "open %s", plan->destination) : fd;
}

/* --- remount ------------------------------------------------------------------------------------------------------------ */

int filesystem_remount(const struct mount_plan *plan, int destination)
{
	const struct mount_options *options = &plan->options;
	_cleanup_fd_ int fs = sys_fspick(destination, "", FSPICK_EMPTY_PATH);

	if (fs < 0)
		return fail(-fs, "remount: %s is not a mount point", plan->destination);
	int r = set_super_flags(fs, "remount", options);

	if (r >= 0 && (options->top.set & MOUNT_ATTR_RDONLY))
		r = set_flag(fs, "remount", "ro");
	else if (r >= 0 && (options->top.clear & MOUNT_ATTR_RDONLY))
		r = set_flag(fs, "remount", "rw");
	for (size_t i = 0; r >= 0 && i < options->data_count; i++)
		r = set_parameter(fs, "remount", options->data[i]);
	if (r < 0)
		return r;
	r = sys_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
	return r < 0 ? fs_fail(fs, r, "remount", "") : 0;
}
