#include "runtime/seccomp.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "runtime/seccomp_bpf.h"
#include "runtime/seccomp_cache.h"
#include "runtime/seccomp_compile.h"

#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static const struct {
	unsigned flag;
	const char *name;
} flag_names[] = {
	{ SECCOMP_FILTER_FLAG_TSYNC, "SECCOMP_FILTER_FLAG_TSYNC" },
	{ SECCOMP_FILTER_FLAG_LOG, "SECCOMP_FILTER_FLAG_LOG" },
	{ SECCOMP_FILTER_FLAG_SPEC_ALLOW, "SECCOMP_FILTER_FLAG_SPEC_ALLOW" },
	{ SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" },
};

static int sys_seccomp(unsigned operation, unsigned flags, const void *args)
{
	return (int)sys_result(syscall(SYS_seccomp, operation, flags, args));
}

/* --- Checks, made whether or not the program comes from the cache ----------------------------------------------------- */

static int check_notify(const struct spec_seccomp *seccomp, bool *notify)
{
	for (size_t i = 0; i < seccomp->rule_count; i++) {
		const struct spec_seccomp_rule *rule = &seccomp->rules[i];

		if (rule->action != SECCOMP_NOTIFY)
			continue;
		*notify = true;
		for (size_t j = 0; j < rule->names.count; j++)
			/* The descriptor that the agent needs to answer is itself sent by this call. */
			if (strcmp(rule->names.items[j], "sendmsg") == 0)
				return refuse(EINVAL, "/linux/seccomp/syscalls/%zu/names/%zu: sendmsg cannot be SCMP_ACT_NOTIFY: "
				              "it hands the listener to the agent", i, j);
	}
	return 0;
}

unsigned seccomp_known_flags(unsigned flags)
{
	unsigned known = 0;

	for (unsigned bit = 1; bit && bit <= flags; bit <<= 1) {
		/* This one is known only together with a listener. */
		unsigned with = bit == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;

		/* The flags are looked at before the program: the bad address means that they are right. */
		if (flags & bit && sys_seccomp(SECCOMP_SET_MODE_FILTER, bit | with, NULL) == -EFAULT)
			known |= bit;
	}
	return known;
}

static int check_flags(struct seccomp_filter *filter, unsigned flags)
{
	unsigned unknown = flags ? flags & ~seccomp_known_flags(flags) : 0;

	for (size_t i = 0; i < sizeof flag_names / sizeof *flag_names; i++) {
		if (unknown & flag_names[i].flag)
			return refuse(ENOTSUP, "/linux/seccomp/flags: this kernel does not know %s", flag_names[i].name);
	}
	if (unknown)
		return refuse(ENOTSUP, "/linux/seccomp/flags: this kernel does not know flags %#x", unknown);
	if (!filter->notify && flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) {
		log_debug("/linux/seccomp/flags: without SCMP_ACT_NOTIFY there is nothing to wait for: WAIT_KILLABLE_RECV left out");
		flags &= ~(unsigned)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	}
	if (filter->notify)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* Both want the return value: this tells them apart. */
	if (filter->notify && flags & SECCOMP_FILTER_FLAG_TSYNC)
		flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	filter->flags = flags;
	return 0;
}

/* --- Preparing and installing ----------------------------------------------------------------------------------------- */

int seccomp_prepare(struct seccomp_filter *filter, const struct spec_seccomp *seccomp, const char *cache_dir)
{
	struct seccomp_cache_key key;

	*filter = (struct seccomp_filter){ .arena = filter->arena };
	if (!seccomp->set)
		return 0;
	int r = check_notify(seccomp, &filter->notify);

	if (r >= 0)
		r = check_flags(filter, seccomp->flags);
	if (r < 0)
		return r;
	bool cache = cache_dir && seccomp_cache_key(&key, seccomp);

	if (cache && seccomp_cache_load(cache_dir, &key, filter))
		return 0;
	r = seccomp_compile(filter, seccomp);
	if (r >= 0 && cache)
		seccomp_cache_store(cache_dir, &key, filter);
	return r;
}

void seccomp_free(struct seccomp_filter *filter)
{
	arena_free(&filter->arena);
	*filter = (struct seccomp_filter){ 0 };
}

int seccomp_install(const struct seccomp_filter *filter)
{
	struct sock_fprog program = { .len = filter->length, .filter = filter->program };

	if (filter->length == 0)
		return 0;
	int r = sys_seccomp(SECCOMP_SET_MODE_FILTER, filter->flags, &program);

	if (r == -EACCES)
		return fail(EACCES, "install the seccomp filter: it needs no_new_privs or CAP_SYS_ADMIN in the user namespace");
	if (r == -EBUSY && filter->notify)
		return fail(EBUSY, "install the seccomp filter: another filter of this process has a listener already");
	if (r < 0)
		return fail(-r, "install the seccomp filter (%u instructions, flags %#x)", filter->length, filter->flags);
	/* TSYNC without a listener tells of a thread that did not follow. */
	if (r > 0 && !filter->notify)
		return refuse(ESRCH, "install the seccomp filter: thread %d does not follow", r);
	return r;
}

bool seccomp_lets(const struct seccomp_filter *filter, int number, const uint64_t *first)
{
	const struct seccomp_data call = { .nr = number, .arch = seccomp_arch_native(), .args = { first ? *first : 0 } };

	return bpf_answer(filter->program, filter->length, &call, first ? 1 : 0) == SECCOMP_RET_ALLOW;
}

/* --- The agent -------------------------------------------------------------------------------------------------------- */

#define AGENT_SECONDS 10
#define FIRST_PART ((size_t)4096)

/* The descriptor goes with the first part (config-linux.md "The Container Process State"). */
static int send_state(int socket_fd, const char *state_json, int listener)
{
	size_t size = strlen(state_json), sent = size < FIRST_PART ? size : FIRST_PART;
	int r = send_with_fd(socket_fd, state_json, sent, listener);

	while (r >= 0 && sent < size) {
		ssize_t n = send(socket_fd, state_json + sent, size - sent, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			r = -errno;
		sent += n > 0 ? (size_t)n : 0;
	}
	return r;
}

int seccomp_send_listener(const char *listener_path, const char *state_json, int listener)
{
	_cleanup_fd_ int socket_fd = connect_socket(listener_path, AGENT_SECONDS);

	if (socket_fd < 0)
		return fail(-socket_fd, "/linux/seccomp/listenerPath: connect to the seccomp agent at %s", listener_path);
	int r = send_state(socket_fd, state_json, listener);
	if (r < 0)
		return fail(-r, "/linux/seccomp/listenerPath: send the container process state to the seccomp agent at %s", listener_path);
	return 0;
}
