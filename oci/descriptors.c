#include "oci/descriptors.h"

#include "base/error.h"
#include "oci/fields.h"
#include "oci/json.h"

#include <errno.h>
#include <string.h>

struct document {
	struct strings names;
};

static const struct field document_fields[] = { F_STRINGS("names", struct document, names, .flags = FIELD_REQUIRED) };
static const struct table document_table = TABLE(document_fields, struct document);

char *descriptors_to_json(const struct strings *names, struct arena *arena)
{
	struct json *json = json_new(arena, false);

	json_strings(json, names);
	return json_finish(json);
}

/* The decoder wants an object around it. */
int descriptors_parse(struct strings *names, const char *json, struct arena *arena)
{
	struct document document = { { 0 } };
	char *text = arena_printf(arena, "{\"names\":%s}", json);
	int r = decode(arena, &document_table, &document, text, strlen(text));

	if (r >= 0 && document.names.count != DESCRIPTORS)
		r = refuse(EINVAL, "%zu descriptors in place of %d", document.names.count, DESCRIPTORS);
	*names = document.names;
	return r;
}
