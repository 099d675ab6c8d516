/* A stored state of whatever content: refused, or the same again after being written and read once more. */
#include "base/error.h"
#include "oci/state.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena _cleanup_arena_ arena = { 0 };
	struct state _cleanup_state_ first = { 0 }, _cleanup_state_ second = { 0 };

	if (state_parse(&first, (const char *)data, size) < 0)
		return 0;

	const char *once = state_to_stored_json(&first, &arena);

	if (state_parse(&second, once, strlen(once)) < 0 || strcmp(once, state_to_stored_json(&second, &arena)) != 0)
		abort();
	for (enum status status = STATUS_CREATING; status <= STATUS_STOPPED; status++)
		if (!state_to_report_json(&first, status, true, &arena) || !state_to_oci_json(&first, status, &arena))
			abort();
	return 0;
}
