/*
 * The host's side of a terminal: what arrives at the engine's socket; what the relay moves, loses never, and restores
 * always.
 */
#include "runtime/terminal.h"

#include "base/sys.h"
#include "child.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

struct pty {
	int master, slave;
};

static struct pty open_pty(void)
{
	struct pty pty = { .master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) };

	require(pty.master >= 0 && grantpt(pty.master) == 0 && unlockpt(pty.master) == 0);
	pty.slave = open(ptsname(pty.master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	require(pty.slave >= 0);
	return pty;
}

static bool same_settings(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag && a->c_lflag == b->c_lflag &&
	       a->c_cc[VINTR] == b->c_cc[VINTR] && a->c_cc[VMIN] == b->c_cc[VMIN];
}

static void make_raw(int fd)
{
	struct termios settings;

	require(tcgetattr(fd, &settings) == 0);
	cfmakeraw(&settings);
	require(tcsetattr(fd, TCSANOW, &settings) == 0);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Relay until the container's side is closed (0), or ms are over (1). */
static int relay(struct terminal *terminal, int ms)
{
	int64_t end = now_ms() + ms;

	while (now_ms() < end) {
		struct pollfd fds[TERMINAL_POLL_MAX];
		int count = terminal_poll(terminal, fds);

		require(count <= TERMINAL_POLL_MAX);
		/* That nobody has the container's side open is no event: whoever waits looks now and then. */
		require(poll(fds, (nfds_t)count, ms < 20 ? ms : 20) >= 0);
		int r = terminal_step(terminal, fds, count);

		require(r >= 0);
		if (r == 0)
			return 0;
	}
	return 1;
}

static struct terminal *start(int input, int output, int master)
{
	struct terminal *terminal;

	require(dup2(input, 0) == 0 && dup2(output, 1) == 1);
	require(terminal_start(&terminal, master) == 0);
	return terminal;
}

static size_t read_for(int fd, char *buffer, size_t size, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t used = 0;

	while (used < size && poll(&p, 1, ms) > 0) {
		ssize_t n = read(fd, buffer + used, size - used);

		if (n <= 0)
			break;
		used += (size_t)n;
	}
	return used;
}

/* Relay until that much has come out of fd; false when it does not within a minute. */
static bool relay_to(struct terminal *terminal, int fd, char *buffer, size_t size)
{
	int64_t end = now_ms() + 60000;
	size_t used = 0;

	while ((used += read_for(fd, buffer + used, size - used, 0)) < size && now_ms() < end)
		require(relay(terminal, 20) >= 0);
	return used == size;
}

/* --- the relay ---------------------------------------------------------------------------------------------------------- */

static void settings_are_raw_and_come_back(const void *unused)
{
	struct pty user = open_pty(), container = open_pty();
	struct winsize size = { .ws_row = 33, .ws_col = 101 }, seen;
	struct termios before, during, after;

	(void)unused;
	require(ioctl(user.slave, TIOCSWINSZ, &size) == 0 && tcgetattr(user.slave, &before) == 0);
	struct terminal *terminal = start(user.slave, user.slave, container.master);

	terminal_fit(container.master);
	require(tcgetattr(user.slave, &during) == 0 && !(during.c_lflag & (ICANON | ECHO | ISIG)) && before.c_lflag & ICANON);
	require(ioctl(container.slave, TIOCGWINSZ, &seen) == 0 && seen.ws_row == 33 && seen.ws_col == 101);
	size.ws_row = 44;
	require(ioctl(user.slave, TIOCSWINSZ, &size) == 0);
	terminal_resize(terminal);
	require(ioctl(container.slave, TIOCGWINSZ, &seen) == 0 && seen.ws_row == 44);
	terminal_stop(terminal);
	require(tcgetattr(user.slave, &after) == 0 && same_settings(&before, &after));
	/* The master was given away, and is closed. */
	require(fcntl(container.master, F_GETFD) < 0);
}

static void both_ways(const void *unused)
{
	struct pty user = open_pty(), container = open_pty();
	char text[64];

	(void)unused;
	make_raw(container.slave);
	struct terminal *terminal = start(user.slave, user.slave, container.master);

	/* ^C is a character for the container, not a signal for us. */
	require(write(user.master, "in\003", 3) == 3 && write(container.slave, "out", 3) == 3);
	require(relay_to(terminal, container.slave, text, 3) && memcmp(text, "in\003", 3) == 0);
	require(relay_to(terminal, user.master, text, 3) && memcmp(text, "out", 3) == 0);
	require(relay(terminal, 20) == 1);
	require(read_for(container.slave, text, sizeof text, 0) == 0 && read_for(user.master, text, sizeof text, 0) == 0);
	terminal_stop(terminal);
}

/* The container writes much, and is gone before anything was read. */
static void nothing_is_lost_at_the_end(const void *how)
{
	struct pty container = open_pty();
	int pair[2], count = 0;
	bool step = *(const char *)how == 's';

	require(pipe2(pair, O_CLOEXEC) == 0);
	make_raw(container.slave);
	pid_t writer = fork();

	if (writer == 0) {
		char line[64];

		for (int i = 0; i < (step ? 40000 : 50); i++) {
			int n = snprintf(line, sizeof line, "%08d %050d\n", i, i);

			require(write_all(container.slave, line, (size_t)n) == 0);
		}
		_exit(0);
	}
	pid_t reader = fork();

	if (reader == 0) {
		FILE *file = fdopen(pair[0], "r");
		char line[128];

		close(pair[1]);
		close(container.master);
		close(container.slave);
		while (fgets(line, sizeof line, file)) {
			require(atoi(line) == count++ && strlen(line) == 60);
			if (count % 1000 == 0)
				usleep(1000);
		}
		_exit(count == (step ? 40000 : 50) ? 0 : 1);
	}
	close(container.slave);
	close(pair[0]);
	struct terminal *terminal = start(open("/dev/null", O_RDONLY | O_CLOEXEC), pair[1], container.master);
	int status;

	if (step)
		require(relay(terminal, 600000) == 0);
	require(waitpid(writer, &status, 0) == writer && status == 0);
	terminal_stop(terminal);
	close(pair[1]);
	close(1);
	require(waitpid(reader, &status, 0) == reader && status == 0);
}

static void end_of_input_ends_the_input_only(const void *unused)
{
	struct pty container = open_pty();
	int input[2], output[2];
	char text[64];

	(void)unused;
	require(pipe2(input, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0);
	make_raw(container.slave);
	require(write(input[1], "last", 4) == 4);
	close(input[1]);
	struct terminal *terminal = start(input[0], output[1], container.master);

	require(relay_to(terminal, container.slave, text, 4));
	clock_t before = clock();

	require(relay(terminal, 300) == 1);
	/* And it is not asked again and again. */
	require(clock() - before < CLOCKS_PER_SEC / 10);
	require(write(container.slave, "still here", 10) == 10);
	require(relay_to(terminal, output[0], text, 10));
	close(container.slave);
	require(relay(terminal, 60000) == 0);
	terminal_stop(terminal);
}

/* As systemd does with its console: between two writers nobody has it open. */
static void closed_and_opened_again(const void *unused)
{
	struct pty container = open_pty();
	int output[2];
	char text[64];

	(void)unused;
	require(pipe2(output, O_CLOEXEC) == 0);
	struct terminal *terminal = start(open("/dev/null", O_RDONLY | O_CLOEXEC), output[1], container.master);

	for (int i = 0; i < 3; i++) {
		close(container.slave);
		require(relay(terminal, 60000) == 0);
		container.slave = ioctl(container.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
		require(container.slave >= 0);
		require(write(container.slave, "again", 5) == 5);
		require(relay_to(terminal, output[0], text, 5));
	}
	clock_t before = clock();

	close(container.slave);
	for (int i = 0; i < 30; i++) {
		struct pollfd fds[TERMINAL_POLL_MAX];
		int count = terminal_poll(terminal, fds);

		require(poll(fds, (nfds_t)count, 10) >= 0 && terminal_step(terminal, fds, count) == 0);
	}
	require(clock() - before < CLOCKS_PER_SEC / 10);
	terminal_stop(terminal);
}

/* A container that does not read, then does. */
static void input_waits_for_the_container(const void *unused)
{
	struct pty container = open_pty();
	int input[2], status;
	pid_t writer;

	(void)unused;
	require(pipe2(input, O_CLOEXEC) == 0);
	make_raw(container.slave);
	writer = fork();
	if (writer == 0) {
		char *data = malloc(MIB);

		for (size_t i = 0; i < MIB; i++)
			data[i] = (char)(i % 251);
		require(write_all(input[1], data, MIB) == 0);
		_exit(0);
	}
	close(input[1]);
	struct terminal *terminal = start(input[0], open("/dev/null", O_WRONLY | O_CLOEXEC), container.master);

	require(relay(terminal, 200) == 1);
	require(waitpid(writer, &status, WNOHANG) == 0);
	pid_t reader = fork();

	if (reader == 0) {
		char *data = malloc(MIB);

		close(container.master);
		require(read_for(container.slave, data, MIB, 60000) == MIB);
		for (size_t i = 0; i < MIB; i++)
			require(data[i] == (char)(i % 251));
		_exit(0);
	}
	close(container.slave);
	require(relay(terminal, 600000) == 0);
	require(waitpid(reader, &status, 0) == reader && status == 0);
	require(waitpid(writer, &status, 0) == writer && status == 0);
	terminal_stop(terminal);
}

/* Who read our output is gone: no SIGPIPE, and the container is not held up. */
static void output_without_a_reader(const void *unused)
{
	struct pty container = open_pty();
	int output[2], status;

	(void)unused;
	require(pipe2(output, O_CLOEXEC) == 0);
	make_raw(container.slave);
	struct terminal *terminal = start(open("/dev/null", O_RDONLY | O_CLOEXEC), output[1], container.master);

	close(output[0]);
	pid_t writer = fork();

	if (writer == 0) {
		char block[4096] = { 0 };

		for (int i = 0; i < 100; i++)
			require(write_all(container.slave, block, sizeof block) == 0);
		_exit(0);
	}
	close(container.slave);
	require(relay(terminal, 600000) == 0);
	require(waitpid(writer, &status, 0) == writer && status == 0);
	terminal_stop(terminal);
}

/* A process that holds the terminal open after the workload's end does not keep us. */
static void stop_does_not_wait_for_survivors(const void *unused)
{
	struct pty container = open_pty();
	char text[64];
	int output[2];

	(void)unused;
	require(pipe2(output, O_CLOEXEC) == 0);
	struct terminal *terminal = start(open("/dev/null", O_RDONLY | O_CLOEXEC), output[1], container.master);

	require(write(container.slave, "tail", 4) == 4);
	/* Or else it would not come back. */
	terminal_stop(terminal);
	require(read_for(output[0], text, sizeof text, 100) == 4);
}

/* A job in the background of its terminal gets the settings back too, instead of being stopped by SIGTTOU. */
static void restores_from_the_background(const void *unused)
{
	struct pty user = open_pty(), container = open_pty();
	struct termios before, after;
	int status, ready[2];
	char byte;

	(void)unused;
	require(setsid() >= 0 && ioctl(user.slave, TIOCSCTTY, 0) == 0 && tcgetattr(user.slave, &before) == 0);
	require(pipe2(ready, O_CLOEXEC) == 0);
	pid_t pid = fork();

	if (pid == 0) {
		struct terminal *terminal = start(user.slave, user.slave, container.master);

		require(setpgid(0, 0) == 0 && write(ready[1], "r", 1) == 1);
		terminal_stop(terminal);
		_exit(0);
	}
	require(read(ready[0], &byte, 1) == 1);
	require(waitpid(pid, &status, WUNTRACED) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	require(tcgetattr(user.slave, &after) == 0 && same_settings(&before, &after));
}

static pid_t only_child(void)
{
	char path[64], text[64];

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	require(read_text_at(AT_FDCWD, path, text, sizeof text) > 0 && atoi(text) > 0);
	return atoi(text);
}

/* Killed, we leave the settings as they were: also with everyone of our process group, in the foreground of the terminal. */
static void restored_after_sigkill(const void *unused)
{
	struct pty user = open_pty(), container = open_pty();
	struct termios before, now;
	int status;

	(void)unused;
	require(setsid() >= 0 && ioctl(user.slave, TIOCSCTTY, 0) == 0 && tcgetattr(user.slave, &before) == 0);
	pid_t pid = fork();

	if (pid == 0) {
		require(setpgid(0, 0) == 0);
		start(user.slave, user.slave, container.master);
		/* The guard leaves our process group. */
		while (getpgid(only_child()) == getpgrp())
			usleep(1000);
		kill(0, SIGKILL);
	}
	require(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	for (int i = 0; i < 6000; i++) {
		require(tcgetattr(user.slave, &now) == 0);
		if (same_settings(&before, &now))
			return;
		usleep(10000);
	}
	require(false);
}

/* Nothing of the guard is left: no process, no descriptor. */
static void guard_leaves_nothing(const void *unused)
{
	struct pty user = open_pty(), container = open_pty();
	int free_before = dup(0), free_after;

	(void)unused;
	close(free_before);
	require(dup2(user.slave, 0) == 0 && dup2(user.slave, 1) == 1);
	struct terminal *terminal = start(user.slave, user.slave, dup(container.master));

	require(waitpid(-1, NULL, WNOHANG | __WALL) == 0);
	terminal_stop(terminal);
	require(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
	free_after = dup(0);
	require(free_after == free_before);
}

static void master_that_is_none(const void *unused)
{
	struct terminal *terminal;

	(void)unused;
	require(terminal_start(&terminal, -1) == -EBADF);
}

/* --- the engine's socket ------------------------------------------------------------------------------------------------ */

static void receive_master(int listener, const char *name)
{
	_cleanup_fd_ int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC), master = -1;
	char text[128];
	ssize_t n = recv_with_fd(socket, text, sizeof text, &master);

	require(n == (ssize_t)strlen(name) && memcmp(text, name, (size_t)n) == 0);
	require(master >= 0 && isatty(master));
	require(recv(socket, text, 1, 0) == 0);
}

static void socket_of_any_length(const void *unused)
{
	char directory[300] = "/tmp/test_terminal.XXXXXX", path[400];
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "console.sock" };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pty pty = open_pty();
	size_t length;

	(void)unused;
	require(mkdtemp(directory));
	length = strlen(directory);
	memset(directory + length, 'x', 150);
	directory[length] = '/';
	require(mkdir(directory, 0700) == 0 && chdir(directory) == 0);
	require(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 4) == 0);
	snprintf(path, sizeof path, "%s/console.sock", directory);
	require(terminal_send_master(path, pty.master, "/dev/pts/0") == 0);
	receive_master(listener, "/dev/pts/0");
	require(terminal_send_master("console.sock", pty.master, "x") == 0);
	receive_master(listener, "x");
	close(listener);
	require(terminal_send_master(path, pty.master, "x") == -ECONNREFUSED);
	require(strstr(error_record()->text, "connect to the console socket /tmp/test_terminal."));
	require(unlink(path) == 0);
	require(terminal_send_master(path, pty.master, "x") == -ENOENT);
	require(terminal_send_master("console.sock", pty.master, "x") == -ENOENT);
	require(terminal_send_master("", pty.master, "x") == -EINVAL);
	require(terminal_send_master("/etc/passwd", pty.master, "x") == -ECONNREFUSED);
	require(rmdir(directory) == 0);
	directory[length] = 0;
	require(rmdir(directory) == 0);
}

#define CHILD_TEST(name, argument)                           \
	static void test_##name(void **state)                \
	{                                                    \
		(void)state;                                 \
		assert_true(child_succeeds(name, argument)); \
	}
CHILD_TEST(settings_are_raw_and_come_back, NULL)
CHILD_TEST(both_ways, NULL)
CHILD_TEST(end_of_input_ends_the_input_only, NULL)
CHILD_TEST(closed_and_opened_again, NULL)
CHILD_TEST(input_waits_for_the_container, NULL)
CHILD_TEST(output_without_a_reader, NULL)
CHILD_TEST(stop_does_not_wait_for_survivors, NULL)
CHILD_TEST(restores_from_the_background, NULL)
CHILD_TEST(restored_after_sigkill, NULL)
CHILD_TEST(guard_leaves_nothing, NULL)
CHILD_TEST(master_that_is_none, NULL)
CHILD_TEST(socket_of_any_length, NULL)

static void test_nothing_is_lost_at_the_end(void **state)
{
	(void)state;
	assert_true(child_succeeds(nothing_is_lost_at_the_end, "step"));
	assert_true(child_succeeds(nothing_is_lost_at_the_end, "in stop alone"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings_are_raw_and_come_back),
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_nothing_is_lost_at_the_end),
		cmocka_unit_test(test_end_of_input_ends_the_input_only),
		cmocka_unit_test(test_closed_and_opened_again),
		cmocka_unit_test(test_input_waits_for_the_container),
		cmocka_unit_test(test_output_without_a_reader),
		cmocka_unit_test(test_stop_does_not_wait_for_survivors),
		cmocka_unit_test(test_restores_from_the_background),
		cmocka_unit_test(test_restored_after_sigkill),
		cmocka_unit_test(test_guard_leaves_nothing),
		cmocka_unit_test(test_master_that_is_none),
		cmocka_unit_test(test_socket_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
