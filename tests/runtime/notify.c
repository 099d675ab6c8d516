/* notify [--fd] MESSAGE: says it at $NOTIFY_SOCKET, with the descriptor of standard input beside it if asked to (sd_notify(3)). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	int with_fd = argc > 2, number = 0;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	struct iovec iov = { .iov_base = argv[argc - 1], .iov_len = strlen(argv[argc - 1]) };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &iov, .msg_iovlen = 1 };

	if (!path || strlen(path) >= sizeof address.sun_path)
		return 1;
	strcpy(address.sun_path, path);
	memcpy(CMSG_DATA(&control.header), &number, sizeof number);
	if (with_fd) {
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
	}
	if (sendmsg(socket(AF_UNIX, SOCK_DGRAM, 0), &message, 0) < 0) {
		perror("notify");
		return 1;
	}
	return 0;
}
