#include "runtime/environment.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define PASSWD_MAX ((size_t)1 << 20)

static bool has_variable(const struct strings *env, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], name, length) == 0 && env->items[i][length] == '=')
			return true;
	return false;
}

/* The image's file is not trusted: a line counts only if its third field is exactly the number (CVE-2016-3697). */
static char *home_of(uint32_t uid, struct arena *arena)
{
	char *text, *rest, number[12];

	if (read_file_at(AT_FDCWD, "/etc/passwd", arena, PASSWD_MAX, &text, NULL) < 0)
		return NULL;
	snprintf(number, sizeof number, "%u", uid);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *field[7];
		int n = 0;

		for (char *next = line; n < 7 && next; n++) {
			field[n] = next;
			next = strchr(next, ':');
			if (next)
				*next++ = 0;
		}
		if (n >= 6 && strcmp(field[2], number) == 0)
			return field[5][0] == '/' ? field[5] : NULL;
	}
	return NULL;
}

/* sd_listen_fds(3): the caller's sockets are 3 …, the same in the workload. */
static const char *listen_fds(int preserve_fds)
{
	const char *value = getenv("LISTEN_FDS");
	char *end;

	if (!value || preserve_fds <= 0)
		return NULL;
	long count = strtol(value, &end, 10);

	return *end == 0 && count > 0 && count <= preserve_fds ? value : NULL;
}

static int compare_names(const char *a, const char *b)
{
	size_t m = strcspn(a, "="), n = strcspn(b, "=");
	int r = memcmp(a, b, m < n ? m : n);

	return r ? r : (m > n) - (m < n);
}

/* By name, those of one name by place. */
static int compare_places(const void *a, const void *b)
{
	char **x = *(char **const *)a, **y = *(char **const *)b;
	int r = compare_names(*x, *y);

	return r ? r : (x > y) - (x < y);
}

/* Of each name the last, in order. Sorted, since the links of an orchestrator can be many thousands. Returns how many there are. */
static size_t keep_last(char **env, size_t count, struct arena *arena)
{
	char ***places = arena_array(arena, count + 1, sizeof *places);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		places[i] = &env[i];
	qsort(places, count, sizeof *places, compare_places);
	for (size_t i = 0; i + 1 < count; i++)
		if (compare_names(*places[i], *places[i + 1]) == 0)
			*places[i] = NULL;
	for (size_t i = 0; i < count; i++)
		if (env[i])
			env[kept++] = env[i];
	env[kept] = NULL;
	return kept;
}

char **environment_of(const struct spec_process *process, int preserve_fds, struct arena *arena)
{
	const struct strings *env = &process->env;
	char **all = arena_array(arena, env->count + 4, sizeof *all);
	size_t n = 0;
	const char *fds = listen_fds(preserve_fds);

	for (; n < env->count; n++)
		all[n] = env->items[n];
	n = keep_last(all, n, arena);
	if (!has_variable(env, "HOME")) {
		const char *home = home_of(process->user.uid, arena);

		all[n++] = arena_printf(arena, "HOME=%s", home ? home : "/");
	}
	if (fds) {
		all[n++] = arena_printf(arena, "LISTEN_FDS=%s", fds);
		all[n++] = arena_strdup(arena, "LISTEN_PID=1");
	}
	return all;
}
