#include "runtime/rdt.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "runtime/store.h"

#include <errno.h>

static struct resctrl_group group_of(const struct state *state)
{
	return (struct resctrl_group){ .class = state->rdt_class, .monitor = state->rdt_monitor, .own = state->rdt_own };
}

static int record(struct state *state, int store, const struct resctrl_group *group)
{
	state->rdt_class = arena_strdup(&state->arena, group->class);
	state->rdt_monitor = group->monitor ? arena_strdup(&state->arena, group->monitor) : NULL;
	state->rdt_own = group->own;
	return store_save_state(store, state);
}

int rdt_make(struct rdt *rdt, const struct spec_intel_rdt *config, struct state *state, int store)
{
	if (!config->set)
		return 0;
	rdt->root = resctrl_open();
	if (rdt->root < 0)
		return context(rdt->root, "/linux/intelRdt");
	int r = resctrl_plan(rdt->root, config, state->id, &rdt->group);

	if (r >= 0)
		r = record(state, store, &rdt->group);
	return r < 0 ? r : resctrl_make(rdt->root, config, &rdt->group);
}

int rdt_enter(const struct rdt *rdt, pid_t pid)
{
	return rdt->group.class ? context(resctrl_enter(rdt->root, &rdt->group, pid), "/linux/intelRdt") : 0;
}

void rdt_undo(struct rdt *rdt)
{
	if (rdt->root >= 0 && resctrl_undo(rdt->root, &rdt->group) < 0)
		log_warning("undo of a failed create: %s", error_record()->text);
	close_fd(&rdt->root);
}

int rdt_enter_of(const struct state *state, pid_t pid)
{
	const struct resctrl_group group = group_of(state);

	if (!group.class)
		return 0;
	_cleanup_fd_ int root = resctrl_open();

	return root < 0 ? root : resctrl_enter(root, &group, pid);
}

int rdt_change(const struct state *state, const struct spec_intel_rdt *asked, struct arena *arena, char **before)
{
	const struct resctrl_group group = group_of(state);

	if (!group.class)
		return refuse(ENOTSUP, "container %s was created without /linux/intelRdt: it has no class whose schemata could be changed",
		              state->id);
	_cleanup_fd_ int root = resctrl_open();

	return root < 0 ? root : resctrl_change(root, &group, asked->l3_cache_schema, asked->mem_bw_schema, arena, before);
}

void rdt_restore(const struct state *state, const char *before)
{
	const struct resctrl_group group = group_of(state);
	struct error e = error_save();
	_cleanup_fd_ int root = resctrl_open();

	if (root < 0 || resctrl_restore(root, &group, before) < 0)
		log_warning("container %s keeps schemata that were to be taken back: %s", state->id, error_record()->text);
	error_restore(&e);
}

int rdt_view(const struct state *state, struct resctrl_view *view)
{
	const struct resctrl_group group = group_of(state);

	*view = RESCTRL_VIEW_NONE;
	if (!group.class)
		return 0;
	_cleanup_fd_ int root = resctrl_open();

	return root == -ENOTSUP ? 0 : root < 0 ? root : resctrl_view_open(root, &group, view);
}

int rdt_remove(const struct state *state)
{
	const struct resctrl_group group = group_of(state);

	if (!group.class || (!group.own && !group.monitor))
		return 0;
	_cleanup_fd_ int root = resctrl_open();

	/* Unmounted meanwhile: the groups went with it. */
	return root == -ENOTSUP ? 0 : root < 0 ? root : resctrl_remove(root, &group);
}
