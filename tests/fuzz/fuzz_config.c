/* Whatever a config.json, a process or a resources object holds: no crash, no leak, and an error of one printable line. */
#include "base/error.h"
#include "oci/parse.h"
#include "oci/validate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int parse_function(struct spec *spec, const char *json, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_error(int r)
{
	const struct error *error = error_record();

	require(r == -error->code);
	require(error->text[0]);
	for (const char *p = error->text; *p; p++)
		require((unsigned char)*p >= 0x20 && *p != 0x7f);
}

/* Reads every byte, so that the sanitizer sees one that is not ours. */
static void check_strings(const struct strings *strings)
{
	require(strings->set || !strings->items);
	for (size_t i = 0; i < strings->count; i++)
		require(strlen(strings->items[i]) < SPEC_MAX_SIZE);
	require(!strings->items || !strings->items[strings->count]);
}

static void check_map(const struct string_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		require(strlen(map->items[i].key) + strlen(map->items[i].value) < SPEC_MAX_SIZE);
}

static void check_process(const struct spec_process *process)
{
	check_strings(&process->args);
	check_strings(&process->env);
	check_strings(&process->capabilities.unknown);
	require(process->cwd[0] == '/');
	require(process->user.uid != UINT32_MAX && process->user.gid != UINT32_MAX);
	for (size_t i = 0; i < process->rlimit_count; i++)
		require(process->rlimits[i].soft <= process->rlimits[i].hard && process->rlimits[i].name[0] == 'R');
}

static void check_linux(const struct spec_linux *linux_)
{
	const struct spec_seccomp *seccomp = &linux_->seccomp;

	check_map(&linux_->sysctl);
	check_map(&linux_->resources.unified);
	check_strings(&linux_->masked_paths);
	check_strings(&linux_->readonly_paths);
	check_strings(&seccomp->architectures);
	for (size_t i = 0; i < linux_->device_count; i++)
		require(strchr("cbp", linux_->devices[i].type) && linux_->devices[i].path[0] == '/');
	for (size_t i = 0; i < linux_->net_device_count; i++)
		require(strlen(linux_->net_devices[i].host_name) < 16);
	for (size_t i = 0; i < seccomp->rule_count; i++) {
		check_strings(&seccomp->rules[i].names);
		for (size_t k = 0; k < seccomp->rules[i].arg_count; k++)
			require(seccomp->rules[i].args[k].index < 6);
	}
}

static void check_spec(const struct spec *spec)
{
	check_map(&spec->annotations);
	for (size_t i = 0; i < spec->mount_count; i++) {
		require(spec->mounts[i].destination[0]);
		check_strings(&spec->mounts[i].options);
	}
	for (enum hook_point point = 0; point < HOOK_POINTS; point++)
		for (size_t i = 0; i < spec->hooks[point].count; i++) {
			require(spec->hooks[point].items[i].path[0] == '/');
			check_strings(&spec->hooks[point].items[i].args);
			check_strings(&spec->hooks[point].items[i].env);
		}
	if (spec->process.set)
		check_process(&spec->process);
	check_linux(&spec->linux_);
}

static void parse(parse_function *function, const uint8_t *data, size_t size)
{
	struct spec spec = { 0 };
	int r = function(&spec, (const char *)data, size);

	if (r < 0) {
		check_error(r);
		require(!spec.arena.blocks);
		return;
	}
	check_spec(&spec);
	if (function == spec_parse && (r = spec_validate_runnable(&spec)) < 0)
		check_error(r);
	spec_free(&spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(spec_parse, data, size);
	parse(spec_parse_process, data, size);
	parse(spec_parse_resources, data, size);
	return 0;
}
