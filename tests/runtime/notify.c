/*
 * notify [--fds N | --times N]... MESSAGE: says it at $NOTIFY_SOCKET (sd_notify(3)), with standard input N times as descriptors beside
 * it, N times.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define DESCRIPTORS 16

int main(int argc, char **argv)
{
	int count = 0, times = 1, none[DESCRIPTORS] = { 0 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	struct iovec iov = { .iov_base = argv[argc - 1], .iov_len = strlen(argv[argc - 1]) };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof none)];
	} control = { .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &iov, .msg_iovlen = 1 };

	for (int i = 1; i + 2 < argc; i += 2)
		*(strcmp(argv[i], "--fds") == 0 ? &count : &times) = atoi(argv[i + 1]);
	if (!path || strlen(path) >= sizeof address.sun_path || count > DESCRIPTORS)
		return 1;
	strcpy(address.sun_path, path);
	control.header.cmsg_len = CMSG_LEN((size_t)count * sizeof *none);
	memcpy(CMSG_DATA(&control.header), none, sizeof none);
	if (count > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE((size_t)count * sizeof *none);
	}
	for (int client = socket(AF_UNIX, SOCK_DGRAM, 0); times > 0; times--)
		if (sendmsg(client, &message, 0) < 0) {
			perror("notify");
			return 1;
		}
	return 0;
}
