/* descriptors.json of a checkpoint: what the first process's descriptors 0 to 2 were, an array of strings, as runc writes it. Pure. */
#pragma once

#include "oci/spec.h"

#define DESCRIPTORS 3

/* Strings must not be NULL. The text is in arena. */
char *descriptors_to_json(const struct strings *names, struct arena *arena);

/* -EINVAL with the record filled for another text or number of strings. */
int descriptors_parse(struct strings *names, const char *json, struct arena *arena);
