#include "rootfs/options.h"

#include "base/error.h"
#include "base/sys.h"

#include <string.h>

enum kind {
	/* For mount(8) itself, or the kernel's default. */
	NOTHING,
	/* An attribute of the mount. */
	SET,
	CLEAR,
	/* A flag of the file system. */
	SUPER_SET,
	SUPER_CLEAR,
	PROPAGATION,
	BIND,
	REMOUNT,
	COPY_UP,
	IDMAP,
	/* mount(8): whom an fstab lets mount; implies nosuid, nodev, noexec. */
	OWNER,
	/* What depends on what was said before about the access time. */
	ATIME_DEFAULT,
	ATIME_NOT_RELATIME,
	ATIME_NOT_STRICT,
};

enum { SINGLE, RECURSIVE };

#define ATTR_ATIME ((uint64_t)MOUNT_ATTR__ATIME)

/* Every name in one place; the second columns are those of the specification's own table. */
#define OPTIONS(X)                                                \
	X("async", SUPER_CLEAR, MS_SYNCHRONOUS, SINGLE)           \
	X("atime", ATIME_DEFAULT, 0, SINGLE)                      \
	X("bind", BIND, 0, SINGLE)                                \
	X("defaults", NOTHING, 0, SINGLE)                         \
	X("dev", CLEAR, MOUNT_ATTR_NODEV, SINGLE)                 \
	X("diratime", CLEAR, MOUNT_ATTR_NODIRATIME, SINGLE)       \
	X("dirsync", SUPER_SET, MS_DIRSYNC, SINGLE)               \
	X("exec", CLEAR, MOUNT_ATTR_NOEXEC, SINGLE)               \
	X("iversion", SUPER_SET, MS_I_VERSION, SINGLE)            \
	X("lazytime", SUPER_SET, MS_LAZYTIME, SINGLE)             \
	X("loud", SUPER_CLEAR, MS_SILENT, SINGLE)                 \
	X("mand", SUPER_SET, MS_MANDLOCK, SINGLE)                 \
	X("noatime", SET, MOUNT_ATTR_NOATIME, SINGLE)             \
	X("nodev", SET, MOUNT_ATTR_NODEV, SINGLE)                 \
	X("nodiratime", SET, MOUNT_ATTR_NODIRATIME, SINGLE)       \
	X("noexec", SET, MOUNT_ATTR_NOEXEC, SINGLE)               \
	X("noiversion", SUPER_CLEAR, MS_I_VERSION, SINGLE)        \
	X("nolazytime", SUPER_CLEAR, MS_LAZYTIME, SINGLE)         \
	X("nomand", SUPER_CLEAR, MS_MANDLOCK, SINGLE)             \
	X("norelatime", ATIME_NOT_RELATIME, 0, SINGLE)            \
	X("nostrictatime", ATIME_NOT_STRICT, 0, SINGLE)           \
	X("nosuid", SET, MOUNT_ATTR_NOSUID, SINGLE)               \
	X("nosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW, SINGLE)     \
	X("private", PROPAGATION, MS_PRIVATE, SINGLE)             \
	X("ratime", ATIME_DEFAULT, 0, RECURSIVE)                  \
	X("rbind", BIND, 0, RECURSIVE)                            \
	X("rdev", CLEAR, MOUNT_ATTR_NODEV, RECURSIVE)             \
	X("rdiratime", CLEAR, MOUNT_ATTR_NODIRATIME, RECURSIVE)   \
	X("relatime", SET, MOUNT_ATTR_RELATIME, SINGLE)           \
	X("remount", REMOUNT, 0, SINGLE)                          \
	X("rexec", CLEAR, MOUNT_ATTR_NOEXEC, RECURSIVE)           \
	X("rnoatime", SET, MOUNT_ATTR_NOATIME, RECURSIVE)         \
	X("rnodev", SET, MOUNT_ATTR_NODEV, RECURSIVE)             \
	X("rnodiratime", SET, MOUNT_ATTR_NODIRATIME, RECURSIVE)   \
	X("rnoexec", SET, MOUNT_ATTR_NOEXEC, RECURSIVE)           \
	X("rnorelatime", ATIME_NOT_RELATIME, 0, RECURSIVE)        \
	X("rnostrictatime", ATIME_NOT_STRICT, 0, RECURSIVE)       \
	X("rnosuid", SET, MOUNT_ATTR_NOSUID, RECURSIVE)           \
	X("rnosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW, RECURSIVE) \
	X("ro", SET, MOUNT_ATTR_RDONLY, SINGLE)                   \
	X("rprivate", PROPAGATION, MS_PRIVATE, RECURSIVE)         \
	X("rrelatime", SET, MOUNT_ATTR_RELATIME, RECURSIVE)       \
	X("rro", SET, MOUNT_ATTR_RDONLY, RECURSIVE)               \
	X("rrw", CLEAR, MOUNT_ATTR_RDONLY, RECURSIVE)             \
	X("rshared", PROPAGATION, MS_SHARED, RECURSIVE)           \
	X("rslave", PROPAGATION, MS_SLAVE, RECURSIVE)             \
	X("rstrictatime", SET, MOUNT_ATTR_STRICTATIME, RECURSIVE) \
	X("rsuid", CLEAR, MOUNT_ATTR_NOSUID, RECURSIVE)           \
	X("rsymfollow", CLEAR, MOUNT_ATTR_NOSYMFOLLOW, RECURSIVE) \
	X("runbindable", PROPAGATION, MS_UNBINDABLE, RECURSIVE)   \
	X("rw", CLEAR, MOUNT_ATTR_RDONLY, SINGLE)                 \
	X("shared", PROPAGATION, MS_SHARED, SINGLE)               \
	X("silent", SUPER_SET, MS_SILENT, SINGLE)                 \
	X("slave", PROPAGATION, MS_SLAVE, SINGLE)                 \
	X("strictatime", SET, MOUNT_ATTR_STRICTATIME, SINGLE)     \
	X("suid", CLEAR, MOUNT_ATTR_NOSUID, SINGLE)               \
	X("symfollow", CLEAR, MOUNT_ATTR_NOSYMFOLLOW, SINGLE)     \
	X("sync", SUPER_SET, MS_SYNCHRONOUS, SINGLE)              \
	X("tmpcopyup", COPY_UP, 0, SINGLE)                        \
	X("unbindable", PROPAGATION, MS_UNBINDABLE, SINGLE)       \
	X("idmap", IDMAP, 0, SINGLE)                              \
	X("ridmap", IDMAP, 0, RECURSIVE)

