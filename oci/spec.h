/*
 * config.json of the OCI runtime specification 1.3 as typed values: enums, masks and numbers, parsed once and read-only
 * afterwards. Strings and arrays live in the arena of the spec. An absent string or array is NULL; an absent scalar has
 * set == false. Reference: config.md, config-linux.md.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OCI_VERSION "1.3.0"      /* implemented */
#define OCI_VERSION_MIN "1.0.0"  /* the oldest understood */

struct opt_bool {
	bool set, value;
};
struct opt_i64 {
	bool set;
	int64_t value;
};
struct opt_u64 {
	bool set;
	uint64_t value;
};

/* items may be NULL only when count is 0; set tells an empty array from an absent one. items[count] is NULL. */
struct strings {
	bool set;
	size_t count;
	char **items;
};

/* Objects with free keys: annotations, sysctl, unified. */
struct string_pair {
	char *key, *value;
};
struct string_map {
	bool set;
	size_t count;
	struct string_pair *items;
};

/* --- process (config.md "Process") ------------------------------------------------------------------------------------ */

struct spec_user {
	uint32_t uid, gid;
	struct opt_u64 umask;
	size_t additional_gid_count;
	uint32_t *additional_gids;
	char *username;  /* Windows only; ignored on Linux */
};

/* One bit a capability, as in capabilities(7): bit n is capability number n. */
struct spec_capabilities {
	bool set;
	uint64_t bounding, effective, inheritable, permitted, ambient;
	struct strings unknown;  /* names that no table knows: warned about, never granted */
};

struct spec_rlimit {
	int resource;      /* RLIMIT_* */
	const char *name;  /* "RLIMIT_NOFILE" */
	uint64_t soft, hard;
};

struct spec_scheduler {
	bool set;
	uint32_t policy;   /* SCHED_* of sched(7) */
	int32_t nice, priority;
	uint64_t flags;    /* SCHED_FLAG_* of linux/sched.h */
	uint64_t runtime, deadline, period;  /* nanoseconds */
};

struct spec_io_priority {
	bool set;
	int class;     /* IOPRIO_CLASS_*: 1 rt, 2 be, 3 idle */
	int priority;  /* 0 … 7 */
};

/* A list such as "0-3,7", parsed: bit n of word n/64. */
#define SPEC_CPU_MAX 8192
struct spec_cpus {
	bool set;
	char *text;
	uint64_t *mask;    /* SPEC_CPU_MAX bits */
};

struct spec_process {
	bool set;
	bool terminal;
	struct opt_u64 console_height, console_width;
	struct spec_user user;
	struct strings args, env;
	char *cwd;
	struct spec_capabilities capabilities;
	size_t rlimit_count;
	struct spec_rlimit *rlimits;
	bool no_new_privileges;
	char *apparmor_profile, *selinux_label;
	struct opt_i64 oom_score_adj;
	struct spec_scheduler scheduler;
	struct spec_io_priority io_priority;
	struct spec_cpus affinity_initial, affinity_final;  /* execCPUAffinity */
};

/* --- mounts (config.md "Mounts") -------------------------------------------------------------------------------------- */

struct spec_id_map {
	uint32_t container_id, host_id, size;
};
struct spec_id_maps {
	size_t count;
	struct spec_id_map *items;
};

struct spec_mount {
	char *destination, *type, *source;
	struct strings options;        /* verbatim; rootfs/options.c is the only place that parses them */
	struct spec_id_maps uid_maps, gid_maps;
};

struct spec_root {
	bool set;
	char *path;
	bool readonly;
};

/* --- hooks (config.md "POSIX-platform Hooks") ------------------------------------------------------------------------- */

struct spec_hook {
	char *path;
	struct strings args, env;
	struct opt_i64 timeout;        /* seconds, > 0 */
};
struct spec_hook_list {
	size_t count;
	struct spec_hook *items;
};
enum hook_point {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_POINTS,
};

/* --- linux (config-linux.md) ------------------------------------------------------------------------------------------ */

enum namespace_type { NS_MOUNT, NS_PID, NS_NETWORK, NS_UTS, NS_IPC, NS_USER, NS_CGROUP, NS_TIME, NS_TYPES };

/* Indexed by ns_type: a type occurs at most once. */
struct spec_namespace {
	bool set;
	char *path;  /* absent: make a new one */
};

struct spec_time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

struct spec_device {
	char type;   /* 'c', 'b' or 'p' ('u' is stored as 'c') */
	char *path;
	uint32_t major, minor;
	struct opt_u64 file_mode;
	struct opt_u64 uid, gid;
};

struct spec_net_device {
	char *host_name, *name;  /* name absent: the host's */
};

/* BELOW: also of every mount in the root file system. */
enum propagation {
	PROPAGATION_UNSET,
	PROPAGATION_PRIVATE,
	PROPAGATION_SHARED,
	PROPAGATION_SHARED_BELOW,
	PROPAGATION_SLAVE,
	PROPAGATION_UNBINDABLE,
	PROPAGATION_UNBINDABLE_BELOW,
};

struct spec_device_rule {
	bool allow;
	char type;       /* 'a', 'c' or 'b' */
	int64_t major, minor;  /* -1: all */
	unsigned access; /* DEVICE_* */
};
#define DEVICE_READ 1U
#define DEVICE_WRITE 2U
#define DEVICE_MKNOD 4U

struct spec_memory {
	bool set;
	struct opt_i64 limit, reservation, swap, kernel, kernel_tcp;  /* bytes; -1: unlimited */
	struct opt_u64 swappiness;
	struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};

struct spec_cpu {
	bool set;
	struct opt_u64 shares, period, burst, realtime_period;      /* microseconds but for shares */
	struct opt_i64 quota, realtime_runtime, idle;
	char *cpus, *mems;
};

