/*
 * The sections for platforms that are not this one, after their JSON schemas (config-solaris.json and its like): types and
 * names are checked, nothing is kept. All properties of a kind share one member of struct nothing.
 */
#include "oci/fields.h"
#include "oci/tables.h"

struct nothing {
	bool boolean;
	uint32_t name;
	struct opt_u64 number;
	char *string;
	struct strings strings, layer_folders;
	size_t count;
	struct nothing *objects;
	uint32_t *numbers;
};
_Static_assert(sizeof(struct nothing) <= ELEMENT_MAX_SIZE, "discarded objects live where elements of arrays do");

#define X_BOOL(key) F_BOOL(key, struct nothing, boolean)
#define X_NUMBER(key, to, ...) F_OPT_UINT64(key, struct nothing, number, 0, to, __VA_ARGS__)
#define X_STRING(key, ...) F_STRING(key, struct nothing, string, __VA_ARGS__)
#define X_STRINGS(key, ...) F_STRINGS(key, struct nothing, strings, __VA_ARGS__)
#define X_NAME(key, names, ...) F_NAME(key, struct nothing, name, names, __VA_ARGS__)
#define X_OBJECT(key, table, ...) F_INLINE(key, table, __VA_ARGS__)
#define X_OBJECTS(key, table, ...) F_OBJECTS(key, struct nothing, objects, count, struct nothing, table, __VA_ARGS__)
#define X_TABLE(name) static const struct table name = TABLE(name##_fields, struct nothing)

