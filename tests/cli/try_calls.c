/* Prints what comes of system calls that a container has no business with. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

static void tell(const char *what, long result)
{
	printf("%s: %s\n", what, result >= 0 ? "works" : strerrorname_np(errno));
	fflush(stdout);
}

static long clone_process(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid;
}

int main(void)
{
	char zero[128] = { 0 };

	tell("unshare", syscall(SYS_unshare, CLONE_NEWNS));
	tell("clone of a user namespace", clone_process(CLONE_NEWUSER));
	tell("clone3", syscall(SYS_clone3, zero, 64));
	tell("fork", clone_process(0));
	tell("mount", syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
	tell("keyctl", syscall(SYS_keyctl, 0, -3, 0));
	tell("bpf", syscall(SYS_bpf, 0, zero, sizeof zero));
	tell("perf_event_open", syscall(SYS_perf_event_open, zero, 0, -1, -1, 0));
	tell("io_uring_setup", syscall(SYS_io_uring_setup, 1, zero));
	tell("unknown call", syscall(2000));
	tell("socket AF_UNIX", syscall(SYS_socket, 1, 1, 0));
	tell("socket AF_INET", syscall(SYS_socket, 2, 1, 0));
	tell("socket AF_ALG", syscall(SYS_socket, 38, 5, 0));
	tell("socket AF_VSOCK", syscall(SYS_socket, 40, 1, 0));
	tell("socket AF_VSOCK + 2^32", syscall(SYS_socket, 40 + (1L << 32), 1L, 0L));
	return 0;
}
