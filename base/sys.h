/*
 * System calls that the C libraries lack, raw: they return the kernel's value or -errno and never touch the error record.
 * <sys/mount.h> clashes with <linux/mount.h>, so this header stands for both. Constants newer than Debian 12's kernel
 * headers are defined here.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ID_PIDFD ((idtype_t)3) /* P_PIDFD of waitid(2), which not every C library has */

#ifndef MNT_DETACH
#define MNT_DETACH 2
#define UMOUNT_NOFOLLOW 8
#endif
#ifndef MOVE_MOUNT_SET_GROUP
#define MOVE_MOUNT_SET_GROUP 0x00000100
#endif
#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x00000200
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef OPEN_TREE_NAMESPACE
#define OPEN_TREE_NAMESPACE 2
#endif

static inline long sys_result(long r)
{
	return r < 0 ? -errno : r;
}

static inline int sys_clone3(const struct clone_args *args)
{
	return (int)sys_result(syscall(SYS_clone3, args, sizeof *args));
}

/* The older call, whose flags a filter can look at: on a copy of the caller's stack, CLONE_PIDFD into *pidfd. */
static inline int sys_clone(uint64_t flags, int *pidfd)
{
#ifdef __s390__
	return (int)sys_result(syscall(SYS_clone, 0L, (long)flags, pidfd, 0L, 0L));
#else
	return (int)sys_result(syscall(SYS_clone, (long)flags, 0L, pidfd, 0L, 0L));
#endif
}

/* The C library's would have all threads do the same, by signals, which it blocks three times; a process after clone3 has no other. */
static inline int sys_setgroups(size_t count, const gid_t *groups)
{
	return (int)sys_result(syscall(SYS_setgroups, count, groups));
}

static inline int sys_setresgid(gid_t group)
{
	return (int)sys_result(syscall(SYS_setresgid, group, group, group));
}

static inline int sys_setresuid(uid_t user)
{
	return (int)sys_result(syscall(SYS_setresuid, user, user, user));
}

static inline int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };

	return (int)sys_result(syscall(SYS_openat2, dirfd, path, &how, sizeof how));
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)sys_result(syscall(SYS_close_range, first, last, flags));
}

/*
 * CLOCK_REALTIME. The C library looks for it in the vDSO first, which for one call costs more; but with 32 bits it alone knows which of the
 * system calls has the struct's size.
 */
static inline void sys_wall_clock(struct timespec *now)
{
#ifdef __LP64__
	if (syscall(SYS_clock_gettime, CLOCK_REALTIME, now) == 0)
		return;
#endif
	(void)clock_gettime(CLOCK_REALTIME, now);
}

/* Some entries of a directory, as struct dirent where off_t has 64 bits; glibc and musl know the call by names of their own. Bytes, 0 at the end. */
static inline ssize_t sys_getdents(int dir, void *entries, size_t size)
{
	return sys_result(syscall(SYS_getdents64, dir, entries, size));
}

/* A number that a thread has taken is no process's: EINVAL, or ENOENT since Linux 6.16, is -ESRCH. */
static inline int sys_pidfd_open(pid_t pid)
{
	int fd = (int)sys_result(syscall(SYS_pidfd_open, pid, 0));

	return fd == -EINVAL || fd == -ENOENT ? -ESRCH : fd;
}

static inline int sys_pidfd_send_signal(int pidfd, int signal)
{
	return (int)sys_result(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

static inline int sys_mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)
{
	return (int)sys_result(syscall(SYS_mount, source, target, type, flags, data));
}

static inline int sys_umount2(const char *target, int flags)
{
	return (int)sys_result(syscall(SYS_umount2, target, flags));
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)sys_result(syscall(SYS_pivot_root, new_root, put_old));
}

static inline int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
	return (int)sys_result(syscall(SYS_open_tree, dirfd, path, flags | OPEN_TREE_CLOEXEC));
}

static inline int sys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags)
{
	return (int)sys_result(syscall(SYS_move_mount, from, from_path, to, to_path, flags));
}

/* Move the detached mount onto the place that descriptor to (O_PATH) stands for. */
static inline int sys_move_mount_fd(int mount, int to)
{
	return sys_move_mount(mount, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int sys_fsopen(const char *type)
{
	return (int)sys_result(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
}

static inline int sys_fsconfig(int fs, unsigned command, const char *key, const void *value, int aux)
{
	return (int)sys_result(syscall(SYS_fsconfig, fs, command, key, value, aux));
}

static inline int sys_fsmount(int fs, unsigned attributes)
{
	return (int)sys_result(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes));
}

static inline int sys_fspick(int dirfd, const char *path, unsigned flags)
{
	return (int)sys_result(syscall(SYS_fspick, dirfd, path, flags | FSPICK_CLOEXEC));
}

static inline int sys_mount_setattr(int dirfd, const char *path, unsigned flags, const struct mount_attr *attr)
{
	return (int)sys_result(syscall(SYS_mount_setattr, dirfd, path, flags, attr, sizeof *attr));
}

/* struct statx: <linux/stat.h> clashes with newer C libraries, and older ones do not have it all. */
struct sys_statx {
	uint32_t mask, block_size;
	uint64_t attributes; /* STATX_ATTR_* */
	uint32_t links, uid, gid;
	uint16_t mode, spare;
	uint64_t inode, size, blocks, attributes_mask, times[8];
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mount;      /* the kernel's number of the mount, as in mountinfo */
	uint64_t rest[13];
};

/*
 * "" is dirfd itself. mask: SYS_STATX_* of what is needed. Attributes and the mount are there always: with 0 no file system is asked, which
 * could be a server that does not answer, or one of FUSE that refuses root.
 */
#define SYS_STATX_BASIC 0x7ffU

static inline int sys_statx(int dirfd, const char *path, unsigned mask, struct sys_statx *st)
{
	enum { DONT_SYNC = 0x4000, MNT_ID = 0x1000 };

	return (int)sys_result(syscall(SYS_statx, dirfd, path, AT_EMPTY_PATH | AT_NO_AUTOMOUNT | DONT_SYNC, mask | MNT_ID, st));
}

static inline int sys_mount_id(int dirfd, const char *path, uint64_t *id)
{
	struct sys_statx st = { 0 };
	int r = sys_statx(dirfd, path, 0, &st);

	*id = st.mount;
	return r;
}

static inline int sys_setns(int fd, int types)
{
	return (int)sys_result(syscall(SYS_setns, fd, types));
}

static inline int sys_bpf(int command, void *attr, size_t size)
{
	return (int)sys_result(syscall(SYS_bpf, command, attr, size));
}
