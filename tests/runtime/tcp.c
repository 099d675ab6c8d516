/*
 * A conversation over TCP that is kept in memory alone, to see that it survives:
 *
 *	tcp serve PORT [MEGABYTES]     answers each line with a number that counts them, and looks at a page of so much memory each time;
 *	                               listens once the memory is filled
 *	tcp ask ADDRESS PORT FILE      sends a line every 20 ms, and writes the latest answer to FILE; ends when the connection does
 *	tcp both PORT FILE             the two, as two processes, over the loopback
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in address_of(const char *address, const char *port)
{
	struct sockaddr_in where = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port)) };

	if (inet_pton(AF_INET, address, &where.sin_addr) != 1)
		errx(2, "%s is no address", address);
	return where;
}

static int listen_on(const char *port)
{
	struct sockaddr_in where = address_of("0.0.0.0", port);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    bind(listener, (struct sockaddr *)&where, sizeof where) < 0 || listen(listener, 1) < 0)
		err(1, "listen");
	return listener;
}

#define PAGE 4096

/* Every page has what its number says. */
static unsigned char *fill_memory(size_t pages)
{
	unsigned char *memory = malloc(pages * PAGE + 1);

	if (!memory)
		err(1, "malloc");
	for (size_t i = 0; i < pages; i++)
		memset(memory + i * PAGE, (int)(i * 7 & 0xff), PAGE);
	return memory;
}

static void check_page(const unsigned char *memory, size_t page)
{
	for (size_t i = 0; i < PAGE; i++)
		if (memory[page * PAGE + i] != (page * 7 & 0xff))
			errx(1, "page %zu has changed", page);
}

static void serve(int listener, unsigned char *memory, size_t pages)
{
	int connection = accept(listener, NULL, NULL);
	char byte, answer[32];

	if (connection < 0)
		err(1, "accept");
	for (unsigned long count = 1; read(connection, &byte, 1) == 1; count++) {
		/* Some stay as they are, some are written again. */
		if (pages > 0)
			check_page(memory, count * 37 % pages);
		if (pages > 0)
			memory[count % pages * PAGE] = (unsigned char)(count % pages * 7);
		int length = snprintf(answer, sizeof answer, "%-15lu\n", count);

		if (write(connection, answer, (size_t)length) != length)
			err(1, "write");
	}
}

static void tell(const char *file, const char *answer)
{
	char fresh[4096];

	snprintf(fresh, sizeof fresh, "%s.new", file);
	FILE *stream = fopen(fresh, "w");

	if (!stream || fputs(answer, stream) < 0 || fclose(stream) != 0 || rename(fresh, file) < 0)
		err(1, "%s", file);
}

static void ask(const char *address, const char *port, const char *file)
{
	struct sockaddr_in where = address_of(address, port);
	int connection = socket(AF_INET, SOCK_STREAM, 0);
	char answer[17] = "";

	if (connect(connection, (struct sockaddr *)&where, sizeof where) < 0)
		err(1, "connect");
	for (;;) {
		if (write(connection, "\n", 1) != 1)
			err(1, "write");
		if (recv(connection, answer, 16, MSG_WAITALL) != 16)
			errx(1, "the connection is closed");
		tell(file, answer);
		usleep(20000);
	}
}

int main(int count, char **args)
{
	if ((count == 3 || count == 4) && strcmp(args[1], "serve") == 0) {
		size_t pages = count == 4 ? (size_t)atoi(args[3]) << 8 : 0;
		unsigned char *memory = fill_memory(pages);

		serve(listen_on(args[2]), memory, pages);
	} else if (count == 5 && strcmp(args[1], "ask") == 0) {
		ask(args[2], args[3], args[4]);
	} else if (count == 4 && strcmp(args[1], "both") == 0) {
		int listener = listen_on(args[2]);

		if (fork() == 0)
			serve(listener, NULL, 0);
		else
			ask("127.0.0.1", args[2], args[3]);
	} else {
		errx(2, "serve PORT [MEGABYTES] | ask ADDRESS PORT FILE | both PORT FILE");
	}
	return 0;
}
