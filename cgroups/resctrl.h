/*
 * Classes of service and monitoring groups of Intel RDT (config-linux.md "IntelRdt"; the kernel's resctrl.rst). They are in this
 * room because they are the same kind of thing as cgroups, groups of processes that are made by mkdir and entered by writing a pid;
 * but the kernel keeps the two apart, and so do the files here. A class has the files `tasks` and `schemata`, and in `mon_groups`
 * the directories of groups that only count.
 *
 * Everything is done below root, the descriptor of a resctrl file system's root that resctrl_open() gives. Functions return >= 0, or
 * -errno with the record filled.
 */
#pragma once

#include "cgroups/stats.h"
#include "oci/spec.h"

#include <sys/types.h>

struct resctrl_group {
	const char *class;        /* directory below root, "/" for the default class; NULL: none */
	const char *monitor;      /* name of its monitoring group, or NULL */
	bool own;                 /* the class has the container's name, and goes with it */
	bool made_class, made_monitor; /* by resctrl_make(), to be undone when the create fails */
};

/* The first resctrl of the caller's mount namespace. -ENOTSUP when there is none: the text says how to mount it. */
int resctrl_open(void);

/*
 * What container id of that configuration will have. A class or monitoring group of the container's own name must not be there yet
 * (-EEXIST), since it would be taken for the container's at its end; one that closID names must be, where no schema is given to make
 * it with (-ENOENT). Makes nothing; strings are those of the arguments.
 */
int resctrl_plan(int root, const struct spec_intel_rdt *config, const char *id, struct resctrl_group *group);

/*
 * Make what is missing and write the schemata: l3CacheSchema, memBwSchema, then schemata. A class that was there must have the values
 * of the first two already (-EINVAL). On failure nothing stays.
 */
int resctrl_make(int root, const struct spec_intel_rdt *config, struct resctrl_group *group);

/* Put the process, and what it starts later, into the class and the monitoring group. */
int resctrl_enter(int root, const struct resctrl_group *group, pid_t pid);

/*
 * Write l3 and memory bandwidth (either may be NULL) to the class. *before, in arena, is its schemata as they were, which
 * resctrl_restore() takes.
 */
int resctrl_change(int root, const struct resctrl_group *group, const char *l3, const char *bandwidth, struct arena *arena,
                   char **before);
int resctrl_restore(int root, const struct resctrl_group *group, const char *before);

/* The container's end: its monitoring group goes, and its class if that is its own. What is gone already is no error. */
int resctrl_remove(int root, const struct resctrl_group *group);

/* A create that fails later: what resctrl_make() made goes, whoever named it. */
int resctrl_undo(int root, const struct resctrl_group *group);

/*
 * What the class allows, and what was used: by the monitoring group where there is one, else by all of the class. Opened once, it is the same
 * directories for good. Reading what is gone meanwhile leaves stats unset.
 */
struct resctrl_view {
	int class, used; /* directories, or -1 */
};
#define RESCTRL_VIEW_NONE ((struct resctrl_view){ -1, -1 })
int resctrl_view_open(int root, const struct resctrl_group *group, struct resctrl_view *view);
void resctrl_view_read(const struct resctrl_view *view, struct arena *arena, struct stats_rdt *stats);
void resctrl_view_close(struct resctrl_view *view);
#define _cleanup_view_ __attribute__((cleanup(resctrl_view_close)))

/*
 * Whether schemata, a file's text, has every value of asked ("L3:0=7f0;1=1f"), whatever their order and leading zeros. Pure; here for
 * its test.
 */
bool resctrl_has(const char *schemata, const char *asked);
