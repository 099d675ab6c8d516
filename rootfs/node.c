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

/* --- in the runtime ----------------------------------------------------------------------------------------------------- */

static int configure(int fs, const char *label)
{
	int r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", "devices", 0);

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
	return r < 0 && r != -EPERM ? fail(-r, "make a file system for device nodes") : r;
}

/* The mode comes last: the caller's umask is in the way before, and the change of owner takes set-id bits away. */
static int make_node(const struct spec_linux *config, const struct spec_device *device, int directory, const char *name)
{
	const mode_t mode = node_mode(device);
	uid_t uid;
	gid_t gid;

	if (device->type == 'p' || !spec_host_id(&config->uid_maps, (uint32_t)device->uid.value, &uid) ||
	    !spec_host_id(&config->gid_maps, (uint32_t)device->gid.value, &gid))
		return 0;
	if (mknodat(directory, name, mode & S_IFMT, makedev(device->major, device->minor)) < 0)
		return errno == EPERM ? -EPERM : fail(errno, "mknod");
	if (fchownat(directory, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(errno, "chown to the host's %u:%u", (unsigned)uid, (unsigned)gid);
	return fchmodat(directory, name, mode & 07777, 0) < 0 ? fail(errno, "chmod to %o", (unsigned)mode & 07777) : 0;
}

int nodes_make(const struct spec_linux *config)
{
	if (config->uid_maps.count == 0 || config->gid_maps.count == 0)
		return -EPERM;
	_cleanup_fd_ int nodes = make_file_system(config->mount_label);

	for (size_t i = 0; nodes >= 0 && i < config->device_count; i++) {
		const struct spec_device *device = &config->devices[i];
		int r = make_node(config, device, nodes, name_of(i).text);

		if (r == -EPERM)
			return r;
		if (r < 0)
			return context(r, "/linux/devices/%zu: %s", i, device->path);
	}
	return nodes < 0 ? nodes : steal_fd(&nodes);
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

static int unmount(int nodes)
{
	int before = enter_dir(nodes);

	if (before < 0)
		return fail(-before, "enter the device nodes");
	int r = sys_umount2(".", MNT_DETACH), left = leave_dir(before);

	if (left < 0)
		return fail(-left, "leave the device nodes");
	return r < 0 ? fail(-r, "unmount the device nodes") : 0;
}

int nodes_open(int nodes, int place, size_t count, int *trees)
{
	int r = sys_move_mount_fd(nodes, place);

	if (r < 0)
		return fail(-r, "mount the device nodes");
	r = clone_each(nodes, count, trees);
	int unmounted = unmount(nodes);

	return r < 0 ? r : unmounted;
}
