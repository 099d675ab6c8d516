#include "rootfs/dev.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "base/trace.h"
#include "rootfs/mount.h"
#include "rootfs/node.h"
#include "rootfs/path.h"
#include "rootfs/tree.h"

#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static const struct {
	const char *name;
	uint32_t major, minor;
} default_devices[] = {
	{ "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};

static const struct link {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

/* Where a device goes, made by name in a directory that was opened; node: the runtime's own of it (rootfs/node.h), or -1. */
struct place {
	int dir;
	const char *name;
	int node;
};

/* There is only one, the host's. */
static bool is_devtmpfs(const struct mount_plan *plan)
{
	return plan->spec->type && strcmp(plan->spec->type, "devtmpfs") == 0;
}

bool dev_is_ours(const struct rootfs *rootfs)
{
	bool ours = true;

	for (size_t i = 0; i < rootfs->mount_count; i++)
		if (strcmp(rootfs->mounts[i].destination, "/dev") == 0 && !rootfs->mounts[i].options.remount)
			ours = !rootfs->mounts[i].options.bind && !is_devtmpfs(&rootfs->mounts[i]);
	return ours;
}

/* --- by bind: where mknod is not permitted ------------------------------------------------------------------------------ */

/* The mode of the empty file that a device is bound onto tells it from a file of the image. What crun has left serves as well. */
#define PLACEHOLDER_MODE 0
#define CRUN_PLACEHOLDER_MODE 0700

static bool is_placeholder(const struct stat *st)
{
	const mode_t mode = st->st_mode & 07777;

	return S_ISREG(st->st_mode) && st->st_size == 0 && (mode == PLACEHOLDER_MODE || mode == CRUN_PLACEHOLDER_MODE);
}

/*
 * Maps of a joined user namespace are the configuration's word: the node must not be another's. An id that is not mapped looks like "nobody",
 * who may be asked for; but what belongs to it the container's root may not even give to whom it seems to belong.
 */
static int bind_node(const struct spec_device *device, int node, int destination)
{
	const uid_t uid = (uid_t)device->uid.value;
	const gid_t gid = (gid_t)device->gid.value;
	struct stat st;

	if (fstat(node, &st) < 0)
		return fail(errno, "stat");
	if (!node_matches(device, &st) || st.st_uid != uid || st.st_gid != gid || fchownat(node, "", uid, gid, AT_EMPTY_PATH) < 0)
		return refuse(EINVAL, "the maps of the user namespace are not those of the configuration");
	int r = sys_move_mount_fd(node, destination);

	return r < 0 ? fail(-r, "mount its node") : 0;
}

static int bind_host_node(const struct spec_device *device, int destination)
{
	_cleanup_fd_ int host = node_open_host(device), tree = -1;

	if (host < 0)
		return fail(-host, "mknod is not permitted here, and the host has no such device to bind");
	tree = tree_clone(host, "", false);
	int r = tree < 0 ? tree : tree_set(tree, TREE_DEVICE, false);

	if (r >= 0)
		r = sys_move_mount_fd(tree, destination);
	return r < 0 ? fail(-r, "bind the host's device") : 0;
}

/* The host's node would lead to the host's devpts: the link that is made afterwards does for it. */
static bool is_made_as_link(const struct spec_device *device)
{
	return device->type == 'c' && device->major == 5 && device->minor == 2 && strcmp(device->path, "/dev/ptmx") == 0;
}

static int bind_device(const struct spec_device *device, const struct place *place)
{
	if (is_made_as_link(device))
		return 0;
	if (mknodat(place->dir, place->name, S_IFREG | PLACEHOLDER_MODE, 0) < 0 && errno != EEXIST)
		return fail(errno, "create a file to bind it on");
	_cleanup_fd_ int file = openat(place->dir, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (file < 0 || fstat(file, &st) < 0)
		return fail(errno, "open");
	if (!S_ISREG(st.st_mode))
		return refuse(EEXIST, "something else exists there");
	return place->node >= 0 ? bind_node(device, place->node, file) : bind_host_node(device, file);
}

/* --- one device --------------------------------------------------------------------------------------------------------- */

/* Something is there. For a default device any device will do, for it was put there on purpose: a bind of the configuration. */
static int check_existing(const struct spec_device *device, const struct place *place, bool is_default)
{
	struct stat st;

	if (fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(errno, "stat");
	if (node_matches(device, &st) || (is_default && S_ISCHR(st.st_mode)))
		return 0;
	if (is_placeholder(&st) || (is_default && S_ISREG(st.st_mode)))
		return bind_device(device, place);
	return refuse(EEXIST, "a file that is not this device exists there");
}

static int set_owner(const struct spec_device *device, const struct place *place, mode_t mode)
{
	if (device->uid.value == 0 && device->gid.value == 0)
		return 0;
	_cleanup_fd_ int node = openat(place->dir, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (node < 0 || fstat(node, &st) < 0)
		return fail(errno, "open");
	if (!node_matches(device, &st))
		return refuse(EEXIST, "was replaced while it was made");
	if (fchownat(node, "", (uid_t)device->uid.value, (gid_t)device->gid.value, AT_EMPTY_PATH) < 0)
		return fail(errno, "chown to %u:%u", (unsigned)device->uid.value, (unsigned)device->gid.value);
	/* The change of owner took these away. Not by name: it could be a link to a file of the host's by now. */
	if (!(mode & (S_ISUID | S_ISGID)))
		return 0;
	return chmod(fd_path(node).text, mode) < 0 ? fail(errno, "chmod") : 0;
}

static int make_device(struct rootfs *rootfs, const struct spec_device *device, const struct place *place, bool is_default)
{
	const mode_t mode = node_mode(device);
	dev_t number = device->type == 'p' ? 0 : makedev(device->major, device->minor);

	if (device->type != 'p' && rootfs->bind_devices) {
		struct stat st;

		if (fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return check_existing(device, place, is_default);
		return bind_device(device, place);
	}
	if (mknodat(place->dir, place->name, mode, number) == 0)
		return set_owner(device, place, mode & 07777);
	if (errno == EEXIST)
		return check_existing(device, place, is_default);
	if (errno != EPERM || device->type == 'p')
		return fail(errno, "mknod");
	rootfs->bind_devices = true;
	return bind_device(device, place);
}

/* --- all of them -------------------------------------------------------------------------------------------------------- */

static const char *name_in_dev(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0 && path[5] && !strchr(path + 5, '/') ? path + 5 : NULL;
}

static bool is_in_dev(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0;
}

/* In a /dev that another populates nothing is made: the device has to be there. */
static int require_device(const struct rootfs *rootfs, const struct spec_device *device)
{
	_cleanup_fd_ int fd = path_open_in(rootfs->root, device->path, O_PATH);
	struct stat st;

	if (fd < 0)
		return fail(-fd, "/dev is a bind mount, where no device is made");
	if (fstat(fd, &st) < 0)
		return fail(errno, "stat");
	return node_matches(device, &st) ? 0 : refuse(EEXIST, "a file that is not this device exists there");
}

static int make_configured(struct rootfs *rootfs, const struct spec_device *device, int dev, int node)
{
	char path[PATH_MAX], name[NAME_MAX + 1];

	if ((size_t)snprintf(path, sizeof path, "/%s", device->path) >= sizeof path)
		return fail(ENAMETOOLONG, "path");
	path_clean(path);
	if (is_in_dev(path) && dev < 0)
		return require_device(rootfs, device);
	const char *in_dev = name_in_dev(path);

	if (in_dev)
		return make_device(rootfs, device, &(struct place){ dev, in_dev, node }, false);
	_cleanup_fd_ int parent = path_open_parent(rootfs->root, path, name, sizeof name);

	if (parent < 0)
		return fail(-parent, "open or make its directory");
	return make_device(rootfs, device, &(struct place){ parent, name, node }, false);
}

static int make_default_devices(struct rootfs *rootfs, int dev)
{
	for (size_t i = 0; i < sizeof default_devices / sizeof *default_devices; i++) {
		char path[32];
		struct spec_device device = {
			.type = 'c', .path = path, .major = default_devices[i].major, .minor = default_devices[i].minor
		};

		snprintf(path, sizeof path, "/dev/%s", default_devices[i].name);
		int r = make_device(rootfs, &device, &(struct place){ dev, default_devices[i].name, -1 }, true);

		if (r < 0)
			return context(r, "default device %s", path);
	}
	return 0;
}

static int make_configured_devices(struct rootfs *rootfs, int dev)
{
	const struct spec_linux *config = &rootfs->request->spec->linux_;
	int *nodes = arena_array(&rootfs->arena, config->device_count + 1, sizeof *nodes), r = 0;

	for (size_t i = 0; i < config->device_count; i++)
		nodes[i] = -1;
	if (rootfs->nodes >= 0)
		r = nodes_open(rootfs->nodes, rootfs->root, config->device_count, nodes);
	for (size_t i = 0; r >= 0 && i < config->device_count; i++)
		r = context(make_configured(rootfs, &config->devices[i], dev, nodes[i]), "/linux/devices/%zu: %s", i,
			    config->devices[i].path);
	for (size_t i = 0; i < config->device_count; i++)
		close_fd(&nodes[i]);
	return r;
}

static int make_link(int dev, const char *name, const char *target)
{
	return symlinkat(target, dev, name) < 0 && errno != EEXIST ? fail(errno, "create /dev/%s", name) : 0;
}

static bool exists(const struct rootfs *rootfs, const char *path)
{
	_cleanup_fd_ int fd = path_open_in(rootfs->root, path, O_PATH);

	return fd >= 0;
}

/* The configuration's own procfs has it. */
static bool mounts_proc(const struct rootfs *rootfs)
{
	for (size_t i = 0; i < rootfs->mount_count; i++)
		if (strcmp(rootfs->mounts[i].destination, "/proc") == 0 && !rootfs->mounts[i].options.remount)
			return true;
	return false;
}

static int make_links(const struct rootfs *rootfs, int dev)
{
	int r = 0;

	if (!mounts_proc(rootfs) && !exists(rootfs, "/proc/self/fd"))
		return 0;
	for (size_t i = 0; r >= 0 && i < sizeof links / sizeof *links; i++)
		r = make_link(dev, links[i].name, links[i].target);
	if (r >= 0 && exists(rootfs, "/proc/kcore"))
		r = make_link(dev, "core", "/proc/kcore");
	return r;
}

/* A node 5:2 leads to the devpts beside it, as the link does. */
static bool is_ptmx(int dev)
{
	char target[32];
	struct stat st;
	ssize_t length = readlinkat(dev, "ptmx", target, sizeof target - 1);

	target[length < 0 ? 0 : length] = 0;
	return strcmp(target, "pts/ptmx") == 0 || strcmp(target, "/dev/pts/ptmx") == 0 ||
	       (fstatat(dev, "ptmx", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2));
}

/* What else an image has there is replaced, but not what was mounted there. */
static int make_ptmx(int dev)
{
	if (symlinkat("pts/ptmx", dev, "ptmx") == 0)
		return 0;
	if (errno != EEXIST)
		return fail(errno, "create /dev/ptmx");
	if (is_ptmx(dev))
		return 0;
	if (unlinkat(dev, "ptmx", 0) < 0)
		return errno == EBUSY ? 0 : fail(errno, "replace /dev/ptmx");
	return symlinkat("pts/ptmx", dev, "ptmx") < 0 ? fail(errno, "create /dev/ptmx") : 0;
}

int dev_populate(struct rootfs *rootfs)
{
	TRACE_SCOPE("devices");
	_cleanup_fd_ int dev = -1;
	int r;

	rootfs->bind_devices = rootfs->request->user_namespace;
	if (rootfs->dev) {
		dev = path_make_dir(rootfs->root, "/dev", 0755);
		if (dev < 0)
			return fail(-dev, "open or make /dev");
	}
	r = make_configured_devices(rootfs, dev);
	if (r < 0 || dev < 0)
		return r;
	r = make_default_devices(rootfs, dev);
	if (r >= 0)
		r = make_links(rootfs, dev);
	return r < 0 ? r : make_ptmx(dev);
}
