/* The parts of oci/validate.h, a file each. Internal to oci/. */
#pragma once

#include "oci/spec.h"

int check_linux(const struct spec_linux *linux_);
int check_seccomp(const struct spec_seccomp *seccomp);

/* "NAME=value" each, as environ(7) has it; path is that of the array. */
int check_env(const struct strings *env, const char *path);

/* What the kernel accepts for uid_map and gid_map, so that its EINVAL need not be guessed at. */
int check_id_maps(const struct spec_id_maps *maps, const char *path);

bool has_control_characters(const char *text);
