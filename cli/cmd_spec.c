/* spec: a configuration to begin with. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/fd.h"
#include "cli/default_spec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int run_spec(struct call *call)
{
	const char *bundle = call->bundle ? call->bundle : ".", *name = call->file ? call->file : "config.json";
	_cleanup_fd_ int directory = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return fail(errno, "--bundle %s", bundle);
	_cleanup_fd_ int file = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (file < 0 && errno == EEXIST)
		return refuse(EEXIST, "%s exists; remove it first", name);
	if (file < 0)
		return fail(errno, "%s", name);
	const char *text = default_spec(call->rootless_spec, &call->arena);
	int r = write_all(file, text, strlen(text));

	if (r >= 0)
		r = write_all(file, "\n", 1);
	return r < 0 ? fail(-r, "write %s", name) : 0;
}

static const struct option spec_options[] = {
	{ "bundle", 'b', OPTION_TEXT, AT(bundle), "DIR", "bundle directory (default: the working directory)" },
	{ "file", 'f', OPTION_TEXT, AT(file), "FILE", "file in the bundle directory (default: config.json)" },
	{ "rootless", 0, OPTION_FLAG, AT(rootless_spec), NULL, "for a user without privileges" },
	{ 0 },
};

const struct command command_spec = {
	.name = "spec",
	.group = GROUP_BUNDLE,
	.arguments = "",
	.summary = "write a configuration to begin with",
	.description = "Write a config.json that runs \"sh\" in the root file system rootfs/ of the bundle, with all\n"
	               "protection on.",
	.options = spec_options,
	.run = run_spec,
};
