/* config-linux.md: everything but resources and seccomp. */
#include "oci/cpus.h"
#include "oci/fields.h"
#include "oci/show.h"
#include "oci/tables.h"

#include <string.h>
#include <sys/stat.h>

/* --- namespaces: an array in the document, an index by type here ---------------------------------------------------------- */

struct namespace_entry {
	enum namespace_type type;
	char *path;
};

static const struct field namespace_fields[] = {
	F_NAME("type", struct namespace_entry, type, names_namespaces, .flags = FIELD_REQUIRED),
	F_STRING("path", struct namespace_entry, path, .flags = FIELD_EMPTY_IS_ABSENT),
};
static const struct table namespace = TABLE(namespace_fields, struct namespace_entry);

static int collect_namespace(struct decoder *decoder, void *owner, const void *element)
{
	struct spec_linux *linux_ = owner;
	const struct namespace_entry *entry = element;
	struct spec_namespace *slot = &linux_->namespaces[entry->type];

	if (slot->set)
		return decoder_refuse(decoder, "type", "\"%s\": a namespace type must be listed only once",
		                      ns_type_name(entry->type));
	if (entry->path && entry->path[0] != '/')
		return decoder_refuse(decoder, "path", "%s: must be an absolute path", show(entry->path).text);
	*slot = (struct spec_namespace){ true, entry->path };
	return 0;
}

/* --- devices ------------------------------------------------------------------------------------------------------------- */

#define ID_MAX (UINT32_MAX - 1)  /* -1 would leave the owner as it is */

static bool convert_device_type(struct arena *arena, void *member, char *text)
{
	(void)arena;
	if (strlen(text) != 1 || !strchr("bcup", *text))
		return false;
	*(char *)member = *text == 'u' ? 'c' : *text;
	return true;
}

static const struct field device_fields[] = {
	F_TEXT("type", struct spec_device, type, convert_device_type, .flags = FIELD_REQUIRED,
	       .expected = "must be \"b\" (block), \"c\" or \"u\" (character) or \"p\" (FIFO)"),
	F_STRING("path", struct spec_device, path, .flags = FIELD_REQUIRED),
	F_UINT32("major", struct spec_device, major, 0, 4095),
	F_UINT32("minor", struct spec_device, minor, 0, 1048575),
	F_OPT_UINT64("fileMode", struct spec_device, file_mode, 0, UINT32_MAX),
	F_OPT_UINT64("uid", struct spec_device, uid, 0, ID_MAX),
	F_OPT_UINT64("gid", struct spec_device, gid, 0, ID_MAX),
};

static int finish_device(struct decoder *decoder, void *object)
{
	struct spec_device *device = object;
	uint64_t type = device->type == 'c' ? S_IFCHR : device->type == 'b' ? S_IFBLK : S_IFIFO;
	uint64_t mode = device->file_mode.value;

	if (device->type != 'p' && !decoder_has(decoder, "major"))
		return decoder_refuse(decoder, "major", "missing, but required for a device of type %c", device->type);
	if (device->type != 'p' && !decoder_has(decoder, "minor"))
		return decoder_refuse(decoder, "minor", "missing, but required for a device of type %c", device->type);
	/* Some engines leave the file type that stat(2) gave them in the mode. */
	if ((mode & ~UINT64_C(0777)) != 0 && (mode & ~UINT64_C(0777)) != type)
		return decoder_refuse(decoder, "fileMode", "%llu: must be an integer from 0 to 511 (octal 0777)",
		                      (unsigned long long)mode);
	device->file_mode.value = mode & 0777;
	return 0;
}
static const struct table device = TABLE(device_fields, struct spec_device, .finish = finish_device);

static const struct field net_device_fields[] = {
	F_STRING("name", struct spec_net_device, name, .flags = FIELD_EMPTY_IS_ABSENT),
};
_Static_assert(offsetof(struct spec_net_device, host_name) == 0, "the key of an object map goes into the first member");
static const struct table net_device = TABLE(net_device_fields, struct spec_net_device);

/* --- the rest ------------------------------------------------------------------------------------------------------------ */

static const struct field time_offset_fields[] = {
	F_INT64("secs", struct spec_time_offset, secs, INT64_MIN, INT64_MAX),
	F_UINT32("nanosecs", struct spec_time_offset, nanosecs, 0, 999999999),
};
static const struct table time_offset = TABLE_SET(time_offset_fields, struct spec_time_offset, set);

