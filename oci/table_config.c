/* config.md: everything but process and the platforms. */
#include "oci/fields.h"
#include "oci/tables.h"

static const struct field root_fields[] = {
	F_STRING("path", struct spec_root, path, .flags = FIELD_REQUIRED),
	F_BOOL("readonly", struct spec_root, readonly),
};
static const struct table root = TABLE_SET(root_fields, struct spec_root, set);

static const struct field id_map_fields[] = {
	F_UINT32("containerID", struct spec_id_map, container_id, 0, UINT32_MAX, .flags = FIELD_REQUIRED),
	F_UINT32("hostID", struct spec_id_map, host_id, 0, UINT32_MAX, .flags = FIELD_REQUIRED),
	F_UINT32("size", struct spec_id_map, size, 0, UINT32_MAX, .flags = FIELD_REQUIRED),
};
const struct table table_id_map = TABLE(id_map_fields, struct spec_id_map);

static const struct field mount_fields[] = {
	F_STRING("destination", struct spec_mount, destination, .flags = FIELD_REQUIRED),
	F_STRING("type", struct spec_mount, type, .flags = FIELD_EMPTY_IS_ABSENT),
	F_STRING("source", struct spec_mount, source, .flags = FIELD_EMPTY_IS_ABSENT),
	F_STRINGS("options", struct spec_mount, options),
	F_OBJECTS("uidMappings", struct spec_mount, uid_maps.items, uid_maps.count, struct spec_id_map, table_id_map),
	F_OBJECTS("gidMappings", struct spec_mount, gid_maps.items, gid_maps.count, struct spec_id_map, table_id_map),
};
static const struct table mount = TABLE(mount_fields, struct spec_mount);

static const struct field hook_fields[] = {
	F_STRING("path", struct spec_hook, path, .flags = FIELD_REQUIRED),
	F_STRINGS("args", struct spec_hook, args),
	F_STRINGS("env", struct spec_hook, env),
	F_OPT_INT64("timeout", struct spec_hook, timeout, 1, INT32_MAX,
	            .expected = "must be a number of seconds, greater than zero"),
};
static const struct table hook = TABLE(hook_fields, struct spec_hook);

#define F_HOOKS(key, point) F_OBJECTS(key, struct spec, hooks[point].items, hooks[point].count, struct spec_hook, hook)
static const struct field hooks_fields[] = {
	F_HOOKS("prestart", HOOK_PRESTART),
	F_HOOKS("createRuntime", HOOK_CREATE_RUNTIME),
	F_HOOKS("createContainer", HOOK_CREATE_CONTAINER),
	F_HOOKS("startContainer", HOOK_START_CONTAINER),
	F_HOOKS("poststart", HOOK_POSTSTART),
	F_HOOKS("poststop", HOOK_POSTSTOP),
};
static const struct table hooks = TABLE(hooks_fields, struct spec);

#define F_FOREIGN(key, section, table_)                                                                                    \
	FIELD(key, KIND_OBJECT, .offset = offsetof(struct spec, foreign[section]), .table = &(table_), .flags = FIELD_DISCARD)

static const struct field config_fields[] = {
	F_STRING("ociVersion", struct spec, oci_version, .flags = FIELD_REQUIRED),
	F_OBJECT("process", struct spec, process, table_process),
	F_OBJECT("root", struct spec, root, root),
	F_STRING("hostname", struct spec, hostname, .flags = FIELD_EMPTY_IS_ABSENT),
	F_STRING("domainname", struct spec, domainname, .flags = FIELD_EMPTY_IS_ABSENT),
	F_OBJECTS("mounts", struct spec, mounts, mount_count, struct spec_mount, mount),
	F_INLINE("hooks", hooks),
	F_STRING_MAP("annotations", struct spec, annotations),
	F_OBJECT("linux", struct spec, linux_, table_linux),
	F_FOREIGN("solaris", FOREIGN_SOLARIS, table_solaris),
	F_FOREIGN("windows", FOREIGN_WINDOWS, table_windows),
	F_FOREIGN("vm", FOREIGN_VM, table_vm),
	F_FOREIGN("zos", FOREIGN_ZOS, table_zos),
	F_FOREIGN("freebsd", FOREIGN_FREEBSD, table_freebsd),
};
const struct table table_config = TABLE(config_fields, struct spec);

static const struct field mounts_fields[] = {
	F_OBJECTS("mounts", struct spec, mounts, mount_count, struct spec_mount, mount, .flags = FIELD_REQUIRED),
};
const struct table table_mounts = TABLE(mounts_fields, struct spec, .unknown = "there must be nothing after the array of mounts");
