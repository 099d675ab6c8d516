#include "oci/state.h"

#include "oci/fields.h"
#include "oci/json.h"
#include "oci/parse.h"

#include <errno.h>
#include <stdio.h>

#define STORED_VERSION 1

const char *status_name(enum status status)
{
	static const char *const status_names[] = {
		[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running",
		[STATUS_PAUSED] = "paused",     [STATUS_STOPPED] = "stopped",
	};

	return status_names[status];
}

static void put_annotations(struct json *json, const struct state *state)
{
	if (!state->annotations.count)
		return;
	json_key(json, "annotations");
	json_string_map(json, &state->annotations);
}

static void put_oci_state(struct json *json, const struct state *state, enum status status)
{
	json_object(json);
	json_pair_string(json, "ociVersion", OCI_VERSION);
	json_pair_string(json, "id", state->id);
	json_pair_string(json, "status", status_name(status));
	if (status != STATUS_STOPPED && state->pid > 0)
		json_pair_int(json, "pid", state->pid);
	json_pair_string(json, "bundle", state->bundle);
	put_annotations(json, state);
	json_object_end(json);
}

char *state_to_oci_json(const struct state *state, enum status status, struct arena *arena)
{
	struct json *json = json_new(arena, false);

	put_oci_state(json, state, status);
	return json_finish(json);
}

char *state_to_report_json(const struct state *state, enum status status, bool indented, struct arena *arena)
{
	struct json *json = json_new(arena, indented);

	json_object(json);
	json_pair_string(json, "ociVersion", state->oci_version);
	json_pair_string(json, "id", state->id);
	json_pair_int(json, "pid", status == STATUS_STOPPED ? 0 : state->pid);
	json_pair_string(json, "status", status_name(status));
	json_pair_string(json, "bundle", state->bundle);
	json_pair_string(json, "rootfs", state->rootfs);
	json_pair_string(json, "created", state->created);
	put_annotations(json, state);
	json_pair_string(json, "owner", state->owner ? state->owner : "");
	json_object_end(json);
	return json_finish(json);
}

char *state_to_seccomp_json(const struct state *state, enum status status, pid_t pid, const char *metadata, struct arena *arena)
{
	struct json *json = json_new(arena, false);

	json_object(json);
	json_pair_string(json, "ociVersion", OCI_VERSION);
	json_key(json, "fds");
	json_array(json);
	json_string(json, "seccompFd");
	json_array_end(json);
	json_pair_int(json, "pid", pid);
	json_pair_string(json, "metadata", metadata);
	json_key(json, "state");
	put_oci_state(json, state, status);
	json_object_end(json);
	return json_finish(json);
}

/* --- the stored form: one table reads what one function writes ----------------------------------------------------------- */

struct stored {
	struct state state;
	uint64_t version;
};

#define STORED_FLAGS(row) row("systemdCgroup", systemd_cgroup) row("ownPidNamespace", own_pid_namespace) \
	row("atOnce", at_once) row("noLateHooks", no_late_hooks) row("rdtOwn", rdt_own)

static void put_namespaces(struct json *json, const struct state *state)
{
	json_key(json, "namespaces");
	json_object(json);
	for (enum namespace_type type = 0; type < NS_TYPES; type++) {
		if (!state->namespaces[type].inode)
			continue;
		json_key(json, ns_type_proc_name(type));
		json_object(json);
		json_pair_uint(json, "device", state->namespaces[type].device);
		json_pair_uint(json, "inode", state->namespaces[type].inode);
		json_object_end(json);
	}
	json_object_end(json);
}

char *state_to_stored_json(const struct state *state, struct arena *arena)
{
	struct json *json = json_new(arena, false);

	json_object(json);
	json_pair_uint(json, "version", STORED_VERSION);
	json_pair_string(json, "ociVersion", state->oci_version);
	json_pair_string(json, "id", state->id);
	json_pair_string(json, "bundle", state->bundle);
	json_pair_string(json, "rootfs", state->rootfs);
	json_pair_string(json, "owner", state->owner);
	json_pair_string(json, "created", state->created);
	json_pair_int(json, "pid", state->pid);
	json_pair_uint(json, "startTime", state->start_time);
	json_pair_uint(json, "pidfdInode", state->pidfd_inode);
	json_pair_string(json, "cgroup", state->cgroup);
	json_pair_string(json, "plannedCgroup", state->planned_cgroup);
	json_pair_string(json, "sessionKeyring", state->session_keyring);
#define PUT_FLAG(key, member) if (state->member) json_pair_bool(json, key, true);
	STORED_FLAGS(PUT_FLAG)
	json_pair_string(json, "rdtClass", state->rdt_class);
	json_pair_string(json, "rdtMonitor", state->rdt_monitor);
	json_pair_string(json, "externalDescriptors", state->external_descriptors);
	put_annotations(json, state);
	put_namespaces(json, state);
	json_object_end(json);
	return json_finish(json);
}

#define NAMESPACE_ROWS(row) row(MOUNT, "mnt") row(PID, "pid") row(NETWORK, "net") row(UTS, "uts") row(IPC, "ipc") \
	row(USER, "user") row(CGROUP, "cgroup") row(TIME, "time")

#define NAMESPACE_TABLE(type, key)                                                                                         \
	static const struct field type##_fields[] = {                                                                      \
		F_UINT64("device", struct stored, state.namespaces[NS_##type].device, 0, UINT64_MAX, .flags = FIELD_REQUIRED), \
		F_UINT64("inode", struct stored, state.namespaces[NS_##type].inode, 1, UINT64_MAX, .flags = FIELD_REQUIRED),   \
	};                                                                                                                 \
	static const struct table type##_table = TABLE(type##_fields, struct stored);
NAMESPACE_ROWS(NAMESPACE_TABLE)

#define NAMESPACE_FIELD(type, key) F_INLINE(key, type##_table),
static const struct field namespaces_fields[] = { NAMESPACE_ROWS(NAMESPACE_FIELD) };
static const struct table namespaces = TABLE(namespaces_fields, struct stored);

#define FLAG_FIELD(key, member) F_BOOL(key, struct stored, state.member),
static const struct field stored_fields[] = {
	F_UINT64("version", struct stored, version, STORED_VERSION, STORED_VERSION, .flags = FIELD_REQUIRED,
	         .expected = "written by another version of this program"),
	F_STRING("ociVersion", struct stored, state.oci_version, .flags = FIELD_REQUIRED),
	F_STRING("id", struct stored, state.id, .flags = FIELD_REQUIRED),
	F_STRING("bundle", struct stored, state.bundle, .flags = FIELD_REQUIRED),
	F_STRING("rootfs", struct stored, state.rootfs),
	F_STRING("owner", struct stored, state.owner),
	F_STRING("created", struct stored, state.created),
	F_INT32("pid", struct stored, state.pid, 0, INT32_MAX, .flags = FIELD_REQUIRED),
	F_UINT64("startTime", struct stored, state.start_time, 0, UINT64_MAX),
	F_UINT64("pidfdInode", struct stored, state.pidfd_inode, 0, UINT64_MAX),
	F_STRING("cgroup", struct stored, state.cgroup),
	F_STRING("plannedCgroup", struct stored, state.planned_cgroup),
	F_STRING("sessionKeyring", struct stored, state.session_keyring),
	STORED_FLAGS(FLAG_FIELD)
	F_STRING("rdtClass", struct stored, state.rdt_class),
	F_STRING("rdtMonitor", struct stored, state.rdt_monitor),
	F_STRING("externalDescriptors", struct stored, state.external_descriptors),
	F_STRING_MAP("annotations", struct stored, state.annotations),
	F_INLINE("namespaces", namespaces),
};
static const struct table stored_table = TABLE(stored_fields, struct stored);

int state_parse(struct state *state, const char *json, size_t size)
{
	struct stored stored = { .state.arena = state->arena };
	int r = decode(&stored.state.arena, &stored_table, &stored, arena_strndup(&stored.state.arena, json, size), size);

	if (r < 0)
		state_free(&stored.state);
	*state = stored.state;
	return r;
}

void state_free(struct state *state)
{
	arena_free(&state->arena);
	*state = (struct state){ 0 };
}
