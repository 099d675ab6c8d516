#include "oci/features.h"

#include "oci/json.h"

static void put_strings(struct json *json, const char *key, const struct strings *strings)
{
	if (!strings->set)
		return;
	json_key(json, key);
	json_strings(json, strings);
}

static void put_enabled(struct json *json, const char *key, bool enabled)
{
	json_key(json, key);
	json_object(json);
	json_pair_bool(json, "enabled", enabled);
	json_object_end(json);
}

static void put_hooks(struct json *json)
{
	json_key(json, "hooks");
	json_array(json);
	for (enum hook_point point = 0; point < HOOK_POINTS; point++)
		json_string(json, hook_point_name(point));
	json_array_end(json);
}

static void put_cgroup(struct json *json, const struct features *features)
{
	json_key(json, "cgroup");
	json_object(json);
	json_pair_bool(json, "v1", false);
	json_pair_bool(json, "v2", features->cgroup_v2);
	json_pair_bool(json, "systemd", features->cgroup_systemd);
	json_pair_bool(json, "systemdUser", features->cgroup_systemd_user);
	json_pair_bool(json, "rdma", features->cgroup_rdma);
	json_object_end(json);
}

static void put_seccomp(struct json *json, const struct features *features)
{
	json_key(json, "seccomp");
	json_object(json);
	json_pair_bool(json, "enabled", features->seccomp);
	put_strings(json, "actions", &features->seccomp_actions);
	put_strings(json, "operators", &features->seccomp_operators);
	put_strings(json, "archs", &features->seccomp_archs);
	put_strings(json, "knownFlags", &features->seccomp_flags);
	put_strings(json, "supportedFlags", &features->seccomp_supported_flags);
	json_object_end(json);
}

static void put_memory_policy(struct json *json, const struct features *features)
{
	json_key(json, "memoryPolicy");
	json_object(json);
	put_strings(json, "modes", &features->memory_policy_modes);
	put_strings(json, "flags", &features->memory_policy_flags);
	json_object_end(json);
}

static void put_intel_rdt(struct json *json, bool enabled)
{
	json_key(json, "intelRdt");
	json_object(json);
	json_pair_bool(json, "enabled", enabled);
	json_pair_bool(json, "schemata", enabled);
	json_pair_bool(json, "monitoring", enabled);
	json_object_end(json);
}

static void put_linux(struct json *json, const struct features *features)
{
	json_key(json, "linux");
	json_object(json);
	put_strings(json, "namespaces", &features->namespaces);
	put_strings(json, "capabilities", &features->capabilities);
	put_cgroup(json, features);
	put_seccomp(json, features);
	put_enabled(json, "apparmor", features->apparmor);
	put_enabled(json, "selinux", features->selinux);
	put_memory_policy(json, features);
	put_intel_rdt(json, features->intel_rdt);
	json_key(json, "mountExtensions");
	json_object(json);
	put_enabled(json, "idmap", features->idmap_mounts);
	json_object_end(json);
	put_enabled(json, "netDevices", features->net_devices);
	json_object_end(json);
}

char *features_to_json(const struct features *features, struct arena *arena)
{
	struct json *json = json_new(arena, true);

	json_object(json);
	json_pair_string(json, "ociVersionMin", OCI_VERSION_MIN);
	json_pair_string(json, "ociVersionMax", OCI_VERSION);
	put_hooks(json);
	put_strings(json, "mountOptions", &features->mount_options);
	put_linux(json, features);
	if (features->annotations.count) {
		json_key(json, "annotations");
		json_string_map(json, &features->annotations);
	}
	put_strings(json, "potentiallyUnsafeConfigAnnotations", &features->unsafe_annotations);
	json_object_end(json);
	return json_finish(json);
}
