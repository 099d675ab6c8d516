#include "runtime/seccomp.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "runtime/seccomp_cache.h"

#include <ctype.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#define ARGUMENTS 6
#define OPTIMIZE_BINARY_TREE 2

/* The value of each action, and the largest number that errnoRet may put into it (0: it takes none). */
static const struct {
	const char *name;
	uint32_t value, largest_data;
} actions[] = {
	[SECCOMP_KILL_THREAD] = { "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, 0 },
	[SECCOMP_KILL_PROCESS] = { "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, 0 },
	[SECCOMP_TRAP] = { "SCMP_ACT_TRAP", SCMP_ACT_TRAP, 0 },
	[SECCOMP_ERRNO] = { "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), 4095 },  /* the kernel's MAX_ERRNO */
	[SECCOMP_TRACE] = { "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), UINT16_MAX },
	[SECCOMP_ALLOW] = { "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, 0 },
	[SECCOMP_LOG] = { "SCMP_ACT_LOG", SCMP_ACT_LOG, 0 },
	[SECCOMP_NOTIFY] = { "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, 0 },
};

static const struct {
	unsigned flag;
	const char *name;
} flag_names[] = {
	{ SECCOMP_FILTER_FLAG_TSYNC, "SECCOMP_FILTER_FLAG_TSYNC" },
	{ SECCOMP_FILTER_FLAG_LOG, "SECCOMP_FILTER_FLAG_LOG" },
	{ SECCOMP_FILTER_FLAG_SPEC_ALLOW, "SECCOMP_FILTER_FLAG_SPEC_ALLOW" },
	{ SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" },
};

/* A rule of the configuration on its way into libseccomp. */
struct rule {
	scmp_filter_ctx context;
	const struct spec_seccomp_rule *spec;
	size_t number;
	uint32_t action;
};

static void release_context(scmp_filter_ctx *compiler)
{
	if (*compiler)
		seccomp_release(*compiler);
}
#define _cleanup_context_ __attribute__((cleanup(release_context)))

static int sys_seccomp(unsigned operation, unsigned flags, const void *args)
{
	return (int)sys_result(syscall(SYS_seccomp, operation, flags, args));
}

/* --- Checks that need no libseccomp: they are made whether or not the program comes from the cache ------------------- */

/* Put the value of an action in *value. path and field are for the error. */
static int action_value(enum seccomp_action action, const struct opt_u64 *data, const char *path, uint32_t *value)
{
	uint32_t largest = actions[action].largest_data;

	*value = actions[action].value;
	if (largest == 0)
		return data->set ? refuse(EINVAL, "%s: %s takes no error number", path, actions[action].name) : 0;
	if (data->set && data->value > largest)
		return refuse(EINVAL, "%s: %llu: %s takes a number up to %u", path, (unsigned long long)data->value,
		              actions[action].name, largest);
	*value |= data->set ? (uint32_t)data->value : EPERM;
	return 0;
}

static int check_notify(const struct spec_seccomp *seccomp, size_t number)
{
	const struct spec_seccomp_rule *rule = &seccomp->rules[number];

	if (!seccomp->listener_path)
		return refuse(EINVAL, "/linux/seccomp/syscalls/%zu/action: SCMP_ACT_NOTIFY needs /linux/seccomp/listenerPath", number);
	for (size_t i = 0; i < rule->names.count; i++) {
		/* The descriptor that the agent needs to answer is itself sent by this call. */
		if (strcmp(rule->names.items[i], "sendmsg") == 0)
			return refuse(EINVAL, "/linux/seccomp/syscalls/%zu/names/%zu: sendmsg cannot be SCMP_ACT_NOTIFY: "
			              "it hands the listener to the agent", number, i);
	}
	return 0;
}

static int check_rules(const struct spec_seccomp *seccomp, bool *notify)
{
	char path[64];
	uint32_t value;

	if (seccomp->default_action == SECCOMP_NOTIFY)
		return refuse(EINVAL, "/linux/seccomp/defaultAction: SCMP_ACT_NOTIFY cannot be the default: "
		              "the process would wait for an agent that cannot have the listener yet");
	int r = action_value(seccomp->default_action, &seccomp->default_errno_ret, "/linux/seccomp/defaultErrnoRet", &value);

	for (size_t i = 0; r >= 0 && i < seccomp->rule_count; i++) {
		const struct spec_seccomp_rule *rule = &seccomp->rules[i];

		snprintf(path, sizeof path, "/linux/seccomp/syscalls/%zu/errnoRet", i);
		r = action_value(rule->action, &rule->errno_ret, path, &value);
		if (r >= 0 && rule->action == SECCOMP_NOTIFY) {
			*notify = true;
			r = check_notify(seccomp, i);
		}
	}
	return r;
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

/* --- Compiling -------------------------------------------------------------------------------------------------------- */

static int check_action_available(uint32_t action, enum seccomp_action name)
{
	uint32_t kind = action & SECCOMP_RET_ACTION_FULL;
	int r = sys_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &kind);

	return r < 0 ? fail(-r, "/linux/seccomp: %s is not available in this kernel", actions[name].name) : 0;
}

/* "SCMP_ARCH_X86_64" is "x86_64" for libseccomp. 0 when it does not know it. */
static uint32_t architecture_token(const char *name)
{
	char lower[32];
	size_t prefix = strlen("SCMP_ARCH_"), length = strlen(name);

	if (length < prefix || length - prefix >= sizeof lower)
		return 0;
	for (size_t i = 0; i <= length - prefix; i++)
		lower[i] = (char)tolower((unsigned char)name[prefix + i]);
	return seccomp_arch_resolve_name(lower);
}

static int add_architectures(scmp_filter_ctx filter, const struct strings *names)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		uint32_t token = architecture_token(name);

		if (token == 0)
			return refuse(ENOTSUP, "/linux/seccomp/architectures/%zu: this libseccomp does not know %s", i, name);
		int r = seccomp_arch_add(filter, token);

		if (r == -EDOM)
			return refuse(EINVAL, "/linux/seccomp/architectures/%zu: %s: its byte order is not that of this machine", i, name);
		if (r < 0 && r != -EEXIST)
			return fail(-r, "/linux/seccomp/architectures/%zu: add %s", i, name);
	}
	return 0;
}

static int add_conditions(const struct rule *rule, const char *name, int call, unsigned count, const struct scmp_arg_cmp *conditions)
{
	int r = seccomp_rule_add_array(rule->context, rule->action, call, count, conditions);

	if (r == -EEXIST)
		return refuse(EINVAL, "/linux/seccomp/syscalls/%zu: %s: contradicts an earlier rule", rule->number, name);
	return r < 0 ? fail(-r, "/linux/seccomp/syscalls/%zu: add a rule for %s", rule->number, name) : 0;
}

static int add_system_call(const struct rule *rule, const char *name, int call)
{
	struct scmp_arg_cmp conditions[ARGUMENTS];
	unsigned seen = 0, count = 0;
	bool alternatives = false;
	int r = 0;

	for (size_t i = 0; i < rule->spec->arg_count; i++) {
		uint32_t index = rule->spec->args[i].index;

		if (index >= ARGUMENTS)
			return refuse(EINVAL, "/linux/seccomp/syscalls/%zu/args/%zu/index: %u: must be below %d", rule->number, i, index,
			              ARGUMENTS);
		alternatives |= seen >> index & 1;
		seen |= 1U << index;
	}
	for (size_t i = 0; r >= 0 && i < rule->spec->arg_count; i++) {
		const struct spec_seccomp_arg *arg = &rule->spec->args[i];

		conditions[count++] = (struct scmp_arg_cmp){ arg->index, (enum scmp_compare)arg->op, arg->value, arg->value_two };
		if (alternatives) {
			r = add_conditions(rule, name, call, 1, conditions);
			count = 0;
		}
	}
	return alternatives ? r : add_conditions(rule, name, call, count, conditions);
}

/* Adds the number of rules made to *added. */
static int add_rule(const struct rule *rule, size_t *added)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < rule->spec->names.count; i++) {
		const char *name = rule->spec->names.items[i];
		int call = seccomp_syscall_resolve_name(name);

		if (call == __NR_SCMP_ERROR) {
			log_debug("/linux/seccomp/syscalls/%zu: unknown system call %s skipped", rule->number, name);
			continue;
		}
		r = add_system_call(rule, name, call);
		(*added)++;
	}
	return r;
}

static int add_rules(scmp_filter_ctx filter, const struct spec_seccomp *seccomp, uint32_t default_action, size_t *added)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < seccomp->rule_count; i++) {
		struct rule rule = { .context = filter, .spec = &seccomp->rules[i], .number = i };

		r = action_value(rule.spec->action, &rule.spec->errno_ret, "/linux/seccomp/syscalls", &rule.action);
		/* libseccomp refuses rules that say what the default says. */
		if (r < 0 || rule.action == default_action)
			continue;
		r = check_action_available(rule.action, rule.spec->action);
		if (r >= 0)
			r = add_rule(&rule, added);
	}
	return r;
}

/* The program of a compiled filter: libseccomp 2.5 writes it to a descriptor only. */
static int export_program(scmp_filter_ctx compiler, struct seccomp_filter *filter)
{
	_cleanup_fd_ int fd = memfd_create("seccomp filter", MFD_CLOEXEC);

	if (fd < 0)
		return fail(errno, "memory file for the seccomp filter");
	int r = seccomp_export_bpf(compiler, fd);

	if (r < 0)
		return fail(-r, "/linux/seccomp: export the filter");
	off_t size = lseek(fd, 0, SEEK_END);
	size_t instructions = (size_t)size / sizeof(struct sock_filter);

	if (size <= 0 || (size_t)size % sizeof(struct sock_filter))
		return refuse(EIO, "/linux/seccomp: libseccomp made a filter of %lld bytes", (long long)size);
	if (instructions > BPF_MAXINSNS)
		return refuse(E2BIG, "/linux/seccomp: the filter has %zu instructions, the kernel takes %d: use fewer rules or architectures",
		              instructions, BPF_MAXINSNS);
	_cleanup_free_ struct sock_filter *program = malloc((size_t)size);

	if (!program)
		return fail(ENOMEM, "/linux/seccomp");
	if (pread(fd, program, (size_t)size, 0) != size)
		return refuse(EIO, "/linux/seccomp: read the filter back");
	filter->program = program;
	filter->length = (unsigned short)instructions;
	program = NULL;
	return 0;
}

static int compile(struct seccomp_filter *filter, const struct spec_seccomp *seccomp)
{
	uint32_t default_action;
	size_t added = 0;
	int r = action_value(seccomp->default_action, &seccomp->default_errno_ret, "/linux/seccomp", &default_action);

	if (r >= 0)
		r = check_action_available(default_action, seccomp->default_action);
	if (r < 0)
		return r;
	_cleanup_context_ scmp_filter_ctx compiler = seccomp_init(default_action);

	if (!compiler)
		return refuse(ENOTSUP, "/linux/seccomp/defaultAction: libseccomp does not take it");
	r = seccomp_attr_set(compiler, SCMP_FLTATR_CTL_NNP, 0);
	/* A thread killed alone leaves a process that hangs. */
	if (r >= 0)
		r = seccomp_attr_set(compiler, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r < 0)
		return fail(-r, "/linux/seccomp: set up libseccomp");
	r = add_architectures(compiler, &seccomp->architectures);
	if (r >= 0)
		r = add_rules(compiler, seccomp, default_action, &added);
	if (r < 0)
		return r;
	/* Without a rule there is nothing to make a tree of, which libseccomp up to 2.5.4 does not expect. */
	if (added > 0)
		r = seccomp_attr_set(compiler, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_BINARY_TREE);
	return r < 0 ? fail(-r, "/linux/seccomp: set up libseccomp") : export_program(compiler, filter);
}

int seccomp_prepare(struct seccomp_filter *filter, const struct spec_seccomp *seccomp, const char *cache_dir)
{
	struct seccomp_cache_key key;

	*filter = (struct seccomp_filter){ 0 };
	if (!seccomp->set)
		return 0;
	int r = check_rules(seccomp, &filter->notify);

	if (r >= 0)
		r = check_flags(filter, seccomp->flags);
	if (r < 0)
		return r;
	bool cache = cache_dir && seccomp_cache_key(&key, seccomp);

	if (cache && seccomp_cache_load(cache_dir, &key, filter))
		return 0;
	r = compile(filter, seccomp);
	if (r >= 0 && cache)
		seccomp_cache_store(cache_dir, &key, filter);
	return r;
}

void seccomp_free(struct seccomp_filter *filter)
{
	free(filter->program);
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

/* --- The agent -------------------------------------------------------------------------------------------------------- */

#define AGENT_SECONDS 10
#define FIRST_PART ((size_t)4096)

/* Connect to a socket; paths too long for an address are reached through their directory's descriptor. */
static int connect_to(int socket_fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_fd_ int directory = -1;
	const char *name = strrchr(path, '/');
	int n;

	if (strlen(path) < sizeof address.sun_path) {
		n = snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	} else {
		char parent[PATH_MAX];

		n = snprintf(parent, sizeof parent, "%.*s", name ? (int)(name - path) + 1 : 0, path);
		if (!name || n < 0 || (size_t)n >= sizeof parent)
			return -ENAMETOOLONG;
		directory = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (directory < 0)
			return -errno;
		n = snprintf(address.sun_path, sizeof address.sun_path, "%s%s", fd_path(directory).text, name);
	}
	if (n < 0 || (size_t)n >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	return connect(socket_fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
}

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
	_cleanup_fd_ int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval limit = { .tv_sec = AGENT_SECONDS };

	if (socket_fd < 0 || setsockopt(socket_fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
		return fail(errno, "socket for the seccomp agent");
	int r = connect_to(socket_fd, listener_path);

	if (r < 0)
		return fail(-r, "/linux/seccomp/listenerPath: connect to the seccomp agent at %s", listener_path);
	r = send_state(socket_fd, state_json, listener);
	if (r < 0)
		return fail(-r, "/linux/seccomp/listenerPath: send the container process state to the seccomp agent at %s", listener_path);
	return 0;
}