static const struct field time_offsets_fields[] = {
	F_OBJECT("monotonic", struct spec_linux, monotonic, time_offset),
	F_OBJECT("boottime", struct spec_linux, boottime, time_offset),
};
/* The keys are names of clocks, not properties that a later version might add: an unknown one is an error. */
static const struct table time_offsets = TABLE(time_offsets_fields, struct spec_linux,
	.unknown = "unknown clock: must be \"monotonic\" or \"boottime\"");

static const struct field intel_rdt_fields[] = {
	F_STRING("closID", struct spec_intel_rdt, clos_id, .flags = FIELD_EMPTY_IS_ABSENT),
	F_STRINGS("schemata", struct spec_intel_rdt, schemata),
	F_STRING("l3CacheSchema", struct spec_intel_rdt, l3_cache_schema, .flags = FIELD_EMPTY_IS_ABSENT),
	F_STRING("memBwSchema", struct spec_intel_rdt, mem_bw_schema),
	F_BOOL("enableMonitoring", struct spec_intel_rdt, enable_monitoring),
};
static const struct table intel_rdt = TABLE_SET(intel_rdt_fields, struct spec_intel_rdt, set);

static bool convert_nodes(struct arena *arena, void *member, char *text)
{
	struct spec_cpus *nodes = member;

	nodes->text = text;
	nodes->mask = arena_array(arena, SPEC_CPU_MAX / 64, sizeof *nodes->mask);
	nodes->set = cpus_parse(text, nodes->mask);
	return nodes->set;
}

static const struct field memory_policy_fields[] = {
	F_NAME("mode", struct spec_memory_policy, mode, names_memory_policy_modes, .flags = FIELD_REQUIRED),
	F_TEXT("nodes", struct spec_memory_policy, nodes, convert_nodes, .flags = FIELD_EMPTY_IS_ABSENT,
	       .expected = "must be a list such as \"0-3,7\" of numbers below 8192"),
	F_NAME_BITS("flags", struct spec_memory_policy, flags, names_memory_policy_flags),
};
static const struct table memory_policy = TABLE_SET(memory_policy_fields, struct spec_memory_policy, set);

static const struct names no_names = { 0, NULL };
static const struct field personality_fields[] = {
	F_NAME("domain", struct spec_personality, persona, names_personalities, .flags = FIELD_REQUIRED),
	F_NAME_BITS("flags", struct spec_personality, persona, no_names, .expected = "the specification defines no flags"),
};
static const struct table personality = TABLE_SET(personality_fields, struct spec_personality, set);

static const struct field linux_fields[] = {
	F_OBJECTS("uidMappings", struct spec_linux, uid_maps.items, uid_maps.count, struct spec_id_map, table_id_map),
	F_OBJECTS("gidMappings", struct spec_linux, gid_maps.items, gid_maps.count, struct spec_id_map, table_id_map),
	F_STRING_MAP("sysctl", struct spec_linux, sysctl),
	F_OBJECT("resources", struct spec_linux, resources, table_resources),
	F_STRING("cgroupsPath", struct spec_linux, cgroups_path, .flags = FIELD_EMPTY_IS_ABSENT),
	FIELD("namespaces", KIND_OBJECTS, .table = &namespace, .collect = collect_namespace),
	F_OBJECTS("devices", struct spec_linux, devices, device_count, struct spec_device, device),
	F_OBJECT_MAP("netDevices", struct spec_linux, net_devices, net_device_count, struct spec_net_device, net_device),
	F_OBJECT("seccomp", struct spec_linux, seccomp, table_seccomp),
	F_NAME("rootfsPropagation", struct spec_linux, rootfs_propagation, names_propagation),
	F_STRINGS("maskedPaths", struct spec_linux, masked_paths),
	F_STRINGS("readonlyPaths", struct spec_linux, readonly_paths),
	F_STRING("mountLabel", struct spec_linux, mount_label, .flags = FIELD_EMPTY_IS_ABSENT),
	F_OBJECT("intelRdt", struct spec_linux, intel_rdt, intel_rdt),
	F_OBJECT("memoryPolicy", struct spec_linux, memory_policy, memory_policy),
	F_OBJECT("personality", struct spec_linux, personality, personality),
	F_INLINE("timeOffsets", time_offsets),
};
const struct table table_linux = TABLE_SET(linux_fields, struct spec_linux, set);
