#include "runtime/hooks.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/spawn.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

/* Seconds of the configuration to milliseconds; absent: no limit. */
static int timeout_ms(const struct opt_i64 *timeout)
{
	if (!timeout->set)
		return -1;
	return timeout->value > INT_MAX / 1000 ? INT_MAX : (int)timeout->value * 1000;
}

static int run_hook(const struct spec_hook *hook, const char *state_json, const char *directory)
{
	/* Engines' hooks look for programs; nothing else of the caller's environment, which may hold secrets, is theirs. */
	static char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *own_name[] = { hook->path, NULL }, *path_alone[] = { default_path, NULL }, why[SPAWN_OUTPUT_SIZE + 128];
	/* A descriptor of its own for each: they must not share how far it has been read. */
	_cleanup_fd_ int input = spawn_input(state_json);

	if (input < 0)
		return input;
	struct spawn spawn = {
		.path = hook->path,
		.args = hook->args.count > 0 ? hook->args.items : own_name,
		.env = hook->env.count > 0 ? hook->env.items : path_alone,
		.directory = directory,
		.input = input,
		.timeout_ms = timeout_ms(&hook->timeout),
	};
	struct spawn_result result;
	int r = spawn_run(&spawn, &result);

	if (r < 0)
		return r;
	/* Our own standard error is the container's, where an engine has begun us. */
	if (*result.output)
		log_debug("%s wrote: %s", hook->path, result.output);
	r = spawn_explain(&spawn, &result, why, sizeof why);
	return r < 0 ? refuse(-r, "%s", why) : 0;
}

static int run_numbered(const struct spec_hook_list *hooks, size_t i, enum hook_point point, const char *state_json,
			const char *directory)
{
	log_debug("run %s hook %zu: %s", hook_point_name(point), i, hooks->items[i].path);
	return context(run_hook(&hooks->items[i], state_json, directory), "%s hook %zu, %s", hook_point_name(point), i,
		       hooks->items[i].path);
}

int hooks_run(const struct spec_hook_list *hooks, enum hook_point point, const char *state_json, const char *directory)
{
	for (size_t i = 0; i < hooks->count; i++) {
		int r = run_numbered(hooks, i, point, state_json, directory);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Whoever removes a bundle need not wait for the container's end, and the hooks may be what cleans up after it. */
static const char *still_there(const char *directory)
{
	return directory && access(directory, F_OK) < 0 && errno == ENOENT ? "/" : directory;
}

void hooks_run_all(const struct spec_hook_list *hooks, enum hook_point point, const char *state_json, const char *directory)
{
	for (size_t i = 0; i < hooks->count; i++)
		if (run_numbered(hooks, i, point, state_json, still_there(directory)) < 0)
			log_warning("%s", error_record()->text);
}
