#include "runtime/criu_message.h"

#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

void criu_add_text(struct strings *texts, char *text, struct arena *arena)
{
	char **items = arena_array(arena, texts->count + 1, sizeof *items);

	if (texts->count > 0)
		memcpy(items, texts->items, texts->count * sizeof *items);
	items[texts->count++] = text;
	texts->items = items;
}

void criu_add_pair(struct string_map *map, char *key, char *value, struct arena *arena)
{
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->items[i].key, key) == 0)
			return;
	struct string_pair *items = arena_array(arena, map->count + 1, sizeof *items);

	if (map->count > 0)
		memcpy(items, map->items, map->count * sizeof *items);
	items[map->count++] = (struct string_pair){ key, value };
	map->items = items;
}

/* --- requests --------------------------------------------------------------------------------------------------------- */

enum option_kind {
	OPTION_NUMBER,   /* int; 0 is not sent */
	OPTION_MAYBE,    /* struct opt_i64 */
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char * */
	OPTION_TEXTS,    /* struct strings */
	OPTION_MAP,      /* struct string_map: messages of key 1 and value 2 */
	OPTION_INHERIT,  /* struct strings: messages of name 1 and descriptor 2 */
};

struct option_row {
	unsigned field;
	enum option_kind kind;
	size_t offset;
};

#define ROW(number, kind, member) { number, OPTION_##kind, offsetof(struct criu_options, member) }

/* message criu_opts */
static const struct option_row option_rows[] = {
	ROW(1, NUMBER, images_dir),
	ROW(2, NUMBER, pid),
	ROW(3, FLAG, leave_running),
	ROW(4, FLAG, ext_unix_sockets),
	ROW(5, FLAG, tcp_established),
	ROW(7, FLAG, shell_job),
	ROW(8, FLAG, file_locks),
	ROW(9, NUMBER, log_level),
	ROW(10, TEXT, log_file),
	ROW(12, FLAG, notify),
	ROW(13, TEXT, root),
	ROW(14, TEXT, parent_images),
	ROW(15, FLAG, track_memory),
	ROW(16, FLAG, auto_dedup),
	ROW(17, NUMBER, work_dir),
	ROW(18, FLAG, link_remap),
	ROW(23, MAP, external_mounts),
	ROW(26, FLAG, restore_sibling),
	ROW(27, INHERIT, inherit),
	ROW(34, MAYBE, cgroups_mode),
	ROW(37, TEXTS, external),
	ROW(38, NUMBER, empty_namespaces),
	ROW(39, MAP, join),
	ROW(43, TEXTS, cgroup_controllers),
	ROW(44, TEXT, freeze_cgroup),
	ROW(46, FLAG, tcp_skip_in_flight),
	ROW(48, FLAG, lazy_pages),
	ROW(50, FLAG, orphan_terminal),
	ROW(51, TEXT, config_file),
	ROW(52, FLAG, tcp_close),
	ROW(53, TEXT, lsm_profile),
	ROW(60, TEXT, cgroup_yard),
	ROW(63, TEXT, lsm_mount_context),
	ROW(64, NUMBER, network_lock),
};

enum { OPTS_PAGE_SERVER = 11, OPTS_CGROUP_ROOT = 25 };
enum { PAGE_SERVER_ADDRESS = 1, PAGE_SERVER_PORT = 2 };
enum { CGROUP_ROOT_CONTROLLER = 1, CGROUP_ROOT_PATH = 2 };
enum { PAIR_KEY = 1, PAIR_VALUE = 2 };

static void put_map(struct wire *wire, unsigned field, const struct string_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		struct wire pair = { .arena = wire->arena };

		wire_put_text(&pair, PAIR_KEY, map->items[i].key);
		wire_put_text(&pair, PAIR_VALUE, map->items[i].value);
		wire_put_message(wire, field, &pair);
	}
}

static void put_inherited(struct wire *wire, unsigned field, const struct strings *names)
{
	for (size_t i = 0; i < names->count; i++) {
		struct wire pair = { .arena = wire->arena };

		wire_put_text(&pair, PAIR_KEY, names->items[i]);
		wire_put_number(&pair, PAIR_VALUE, CRIU_FIRST_INHERITED + (int64_t)i);
		wire_put_message(wire, field, &pair);
	}
}

static void put_texts(struct wire *wire, unsigned field, const struct strings *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		wire_put_text(wire, field, texts->items[i]);
}

static void put_option(struct wire *wire, const struct option_row *row, const struct criu_options *options)
{
	const void *value = (const char *)options + row->offset;

	switch (row->kind) {
	case OPTION_NUMBER:
		if (*(const int *)value != 0)
			wire_put_number(wire, row->field, *(const int *)value);
		return;
	case OPTION_MAYBE:
		if (((const struct opt_i64 *)value)->set)
			wire_put_number(wire, row->field, ((const struct opt_i64 *)value)->value);
		return;
	case OPTION_FLAG:
		if (*(const bool *)value)
			wire_put_number(wire, row->field, 1);
		return;
	case OPTION_TEXT:
		if (*(const char *const *)value)
			wire_put_text(wire, row->field, *(const char *const *)value);
		return;
	case OPTION_TEXTS:
		put_texts(wire, row->field, value);
		return;
	case OPTION_MAP:
		put_map(wire, row->field, value);
		return;
	case OPTION_INHERIT:
		put_inherited(wire, row->field, value);
		return;
	}
}

static struct wire encode_options(const struct criu_options *options, struct arena *arena)
{
	struct wire wire = { .arena = arena };

