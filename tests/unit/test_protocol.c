/* The order of messages between child and runtime: the table, and what protocol_receive() makes of wrong ones. */
#include "runtime/protocol.h"

#include "base/fd.h"
#include "base/sys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

static void legal_orders_are_accepted(void **state)
{
	static const struct {
		const char *name;
		enum phase from;
		struct {
			enum msg_type type;
			bool fd;
		} messages[8];
	} orders[] = {
		{ "create", PHASE_BUILD, { { MSG_READY, false } } },
		{ "run", PHASE_BUILD, { { MSG_INSIDE, false }, { MSG_READY, false } } },
		{ "hooks", PHASE_BUILD, { { MSG_BUILT, false }, { MSG_READY, false } } },
		{ "everything", PHASE_STAGE,
		  { { MSG_MAP_ME, false }, { MSG_BORN, false }, { MSG_SYSCTL, false }, { MSG_BUILT, false }, { MSG_CONSOLE, true },
		    { MSG_LISTENER, true }, { MSG_READY, false } } },
		{ "everything of a run", PHASE_STAGE,
		  { { MSG_MAP_ME, false }, { MSG_BORN, false }, { MSG_BUILT, false }, { MSG_CONSOLE, true },
		    { MSG_INSIDE, false }, { MSG_LISTENER, true }, { MSG_READY, false } } },
		{ "run with hooks", PHASE_BUILD, { { MSG_BUILT, false }, { MSG_INSIDE, false }, { MSG_READY, false } } },
		{ "an heir", PHASE_STAGE,
		  { { MSG_BORN, false }, { MSG_BUILT, false }, { MSG_CONSOLE, true }, { MSG_HEIR, false }, { MSG_LISTENER, true },
		    { MSG_INSIDE, false }, { MSG_READY, false } } },
		{ "an heir only", PHASE_BUILD, { { MSG_HEIR, false }, { MSG_READY, false } } },
		{ "terminal only", PHASE_BUILD, { { MSG_CONSOLE, true }, { MSG_READY, false } } },
		{ "listener only", PHASE_BUILD, { { MSG_LISTENER, true }, { MSG_READY, false } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		enum phase phase = orders[i].from;

		for (size_t j = 0; j < 8 && orders[i].messages[j].type; j++)
			if (!protocol_legal(phase, orders[i].messages[j].type, orders[i].messages[j].fd, &phase))
				fail_msg("%s: message %zu is refused", orders[i].name, j);
		assert_int_equal(phase, PHASE_READY);
	}
}

/* Every pair of phase and message that the drawing in protocol.h does not have. */
static void all_else_is_refused(void **state)
{
	static const bool allowed[PHASES][MSG_TYPES] = {
		[PHASE_STAGE] = { [MSG_MAP_ME] = true, [MSG_BORN] = true },
		[PHASE_BUILD] = { [MSG_SYSCTL] = true, [MSG_HEIR] = true, [MSG_BUILT] = true, [MSG_CONSOLE] = true, [MSG_LISTENER] = true, [MSG_INSIDE] = true, [MSG_READY] = true },
		[PHASE_ENTERED] = { [MSG_HEIR] = true, [MSG_CONSOLE] = true, [MSG_LISTENER] = true, [MSG_INSIDE] = true, [MSG_READY] = true },
		[PHASE_CONSOLE] = { [MSG_HEIR] = true, [MSG_LISTENER] = true, [MSG_INSIDE] = true, [MSG_READY] = true },
		[PHASE_INSIDE] = { [MSG_LISTENER] = true, [MSG_READY] = true },
	};

	(void)state;
	for (enum phase phase = 0; phase < PHASES; phase++)
		for (uint32_t type = 0; type < MSG_TYPES + 3; type++) {
			enum phase next;
			bool legal = protocol_legal(phase, type, true, &next) || protocol_legal(phase, type, false, &next);

			assert_int_equal(legal, type < MSG_TYPES && allowed[phase][type]);
		}
}

static void a_descriptor_where_none_belongs_is_refused(void **state)
{
	enum phase next;

	(void)state;
	assert_false(protocol_legal(PHASE_BUILD, MSG_READY, true, &next));
	assert_false(protocol_legal(PHASE_BUILD, MSG_CONSOLE, false, &next));
	assert_false(protocol_legal(PHASE_STAGE, MSG_BORN, true, &next));
}

struct pair {
	int child, runtime;
};

static struct pair open_pair(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	return (struct pair){ fds[0], fds[1] };
}

static void wrong_messages_are_errors(void **state)
{
	struct pair pair = open_pair();
	enum phase phase = PHASE_BUILD;
	struct msg msg;
	int fd;

	(void)state;
	assert_int_equal(write_all(pair.child, "short", 5), 0);
	assert_int_equal(protocol_receive(pair.runtime, &phase, &msg, &fd), -EPROTO);
	assert_int_equal(protocol_send(pair.child, MSG_START, 0, -1), 0);
	assert_int_equal(protocol_receive(pair.runtime, &phase, &msg, &fd), -EPROTO);
	assert_int_equal(protocol_send(pair.child, MSG_READY, 0, STDERR_FILENO), 0);
	assert_int_equal(protocol_receive(pair.runtime, &phase, &msg, &fd), -EPROTO);
	assert_int_equal(fd, -1);
	assert_int_equal(phase, PHASE_BUILD);
	close_fd(&pair.child);
	assert_int_equal(protocol_receive(pair.runtime, &phase, &msg, &fd), 0);
	close_fd(&pair.runtime);
}

static void errors_arrive_as_our_own(void **state)
{
	struct pair pair = open_pair();
	enum phase phase = PHASE_CONSOLE;
	struct msg msg;
	int fd;

	(void)state;
	refuse(ENOENT, "mount /proc: gone");
	protocol_send_error(pair.child, false);
	refuse(EIO, "something else");
	assert_int_equal(protocol_receive(pair.runtime, &phase, &msg, &fd), -ENOENT);
	assert_string_equal(error_record()->text, "mount /proc: gone");
	close_fd(&pair.child);
	close_fd(&pair.runtime);
}

/* Closing a socket with something unread in it resets the other end: what was said before must still be heard. */
static void an_error_arrives_from_a_child_that_did_not_listen(void **state)
{
	struct pair pair = open_pair();
	enum phase phase = PHASE_BUILD;
	struct msg msg;
	int fd;

	(void)state;
	assert_int_equal(protocol_send(pair.runtime, MSG_GO, 4711, -1), 0);
	refuse(ENOENT, "mount /proc: gone");
	protocol_send_error(pair.child, false);
	close_fd(&pair.child);
	refuse(EIO, "something else");
	assert_int_equal(protocol_receive(pair.runtime, &phase, &msg, &fd), -ENOENT);
	assert_string_equal(error_record()->text, "mount /proc: gone");
	assert_int_equal(protocol_receive(pair.runtime, &phase, &msg, &fd), 0);
	close_fd(&pair.runtime);
}

static void the_child_takes_only_what_it_waits_for(void **state)
{
	struct pair pair = open_pair();

	(void)state;
	assert_int_equal(protocol_send(pair.runtime, MSG_GO, 0, -1), 0);
	assert_int_equal(protocol_expect(pair.child, MSG_GO), 0);
	assert_int_equal(protocol_send(pair.runtime, MSG_CONTINUE, 0, -1), 0);
	assert_int_equal(protocol_expect(pair.child, MSG_START), -EPROTO);
	close_fd(&pair.runtime);
	assert_int_equal(protocol_expect(pair.child, MSG_START), -EPIPE);
	close_fd(&pair.child);
}

static void a_descriptor_that_is_missing_is_an_error(void **state)
{
	struct pair pair = open_pair();

	(void)state;
	assert_int_equal(protocol_send(pair.runtime, MSG_NETWORK, 0, pair.runtime), 0);
	int fd = protocol_expect_fd(pair.child, MSG_NETWORK);

	assert_true(fd >= 0);
	close_fd(&fd);
	assert_int_equal(protocol_send(pair.runtime, MSG_NETWORK, 0, -1), 0);
	assert_int_equal(protocol_expect_fd(pair.child, MSG_NETWORK), -EPROTO);
	close_fd(&pair.runtime);
	assert_int_equal(protocol_expect_fd(pair.child, MSG_NETWORK), -EPIPE);
	close_fd(&pair.child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(legal_orders_are_accepted),
		cmocka_unit_test(all_else_is_refused),
		cmocka_unit_test(a_descriptor_where_none_belongs_is_refused),
		cmocka_unit_test(wrong_messages_are_errors),
		cmocka_unit_test(errors_arrive_as_our_own),
		cmocka_unit_test(an_error_arrives_from_a_child_that_did_not_listen),
		cmocka_unit_test(the_child_takes_only_what_it_waits_for),
		cmocka_unit_test(a_descriptor_that_is_missing_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
