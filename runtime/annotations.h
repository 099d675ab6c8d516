/*
 * The annotations org.berth.*, which ask for what the specification has no field for, and the one of others' that engines set.
 * docs/annotations.md tells users of them; those of bandwidth are parsed in cgroups/bandwidth_text.c.
 */
#pragma once

#include "oci/spec.h"
#include "runtime/landlock.h"

#include <sys/types.h>

#define ANNOTATION_KSM "org.berth.ksm"
#define ANNOTATION_CORE_SCHED "org.berth.core-sched"
#define ANNOTATION_LANDLOCK "org.berth.landlock"
#define ANNOTATION_EMULATE "org.berth.emulate"
#define ANNOTATION_KEEP_GROUPS "run.oci.keep_original_groups"

/* What they ask of the container's processes. */
struct extras {
	bool ksm, core_sched;
	bool emulate;             /* rootfs/emulate.h */
	bool keep_groups;         /* the supplementary groups are the caller's */
	struct landlock_rules landlock;
};

/*
 * Pure. An annotation org.berth.* that there is not is refused, as a wrong value is: who asked for a wall must not go without
 * because of a letter. The rules live in arena. -EINVAL with the record, which names /annotations/KEY.
 */
int extras_parse(struct extras *extras, const struct spec *spec, struct arena *arena);

/*
 * criu brings processes back without any of it but the groups: -ENOTSUP with the record for a configuration that asks for
 * something else. what is the command.
 */
int extras_refuse_criu(const struct extras *extras, const char *what);

/* In the process to be, before it gives up privileges. The kernel keeps both over fork and execve. Fill the record. */
int extras_share_memory(void);
int extras_make_core_cookie(void);

/* In a process that is to become one of the container's: have the cookie of the process pid, as the caller sees it. */
int extras_take_core_cookie(pid_t pid);
