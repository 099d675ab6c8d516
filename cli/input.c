#include "cli/input.h"

#include "base/error.h"
#include "base/fd.h"
#include "oci/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int input_read(struct arena *arena, const char *option, const char *path, bool dash, char **text, size_t *size)
{
	bool standard = dash && strcmp(path, "-") == 0;
	_cleanup_fd_ int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return fail(errno, "%s %s", option, path);
	_cleanup_free_ char *buffer = malloc(SPEC_MAX_SIZE + 1);
	size_t used = 0;
	ssize_t n;

	if (!buffer)
		return fail(ENOMEM, "%s %s", option, path);
	while ((n = read(fd, buffer + used, SPEC_MAX_SIZE + 1 - used)) > 0 || (n < 0 && errno == EINTR))
		used += n > 0 ? (size_t)n : 0;
	if (n < 0)
		return fail(errno, "%s %s", option, path);
	if (used > SPEC_MAX_SIZE)
		return refuse(EFBIG, "%s %s: larger than %zu bytes", option, path, SPEC_MAX_SIZE);
	*text = arena_strndup(arena, buffer, used);
	*size = used;
	return 0;
}