#define NAME(text) { text, 0, sizeof(text) - 1 }
#define NAMES(list, ...)                                                                                                   \
	static const struct name list##_items[] = { __VA_ARGS__ };                                                         \
	static const struct names list = { sizeof list##_items / sizeof *list##_items, list##_items }

/* --- solaris ------------------------------------------------------------------------------------------------------------ */

static const struct field capped_cpu_fields[] = { X_STRING("ncpus") };
X_TABLE(capped_cpu);

static const struct field capped_memory_fields[] = { X_STRING("physical"), X_STRING("swap") };
X_TABLE(capped_memory);

static const struct field anet_fields[] = {
	X_STRING("linkname"),
	X_STRING("lowerLink"),
	X_STRING("allowedAddress"),
	X_STRING("configureAllowedAddress"),
	X_STRING("defrouter"),
	X_STRING("macAddress"),
	X_STRING("linkProtection"),
};
X_TABLE(anet);

static const struct field solaris_fields[] = {
	X_STRING("milestone"),
	X_STRING("limitpriv"),
	X_STRING("maxShmMemory"),
	X_OBJECTS("anet", anet),
	X_OBJECT("cappedCPU", capped_cpu),
	X_OBJECT("cappedMemory", capped_memory),
};
const struct table table_solaris = TABLE(solaris_fields, struct nothing);

/* --- windows ------------------------------------------------------------------------------------------------------------ */

NAMES(device_id_types, NAME("class"));
static const struct field windows_device_fields[] = {
	X_STRING("id", .flags = FIELD_REQUIRED),
	X_NAME("idType", device_id_types, .flags = FIELD_REQUIRED),
};
X_TABLE(windows_device);

static const struct field windows_memory_fields[] = { X_NUMBER("limit", UINT64_MAX) };
X_TABLE(windows_memory);

static const struct field windows_affinity_fields[] = { X_NUMBER("mask", UINT64_MAX), X_NUMBER("group", UINT32_MAX) };
X_TABLE(windows_affinity);

static const struct field windows_cpu_fields[] = {
	X_NUMBER("count", UINT64_MAX),
	X_NUMBER("shares", UINT16_MAX),
	X_NUMBER("maximum", UINT16_MAX),
	X_OBJECT("affinity", windows_affinity),
};
X_TABLE(windows_cpu);

static const struct field windows_storage_fields[] = {
	X_NUMBER("iops", UINT64_MAX),
	X_NUMBER("bps", UINT64_MAX),
	X_NUMBER("sandboxSize", UINT64_MAX),
};
X_TABLE(windows_storage);

static const struct field windows_resources_fields[] = {
	X_OBJECT("memory", windows_memory),
	X_OBJECT("cpu", windows_cpu),
	X_OBJECT("storage", windows_storage),
};
X_TABLE(windows_resources);

static const struct field windows_network_fields[] = {
	X_STRINGS("endpointList"),
	X_BOOL("allowUnqualifiedDNSQuery"),
	X_STRINGS("DNSSearchList"),
	X_STRING("networkSharedContainerName"),
	X_STRING("networkNamespace"),
};
X_TABLE(windows_network);

static const struct field hyperv_fields[] = { X_STRING("utilityVMPath") };
X_TABLE(hyperv);

static const struct field windows_fields[] = {
	F_STRINGS("layerFolders", struct nothing, layer_folders, .flags = FIELD_REQUIRED),
	X_OBJECTS("devices", windows_device),
	X_OBJECT("resources", windows_resources),
	FIELD("credentialSpec", KIND_ANY_OBJECT),
	X_BOOL("servicing"),
	X_BOOL("ignoreFlushesDuringBoot"),
	X_OBJECT("hyperv", hyperv),
	X_OBJECT("network", windows_network),
};

static int finish_windows(struct decoder *decoder, void *object)
{
	const struct nothing *seen = object;

	return seen->layer_folders.count ? 0 : decoder_refuse(decoder, "layerFolders", "must have at least one entry");
}
const struct table table_windows = TABLE(windows_fields, struct nothing, .finish = finish_windows);

/* --- vm ----------------------------------------------------------------------------------------------------------------- */

static const struct field hypervisor_fields[] = { X_STRING("path", .flags = FIELD_REQUIRED), X_STRINGS("parameters") };
X_TABLE(hypervisor);

static const struct field kernel_fields[] = {
	X_STRING("path", .flags = FIELD_REQUIRED),
	X_STRINGS("parameters"),
	X_STRING("initrd"),
};
X_TABLE(kernel);

NAMES(image_formats, NAME("raw"), NAME("qcow2"), NAME("vdi"), NAME("vmdk"), NAME("vhd"));
static const struct field image_fields[] = {
	X_STRING("path", .flags = FIELD_REQUIRED),
	X_NAME("format", image_formats, .flags = FIELD_REQUIRED),
};
X_TABLE(image);

static const struct field iomem_fields[] = {
	X_NUMBER("firstGFN", UINT64_MAX),
	X_NUMBER("firstMFN", UINT64_MAX, .flags = FIELD_REQUIRED),
	X_NUMBER("nrMFNs", UINT64_MAX, .flags = FIELD_REQUIRED),
};
X_TABLE(iomem);

static const struct field hw_config_fields[] = {
	X_STRING("deviceTree"),
	X_NUMBER("vcpus", UINT32_MAX),
	X_NUMBER("memory", UINT64_MAX),
	X_STRINGS("dtdevs"),
	X_OBJECTS("iomems", iomem),
	FIELD("irqs", KIND_UINT32S, .offset = MEMBER(struct nothing, numbers, uint32_t *),
	      .count_offset = MEMBER(struct nothing, count, size_t), .max = UINT32_MAX),
};
X_TABLE(hw_config);

static const struct field vm_fields[] = {
	X_OBJECT("hypervisor", hypervisor),
	X_OBJECT("kernel", kernel, .flags = FIELD_REQUIRED),
	X_OBJECT("image", image),
	X_OBJECT("hwConfig", hw_config),
};
const struct table table_vm = TABLE(vm_fields, struct nothing);

/* --- zos ---------------------------------------------------------------------------------------------------------------- */

NAMES(zos_namespaces, NAME("mount"), NAME("pid"), NAME("uts"), NAME("ipc"));
static const struct field zos_namespace_fields[] = {
	X_NAME("type", zos_namespaces, .flags = FIELD_REQUIRED),
	X_STRING("path"),
};
X_TABLE(zos_namespace);

static const struct field zos_fields[] = { X_OBJECTS("namespaces", zos_namespace) };
const struct table table_zos = TABLE(zos_fields, struct nothing);

/* --- freebsd ------------------------------------------------------------------------------------------------------------ */

static const struct field freebsd_device_fields[] = { X_STRING("path"), X_NUMBER("mode", 0777) };
X_TABLE(freebsd_device);

static const struct field jail_allow_fields[] = {
	X_BOOL("setHostname"),
	X_BOOL("rawSockets"),
	X_BOOL("chflags"),
	X_STRINGS("mount"),
	X_BOOL("quotas"),
	X_BOOL("socketAf"),
	X_BOOL("mlock"),
	X_BOOL("reservedPorts"),
	X_BOOL("suser"),
};
X_TABLE(jail_allow);

NAMES(sharing_modes, NAME("disable"), NAME("new"), NAME("inherit"));
NAMES(sharing_modes_no_disable, NAME("new"), NAME("inherit"));
static const struct field jail_fields[] = {
	X_STRING("parent"),
	X_NAME("host", sharing_modes_no_disable),
	X_NAME("ip4", sharing_modes),
	X_STRINGS("ip4Addr"),
	X_NAME("ip6", sharing_modes),
	X_STRINGS("ip6Addr"),
	X_NAME("vnet", sharing_modes_no_disable),
	X_STRING("interface"),
	X_STRINGS("vnetInterfaces"),
	X_NAME("sysvmsg", sharing_modes),
	X_NAME("sysvsem", sharing_modes),
	X_NAME("sysvshm", sharing_modes),
	X_NUMBER("enforceStatfs", UINT8_MAX),
	X_OBJECT("allow", jail_allow),
};
X_TABLE(jail);

static const struct field freebsd_fields[] = { X_OBJECTS("devices", freebsd_device), X_OBJECT("jail", jail) };
const struct table table_freebsd = TABLE(freebsd_fields, struct nothing);
