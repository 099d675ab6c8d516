#include "runtime/report.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "runtime/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int report_pid_file(const char *path, pid_t pid)
{
	char temporary[PATH_MAX], text[16];

	if (snprintf(temporary, sizeof temporary, "%s.%d.tmp", path, (int)getpid()) >= (int)sizeof temporary)
		return refuse(ENAMETOOLONG, "--pid-file %s", path);
	_cleanup_fd_ int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return fail(errno, "create pid file %s", temporary);
	int length = snprintf(text, sizeof text, "%d", (int)pid);
	int r = write_all(fd, text, (size_t)length);

	if (r >= 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temporary);
	return r < 0 ? fail(-r, "write pid file %s", path) : 0;
}

int report_pidfd(const char *path, const struct pidref *process)
{
	_cleanup_fd_ int fd = connect_socket(path, 0);

	if (fd < 0)
		return fail(-fd, "connect to --pidfd-socket %s", path);
	int r = send_with_fd(fd, "pidfd", strlen("pidfd"), process->fd);

	return r < 0 ? fail(-r, "send the pidfd to %s", path) : 0;
}

int report_listener(const struct spec *spec, const struct state *state, enum status status, pid_t pid, int listener)
{
	struct arena _cleanup_arena_ arena = { 0 };
	const struct spec_seccomp *seccomp = &spec->linux_.seccomp;

	return seccomp_send_listener(seccomp->listener_path,
	                             state_to_seccomp_json(state, status, pid, seccomp->listener_metadata, &arena), listener);
}

int report_early_death(const struct pidref *child)
{
	siginfo_t info = { 0 };

	if (pidref_wait_exit(child, -1) < 0 || waitid(ID_PIDFD, (id_t)child->fd, &info, WEXITED | WNOWAIT) < 0)
		return refuse(ECHILD, "the container's process died during creation");
	if (info.si_code == CLD_EXITED)
		return refuse(ECHILD, "the container's process exited with status %d during creation", info.si_status);
	/* Whoever may not even end is made to by an instruction: SIGILL, on arm64 SIGTRAP. */
	const bool filtered = info.si_status == SIGSYS || info.si_status == SIGILL || info.si_status == SIGTRAP;
	const char *why = info.si_status == SIGKILL ? " (is the memory limit too small?)"
	                : filtered                  ? " (does /linux/seccomp allow what a start needs?)"
	                                            : "";

	return refuse(ECHILD, "the container's process was killed by signal %d during creation%s", info.si_status, why);
}

bool report_hooks_before_start(const struct spec *spec)
{
	return spec->hooks[HOOK_PRESTART].count > 0 || spec->hooks[HOOK_CREATE_RUNTIME].count > 0 ||
	       spec->hooks[HOOK_CREATE_CONTAINER].count > 0;
}
