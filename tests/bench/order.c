/*
 * order OUT CMD ARG...: runs CMD, and every process and task that comes of it, one instruction at a time, and writes "PID ADDRESS" for each
 * address that the program executed, until it executes another program. x86-64.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS (1U << 20)
#define OPTIONS (PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

static struct place {
	pid_t pid;
	unsigned long address;
} places[SLOTS];

static void note(pid_t pid, unsigned long address)
{
	unsigned slot = (unsigned)((address * 0x9e3779b97f4a7c15UL + (unsigned)pid * 40503U) >> 44) % SLOTS;

	while (places[slot].pid && (places[slot].pid != pid || places[slot].address != address))
		slot = (slot + 1) % SLOTS;
	places[slot] = (struct place){ pid, address };
}

int main(int argc, char **argv)
{
	pid_t first = argc > 2 ? fork() : -1, pid;
	bool begun = false;
	int status;

	if (first == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	if (first < 0 || waitpid(first, &status, 0) < 0 || ptrace(PTRACE_SETOPTIONS, first, 0, OPTIONS) < 0)
		return 2;
	ptrace(PTRACE_CONT, first, 0, 0);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		struct user_regs_struct registers;
		long signal = 0;
		bool other = false;

		if (!WIFSTOPPED(status))
			continue;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
			begun = true;
			other = pid != first;
		} else if (WSTOPSIG(status) == SIGTRAP && ptrace(PTRACE_GETREGS, pid, 0, &registers) == 0) {
			note(pid, registers.rip);
		} else if (WSTOPSIG(status) != SIGSTOP) {
			signal = WSTOPSIG(status);
		}
		ptrace(other ? PTRACE_DETACH : begun ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, 0, (void *)signal);
	}
	FILE *out = fopen(argv[1], "w");

	if (!out)
		return 2;
	for (unsigned slot = 0; slot < SLOTS; slot++)
		if (places[slot].pid)
			fprintf(out, "%d %lx\n", places[slot].pid, places[slot].address);
	return fclose(out) ? 2 : 0;
}
