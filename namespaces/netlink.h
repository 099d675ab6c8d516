/* The little of rtnetlink(7) that moving network devices takes: one request at a time, its replies one by one. */
#pragma once

#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NL_REQUEST_SIZE 512

/* A message that we send. */
struct nl_request {
	_Alignas(struct nlmsghdr) char data[NL_REQUEST_SIZE];
};

/* Start a message of this type; body is the fixed part that the type has (struct ifinfomsg, struct ifaddrmsg). */
void nl_start(struct nl_request *request, uint16_t type, uint16_t flags, const void *body, size_t size);

/* Append an attribute. Aborts when it does not fit: callers bound what they append. */
void nl_put(struct nl_request *request, uint16_t type, const void *data, size_t size);
void nl_put_string(struct nl_request *request, uint16_t type, const char *text);

/* The replies to a request. */
struct nl_reply {
	int socket;
	bool dump, interrupted; /* interrupted: what was dumped changed meanwhile */
	size_t next, size;
	_Alignas(struct nlmsghdr) char data[32768];
};

/* A socket in the caller's network namespace, or in another. Record filled. */
int nl_open(void);
int nl_open_in(int netns);

/*
 * Send; then nl_next() gives each reply: 1 with *message set (valid until the next call), 0 after the last, -errno with
 * the kernel's own words, if it has any, in the record.
 */
int nl_send(struct nl_reply *reply, int socket, struct nl_request *request);
int nl_next(struct nl_reply *reply, struct nlmsghdr **message);

/* Send a request that has no reply but success or failure. */
int nl_do(int socket, struct nl_request *request);

/*
 * The attributes of a message after its fixed part of size bytes; NULL when there is no such attribute or it is shorter
 * than want.
 */
const void *nl_get(const struct nlmsghdr *message, size_t size, uint16_t type, size_t want, size_t *length);
