#include "runtime/landlock.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "oci/fields.h"
#include "rootfs/path.h"

#include <linux/landlock.h>
#include <sys/stat.h>

#define KEY "/annotations/org.berth.landlock"
#define ABI_MAX 64

/* Of landlock ABI 2, 3 and 5; headers are older. */
#define REFER (UINT64_C(1) << 13)
#define TRUNCATE (UINT64_C(1) << 14)
#define IOCTL_DEV (UINT64_C(1) << 15)
#define ABI_OF_IOCTL_DEV 5

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define MAKE                                                                                                               \
	(LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                        \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                     \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)
#define WRITE                                                                                                              \
	(READ | MAKE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |    \
	 REFER | TRUNCATE | IOCTL_DEV)
#define EXECUTE (READ | LANDLOCK_ACCESS_FS_EXECUTE)

/* What there is to be allowed on what is not a directory. */
#define OF_FILES                                                                                                           \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | TRUNCATE | IOCTL_DEV)

/* --- as text -------------------------------------------------------------------------------------------------------------- */

static const struct field rules_fields[] = {
	F_STRINGS("ro", struct landlock_rules, ro),
	F_STRINGS("rw", struct landlock_rules, rw),
	F_STRINGS("exec", struct landlock_rules, exec),
	F_UINT32("abi", struct landlock_rules, abi, LANDLOCK_ABI_LEAST, ABI_MAX,
	         .expected = "must be a version of Landlock that can keep files from being truncated: 3 or more"),
};
static const struct table rules_table =
	TABLE_SET(rules_fields, struct landlock_rules, set, .unknown = "must be ro, rw, exec or abi");

static int check_paths(const struct strings *paths, const char *name)
{
	for (size_t i = 0; i < paths->count; i++)
		if (paths->items[i][0] != '/')
			return refuse(EINVAL, "/%s/%zu: \"%s\": must be an absolute path", name, i, paths->items[i]);
	return 0;
}

int landlock_parse(struct landlock_rules *rules, const char *text, struct arena *arena)
{
	*rules = (struct landlock_rules){ .abi = LANDLOCK_ABI_LEAST };
	char *copy = arena_strdup(arena, text);
	int r = decode(arena, &rules_table, rules, copy, strlen(copy));

	if (r >= 0)
		r = check_paths(&rules->ro, "ro");
	if (r >= 0)
		r = check_paths(&rules->rw, "rw");
	if (r >= 0)
		r = check_paths(&rules->exec, "exec");
	if (r >= 0 && rules->exec.count == 0)
		r = refuse(EINVAL, "/exec: nothing may be executed: the container's program could not");
	return r;
}

/* --- in the kernel -------------------------------------------------------------------------------------------------------- */

static int create_ruleset(const struct landlock_ruleset_attr *attr, size_t size, unsigned flags)
{
	return (int)sys_result(syscall(SYS_landlock_create_ruleset, attr, size, flags));
}

static int find_abi(const struct landlock_rules *rules)
{
	int abi = create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi == -ENOSYS)
		return fail(ENOSYS, KEY ": this kernel has no Landlock (CONFIG_SECURITY_LANDLOCK)");
	if (abi == -EOPNOTSUPP)
		return fail(EOPNOTSUPP,
		            KEY ": Landlock is off: it is not among the security modules of the kernel's parameter lsm=");
	if (abi < 0)
		return fail(-abi, KEY ": landlock_create_ruleset");
	if ((uint32_t)abi < rules->abi)
		return refuse(ENOTSUP, KEY "/abi: version %u is asked for, and this kernel's Landlock is of version %d",
		              rules->abi, abi);
	return abi;
}

static int add_rule(int ruleset, int root, const char *path, uint64_t access)
{
	_cleanup_fd_ int fd = path_open_plain(root, path, O_PATH);
	struct stat st;

	if (fd == -ELOOP)
		return refuse(ELOOP, "%s: a symbolic link is on the way: give the real path", path);
	if (fd < 0)
		return fail(-fd, "%s", path);
	if (fstat(fd, &st) < 0)
		return fail(errno, "stat %s", path);
	struct landlock_path_beneath_attr rule = {
		.allowed_access = S_ISDIR(st.st_mode) ? access : access & OF_FILES,
		.parent_fd = fd,
	};

	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return fail(errno, "%s: landlock_add_rule", path);
	return 0;
}

static int add_rules(int ruleset, int root, const char *name, const struct strings *paths, uint64_t access)
{
	for (size_t i = 0; i < paths->count; i++) {
		int r = add_rule(ruleset, root, paths->items[i], access);

		if (r < 0)
			return context(r, KEY "/%s/%zu", name, i);
	}
	return 0;
}

int landlock_prepare(const struct landlock_rules *rules)
{
	int abi = find_abi(rules);

	if (abi < 0)
		return abi;
	uint64_t handled = EXECUTE | WRITE;

	if (abi < ABI_OF_IOCTL_DEV)
		handled &= ~IOCTL_DEV;
	struct landlock_ruleset_attr attr = { .handled_access_fs = handled };
	_cleanup_fd_ int ruleset = create_ruleset(&attr, sizeof attr, 0);
	_cleanup_fd_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (ruleset < 0)
		return fail(-ruleset, KEY ": landlock_create_ruleset");
	if (root < 0)
		return fail(errno, "open /");
	int r = add_rules(ruleset, root, "ro", &rules->ro, handled & READ);

	if (r >= 0)
		r = add_rules(ruleset, root, "rw", &rules->rw, handled & WRITE);
	if (r >= 0)
		r = add_rules(ruleset, root, "exec", &rules->exec, handled & EXECUTE);
	return r < 0 ? r : steal_fd(&ruleset);
}

int landlock_enforce(int ruleset)
{
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return fail(errno, KEY ": landlock_restrict_self%s",
		            errno == EPERM || errno == ENOSYS ? " (the filter of system calls may not let it)" : "");
	return 0;
}
