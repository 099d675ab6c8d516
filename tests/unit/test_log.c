/* Lines of the log: what they quote may come out of a container, and is read on a terminal. */
#include "base/log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_logged(enum log_format format, const char *text, const char *quoted)
{
	char line[256] = "";
	int fd = memfd_create("log", MFD_CLOEXEC), seen = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	log_open(fd, format, LOG_LEVEL_INFO);
	log_message(LOG_LEVEL_WARNING, "%s", text);
	assert_true(pread(seen, line, sizeof line - 1, 0) > 0);
	assert_non_null(strstr(line, quoted));
	log_open(-1, format, LOG_LEVEL_INFO);
	close(seen);
}

static void nothing_in_it_steers_a_terminal_or_ends_the_line(void **state)
{
	static const struct {
		const char *text, *quoted;
	} rows[] = {
		{ "a \"b\" \\c", "\"a \\\"b\\\" \\\\c\"" },
		{ "a\nb\033[2J", "\"a\\u000ab\\u001b[2J\"" },
		{ "a\177b", "\"a\\u007fb\"" },
		{ "a\xc2\x9b""2Jb\xc2\x80", "\"a\\u009b2Jb\\u0080\"" },
		{ "\xc2\xa0\xc3\xa9\xc2", "\"\xc2\xa0\xc3\xa9\xc2\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_logged(LOG_FORMAT_TEXT, rows[i].text, rows[i].quoted);
		assert_logged(LOG_FORMAT_JSON, rows[i].text, rows[i].quoted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_in_it_steers_a_terminal_or_ends_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
