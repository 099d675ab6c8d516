/* Users of the host. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define USER_NAME_SIZE 33

/* The name of uid, or its number: from /etc/passwd alone, as a static program has no other sources. */
void user_name(uid_t uid, char *text, size_t size);
