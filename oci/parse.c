#include "oci/parse.h"

#include "base/error.h"
#include "base/fd.h"
#include "oci/idmap_option.h"
#include "oci/tables.h"
#include "oci/validate.h"

#include <errno.h>
#include <string.h>

/* What the document is: its table, the place in the spec that it fills, and the rules for it. */
struct document {
	const struct table *table;
	size_t offset;
	int (*validate)(const struct spec *spec);
};

static int validate_process(const struct spec *spec)
{
	return spec_validate_process(&spec->process, "");
}

static int validate_resources(const struct spec *spec)
{
	int r = spec_validate_resources(&spec->linux_.resources, "");

	return r < 0 ? r : spec_validate_resources_runnable(&spec->linux_.resources, "");
}

static const struct document config = { &table_config, 0, spec_validate };
static const struct document process = { &table_process, offsetof(struct spec, process), validate_process };
static const struct document mounts = { &table_mounts, 0, spec_validate_mounts };
static const struct document resources = { &table_resources, offsetof(struct spec, linux_.resources), validate_resources };

/* text lies in the arena of the spec, whose strings will point into it. */
static int parse(struct spec *spec, const struct document *document, char *text, size_t size)
{
	int r = decode(&spec->arena, document->table, (unsigned char *)spec + document->offset, text, size);

	if (r >= 0)
		r = idmap_options_expand(spec);
	if (r >= 0)
		r = document->validate(spec);
	if (r < 0)
		spec_free(spec);
	return r;
}

/* Of spec, only its arena is there. */
static int parse_copy(struct spec *spec, const struct document *document, const char *json, size_t size)
{
	*spec = (struct spec){ .arena = spec->arena };
	if (size > SPEC_MAX_SIZE)
		return refuse(EINVAL, "%zu bytes: a configuration must not be larger than %zu bytes", size, SPEC_MAX_SIZE);
	return parse(spec, document, arena_strndup(&spec->arena, json, size), size);
}

int spec_parse(struct spec *spec, const char *json, size_t size)
{
	return parse_copy(spec, &config, json, size);
}

int spec_parse_process(struct spec *spec, const char *json, size_t size)
{
	return parse_copy(spec, &process, json, size);
}

/* The decoder wants an object around it. */
int spec_parse_mounts(struct spec *spec, const char *json, size_t size)
{
	*spec = (struct spec){ .arena = spec->arena };
	if (size > SPEC_MAX_SIZE || memchr(json, 0, size))
		return refuse(EINVAL, "%zu bytes: the mounts must be text of not more than %zu bytes", size, SPEC_MAX_SIZE);
	char *text = arena_printf(&spec->arena, "{\"mounts\":%.*s}", (int)size, json);

	return parse(spec, &mounts, text, strlen(text));
}

int spec_parse_resources(struct spec *spec, const char *json, size_t size)
{
	return parse_copy(spec, &resources, json, size);
}

int spec_load(struct spec *spec, int dirfd)
{
	char *text;
	size_t size;

	int r = read_file_at(dirfd, "config.json", &spec->arena, SPEC_MAX_SIZE, &text, &size);

	if (r >= 0)
		return context(parse(spec, &config, text, size), "config.json");
	spec_free(spec);
	if (r == -EFBIG)
		return refuse(EINVAL, "config.json: must not be larger than %zu bytes", SPEC_MAX_SIZE);
	return fail(-r, "open config.json");
}
