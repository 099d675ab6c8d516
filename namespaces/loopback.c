#include "namespaces/namespaces.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int ns_loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	/* Any socket does for interface requests, also on a kernel without IPv4. */
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(errno, "create a socket");
	return ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? fail(errno, "bring the loopback device up") : 0;
}
