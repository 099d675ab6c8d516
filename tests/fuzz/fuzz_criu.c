/* What criu answers, a log of its, and mounts of a container, of whatever content: refused or understood, and nothing is read beyond. */
#include "runtime/criu.h"
#include "runtime/criu_mounts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct criu_response response;
	struct spec spec = { 0 };
	struct string_map mounts = { 0 };
	char errors[64], *text = arena_strndup(&arena, (const char *)data, size);

	if (criu_decode(&response, data, size, &arena) == 0 && response.pid < 0)
		abort();
	criu_log_errors(text, errors, sizeof errors);
	if (!memchr(errors, 0, sizeof errors))
		abort();
	criu_mounts_external(arena_strdup(&arena, text), text, &spec, &mounts, &arena);
	return 0;
}
