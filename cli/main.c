#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/trace.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/sealed.h"
#include "cli/signals.h"
#include "cli/start.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * What a command needs, for common configurations. Not on the stack, where -fstack-clash-protection touches each page of a large frame, needed
 * or not. The first pages of this memory and of the stack are there at once, and the page before this memory, where the C library's variables
 * are (cli/start.ld).
 */
#define MEMORY (256 * 1024)
#define MEMORY_BEFORE (4 * 1024)
#define MEMORY_AT_ONCE (8 * 1024)
#define STACK_AT_ONCE (28 * 1024)

static int print_version(void)
{
	const struct scmp_version *seccomp = seccomp_version();

	/* Docker looks for the line with "version", so no other may have the word. */
	printf("berth version %s\nspec: %s\nlibseccomp: %u.%u.%u\n", BERTH_VERSION, OCI_VERSION, seccomp->major, seccomp->minor,
	       seccomp->micro);
	return EXIT_SUCCESS;
}

/* Output that was not written must not look like success. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fail(errno, "write to standard output");
	report_error(NULL);
	return EXIT_FAILURE;
}

static int usage_error(const struct command *command)
{
	report_usage_error(command);
	return EXIT_FAILURE;
}

static int run_command(struct call *call, const struct command *command, char **argv)
{
	int r = command->sealed ? sealed_ensure(argv, &call->late_close) : 0;

	trace_process("berth");
	TRACE_SCOPE(command->name);
	call->ignored_signals = signal_reset();
	if (r >= 0)
		r = call_make_runtime(call);
	if (r >= 0)
		r = command->run(call);
	if (r >= 0)
		return finish(r);
	report_error(command);
	finish(EXIT_FAILURE);
	return command->error_status ? command->error_status : EXIT_FAILURE;
}

static int dispatch(struct call *call, int argc, char **argv)
{
	int taken = options_parse_global(call, argc, argv);

	if (taken < 0)
		return usage_error(NULL);
	if (call->version)
		return finish(print_version());
	if (call->help || taken == argc) {
		help_print(NULL);
		return finish(EXIT_SUCCESS);
	}
	if (report_open(call) < 0 || (call->trace && trace_open(call->trace) < 0))
		return usage_error(NULL);

	const struct command *command = command_find(argv[taken]);

	if (!command) {
		refuse(EINVAL, "unknown command \"%s\"", argv[taken]);
		return usage_error(NULL);
	}
	if (options_parse(call, command, argc - taken - 1, argv + taken + 1) < 0)
		return usage_error(command);
	if (call->help) {
		help_print(command);
		return finish(EXIT_SUCCESS);
	}
	if (options_check_arguments(call, command) < 0)
		return usage_error(command);
	return run_command(call, command, argv);
}

/*
 * Descriptors 0 to 2 that the caller has closed would become the numbers of files of ours, which would then be taken for the
 * workload's streams: given to its user, written to. Opened the wrong way round, what fills them is as good as closed.
 */
static int fill_standard_streams(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			return fail(errno, "descriptor %d is closed, and /dev/null cannot take its place", fd);
	return 0;
}

int main(int argc, char **argv)
{
	static _Alignas(4096) unsigned char memory[MEMORY];

	stack_fault_in(STACK_AT_ONCE, 0);
	fault_in((uintptr_t)memory - MEMORY_BEFORE, MEMORY_BEFORE + MEMORY_AT_ONCE);
	signal_block_file_size();
	struct call call = { .log_level = LOG_LEVEL_WARNING, .subreaper = true, .late_close = -1, .arena = arena_on(memory, sizeof memory) };

	if (fill_standard_streams() < 0 || start_protect() < 0) {
		report_error(NULL);
		return EXIT_FAILURE;
	}
	int status = dispatch(&call, argc, argv);

	arena_free(&call.arena);
	return status;
}
