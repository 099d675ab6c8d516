/* The names that the specification gives to constants, as tables. Values are the kernel's or those of oci/spec.h. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct name {
	const char *text;
	uint64_t value;
	uint8_t length;
};

struct names {
	size_t count;
	const struct name *items;
};

extern const struct names names_capabilities;   /* value: one bit */
extern const struct names names_rlimits;
extern const struct names names_sched_policies;
extern const struct names names_sched_flags;
extern const struct names names_io_classes;
extern const struct names names_namespaces;     /* enum namespace_type */
extern const struct names names_propagation;
extern const struct names names_seccomp_actions;
extern const struct names names_seccomp_archs;  /* value: unused */
extern const struct names names_seccomp_operators;
extern const struct names names_seccomp_flags;
extern const struct names names_memory_policy_modes;
extern const struct names names_memory_policy_flags;
extern const struct names names_personalities;

/* The entry named by length bytes of text, or NULL. Names match exactly. */
const struct name *names_find(const struct names *names, const char *text, size_t length);

/* The first entry of that value, or NULL. */
const struct name *names_of_value(const struct names *names, uint64_t value);
