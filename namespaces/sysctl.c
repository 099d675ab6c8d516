/* Kernel parameters that are the container's own: config-linux.md "Sysctl". */
#include "namespaces/namespaces.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/proc.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Paths below /proc/sys that belong to a namespace; a trailing slash stands for all that is below. */
static const struct {
	const char *path;
	enum namespace_type type;
} namespaced[] = {
	{ "net/", NS_NETWORK },
	{ "kernel/msgmax", NS_IPC },
	{ "kernel/msgmnb", NS_IPC },
	{ "kernel/msgmni", NS_IPC },
	{ "kernel/msg_next_id", NS_IPC },
	{ "kernel/sem", NS_IPC },
	{ "kernel/sem_next_id", NS_IPC },
	{ "kernel/shmall", NS_IPC },
	{ "kernel/shmmax", NS_IPC },
	{ "kernel/shmmni", NS_IPC },
	{ "kernel/shm_next_id", NS_IPC },
	{ "kernel/shm_rmid_forced", NS_IPC },
	{ "fs/mqueue/", NS_IPC },
	{ "kernel/domainname", NS_UTS },
	{ "user/", NS_USER },
};

/* Each component a name; "", "." and ".." are none. */
static bool is_plain_path(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 0 || (length <= 2 && strspn(path, ".") >= length))
			return false;
		if (!path[length])
			return true;
		path += length + 1;
	}
}

/*
 * A key to its path below /proc/sys. As in sysctl(8): with dots as separators, a slash stands for a dot in a name
 * (eth0/100).
 */
static int key_to_path(const char *key, char path[PATH_MAX])
{
	size_t length = strlen(key), first = strcspn(key, "./");

	if (length >= PATH_MAX - sizeof "sys/")
		return refuse(EINVAL, "the name is too long");
	memcpy(path, key, length + 1);
	if (key[first] == '.')
		for (char *c = path; *c; c++)
			*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return is_plain_path(path) ? 0 : refuse(EINVAL, "not the name of a kernel parameter");
}

/* NS_TYPES: to none. */
static enum namespace_type owner_of(const char *path)
{
	for (size_t i = 0; i < sizeof namespaced / sizeof *namespaced; i++) {
		const char *known = namespaced[i].path;
		size_t length = strlen(known);

		if (known[length - 1] == '/' ? !strncmp(path, known, length) : !strcmp(path, known))
			return namespaced[i].type;
	}
	return NS_TYPES;
}

static int check_path(const char *path, unsigned own)
{
	enum namespace_type type = owner_of(path);

	if (!strcmp(path, "kernel/hostname"))
		return refuse(EINVAL, "set /hostname instead");
	if (type == NS_TYPES)
		return refuse(EINVAL, "not namespaced: it would change the host");
	if (own & 1U << type)
		return 0;
	return refuse(EINVAL, "needs a %s namespace that is not the runtime's own: here it would change the host", ns_type_name(type));
}

int sysctl_check(const struct string_map *sysctl, unsigned own)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sysctl->count; i++) {
		int r = key_to_path(sysctl->items[i].key, path);

		if (r >= 0)
			r = check_path(path, own);
		if (r < 0)
			return context(r, "/linux/sysctl/%s", sysctl->items[i].key);
	}
	return 0;
}

static int write_parameter(int proc, const char *path, const char *value)
{
	char *full = NULL, *line = NULL;
	int r = -ENOMEM;

	/* /proc/sys/kernel/domainname is root's of the host alone, also in a user namespace that owns the name. */
	if (!strcmp(path, "kernel/domainname"))
		return setdomainname(value, strlen(value)) < 0 ? -errno : 0;
	/* With the newline, an empty value clears the parameter; without, write(2) would do nothing at all. */
	if (asprintf(&full, "sys/%s", path) < 0)
		full = NULL;
	if (asprintf(&line, "%s\n", value) < 0)
		line = NULL;
	if (full && line)
		r = proc_write(proc, full, line);
	free(full);
	free(line);
	return r;
}

static bool is_denied(int r)
{
	return r == -EACCES || r == -EPERM;
}

/* Those of these types (bits). How many there are; with ipc_denied, it is no error when those of the IPC namespace are denied. */
static int write_of(int proc, const struct string_map *sysctl, unsigned types, bool *ipc_denied)
{
	char path[PATH_MAX];
	int count = 0;

	for (size_t i = 0; i < sysctl->count; i++) {
		const struct string_pair *pair = &sysctl->items[i];
		int r = key_to_path(pair->key, path);

		if (r < 0)
			return context(r, "/linux/sysctl/%s", pair->key);
		if (!(types & 1U << owner_of(path)))
			continue;
		count++;
		r = write_parameter(proc, path, pair->value);
		if (is_denied(r) && ipc_denied && owner_of(path) == NS_IPC)
			*ipc_denied = true;
		else if (r < 0)
			return fail(-r, "/linux/sysctl/%s: write \"%s\" to /proc/sys/%s", pair->key, pair->value, path);
	}
	return count;
}

int sysctl_write(int proc, const struct string_map *sysctl)
{
	bool ipc_denied = false;
	int r = write_of(proc, sysctl, ~0U, &ipc_denied);

	return r < 0 ? r : ipc_denied;
}

/* What is below /proc/sys is of the namespaces of who looks. */
struct task {
	const struct string_map *sysctl;
	enum namespace_type type;
};

static int write_over_there(void *argument)
{
	const struct task *task = argument;
	_cleanup_fd_ int proc = proc_open_trusted();

	return proc < 0 ? proc : write_of(proc, task->sysctl, 1U << task->type, NULL);
}

int sysctl_write_in(int netns, const struct string_map *sysctl)
{
	struct task task = { sysctl, NS_NETWORK };
	int r = sysctl->count == 0 ? 0 : ns_visit(netns, NS_NETWORK, write_over_there, &task);

	return r < 0 ? r : 0;
}

int sysctl_write_ipc(int ipcns, const struct string_map *sysctl)
{
	struct task task = { sysctl, NS_IPC };

	if (ns_is_callers(ipcns, NS_IPC))
		return refuse(EPROTO, "/linux/sysctl: the container has no IPC namespace of its own");
	int r = ns_visit(ipcns, NS_IPC, write_over_there, &task);

	if (r == 0)
		return refuse(EPROTO, "/linux/sysctl: none is of the IPC namespace");
	if (!is_denied(r))
		return r < 0 ? r : 0;
	struct error e = error_save();

	return refuse(-r, "%s (before Linux 6.9, those of an IPC namespace may be for root of the host alone, also in a user namespace)", e.text);
}
