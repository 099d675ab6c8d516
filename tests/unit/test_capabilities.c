/* Capabilities: what is granted of what was asked for, and the sets that the kernel then reports. */
#include "base/log.h"
#include "base/sys.h"
#include "runtime/capabilities.h"
#include "tests/unit/child.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define BIT(capability) (UINT64_C(1) << (capability))
/* Docker's fourteen. */
#define DOCKER (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FSETID) | BIT(CAP_FOWNER) | BIT(CAP_MKNOD) | \
                BIT(CAP_NET_RAW) | BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETFCAP) | BIT(CAP_SETPCAP) | \
                BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SYS_CHROOT) | BIT(CAP_KILL) | BIT(CAP_AUDIT_WRITE))

static uint64_t kernel_set(void)
{
	return BIT(cap_max_bits()) - 1;
}

static struct spec_capabilities all_of(uint64_t set)
{
	return (struct spec_capabilities){
		.set = true, .bounding = set, .effective = set, .inheritable = set, .permitted = set, .ambient = set
	};
}

/* What prepare logs, in a buffer that it stays valid in until the next call. */
static const char *prepare(const struct spec_capabilities *wanted, bool all, struct spec_capabilities *granted)
{
	static char text[8192];
	int fd = memfd_create("log", MFD_CLOEXEC), copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	log_open(fd, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	int r = capabilities_prepare(wanted, all, granted);
	log_open(-1, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	ssize_t n = pread(copy, text, sizeof text - 1, 0);

	close(copy);
	text[n > 0 ? n : 0] = 0;
	return r < 0 ? "failed" : text;
}

static void test_everything_in_a_user_namespace(void **state)
{
	struct spec_capabilities wanted = all_of(kernel_set()), granted;

	(void)state;
	assert_string_equal(prepare(&wanted, true, &granted), "");
	assert_int_equal(granted.bounding, kernel_set());
	assert_int_equal(granted.effective, kernel_set());
	assert_int_equal(granted.permitted, kernel_set());
	assert_int_equal(granted.inheritable, kernel_set());
	assert_int_equal(granted.ambient, kernel_set());
}

static void test_unknown_is_warned_about(void **state)
{
	struct spec_capabilities wanted = all_of(BIT(CAP_CHOWN) | BIT(62)), granted;
	char name[] = "CAP_PERSUADE", *names[] = { name, NULL };

	(void)state;
	wanted.unknown = (struct strings){ .set = true, .count = 1, .items = names };
	const char *log = prepare(&wanted, true, &granted);

	assert_non_null(strstr(log, "CAP_PERSUADE"));
	assert_non_null(strstr(log, "62"));
	assert_int_equal(granted.bounding, BIT(CAP_CHOWN));
	assert_int_equal(granted.ambient, BIT(CAP_CHOWN));
}

static void test_sets_depend_on_each_other(void **state)
{
	struct spec_capabilities granted, wanted = {
		.set = true,
		.bounding = BIT(CAP_CHOWN) | BIT(CAP_KILL),
		.permitted = BIT(CAP_CHOWN) | BIT(CAP_FOWNER),
		.effective = BIT(CAP_CHOWN) | BIT(CAP_KILL),
		.inheritable = BIT(CAP_CHOWN) | BIT(CAP_SETUID),
		.ambient = BIT(CAP_CHOWN) | BIT(CAP_FOWNER) | BIT(CAP_SETUID),
	};

	(void)state;
	const char *log = prepare(&wanted, true, &granted);

	assert_int_equal(granted.bounding, BIT(CAP_CHOWN) | BIT(CAP_KILL));
	assert_int_equal(granted.permitted, BIT(CAP_CHOWN) | BIT(CAP_FOWNER));
	assert_int_equal(granted.effective, BIT(CAP_CHOWN));
	assert_int_equal(granted.inheritable, BIT(CAP_CHOWN));
	assert_int_equal(granted.ambient, BIT(CAP_CHOWN));
	assert_non_null(strstr(log, "/process/capabilities/effective: not granted"));
	assert_non_null(strstr(log, "CAP_KILL"));
	assert_non_null(strstr(log, "CAP_FOWNER, CAP_SETUID"));
}

static void lose_chown(void)
{
	cap_t caps = cap_get_proc();
	cap_value_t lost = CAP_CHOWN;

	require(cap_drop_bound(CAP_KILL) == 0);
	require(cap_set_flag(caps, CAP_EFFECTIVE, 1, &lost, CAP_CLEAR) == 0);
	require(cap_set_flag(caps, CAP_PERMITTED, 1, &lost, CAP_CLEAR) == 0);
	require(cap_set_proc(caps) == 0);
	cap_free(caps);
}

static void ask_for_what_is_lost(const void *unused)
{
	struct spec_capabilities wanted = all_of(BIT(CAP_CHOWN) | BIT(CAP_KILL) | BIT(CAP_FOWNER)), granted;

	(void)unused;
	lose_chown();
	const char *log = prepare(&wanted, false, &granted);

	require(strstr(log, "CAP_CHOWN") && strstr(log, "CAP_KILL") && !strstr(log, "CAP_FOWNER"));
	require(granted.bounding == (BIT(CAP_CHOWN) | BIT(CAP_FOWNER)));
	require(granted.permitted == (BIT(CAP_KILL) | BIT(CAP_FOWNER)));
	require(granted.effective == (BIT(CAP_KILL) | BIT(CAP_FOWNER)));
	require(granted.inheritable == BIT(CAP_FOWNER) && granted.ambient == BIT(CAP_FOWNER));
	/* What was granted can be set, although not all of what was asked for could. */
	require(capabilities_set_bounding(&granted) == 0 && capabilities_set(&granted) == 0);
	require(status_mask("CapPrm") == granted.permitted && status_mask("CapInh") == granted.inheritable);
	require(status_mask("CapAmb") == granted.ambient && status_mask("CapBnd") == granted.bounding);
}

static void test_what_the_caller_lacks_is_left_out(void **state)
{
	(void)state;
	assert_true(child_succeeds(ask_for_what_is_lost, NULL));
}

struct identity {
	uid_t uid;
	struct spec_capabilities caps;
};

/* The steps of process_become(). */
static void become(const struct identity *who)
{
	require(capabilities_set_bounding(&who->caps) == 0);
	require(capabilities_keep() == 0);
	require(setgroups(0, NULL) == 0);
	require(setresgid(who->uid, who->uid, who->uid) == 0 && setresuid(who->uid, who->uid, who->uid) == 0);
	require(capabilities_set(&who->caps) == 0);
}

static void check_status(const struct spec_capabilities *caps)
{
	require(status_mask("CapBnd") == caps->bounding);
	require(status_mask("CapPrm") == caps->permitted);
	require(status_mask("CapEff") == caps->effective);
	require(status_mask("CapInh") == caps->inheritable);
	require(status_mask("CapAmb") == caps->ambient);
}

static void become_and_look(const void *argument)
{
	const struct identity *who = argument;

	become(who);
	check_status(&who->caps);
	require(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 0);
}

static void test_the_kernel_reports_what_was_asked_for(void **state)
{
	struct spec_capabilities docker = all_of(DOCKER);

	(void)state;
	docker.inheritable = docker.ambient = 0;
	struct spec_capabilities uneven = {
		.set = true, .bounding = DOCKER, .permitted = BIT(CAP_KILL) | BIT(CAP_CHOWN), .effective = BIT(CAP_KILL),
		.inheritable = BIT(CAP_CHOWN) | BIT(CAP_SETGID), .ambient = BIT(CAP_CHOWN),
	};
	const struct identity people[] = {
		{ 0, docker }, { 1000, docker }, { 0, uneven }, { 1000, uneven }, { 0, all_of(0) }, { 1000, all_of(0) },
		{ 0, { .set = false } }, { 0, all_of(DOCKER) }, { 1000, all_of(DOCKER) },
	};

	for (size_t i = 0; i < sizeof people / sizeof *people; i++)
		assert_true(child_succeeds(become_and_look, &people[i]));
}

/* CVE-2022-24769: what the caller's inheritable and ambient sets hold must not reach the container. */
static void inherit_then_become(const void *argument)
{
	struct spec_capabilities before = all_of(DOCKER);

	require(capabilities_set(&before) == 0);
	require(status_mask("CapInh") == DOCKER && status_mask("CapAmb") == DOCKER);
	become_and_look(argument);
}

static void test_nothing_is_inherited_from_the_caller(void **state)
{
	struct identity who = { 0, all_of(DOCKER) };

	(void)state;
	who.caps.inheritable = who.caps.ambient = 0;
	assert_true(child_succeeds(inherit_then_become, &who));
	who.uid = 1000;
	assert_true(child_succeeds(inherit_then_become, &who));
	/* What stays inheritable may stay ambient, if nobody ends it. */
	who.uid = 0;
	who.caps.inheritable = DOCKER;
	assert_true(child_succeeds(inherit_then_become, &who));
}

/* What a program has after exec: for an ordinary user, the ambient set. */
static void exec_and_look(const void *argument)
{
	const struct identity *who = argument;
	char text[4096] = "", wanted[64];
	int pipes[2];

	require(pipe(pipes) == 0);
	pid_t pid = fork();

	if (pid == 0) {
		become(who);
		dup2(pipes[1], 1);
		execl("/bin/grep", "grep", "^CapEff", "/proc/self/status", (char *)NULL);
		_exit(CHILD_FAILED);
	}
	close(pipes[1]);
	require(read(pipes[0], text, sizeof text - 1) > 0);
	snprintf(wanted, sizeof wanted, "CapEff:\t%016llx\n", (unsigned long long)(who->uid ? who->caps.ambient : who->caps.bounding));
	require(strcmp(text, wanted) == 0);
	require(waitpid(pid, NULL, 0) == pid);
}

static void test_after_exec(void **state)
{
	struct identity who = { 1000, all_of(DOCKER) };

	(void)state;
	assert_true(child_succeeds(exec_and_look, &who));
	who.caps.ambient = BIT(CAP_KILL);
	assert_true(child_succeeds(exec_and_look, &who));
	who.caps.ambient = 0;
	assert_true(child_succeeds(exec_and_look, &who));
	who.uid = 0;
	assert_true(child_succeeds(exec_and_look, &who));
}

static void drop_without_privilege(const void *unused)
{
	const struct spec_capabilities none = { .set = true }, docker = all_of(DOCKER);

	(void)unused;
	require(capabilities_set_bounding(&docker) == 0);
	require(capabilities_set(&none) == 0);
	/* Everything that is to go has gone: no privilege is needed. */
	require(capabilities_set_bounding(&docker) == 0);
	/* Something is left that must go: that this fails is an error. */
	require(capabilities_set_bounding(&none) == -EPERM);
	require(strstr(error_record()->text, "bounding set"));
	/* Nothing can be gained. */
	require(capabilities_set(&docker) == -EPERM);
}

static void test_dropping_needs_privilege(void **state)
{
	(void)state;
	assert_true(child_succeeds(drop_without_privilege, NULL));
}

static void become_in_user_namespace(const void *unused)
{
	struct spec_capabilities wanted = all_of(kernel_set()), granted;

	(void)unused;
	require(setresuid(1000, 1000, 1000) == 0);
	require(strcmp(prepare(&wanted, true, &granted), "") == 0);
	require(unshare(CLONE_NEWUSER) == 0);
	require(capabilities_set_bounding(&granted) == 0 && capabilities_set(&granted) == 0);
	check_status(&wanted);
}

static void test_in_a_user_namespace(void **state)
{
	(void)state;
	assert_true(child_succeeds(become_in_user_namespace, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_in_a_user_namespace),
		cmocka_unit_test(test_unknown_is_warned_about),
		cmocka_unit_test(test_sets_depend_on_each_other),
		cmocka_unit_test(test_what_the_caller_lacks_is_left_out),
		cmocka_unit_test(test_the_kernel_reports_what_was_asked_for),
		cmocka_unit_test(test_nothing_is_inherited_from_the_caller),
		cmocka_unit_test(test_after_exec),
		cmocka_unit_test(test_dropping_needs_privilege),
		cmocka_unit_test(test_in_a_user_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
