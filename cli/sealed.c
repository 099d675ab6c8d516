#include "cli/sealed.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "base/trace.h"
#include "cli/start.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Without the flag a host with vm.memfd_noexec=1 makes files that cannot be executed; before Linux 6.3 the flag is unknown. */
static int make_memory_file(void)
{
	int fd = memfd_create("berth", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("berth", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 && errno == EACCES)
		return refuse(EACCES, "cannot copy this program to memory, where containers cannot change it: the sysctl "
		                      "vm.memfd_noexec=2 forbids it (1 is fine)");
	return fd < 0 ? fail(errno, "copy this program to memory") : fd;
}

static int copy(int from, int to)
{
	struct stat st;

	if (fstat(from, &st) < 0)
		return fail(errno, "/proc/self/exe");
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(n < 0 ? errno : EIO, "copy this program to memory");
		left -= n;
	}
	return 0;
}

static int seal(int fd)
{
	/* Linux 6.3: also its permission to be executed is fixed. */
	if (fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_EXEC) < 0 && errno == EINVAL && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return fail(errno, "seal the copy of this program");
	int seals = fcntl(fd, F_GET_SEALS);

	return seals < 0 || (seals & SEALS) != SEALS ? refuse(EPERM, "the copy of this program could not be sealed") : 0;
}

int sealed_ensure(char **argv, int *late_close)
{
	const int view = start_view();

	if (view >= 0) {
		*late_close = view;
		return 0;
	}
	_cleanup_fd_ int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (self < 0)
		return fail(errno, "open /proc/self/exe");
	int seals = fcntl(self, F_GET_SEALS);

	if (seals >= 0 && (seals & SEALS) == SEALS) {
		/* Executed by descriptor, the process is named after it. */
		prctl(PR_SET_NAME, "berth");
		return 0;
	}
	trace_begin("seal");
	_cleanup_fd_ int memory = make_memory_file();
	int r;

	if (memory < 0)
		return memory;
	if ((r = copy(self, memory)) < 0 || (r = seal(memory)) < 0)
		return r;
	trace_end_all();
	syscall(SYS_execveat, memory, "", argv, environ, AT_EMPTY_PATH);
	return fail(errno, "execute the copy of this program in memory");
}
