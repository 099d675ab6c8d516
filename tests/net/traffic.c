/*
 * Traffic between two network namespaces, and how fast it arrives.
 *
 *   traffic sink [-u] [-6] PORT SETTLE SECONDS      takes what comes; SETTLE seconds after the first byte it begins to count, and
 *                                                   after SECONDS more it prints the bits of payload a second, and ends
 *   traffic pour [-6] ADDRESS PORT STREAMS SECONDS  sends on so many TCP connections at once as fast as they take it
 *   traffic pour -u RATE [-6] ADDRESS PORT STREAMS SECONDS  UDP datagrams of 1200 bytes, RATE bits a second in all
 *   traffic pour -c ALGORITHM …                     with this congestion control
 *   traffic pour -p RATE …                          with SO_MAX_PACING_RATE (bits a second) set again before every write
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_STREAMS 64
#define DATAGRAM 1200

struct options {
	bool udp, ipv6;
	double udp_rate, pacing_rate;
	const char *congestion_control;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static socklen_t make_address(struct sockaddr_storage *storage, const struct options *options, const char *host, const char *port)
{
	uint16_t number = htons((uint16_t)atoi(port));

	memset(storage, 0, sizeof *storage);
	if (options->ipv6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = number;
		if (host && inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
			die(host);
		return sizeof *in6;
	}
	struct sockaddr_in *in = (struct sockaddr_in *)storage;

	in->sin_family = AF_INET;
	in->sin_port = number;
	if (host && inet_pton(AF_INET, host, &in->sin_addr) != 1)
		die(host);
	return sizeof *in;
}

static int make_socket(const struct options *options)
{
	int fd = socket(options->ipv6 ? AF_INET6 : AF_INET, options->udp ? SOCK_DGRAM : SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	if (options->congestion_control &&
	    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, options->congestion_control, (socklen_t)strlen(options->congestion_control)) < 0)
		die(options->congestion_control);
	return fd;
}

/* --- sink ----------------------------------------------------------------------------------------------------------------- */

static size_t drain(int fd)
{
	static char buffer[1 << 18];
	size_t total = 0;
	ssize_t n;

	while (total < sizeof buffer * 4 && (n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
		total += (size_t)n;
	return total;
}

static int sink(const struct options *options, const char *port, double settle, double seconds)
{
	struct pollfd fds[MAX_STREAMS + 1] = { { .fd = make_socket(options), .events = POLLIN } };
	nfds_t count = 1;
	struct sockaddr_storage address;
	socklen_t length = make_address(&address, options, NULL, port);
	int one = 1;
	double first = 0, begin = 0, t = now(), give_up = t + 60 + settle + seconds;
	uint64_t bytes = 0;

	setsockopt(fds[0].fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fds[0].fd, (struct sockaddr *)&address, length) < 0)
		die("bind");
	if (!options->udp && listen(fds[0].fd, MAX_STREAMS) < 0)
		die("listen");
	for (; t < give_up; t = now()) {
		size_t got = 0;

		if (poll(fds, count, 100) < 0)
			die("poll");
		if (options->udp) {
			got = drain(fds[0].fd);
		} else if (fds[0].revents & POLLIN && count <= MAX_STREAMS) {
			int fd = accept(fds[0].fd, NULL, NULL);

			if (fd >= 0)
				fds[count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		}
		for (nfds_t i = 1; i < count; i++)
			if (fds[i].revents)
				got += drain(fds[i].fd);
		t = now();
		if (first == 0 && got > 0)
			first = t;
		if (begin > 0)
			bytes += got;
		if (begin == 0 && first > 0 && t >= first + settle)
			begin = t;
		if (begin > 0 && t >= begin + seconds) {
			printf("%.0f\n", (double)bytes * 8 / (t - begin));
			return 0;
		}
	}
	fprintf(stderr, "sink: %s\n", first > 0 ? "it took too long" : "nothing came");
	return 1;
}

/* --- pour ----------------------------------------------------------------------------------------------------------------- */

static void pour_stream(int fd, const struct options *options)
{
	static const char buffer[1 << 17];

	if (options->pacing_rate > 0) {
		uint64_t rate = (uint64_t)(options->pacing_rate / 8);

		if (setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate) < 0)
			die("SO_MAX_PACING_RATE");
	}
	if (send(fd, buffer, sizeof buffer, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN && errno != EPIPE && errno != ECONNRESET)
		die("send");
}

static void pour_tcp(struct pollfd *fds, nfds_t count, const struct options *options, double end)
{
	while (now() < end) {
		if (poll(fds, count, 100) < 0)
			die("poll");
		for (nfds_t i = 0; i < count; i++) {
			if (fds[i].revents & POLLOUT)
				pour_stream(fds[i].fd, options);
			if (fds[i].revents & (POLLERR | POLLHUP))
				return;  /* the sink has what it wanted */
		}
	}
}

static void pour_udp(struct pollfd *fds, nfds_t count, const struct options *options, double end)
{
	static const char buffer[DATAGRAM];
	double begin = now(), t;
	uint64_t sent = 0;

	/* All that is due by the end, however late we come to it. */
	do {
		t = now();
		if (t > end)
			t = end;
		while ((double)sent * DATAGRAM * 8 < (t - begin) * options->udp_rate) {
			send(fds[sent % count].fd, buffer, sizeof buffer, MSG_DONTWAIT);
			sent++;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
	} while (t < end);
}

/* The sink may not be there yet. */
static void connect_soon(int fd, const struct sockaddr_storage *address, socklen_t length)
{
	double give_up = now() + 20;

	while (connect(fd, (const struct sockaddr *)address, length) < 0) {
		if (errno != ECONNREFUSED || now() > give_up)
			die("connect");
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
}

static int pour(const struct options *options, char **args)
{
	struct sockaddr_storage address;
	socklen_t length = make_address(&address, options, args[0], args[1]);
	struct pollfd fds[MAX_STREAMS];
	nfds_t count = (nfds_t)atoi(args[2]);

	if (count < 1 || count > MAX_STREAMS)
		die("number of streams");
	for (nfds_t i = 0; i < count; i++) {
		fds[i] = (struct pollfd){ .fd = make_socket(options), .events = POLLOUT };
		connect_soon(fds[i].fd, &address, length);
	}
	double end = now() + atof(args[3]);

	(options->udp ? pour_udp : pour_tcp)(fds, count, options, end);
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	bool is_sink = argc > 1 && strcmp(argv[1], "sink") == 0, is_pour = argc > 1 && strcmp(argv[1], "pour") == 0;
	int option;

	if (!is_sink && !is_pour) {
		fprintf(stderr, "traffic: sink or pour?\n");
		return 2;
	}
	argc--;
	argv++;
	while ((option = getopt(argc, argv, is_sink ? "+u6" : "+u:p:c:6")) != -1) {
		switch (option) {
		case 'u':
			options.udp = true;
			options.udp_rate = is_pour ? atof(optarg) : 0;
			break;
		case 'p':
			options.pacing_rate = atof(optarg);
			break;
		case 'c':
			options.congestion_control = optarg;
			break;
		case '6':
			options.ipv6 = true;
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != (is_sink ? 3 : 4)) {
		fprintf(stderr, "traffic: wrong number of arguments\n");
		return 2;
	}
	return is_sink ? sink(&options, argv[optind], atof(argv[optind + 1]), atof(argv[optind + 2])) : pour(&options, argv + optind);
}