static const struct option {
	const char *name;
	enum kind kind;
	uint64_t value;
	int recursive;
} options_table[] = {
#define ROW(name, kind, value, recursive) { name, kind, value, recursive },
	OPTIONS(ROW)
#undef ROW
};

/* What mount(8) reads in an fstab and never hands to the kernel. */
static const struct option mount8_table[] = {
	{ "auto", NOTHING, 0, SINGLE },    { "noauto", NOTHING, 0, SINGLE },  { "nouser", NOTHING, 0, SINGLE },
	{ "nousers", NOTHING, 0, SINGLE }, { "noowner", NOTHING, 0, SINGLE }, { "nogroup", NOTHING, 0, SINGLE },
	{ "_netdev", NOTHING, 0, SINGLE }, { "user", OWNER, 0, SINGLE },      { "users", OWNER, 0, SINGLE },
	{ "owner", OWNER, 0, SINGLE },     { "group", OWNER, 0, SINGLE },
};

const char *const *mount_option_names(void)
{
	static const char *const names[] = {
#define NAME(name, kind, value, recursive) name,
		OPTIONS(NAME)
#undef NAME
			NULL,
	};
	return names;
}

static const struct option *find(const struct option *table, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].name[0] == name[0] && strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

static void set_attribute(struct mount_attributes *a, uint64_t value)
{
	if (value & ~ATTR_ATIME) {
		a->set |= value;
		a->clear &= ~value;
	} else {
		a->set = (a->set & ~ATTR_ATIME) | value;
		a->clear |= ATTR_ATIME;
	}
}

static void clear_attribute(struct mount_attributes *a, uint64_t value)
{
	a->set &= ~value;
	a->clear |= value;
}

/* A recursive option is also one of the mount itself, where it takes the place of an earlier one. */
static void override(struct mount_attributes *a, const struct option *option)
{
	uint64_t bits = option->value & ~ATTR_ATIME ? option->value : ATTR_ATIME;

	a->set &= ~bits;
	a->clear &= ~bits;
}

static bool atime_is(const struct mount_attributes *a, uint64_t value)
{
	return (a->clear & ATTR_ATIME) && (a->set & ATTR_ATIME) == value;
}

/* "relatime" is the kernel's default: what undoes another access time option means it. */
static void undo_atime(struct mount_attributes *a, enum kind kind)
{
	if (kind == ATIME_NOT_RELATIME) {
		if (atime_is(a, MOUNT_ATTR_RELATIME))
			a->clear &= ~ATTR_ATIME;
	} else if (kind == ATIME_NOT_STRICT ? !atime_is(a, MOUNT_ATTR_NOATIME) : !atime_is(a, MOUNT_ATTR_STRICTATIME)) {
		set_attribute(a, MOUNT_ATTR_RELATIME);
	}
}

