#include "runtime/notify.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define DIRECTORY "notify"
#define SOCKET "notify.sock"
#define MOUNT_POINT "/run/notify"
#define VARIABLE "NOTIFY_SOCKET="
#define BARRIER_MS 5000
#define SEND_SECONDS 5
#define AT_ONCE 16

/* --- create ------------------------------------------------------------------------------------------------------------------ */

static void add_mount(struct spec *spec, char *source)
{
	static const char *const options[] = { "bind", "ro", "nosuid", "nodev", "noexec" };
	const size_t count = sizeof options / sizeof *options;
	struct spec_mount *mounts = arena_array(&spec->arena, spec->mount_count + 1, sizeof *mounts);
	struct spec_mount *ours = mounts + spec->mount_count;

	if (spec->mount_count)
		memcpy(mounts, spec->mounts, spec->mount_count * sizeof *mounts);
	ours->destination = arena_strdup(&spec->arena, MOUNT_POINT);
	ours->source = source;
	ours->options = (struct strings){ true, count, arena_array(&spec->arena, count + 1, sizeof(char *)) };
	for (size_t i = 0; i < count; i++)
		ours->options.items[i] = arena_strdup(&spec->arena, options[i]);
	spec->mounts = mounts;
	spec->mount_count++;
}

/* In place of one that the configuration has. */
static void set_variable(struct spec *spec)
{
	const struct strings *old = &spec->process.env;
	struct strings new = { true, 0, arena_array(&spec->arena, old->count + 2, sizeof(char *)) };

	for (size_t i = 0; i < old->count; i++)
		if (strncmp(old->items[i], VARIABLE, strlen(VARIABLE)) != 0)
			new.items[new.count++] = old->items[i];
	new.items[new.count++] = arena_strdup(&spec->arena, VARIABLE MOUNT_POINT "/" SOCKET);
	spec->process.env = new;
}

int notify_prepare(struct spec *spec, int store, const char *root, const char *id)
{
	if (mkdirat(store, DIRECTORY, 0700) < 0 || fchmodat(store, DIRECTORY, 0755, 0) < 0)
		return fail(errno, "make the directory of the container's notify socket");
	add_mount(spec, arena_printf(&spec->arena, "%s/%s/" DIRECTORY, root, id));
	set_variable(spec);
	return 0;
}

/* --- the sockets ------------------------------------------------------------------------------------------------------------- */

static int bind_socket(int store)
{
	_cleanup_fd_ int dir = openat(store, DIRECTORY, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (dir < 0)
		return fail(errno, "NOTIFY_SOCKET: the container was created without one");
	snprintf(address.sun_path, sizeof address.sun_path, "%s/" SOCKET, fd_path(dir).text);
	/* Whoever runs in the container may write to it. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || fchmodat(dir, SOCKET, 0666, 0) < 0)
		return fail(errno, "make the container's notify socket");
	return steal_fd(&fd);
}

int notify_listen(struct notify *notify, int store, const char *path)
{
	*notify = NOTIFY_NONE;
	if (!path)
		return 0;
	notify->socket = bind_socket(store);
	if (notify->socket < 0)
		return notify->socket;
	notify->manager = connect_datagrams(path, SEND_SECONDS);
	return notify->manager < 0 ? fail(-notify->manager, "NOTIFY_SOCKET: connect to %s", path) : 0;
}

void notify_close(struct notify *notify)
{
	close_fd(&notify->socket);
	close_fd(&notify->manager);
}

/* --- handing on -------------------------------------------------------------------------------------------------------------- */

/* What concerns the service alone, and no process or descriptor of the host. */
static bool may_pass(const char *line)
{
	static const char *const names[] = { "READY=1", "RELOADING=1", "STOPPING=1", "STATUS=", "ERRNO=", "WATCHDOG=1",
		                             "MONOTONIC_USEC=", "EXTEND_TIMEOUT_USEC=" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t length = strlen(names[i]);

		if (strncmp(line, names[i], length) == 0 && (names[i][length - 1] == '=' || line[length] == 0))
			return true;
	}
	return false;
}

/*
 * Until the manager has read all that was sent: it knows its unit by the sender, who must not be gone. It closes the descriptor that comes
 * with BARRIER when it gets there; one that knows no barrier closes it at once.
 */
static void wait_for_manager(int manager)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	bool sent = send_with_fd(manager, "BARRIER=1", strlen("BARRIER=1"), ends[1]) >= 0;

	close_fd(&ends[1]);
	struct pollfd end = { .fd = ends[0], .events = POLLIN };

	while (sent && poll(&end, 1, BARRIER_MS) < 0 && errno == EINTR)
		;
	close_fd(&ends[0]);
}

/* One that is too long, or comes with more than a descriptor, says nothing: who sends it is not to keep us from what others say. */
static int take_one(const struct notify *notify, char *text, size_t size, ssize_t *length)
{
	int descriptor = -1;

	*length = recv_with_fd(notify->socket, text, size - 1, &descriptor);
	close_fd(&descriptor);
	if (*length == -EMSGSIZE)
		*length = 0;
	if (*length < 0)
		return (int)*length;
	text[*length] = 0;
	return 0;
}

static int pass(const struct notify *notify, char *text, pid_t pid)
{
	char *save = NULL, out[4096];
	size_t used = 0;
	int ready = 0;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t length = strlen(line);

		/* Room for the line below, which belongs to READY. */
		if (!may_pass(line) || used + length + 32 > sizeof out)
			continue;
		used += (size_t)snprintf(out + used, sizeof out - used, "%s\n", line);
		if (strcmp(line, "READY=1") == 0 && !ready) {
			ready = 1;
			used += (size_t)snprintf(out + used, sizeof out - used, "MAINPID=%d\n", (int)pid);
		}
	}
	int r = used ? send_with_fd(notify->manager, out, used, -1) : 0;

	if (r < 0)
		return fail(-r, "NOTIFY_SOCKET: tell the service manager");
	if (ready)
		wait_for_manager(notify->manager);
	return ready;
}

int notify_take(const struct notify *notify, pid_t pid)
{
	char text[4096];
	ssize_t length;
	int ready = 0;

	/* One who never stops must not keep us from what else there is to do. */
	for (int i = 0; i < AT_ONCE; i++) {
		int r = take_one(notify, text, sizeof text, &length);

		if (r == -EAGAIN)
			return ready;
		if (r < 0)
			return fail(-r, "read from the container's notify socket");
		r = pass(notify, text, pid);
		if (r < 0)
			return r;
		ready |= r;
	}
	return ready;
}

void notify_wait(const struct notify *notify, const struct pidref *init)
{
	bool ended = false;
	int r = 0;

	while (r == 0 && !ended && notify->socket >= 0) {
		struct pollfd fds[] = { { .fd = notify->socket, .events = POLLIN }, { .fd = init->fd, .events = POLLIN } };

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			r = fail(errno, "wait for the container's notification");
		else
			r = notify_take(notify, init->pid);
		ended = fds[1].revents;
	}
	if (r < 0)
		log_warning("%s", error_record()->text);
}
