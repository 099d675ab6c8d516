/*
 * A child that shares memory and descriptors with its suspended parent, but not the namespace that it looks into: the parent never leaves
 * its own. setns(2).
 */
#include "namespaces/namespaces.h"

#include "base/error.h"
#include "base/sys.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define CHILD_STACK_SIZE ((size_t)64 * 1024)

struct visit {
	int namespace;
	enum namespace_type type;
	int (*act)(void *argument);
	void *argument;
	int result;
};

static int visit_main(void *argument)
{
	struct visit *visit = argument;

	visit->result = sys_setns(visit->namespace, (int)ns_type_clone_flag(visit->type));
	if (visit->result < 0)
		fail(-visit->result, "enter the container's %s namespace", ns_type_name(visit->type));
	else
		visit->result = visit->act(visit->argument);
	return 0;
}

int ns_visit(int namespace, enum namespace_type type, int (*act)(void *argument), void *argument)
{
	void *stack = mmap(NULL, CHILD_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	struct visit visit = { .namespace = namespace, .type = type, .act = act, .argument = argument, .result = -ECHILD };
	sigset_t all, old;

	if (stack == MAP_FAILED)
		return fail(errno, "mmap");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid_t pid = clone(visit_main, (char *)stack + CHILD_STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_FILES, &visit);
	int code = errno;

	sigprocmask(SIG_SETMASK, &old, NULL);
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	munmap(stack, CHILD_STACK_SIZE);
	return pid < 0 ? fail(code, "clone") : visit.result;
}
