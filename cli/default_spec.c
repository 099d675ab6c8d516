#include "cli/default_spec.h"

#include <string.h>
#include <unistd.h>

#define CAPABILITIES "CAP_AUDIT_WRITE CAP_KILL CAP_NET_BIND_SERVICE"

/* What tells about the host, or lets one disturb it, and is not in a namespace. */
#define MASKED_PATHS \
	"/proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/scsi " \
	"/proc/timer_list /proc/timer_stats /sys/devices/virtual/powercap /sys/firmware /sys/fs/selinux"
#define READONLY_PATHS "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger"

static const struct {
	const char *destination, *type, *source, *options, *rootless_options;
} mounts[] = {
	{ "/proc", "proc", "proc", "nosuid noexec nodev", NULL },
	{ "/dev", "tmpfs", "tmpfs", "nosuid strictatime mode=755 size=65536k", NULL },
	/* Group 5 is "tty" everywhere, but not mapped for one user alone. */
	{ "/dev/pts", "devpts", "devpts", "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5",
	  "nosuid noexec newinstance ptmxmode=0666 mode=0620" },
	{ "/dev/shm", "tmpfs", "shm", "nosuid noexec nodev mode=1777 size=65536k", NULL },
	{ "/dev/mqueue", "mqueue", "mqueue", "nosuid noexec nodev", NULL },
	{ "/sys", "sysfs", "sysfs", "nosuid noexec nodev ro", NULL },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid noexec nodev relatime ro", NULL },
};

void default_put_words(struct json *json, const char *words)
{
	char word[128];

	while (*words) {
		size_t length = strcspn(words, " ");

		memcpy(word, words, length);
		word[length] = 0;
		json_string(json, word);
		words += length;
		words += strspn(words, " ");
	}
}

static void put_pair_words(struct json *json, const char *key, const char *words)
{
	json_key(json, key);
	json_array(json);
	default_put_words(json, words);
	json_array_end(json);
}

static void put_process(struct json *json)
{
	json_key(json, "process");
	json_object(json);
	json_pair_bool(json, "terminal", true);
	json_key(json, "user");
	json_object(json);
	json_pair_int(json, "uid", 0);
	json_pair_int(json, "gid", 0);
	json_object_end(json);
	put_pair_words(json, "args", "sh");
	put_pair_words(json, "env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=xterm");
	json_pair_string(json, "cwd", "/");
	json_key(json, "capabilities");
	json_object(json);
	put_pair_words(json, "bounding", CAPABILITIES);
	put_pair_words(json, "effective", CAPABILITIES);
	put_pair_words(json, "permitted", CAPABILITIES);
	json_object_end(json);
	json_key(json, "rlimits");
	json_array(json);
	json_object(json);
	json_pair_string(json, "type", "RLIMIT_NOFILE");
	json_pair_int(json, "hard", 1024);
	json_pair_int(json, "soft", 1024);
	json_object_end(json);
	json_array_end(json);
	json_pair_bool(json, "noNewPrivileges", true);
	json_object_end(json);
}

static void put_root(struct json *json)
{
	json_key(json, "root");
	json_object(json);
	json_pair_string(json, "path", "rootfs");
	json_pair_bool(json, "readonly", true);
	json_object_end(json);
}

static void put_mounts(struct json *json, bool rootless)
{
	json_key(json, "mounts");
	json_array(json);
	for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
		json_object(json);
		json_pair_string(json, "destination", mounts[i].destination);
		json_pair_string(json, "type", mounts[i].type);
		json_pair_string(json, "source", mounts[i].source);
		put_pair_words(json, "options",
		               rootless && mounts[i].rootless_options ? mounts[i].rootless_options : mounts[i].options);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_namespaces(struct json *json, bool rootless)
{
	static const enum namespace_type types[] = { NS_PID, NS_NETWORK, NS_IPC, NS_UTS, NS_MOUNT, NS_CGROUP, NS_USER };

	json_key(json, "namespaces");
	json_array(json);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (types[i] == NS_USER && !rootless)
			continue;
		json_object(json);
		json_pair_string(json, "type", ns_type_name(types[i]));
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_mapping(struct json *json, const char *key, unsigned id)
{
	json_key(json, key);
	json_array(json);
	json_object(json);
	json_pair_int(json, "containerID", 0);
	json_pair_int(json, "hostID", id);
	json_pair_int(json, "size", 1);
	json_object_end(json);
	json_array_end(json);
}

static void put_no_devices(struct json *json)
{
	json_key(json, "resources");
	json_object(json);
	json_key(json, "devices");
	json_array(json);
	json_object(json);
	json_pair_bool(json, "allow", false);
	json_pair_string(json, "access", "rwm");
	json_object_end(json);
	json_array_end(json);
	json_object_end(json);
}

static void put_linux(struct json *json, bool rootless)
{
	json_key(json, "linux");
	json_object(json);
	if (rootless) {
		put_mapping(json, "uidMappings", geteuid());
		put_mapping(json, "gidMappings", getegid());
	} else {
		put_no_devices(json);
	}
	put_namespaces(json, rootless);
	json_key(json, "seccomp");
	default_put_seccomp(json);
	put_pair_words(json, "maskedPaths", MASKED_PATHS);
	put_pair_words(json, "readonlyPaths", READONLY_PATHS);
	json_object_end(json);
}

char *default_spec(bool rootless, struct arena *arena)
{
	struct json *json = json_new(arena, true);

	json_object(json);
	json_pair_string(json, "ociVersion", OCI_VERSION);
	put_process(json);
	put_root(json);
	json_pair_string(json, "hostname", "berth");
	put_mounts(json, rootless);
	put_linux(json, rootless);
	json_object_end(json);
	return json_finish(json);
}
