/* The task that makes a network namespace: what comes of it, as the kernel shows it. */
#include "namespaces/newnet.h"

#include "base/error.h"
#include "base/sys.h"
#include "child.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static ino_t own_network(void)
{
	struct stat st;

	require(stat("/proc/thread-self/ns/net", &st) == 0);
	return st.st_ino;
}

static short loopback_flags(void)
{
	struct ifreq lo = { .ifr_name = "lo" };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	require(fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &lo) == 0);
	return lo.ifr_flags;
}

static void make_and_look(const void *unused)
{
	struct newnet newnet;
	ino_t before = own_network();
	int pair[2];
	cpu_set_t processors, after;

	(void)unused;
	require(sched_getaffinity(0, sizeof processors, &processors) == 0);
	require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	require(newnet_begin(&newnet, pair[0], "here", 4));
	_cleanup_fd_ int fd = newnet_end(&newnet), sent = -1;
	struct stat st, theirs;
	char message[8];

	require(fd >= 0 && fstat(fd, &st) == 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
	require(recv_with_fd(pair[1], message, sizeof message, &sent) == 4 && memcmp(message, "here", 4) == 0);
	require(sent >= 0 && fstat(sent, &theirs) == 0 && theirs.st_ino == st.st_ino && theirs.st_dev == st.st_dev);
	require(sched_getaffinity(0, sizeof after, &after) == 0 && CPU_EQUAL(&after, &processors));
	require(own_network() == before && st.st_ino != before);
	require(sys_setns(fd, CLONE_NEWNET) == 0);
	require(own_network() == st.st_ino);
	require((loopback_flags() & IFF_UP) != 0);
}

static void a_new_one_comes_with_its_loopback_up(void **state)
{
	(void)state;
	assert_true(child_succeeds(make_and_look, NULL));
}

static void enter_and_look(const void *unused)
{
	ino_t before = own_network();

	(void)unused;
	require(newnet_enter() == 0);
	require(own_network() != before);
	require((loopback_flags() & IFF_UP) != 0);
}

static void one_can_be_entered_at_once(void **state)
{
	(void)state;
	assert_true(child_succeeds(enter_and_look, NULL));
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Also when nobody listens any more. */
static void make_and_cancel(const void *unused)
{
	struct newnet newnet;
	int pair[2];

	(void)unused;
	require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	close(pair[1]);
	int before = count_descriptors();

	require(newnet_begin(&newnet, pair[0], "here", 4));
	newnet_cancel(&newnet);
	require(count_descriptors() == before);
	newnet_cancel(&newnet);
	/* No child is left behind either. */
	require(waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD);
}

static void what_is_cancelled_leaves_nothing(void **state)
{
	(void)state;
	assert_true(child_succeeds(make_and_cancel, NULL));
}

static void make_too_many(const void *unused)
{
	struct newnet newnet;
	char message[8];
	int pair[2];

	(void)unused;
	require(unshare(CLONE_NEWUSER) == 0);
	_cleanup_fd_ int limit = open("/proc/sys/user/max_net_namespaces", O_WRONLY | O_CLOEXEC);

	require(limit >= 0 && write(limit, "0", 1) == 1);
	require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	require(newnet_begin(&newnet, pair[0], "here", 4));
	require(newnet_end(&newnet) == -ENOSPC);
	require(recv(pair[1], message, sizeof message, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	require(strstr(error_record()->text, "max_net_namespaces"));
	error_record()->text[0] = 0;
	require(newnet_enter() == -ENOSPC);
	require(strstr(error_record()->text, "max_net_namespaces"));
}

static void the_limit_is_named(void **state)
{
	(void)state;
	assert_true(child_succeeds(make_too_many, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_one_comes_with_its_loopback_up),
		cmocka_unit_test(one_can_be_entered_at_once),
		cmocka_unit_test(what_is_cancelled_leaves_nothing),
		cmocka_unit_test(the_limit_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