struct spec_io_weight {
	uint32_t major, minor;
	struct opt_u64 weight, leaf_weight;
};
struct spec_io_throttle {
	uint32_t major, minor;
	uint64_t rate;
};
enum io_throttle_kind { IO_READ_BPS, IO_WRITE_BPS, IO_READ_IOPS, IO_WRITE_IOPS, IO_THROTTLE_KINDS };

struct spec_block_io {
	bool set;
	struct opt_u64 weight, leaf_weight;
	size_t weight_count;
	struct spec_io_weight *weights;
	size_t throttle_count[IO_THROTTLE_KINDS];
	struct spec_io_throttle *throttles[IO_THROTTLE_KINDS];
};

struct spec_hugepage {
	char *page_size;  /* "2MB" */
	uint64_t limit;   /* bytes */
};

struct spec_rdma {
	char *device;
	struct opt_u64 handles, objects;
};

struct spec_net_priority {
	char *name;
	uint32_t priority;
};

struct spec_resources {
	bool set;
	struct spec_memory memory;
	struct spec_cpu cpu;
	struct opt_i64 pids_limit;
	struct spec_block_io block_io;
	size_t hugepage_count;
	struct spec_hugepage *hugepages;
	size_t rdma_count;
	struct spec_rdma *rdma;
	struct opt_u64 net_class_id;       /* cgroup v1 only */
	size_t net_priority_count;         /* cgroup v1 only */
	struct spec_net_priority *net_priorities;
	size_t device_count;
	struct spec_device_rule *devices;
	struct string_map unified;
};

/* Values are those of libseccomp, so that only runtime/seccomp.c needs its header. */
struct spec_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	int op;  /* enum scmp_compare */
};
enum seccomp_action {
	SECCOMP_KILL_THREAD,
	SECCOMP_KILL_PROCESS,
	SECCOMP_TRAP,
	SECCOMP_ERRNO,
	SECCOMP_TRACE,
	SECCOMP_ALLOW,
	SECCOMP_LOG,
	SECCOMP_NOTIFY,
};
struct spec_seccomp_rule {
	struct strings names;
	enum seccomp_action action;
	struct opt_u64 errno_ret;
	size_t arg_count;
	struct spec_seccomp_arg *args;
};
struct spec_seccomp {
	bool set;
	enum seccomp_action default_action;
	struct opt_u64 default_errno_ret;
	struct strings architectures;  /* "SCMP_ARCH_X86_64", checked against the table of the specification */
	uint32_t flags;                /* SECCOMP_FILTER_FLAG_* of linux/seccomp.h */
	char *listener_path, *listener_metadata;
	size_t rule_count;
	struct spec_seccomp_rule *rules;
};

struct spec_intel_rdt {
	bool set;
	char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct strings schemata;
	bool enable_monitoring;
};

struct spec_memory_policy {
	bool set;
	int mode;          /* MPOL_* of linux/mempolicy.h */
	uint32_t flags;    /* MPOL_F_* */
	struct spec_cpus nodes;
};

struct spec_personality {
	bool set;
	unsigned long persona;  /* PER_LINUX or PER_LINUX32 of linux/personality.h */
};

struct spec_linux {
	bool set;
	struct spec_namespace namespaces[NS_TYPES];
	struct spec_id_maps uid_maps, gid_maps;
	struct spec_time_offset boottime, monotonic;
	size_t device_count;
	struct spec_device *devices;
	size_t net_device_count;
	struct spec_net_device *net_devices;
	char *cgroups_path;  /* NULL: absent; "" counts as absent */
	struct spec_resources resources;
	struct spec_intel_rdt intel_rdt;
	struct spec_memory_policy memory_policy;
	struct string_map sysctl;
	struct spec_seccomp seccomp;
	enum propagation rootfs_propagation;
	struct strings masked_paths, readonly_paths;
	char *mount_label;
	struct spec_personality personality;
};

/* Sections for other platforms (config.md "Platform-specific configuration"): checked against their schema, not kept. */
enum foreign_section { FOREIGN_SOLARIS, FOREIGN_WINDOWS, FOREIGN_VM, FOREIGN_ZOS, FOREIGN_FREEBSD, FOREIGN_SECTIONS };

struct spec {
	struct arena arena;
	char *oci_version;
	struct spec_root root;
	size_t mount_count;
	struct spec_mount *mounts;
	struct spec_process process;
	char *hostname, *domainname;
	struct spec_hook_list hooks[HOOK_POINTS];
	struct string_map annotations;
	struct spec_linux linux_;  /* "linux" is a predefined macro of gnu11 compilers */
	bool foreign[FOREIGN_SECTIONS];  /* the section was there: create refuses it */
};

/* Names of the namespace types as the specification and /proc/PID/ns write them. */
const char *ns_type_name(enum namespace_type type);       /* "network" */
const char *ns_type_proc_name(enum namespace_type type);  /* "net" */
uint64_t ns_type_clone_flag(enum namespace_type type);    /* CLONE_NEWNET */

const char *hook_point_name(enum hook_point point);  /* "createRuntime" */

/* The value of an annotation, or NULL. */
const char *spec_annotation(const struct spec *spec, const char *key);

/* The host's id of the container's id; false: it is not mapped. */
bool spec_host_id(const struct spec_id_maps *maps, uint32_t id, uint32_t *host);

static inline bool spec_new_namespace(const struct spec *spec, enum namespace_type type)
{
	return spec->linux_.namespaces[type].set && !spec->linux_.namespaces[type].path;
}

void spec_free(struct spec *spec);
#define _cleanup_spec_ __attribute__((cleanup(spec_free)))