	for (size_t i = 0; i < sizeof option_rows / sizeof *option_rows; i++)
		put_option(&wire, &option_rows[i], options);
	if (options->page_server_port > 0) {
		struct wire server = { .arena = arena };

		wire_put_text(&server, PAGE_SERVER_ADDRESS, options->page_server_address);
		wire_put_number(&server, PAGE_SERVER_PORT, options->page_server_port);
		wire_put_message(&wire, OPTS_PAGE_SERVER, &server);
	}
	if (options->cgroup_root) {
		struct wire root = { .arena = arena };

		/* Version 2 has no controller's name: without one, groups of version 1 beside it would be meant, too. */
		wire_put_text(&root, CGROUP_ROOT_CONTROLLER, "");
		wire_put_text(&root, CGROUP_ROOT_PATH, options->cgroup_root);
		wire_put_message(&wire, OPTS_CGROUP_ROOT, &root);
	}
	return wire;
}

/* message criu_req */
enum { REQUEST_TYPE = 1, REQUEST_OPTIONS = 2, REQUEST_NOTIFY_SUCCESS = 3, REQUEST_FEATURES = 5 };
/* message criu_features */
enum { FEATURE_MEMORY_TRACKING = 1, FEATURE_LAZY_PAGES = 2 };

struct wire criu_encode(const struct criu_request *request, struct arena *arena)
{
	struct wire wire = { .arena = arena };

	wire_put_number(&wire, REQUEST_TYPE, request->type);
	if (request->options) {
		struct wire options = encode_options(request->options, arena);

		wire_put_message(&wire, REQUEST_OPTIONS, &options);
	}
	if (request->type == CRIU_NOTIFY)
		wire_put_number(&wire, REQUEST_NOTIFY_SUCCESS, request->notify_success);
	if (request->type == CRIU_FEATURE_CHECK) {
		struct wire features = { .arena = arena };

		wire_put_number(&features, FEATURE_MEMORY_TRACKING, request->ask_memory_tracking);
		wire_put_number(&features, FEATURE_LAZY_PAGES, request->ask_lazy_pages);
		wire_put_message(&wire, REQUEST_FEATURES, &features);
	}
	return wire;
}

/* --- responses -------------------------------------------------------------------------------------------------------- */

/* message criu_resp, and those in it */
enum {
	RESPONSE_TYPE = 1,
	RESPONSE_SUCCESS = 2,
	RESPONSE_RESTORE = 4,
	RESPONSE_NOTIFY = 5,
	RESPONSE_CODE = 7,
	RESPONSE_FEATURES = 8,
	RESPONSE_MESSAGE = 9,
};
enum { RESTORE_PID = 1, NOTIFY_SCRIPT = 1, NOTIFY_PID = 2 };

/* A failed restore has a negative one. */
static pid_t pid_of(const struct wire_field *field)
{
	return field->is_bytes || field->value > INT_MAX ? 0 : (pid_t)field->value;
}

static int decode_restore(struct criu_response *response, struct wire_input input)
{
	struct wire_field field;
	int r;

	while ((r = wire_next(&input, &field)) > 0)
		if (field.number == RESTORE_PID)
			response->pid = pid_of(&field);
	return r;
}

static int decode_notify(struct criu_response *response, struct wire_input input, struct arena *arena)
{
	struct wire_field field;
	int r;

	while ((r = wire_next(&input, &field)) > 0) {
		if (field.number == NOTIFY_SCRIPT && field.is_bytes)
			response->script = wire_text(&field.bytes, arena);
		else if (field.number == NOTIFY_PID)
			response->pid = pid_of(&field);
	}
	return r;
}

static int decode_features(struct criu_response *response, struct wire_input input)
{
	struct wire_field field;
	int r;

	while ((r = wire_next(&input, &field)) > 0) {
		if (field.number == FEATURE_MEMORY_TRACKING)
			response->has_memory_tracking = field.value != 0;
		if (field.number == FEATURE_LAZY_PAGES)
			response->has_lazy_pages = field.value != 0;
	}
	return r;
}

static int decode_field(struct criu_response *response, const struct wire_field *field, struct arena *arena)
{
	switch (field->number) {
	case RESPONSE_TYPE:
		if (field->value > INT_MAX)
			return -EBADMSG;
		response->type = (enum criu_type)field->value;
		return 0;
	case RESPONSE_SUCCESS:
		response->success = field->value != 0;
		return 0;
	case RESPONSE_CODE:
		response->code = field->value <= INT_MAX ? (int)field->value : 0;
		return 0;
	case RESPONSE_RESTORE:
		return decode_restore(response, field->bytes);
	case RESPONSE_NOTIFY:
		return decode_notify(response, field->bytes, arena);
	case RESPONSE_FEATURES:
		return decode_features(response, field->bytes);
	case RESPONSE_MESSAGE:
		response->message = wire_text(&field->bytes, arena);
		return 0;
	default:
		return 0;
	}
}

static bool has_bytes(unsigned field)
{
	return field == RESPONSE_RESTORE || field == RESPONSE_NOTIFY || field == RESPONSE_FEATURES || field == RESPONSE_MESSAGE;
}

static bool has_number(unsigned field)
{
	return field == RESPONSE_TYPE || field == RESPONSE_SUCCESS || field == RESPONSE_CODE;
}

int criu_decode(struct criu_response *response, const void *data, size_t size, struct arena *arena)
{
	struct wire_input input = { data, size };
	struct wire_field field;
	int r;

	*response = (struct criu_response){ 0 };
	while ((r = wire_next(&input, &field)) > 0) {
		if (field.is_bytes ? has_number(field.number) : has_bytes(field.number))
			r = -EBADMSG;
		if (r > 0)
			r = decode_field(response, &field, arena);
		if (r < 0)
			break;
	}
	return r < 0 ? refuse(EBADMSG, "criu answered what is not in its protocol") : 0;
}
