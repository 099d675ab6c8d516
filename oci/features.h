/*
 * The features document (features.md, features-linux.md). What depends on the running kernel or the build is passed in: this
 * room makes no system calls.
 */
#pragma once

#include "base/arena.h"
#include "oci/spec.h"

/* Lists with set == false are left out of the document. */
struct features {
	struct strings namespaces, capabilities, mount_options, seccomp_archs, seccomp_actions, seccomp_operators, seccomp_flags,
		seccomp_supported_flags, memory_policy_modes, memory_policy_flags;
	bool cgroup_v2, cgroup_systemd, cgroup_systemd_user, cgroup_rdma;
	bool seccomp, apparmor, selinux, intel_rdt, idmap_mounts, net_devices;
	struct string_map annotations;
	struct strings unsafe_annotations;  /* of config.json, that change what this runtime does; "prefix." */
};

char *features_to_json(const struct features *features, struct arena *arena);
