#include "rootfs/node.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "rootfs/tree.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

mode_t node_mode(const struct spec_device *device)
{
	const mode_t type = device->type == 'b' ? S_IFBLK : device->type == 'p' ? S_IFIFO : S_IFCHR;

	return type | (device->file_mode.set ? (mode_t)device->file_mode.value & 07777 : 0666);
}

struct name {
	char text[24];
};

static struct name name_of(size_t index)
{
	struct name name;

	snprintf(name.text, sizeof name.text, "%zu", index);
	return name;
}

bool node_matches(const struct spec_device *device, const struct stat *st)
{
	if ((st->st_mode & S_IFMT) != (node_mode(device) & S_IFMT))
		return false;
	return device->type == 'p' || st->st_rdev == makedev(device->major, device->minor);
}

static int open_matching(const struct spec_device *device, const char *path)
{
	_cleanup_fd_ int fd = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return node_matches(device, &st) ? steal_fd(&fd) : -ENXIO;
}

int node_open_host(const struct spec_device *device)
{
	char by_number[64];
	int fd = open_matching(device, device->path);

	if (fd >= 0)
		return fd;
	snprintf(by_number, sizeof by_number, "/dev/%s/%u:%u", device->type == 'b' ? "block" : "char", device->major,
		 device->minor);
	return open_matching(device, by_number);
}

/* --- in the runtime ----------------------------------------------------------------------------------------------------- */

static int configure(int fs, const char *label)
{
	int r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", NODES_SOURCE, 0);

	if (r >= 0) /* init has to enter it */
		r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0711", 0);
	if (r >= 0 && label && label[0])
		r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "context", label, 0);
	return r < 0 ? r : sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

static int make_file_system(const char *label)
{
	_cleanup_fd_ int fs = sys_fsopen("tmpfs");
	int r = fs < 0 ? fs : configure(fs, label);

	if (r >= 0)
		r = sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (r == -EPERM)
		return -ENOENT;
	return r < 0 ? fail(-r, "make a file system for device nodes") : r;
}

/*
 * Engines copy the owner and the mode from the host's node: of all devices, where a container is privileged. There they are nobody's in the
 * container, which is what keeps its root from the host's disks.
 */
static bool is_as_on_host(const struct spec_device *device)
{
	_cleanup_fd_ int host = node_open_host(device);
	struct stat st;

	if (host < 0 || fstat(host, &st) < 0)
		return false;
	return (!device->uid.set || device->uid.value == st.st_uid) && (!device->gid.set || device->gid.value == st.st_gid) &&
	       (!device->file_mode.set || ((node_mode(device) ^ st.st_mode) & 0777) == 0); /* the configuration has no other bits */
}

/* The mode comes last: the caller's umask is in the way before, and the change of owner takes set-id bits away. */
static bool make_node(int directory, const char *name, const struct spec_device *device, uid_t uid, gid_t gid)
{
	const mode_t mode = node_mode(device);

	return mknodat(directory, name, mode & S_IFMT, makedev(device->major, device->minor)) == 0 &&
	       fchownat(directory, name, uid, gid, AT_SYMLINK_NOFOLLOW) == 0 && fchmodat(directory, name, mode & 07777, 0) == 0;
}

/* 1: made; 0: the host's is to be bound. */
static int make_own_node(const struct spec_linux *config, const struct spec_device *device, int directory, const char *name)
{
	uid_t uid;
	gid_t gid;

	if (device->type == 'p' || !spec_host_id(&config->uid_maps, (uint32_t)device->uid.value, &uid) ||
	    !spec_host_id(&config->gid_maps, (uint32_t)device->gid.value, &gid) || is_as_on_host(device))
		return 0;
	if (make_node(directory, name, device, uid, gid))
		return 1;
	if (errno != EPERM && errno != EACCES)
		return fail(errno, "make its node, for the host's %u:%u", (unsigned)uid, (unsigned)gid);
	/* Not permitted to us either. */
	return unlinkat(directory, name, 0) < 0 && errno != ENOENT ? fail(errno, "remove its node") : 0;
}

int nodes_make(const struct spec_linux *config)
{
	if (config->uid_maps.count == 0 || config->gid_maps.count == 0)
		return -ENOENT;
	_cleanup_fd_ int nodes = make_file_system(config->mount_label);
	bool any = false;

	for (size_t i = 0; nodes >= 0 && i < config->device_count; i++) {
		int r = make_own_node(config, &config->devices[i], nodes, name_of(i).text);

		if (r < 0)
			return context(r, "/linux/devices/%zu: %s", i, config->devices[i].path);
		any |= r > 0;
	}
	return nodes < 0 ? nodes : any ? steal_fd(&nodes) : -ENOENT;
}

/* --- in init ------------------------------------------------------------------------------------------------------------ */

static int clone_each(int nodes, size_t count, int *trees)
{
	for (size_t i = 0; i < count; i++) {
		int tree = tree_clone(nodes, name_of(i).text, false);

		if (tree < 0 && tree != -ENOENT)
			return fail(-tree, "/linux/devices/%zu: clone its node", i);
		trees[i] = tree < 0 ? -1 : tree;
	}
	return 0;
}

/* nodes is the working directory: what is mounted must be unmounted, also when there are no more descriptors. */
static int mount_and_clone(int nodes, int place, size_t count, int *trees)
{
	int r = sys_move_mount_fd(nodes, place);

	if (r < 0)
		return fail(-r, "mount the device nodes");
	r = clone_each(nodes, count, trees);
	int unmounted = sys_umount2(".", MNT_DETACH);

	return r >= 0 && unmounted < 0 ? fail(-unmounted, "unmount the device nodes") : r;
}

int nodes_open(int nodes, int place, size_t count, int *trees)
{
	int before = enter_dir(nodes);

	if (before < 0)
		return fail(-before, "enter the device nodes");
	int r = mount_and_clone(nodes, place, count, trees), left = leave_dir(before);

	return r >= 0 && left < 0 ? fail(-left, "leave the device nodes") : r;
}
