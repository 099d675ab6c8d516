#include "runtime/protocol.h"

#include "base/fd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What the child may say, when, and what follows. */
static const struct rule {
	enum msg_type type;
	enum phase from, next;
	bool with_fd;
} rules[] = {
	{ MSG_MAP_ME, PHASE_STAGE, PHASE_STAGE, false },
	{ MSG_BORN, PHASE_STAGE, PHASE_BUILD, false },
	{ MSG_SYSCTL, PHASE_BUILD, PHASE_BUILD, false },
	{ MSG_BUILT, PHASE_BUILD, PHASE_ENTERED, false },
	{ MSG_CONSOLE, PHASE_BUILD, PHASE_CONSOLE, true },
	{ MSG_CONSOLE, PHASE_ENTERED, PHASE_CONSOLE, true },
	{ MSG_HEIR, PHASE_BUILD, PHASE_CONSOLE, false },
	{ MSG_HEIR, PHASE_ENTERED, PHASE_CONSOLE, false },
	{ MSG_HEIR, PHASE_CONSOLE, PHASE_CONSOLE, false },
	{ MSG_LISTENER, PHASE_BUILD, PHASE_CONSOLE, true },
	{ MSG_LISTENER, PHASE_ENTERED, PHASE_CONSOLE, true },
	{ MSG_LISTENER, PHASE_CONSOLE, PHASE_CONSOLE, true },
	{ MSG_LISTENER, PHASE_INSIDE, PHASE_INSIDE, true },
	{ MSG_INSIDE, PHASE_BUILD, PHASE_INSIDE, false },
	{ MSG_INSIDE, PHASE_ENTERED, PHASE_INSIDE, false },
	{ MSG_INSIDE, PHASE_CONSOLE, PHASE_INSIDE, false },
	{ MSG_READY, PHASE_BUILD, PHASE_READY, false },
	{ MSG_READY, PHASE_ENTERED, PHASE_READY, false },
	{ MSG_READY, PHASE_CONSOLE, PHASE_READY, false },
	{ MSG_READY, PHASE_INSIDE, PHASE_READY, false },
};

bool protocol_legal(enum phase phase, uint32_t type, bool with_fd, enum phase *next)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].type == type && rules[i].from == phase && rules[i].with_fd == with_fd) {
			*next = rules[i].next;
			return true;
		}
	return false;
}

int protocol_receive(int socket, enum phase *phase, struct msg *msg, int *fd)
{
	ssize_t n = recv_with_fd(socket, msg, sizeof *msg, fd);

	/* The child closed its end with a message of ours unread; what it has said comes after that. */
	if (n == -ECONNRESET)
		n = recv_with_fd(socket, msg, sizeof *msg, fd);
	if (n == 0)
		return 0;
	if (n < 0)
		return fail((int)-n, "read from the container's process");
	msg->error.text[sizeof msg->error.text - 1] = 0;
	if (n == sizeof *msg && msg->type == MSG_ERROR && msg->error.code > 0 && *fd < 0) {
		*error_record() = msg->error;
		return -msg->error.code;
	}
	if (n != sizeof *msg || !protocol_legal(*phase, msg->type, *fd >= 0, phase)) {
		close_fd(fd);
		return refuse(EPROTO, "the container's process sent message %u in phase %d, which is out of order", msg->type, (int)*phase);
	}
	return 1;
}

int protocol_send(int socket, enum msg_type type, pid_t number, int fd)
{
	struct msg msg = { .type = type, .number = number };

	/* The runtime must not die of SIGPIPE when its child did; the child's seccomp profile may know write(2) only. */
	if (fd >= 0 || type >= MSG_MAPPED)
		return send_with_fd(socket, &msg, sizeof msg, fd);
	return write_all(socket, &msg, sizeof msg);
}

void protocol_send_error(int socket, bool of_start_hook)
{
	struct msg msg = { .type = MSG_ERROR, .number = of_start_hook, .error = *error_record() };

	if (msg.error.code <= 0)
		msg.error.code = EIO;
	(void)write_all(socket, &msg, sizeof msg);
}

static int check_answer(ssize_t n, const struct msg *msg, enum msg_type type)
{
	if (n < 0)
		return fail((int)-n, "read from the runtime");
	if (n == 0)
		return refuse(EPIPE, "the runtime is gone");
	if (n != sizeof *msg || msg->type != type)
		return refuse(EPROTO, "the runtime sent message %u, expected %u", msg->type, type);
	return 0;
}

/* One read(2), which narrow seccomp profiles allow. */
int protocol_expect(int socket, enum msg_type type)
{
	struct msg msg;
	ssize_t n;

	do
		n = read(socket, &msg, sizeof msg);
	while (n < 0 && errno == EINTR);
	return check_answer(n < 0 ? -errno : n, &msg, type);
}

int protocol_expect_fd(int socket, enum msg_type type)
{
	_cleanup_fd_ int fd = -1;
	struct msg msg;
	int r = check_answer(recv_with_fd(socket, &msg, sizeof msg, &fd), &msg, type);

	if (r < 0)
		return r;
	return fd < 0 ? refuse(EPROTO, "the runtime sent message %u without a descriptor", msg.type) : steal_fd(&fd);
}
