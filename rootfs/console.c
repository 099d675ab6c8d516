#include "rootfs/rootfs.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "rootfs/path.h"
#include "rootfs/tree.h"

#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <termios.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/*
 * First the directory, and only when it is devpts the file in it: opening a file of the image's choice could have effects, but
 * devpts holds nothing that was not made by the kernel (CVE-2025-52565).
 */
static int open_ptmx(int root)
{
	_cleanup_fd_ int pts = path_open_in(root, "/dev/pts", O_PATH | O_DIRECTORY), ptmx = -1;
	struct statfs fs;
	struct stat st;

	if (pts < 0)
		return fail(-pts, "open /dev/pts (a terminal needs a mount of type devpts there)");
	if (fstatfs(pts, &fs) < 0)
		return fail(errno, "stat /dev/pts");
	if (fs.f_type != DEVPTS_SUPER_MAGIC)
		return refuse(EINVAL, "/dev/pts is not a devpts: a terminal needs a mount of that type there");
	ptmx = sys_openat2(pts, "ptmx", O_RDWR | O_NOCTTY, 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
	if (ptmx < 0)
		return fail(-ptmx, "open /dev/pts/ptmx");
	if (fstat(ptmx, &st) < 0)
		return fail(errno, "stat /dev/pts/ptmx");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return refuse(EINVAL, "/dev/pts/ptmx is not a terminal multiplexer");
	return steal_fd(&ptmx);
}

static int set_up(int master, int peer, uid_t uid, unsigned height, unsigned width)
{
	struct winsize size = { .ws_row = (unsigned short)height, .ws_col = (unsigned short)width };

	if ((height || width) && ioctl(master, TIOCSWINSZ, &size) < 0)
		return fail(errno, "set the terminal's size");
	if (fchown(peer, uid, (gid_t)-1) < 0)
		return fail(errno, "give the terminal to uid %u", uid);
	return 0;
}

static int bind_console(int root, int peer)
{
	_cleanup_fd_ int tree = tree_clone(peer, "", false), file = -1;

	if (tree < 0)
		return fail(-tree, "clone the terminal");
	file = path_make_file(root, "/dev/console", 0600);
	if (file < 0)
		return fail(-file, "create /dev/console");
	int r = sys_move_mount_fd(tree, file);

	return r < 0 ? fail(-r, "bind the terminal on /dev/console") : 0;
}

int rootfs_open_console(int root, bool bind, uid_t uid, unsigned height, unsigned width, int *peer)
{
	_cleanup_fd_ int master = open_ptmx(root), slave = -1;
	int unlocked = 0;

	*peer = -1;
	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return fail(errno, "unlock the terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return fail(errno, "open the terminal");
	int r = set_up(master, slave, uid, height, width);

	if (r >= 0 && bind)
		r = bind_console(root, slave);
	if (r < 0)
		return r;
	*peer = steal_fd(&slave);
	return steal_fd(&master);
}
