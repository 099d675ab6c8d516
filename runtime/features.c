#include "runtime/container.h"

#include "oci/features.h"
#include "oci/names.h"
#include "rootfs/options.h"
#include "runtime/seccomp.h"

#include <seccomp.h>
#include <string.h>

/* Names of a table for which keep() says so, in the table's order. */
static struct strings names_where(const struct names *names, bool (*keep)(const struct name *name), struct arena *arena)
{
	struct strings list = { .set = true, .items = arena_array(arena, names->count + 1, sizeof *list.items) };

	for (size_t i = 0; i < names->count; i++)
		if (!keep || keep(&names->items[i]))
			list.items[list.count++] = arena_strdup(arena, names->items[i].text);
	return list;
}

static uint32_t arch_token(const struct name *name)
{
	char lower[32];
	size_t n = 0;

	for (const char *c = name->text + strlen("SCMP_ARCH_"); *c && n + 1 < sizeof lower; c++)
		lower[n++] = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
	lower[n] = 0;
	return seccomp_arch_resolve_name(lower);
}

static bool arch_known(const struct name *name)
{
	return arch_token(name) != 0;
}

/* "Some flags not supported by the current kernel" (features-linux.md "Seccomp"). */
static bool flag_supported(const struct name *name)
{
	return seccomp_known_flags((unsigned)name->value) != 0;
}

static struct strings mount_options(struct arena *arena)
{
	const char *const *names = mount_option_names();
	struct strings list = { .set = true };

	while (names[list.count])
		list.count++;
	list.items = arena_array(arena, list.count + 1, sizeof *list.items);
	for (size_t i = 0; i < list.count; i++)
		list.items[i] = arena_strdup(arena, names[i]);
	return list;
}

static void annotate(struct string_map *map, struct arena *arena, const char *key, char *value)
{
	map->items[map->count++] = (struct string_pair){ arena_strdup(arena, key), value };
}

/* Which libraries and sources this build is of (features.md "annotations"). */
static struct string_map build_annotations(struct arena *arena)
{
	const struct scmp_version *version = seccomp_version();
	struct string_map map = { .set = true, .items = arena_array(arena, 3, sizeof *map.items) };

	annotate(&map, arena, "io.github.seccomp.libseccomp.version",
	         arena_printf(arena, "%u.%u.%u", version->major, version->minor, version->micro));
	annotate(&map, arena, "org.berth.version", arena_strdup(arena, BERTH_VERSION));
	/* The name by which engines look for it, and crun has it, too. */
	annotate(&map, arena, "org.opencontainers.runc.checkpoint.enabled", arena_strdup(arena, "true"));
	return map;
}

/* Of config.json: what changes how a container is made, which whoever hands on annotations of others should know. */
static struct strings unsafe_annotations(struct arena *arena)
{
	static const char *const keys[] = { "org.berth.", "org.systemd.property.", "org.criu.config", "run.oci.keep_original_groups" };
	struct strings list = { .set = true, .items = arena_array(arena, sizeof keys / sizeof *keys + 1, sizeof *list.items) };

	while (list.count < sizeof keys / sizeof *keys) {
		list.items[list.count] = arena_strdup(arena, keys[list.count]);
		list.count++;
	}
	return list;
}

/* What this build can do, whatever the host has (features.md): only which seccomp flags it supports is asked of the kernel. */
char *container_features(const struct runtime *runtime, struct arena *arena)
{
	struct features features = {
		.namespaces = names_where(&names_namespaces, NULL, arena),
		.capabilities = names_where(&names_capabilities, NULL, arena),
		.mount_options = mount_options(arena),
		.seccomp_archs = names_where(&names_seccomp_archs, arch_known, arena),
		.seccomp_actions = names_where(&names_seccomp_actions, NULL, arena),
		.seccomp_operators = names_where(&names_seccomp_operators, NULL, arena),
		.seccomp_flags = names_where(&names_seccomp_flags, NULL, arena),
		.seccomp_supported_flags = names_where(&names_seccomp_flags, flag_supported, arena),
		.memory_policy_modes = names_where(&names_memory_policy_modes, NULL, arena),
		.memory_policy_flags = names_where(&names_memory_policy_flags, NULL, arena),
		.cgroup_v2 = true,
		.cgroup_systemd = true,
		.cgroup_systemd_user = true,
		.cgroup_rdma = true,
		.seccomp = true,
		.apparmor = true,
		.selinux = true,
		.intel_rdt = true,
		.idmap_mounts = true,
		.net_devices = true,
		.annotations = build_annotations(arena),
		.unsafe_annotations = unsafe_annotations(arena),
	};

	(void)runtime;
	return features_to_json(&features, arena);
}
