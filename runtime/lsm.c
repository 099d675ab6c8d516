#include "runtime/lsm.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#define APPARMOR_ENABLED "/sys/module/apparmor/parameters/enabled"
#define SELINUX_ENFORCE "/sys/fs/selinux/enforce"

static bool is_label(const char *label)
{
	return label && *label;
}

static bool apparmor_enabled(void)
{
	char text[8];

	return read_text_at(AT_FDCWD, APPARMOR_ENABLED, text, sizeof text) > 0 && text[0] == 'Y';
}

/* selinuxfs is mounted only where a policy is, and its file tells it from an empty directory. */
static bool selinux_enabled(void)
{
	return access(SELINUX_ENFORCE, F_OK) == 0;
}

int lsm_prepare(const struct spec_process *process)
{
	if (is_label(process->apparmor_profile) && !apparmor_enabled())
		return refuse(ENOTSUP, "/process/apparmorProfile: %s: AppArmor is not enabled on this host", process->apparmor_profile);
	if (is_label(process->selinux_label) && !selinux_enabled())
		return refuse(ENOTSUP, "/process/selinuxLabel: %s: SELinux is not enabled on this host", process->selinux_label);
	return 0;
}

/* Write text to an attribute of the calling thread, then read what the kernel has kept into kept, without a newline. */
static int set_attribute(int proc, const char *attribute, const char *text, char *kept, size_t size)
{
	_cleanup_fd_ int fd = proc_open(proc, attribute, O_RDWR);
	size_t length = strlen(text);

	if (fd < 0)
		return fd;
	ssize_t n = write(fd, text, length);

	if (n != (ssize_t)length)
		return n < 0 ? -errno : -EIO;
	n = pread(fd, kept, size - 1, 0);
	if (n < 0)
		return -errno;
	/* SELinux ends a context with NUL, AppArmor a name with a newline. */
	while (n > 0 && (kept[n - 1] == '\n' || kept[n - 1] == 0))
		n--;
	kept[n] = 0;
	return 0;
}

/* AppArmor adds the mode: "NAME (enforce)". */
static bool same_profile(const char *kept, const char *profile)
{
	size_t length = strlen(profile);

	return strncmp(kept, profile, length) == 0 && (kept[length] == 0 || strncmp(kept + length, " (", 2) == 0);
}

static int set_apparmor(int proc, const char *profile)
{
	char command[PATH_MAX], kept[PATH_MAX];
	int n = snprintf(command, sizeof command, "exec %s", profile);

	if (n < 0 || (size_t)n >= sizeof command)
		return refuse(ENAMETOOLONG, "/process/apparmorProfile: a name of %zu bytes is too long", strlen(profile));
	/* Its own directory exists since Linux 5.8; the shared file belongs to the first module of several. */
	int r = set_attribute(proc, "thread-self/attr/apparmor/exec", command, kept, sizeof kept);

	if (r == -ENOENT && faccessat(proc, "self/attr/apparmor", F_OK, 0) < 0)
		r = set_attribute(proc, "thread-self/attr/exec", command, kept, sizeof kept);
	if (r == -ENOENT)
		return refuse(ENOENT, "/process/apparmorProfile: profile %s is not loaded into the kernel (apparmor_parser loads it)",
		              profile);
	if (r < 0)
		return fail(-r, "/process/apparmorProfile: set %s for the next exec", profile);
	if (!same_profile(kept, profile))
		return refuse(EPERM, "/process/apparmorProfile: set %s, but the kernel will use \"%s\"", profile, kept);
	return 0;
}

/* User, role and type must be what was asked for; the level comes back in the policy's own spelling (c1,c0 is c0,c1). */
static bool same_context(const char *kept, const char *label)
{
	size_t fields = 0, i = 0;

	while (label[i] && kept[i] == label[i] && fields < 3)
		fields += label[i++] == ':';
	return fields == 3 || strcmp(kept, label) == 0;
}

static int set_selinux(int proc, const char *label)
{
	char kept[PATH_MAX];
	int r = set_attribute(proc, "thread-self/attr/exec", label, kept, sizeof kept);

	if (r == -EINVAL)
		return refuse(EINVAL, "/process/selinuxLabel: %s is not a context of the loaded policy", label);
	if (r < 0)
		return fail(-r, "/process/selinuxLabel: set %s for the next exec", label);
	if (!same_context(kept, label))
		return refuse(EPERM, "/process/selinuxLabel: set %s, but the kernel will use \"%s\"", label, kept);
	return 0;
}

int lsm_set_exec_label(int proc, const struct spec_process *process)
{
	int r = 0;

	if (is_label(process->apparmor_profile))
		r = set_apparmor(proc, process->apparmor_profile);
	if (r >= 0 && is_label(process->selinux_label))
		r = set_selinux(proc, process->selinux_label);
	return r;
}
