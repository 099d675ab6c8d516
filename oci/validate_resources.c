#include "base/error.h"
#include "oci/check.h"
#include "oci/cpus.h"
#include "oci/show.h"
#include "oci/validate.h"

#include <errno.h>
#include <string.h>

static int check_memory(const struct spec_memory *memory, const char *path)
{
	/* swap is memory plus swap; 0 counts as unset, as for the Go runtimes */
	if (memory->limit.value > 0 && memory->swap.value > 0 && memory->swap.value < memory->limit.value)
		return refuse(EINVAL, "%s/memory/swap: %lld: must not be smaller than the memory limit %lld, which it includes",
		              path, (long long)memory->swap.value, (long long)memory->limit.value);
	return 0;
}

static int check_list(const char *list, const char *path, const char *name)
{
	if (list && !cpus_parse(list, NULL))
		return refuse(EINVAL, "%s/cpu/%s: %s: must be a list such as \"0-3,7\" of numbers below %d", path, name,
		              show(list).text, SPEC_CPU_MAX);
	return 0;
}

static int check_cpu(const struct spec_cpu *cpu, const char *path)
{
	int r;

	if (cpu->quota.value > 0 && cpu->burst.value > (uint64_t)cpu->quota.value)
		return refuse(EINVAL, "%s/cpu/burst: %llu: must not be larger than the quota %lld", path,
		              (unsigned long long)cpu->burst.value, (long long)cpu->quota.value);
	if (cpu->idle.value != 0 && cpu->idle.value != 1)
		return refuse(EINVAL, "%s/cpu/idle: %lld: must be 0 or 1", path, (long long)cpu->idle.value);
	r = check_list(cpu->cpus, path, "cpus");
	return r < 0 ? r : check_list(cpu->mems, path, "mems");
}

static bool weight_is_valid(uint64_t weight)
{
	return weight == 0 || weight >= 10;
}

#define WEIGHT_RULE "must be an integer from 10 to 1000, or 0 for the default"

static int check_block_io(const struct spec_block_io *io, const char *path)
{
	if (!weight_is_valid(io->weight.value))
		return refuse(EINVAL, "%s/blockIO/weight: %u: " WEIGHT_RULE, path, (unsigned)io->weight.value);
	if (!weight_is_valid(io->leaf_weight.value))
		return refuse(EINVAL, "%s/blockIO/leafWeight: %u: " WEIGHT_RULE, path, (unsigned)io->leaf_weight.value);
	for (size_t i = 0; i < io->weight_count; i++) {
		const struct spec_io_weight *device = &io->weights[i];

		if (!device->weight.set && !device->leaf_weight.set)
			return refuse(EINVAL, "%s/blockIO/weightDevice/%zu: must have a weight or a leafWeight", path, i);
		if (!weight_is_valid(device->weight.value))
			return refuse(EINVAL, "%s/blockIO/weightDevice/%zu/weight: %u: " WEIGHT_RULE, path, i,
			              (unsigned)device->weight.value);
		if (!weight_is_valid(device->leaf_weight.value))
			return refuse(EINVAL, "%s/blockIO/weightDevice/%zu/leafWeight: %u: " WEIGHT_RULE, path, i,
			              (unsigned)device->leaf_weight.value);
	}
	return 0;
}

/* ^[1-9][0-9]*[KMG]B$ of the schema. It is part of a file name. */
static bool page_size_is_valid(const char *size)
{
	size_t digits = strspn(size, "0123456789");

	return digits && size[0] != '0' && size[digits] && strchr("KMG", size[digits]) && strcmp(size + digits + 1, "B") == 0;
}

static int check_hugepages(const struct spec_resources *resources, const char *path)
{
	for (size_t i = 0; i < resources->hugepage_count; i++)
		if (!page_size_is_valid(resources->hugepages[i].page_size))
			return refuse(EINVAL, "%s/hugepageLimits/%zu/pageSize: %s: must be a size such as \"64KB\", \"2MB\" or "
			                      "\"1GB\"", path, i, show(resources->hugepages[i].page_size).text);
	return 0;
}

static int check_rdma(const struct spec_resources *resources, const char *path)
{
	for (size_t i = 0; i < resources->rdma_count; i++) {
		const struct spec_rdma *rdma = &resources->rdma[i];

		if (!*rdma->device || strpbrk(rdma->device, " \n"))
			return refuse(EINVAL, "%s/rdma: %s: must be the name of a device", path, show(rdma->device).text);
		if (!rdma->handles.set && !rdma->objects.set)
			return refuse(EINVAL, "%s/rdma/%s: must have hcaHandles or hcaObjects", path,
			              show_key(rdma->device, strlen(rdma->device)).text);
	}
	return 0;
}

/* Keys are names of files in the container's cgroup. Those that move or end processes are not parameters of a container. */
static int check_unified(const struct string_map *unified, const char *path)
{
	static const char *const control[] = {
		"cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "cgroup.type", "cgroup.kill", "cgroup.freeze",
	};

	for (size_t i = 0; i < unified->count; i++) {
		const char *key = unified->items[i].key;

		if (!*key || strcmp(key, ".") == 0 || strcmp(key, "..") == 0 || strchr(key, '/') || has_control_characters(key))
			return refuse(EINVAL, "%s/unified: %s: must be the name of a file in a cgroup", path, show(key).text);
		for (size_t k = 0; k < sizeof control / sizeof *control; k++)
			if (strcmp(key, control[k]) == 0)
				return refuse(EINVAL, "%s/unified/%s: the runtime alone writes this file", path, key);
	}
	return 0;
}

int spec_validate_resources(const struct spec_resources *resources, const char *path)
{
	int r = check_unified(&resources->unified, path);

	if (r >= 0)
		r = check_memory(&resources->memory, path);
	if (r >= 0)
		r = check_cpu(&resources->cpu, path);
	if (r >= 0)
		r = check_block_io(&resources->block_io, path);
	if (r >= 0)
		r = check_hugepages(resources, path);
	return r < 0 ? r : check_rdma(resources, path);
}