static bool is_attribute(enum kind kind)
{
	return kind == SET || kind == CLEAR || kind == OWNER || kind >= ATIME_DEFAULT;
}

static void apply_attribute(struct mount_options *o, const struct option *option)
{
	struct mount_attributes *a = option->recursive == RECURSIVE ? &o->recursive : &o->top;

	if (option->recursive == RECURSIVE)
		override(&o->top, option);
	if (option->kind == CLEAR)
		clear_attribute(a, option->value);
	else if (option->kind == OWNER)
		set_attribute(a, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	else if (option->kind == SET)
		set_attribute(a, option->value);
	else
		undo_atime(a, option->kind);
}

static void apply_super(struct mount_options *o, const struct option *option)
{
	unsigned flag = (unsigned)option->value;
	bool set = option->kind == SUPER_SET;

	o->super_set = set ? o->super_set | flag : o->super_set & ~flag;
	o->super_clear = set ? o->super_clear & ~flag : o->super_clear | flag;
}

static void apply(struct mount_options *o, const struct option *option, size_t index)
{
	bool recursive = option->recursive == RECURSIVE;

	if (is_attribute(option->kind)) {
		apply_attribute(o, option);
	} else if (option->kind == SUPER_SET || option->kind == SUPER_CLEAR) {
		apply_super(o, option);
	} else if (option->kind == PROPAGATION) {
		o->propagation = (unsigned)option->value;
		o->propagation_recursive = recursive;
	} else if (option->kind == BIND) {
		o->bind = true;
		o->bind_recursive |= recursive;
	} else if (option->kind == REMOUNT) {
		o->remount = true;
	} else if (option->kind == COPY_UP) {
		o->copy_up = true;
	} else if (option->kind == IDMAP) {
		o->idmap = true;
		o->idmap_recursive |= recursive;
		o->idmap_index = index;
	}
}

/*
 * A comma ends an option of a file system, as for mount(2), but not between quotes (SELinux categories) or after a backslash
 * (overlay).
 */
static size_t data_length(const char *text)
{
	bool quoted = false;
	size_t i;

	for (i = 0; text[i] && (quoted || text[i] != ','); i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (text[i] == '\\' && text[i + 1])
			i++;
	}
	return i;
}

/* key="value" is key=value to the kernel's file systems: the quotes only keep the comma. */
static char *unquote(char *text)
{
	char *value = strchr(text, '=');
	size_t length = value ? strlen(value + 1) : 0;

	if (length >= 2 && value[1] == '"' && value[length] == '"') {
		memmove(value + 1, value + 2, length - 2);
		value[length - 1] = 0;
	}
	return text;
}

static void add_data(struct mount_options *o, const char *text, struct arena *arena)
{
	size_t more = 1;

	for (const char *p = text; *p; p++)
		more += *p == ',';
	const char **data = arena_array(arena, o->data_count + more, sizeof *data);

	if (o->data_count)
		memcpy(data, o->data, o->data_count * sizeof *data);
	o->data = data;
	while (*text) {
		size_t length = data_length(text);

		if (length > 0)
			data[o->data_count++] = unquote(arena_strndup(arena, text, length));
		text += length;
		text += *text == ',';
	}
}

static bool is_user_space(const char *name)
{
	return strncmp(name, "x-", 2) == 0 || strncmp(name, "X-", 2) == 0 || strncmp(name, "comment=", 8) == 0;
}

int mount_options_parse(struct mount_options *options, const struct spec_mount *mount, size_t index, struct arena *arena)
{
	*options = (struct mount_options){ 0 };
	for (size_t i = 0; i < mount->options.count; i++) {
		const char *name = mount->options.items[i];
		const struct option *option = find(options_table, sizeof options_table / sizeof *options_table, name);

		if (!option)
			option = find(mount8_table, sizeof mount8_table / sizeof *mount8_table, name);
		if (option)
			apply(options, option, i);
		else if (strncmp(name, "idmap=", 6) == 0 || strncmp(name, "ridmap=", 7) == 0)
			return refuse(EINVAL,
				      "/mounts/%zu/options/%zu: \"%s\": give the mapping in uidMappings and gidMappings", index,
				      i, name);
		else if (!is_user_space(name))
			add_data(options, name, arena);
	}
	return 0;
}
