/* Users of the host. */
#pragma once

#include "oci/state.h"

#include <stddef.h>
#include <sys/types.h>

#define USER_NAME_SIZE 33

/* The name of uid, or its number: from /etc/passwd alone, as a static program has no other sources. */
void user_name(uid_t uid, char *text, size_t size);

/* The one that was looked up last: most containers have the same. */
struct user_owner {
	bool known;
	uid_t uid;
	char name[USER_NAME_SIZE];
};

/* The store knows numbers; runc and crun print names: puts the name into the state. */
void user_name_owner(struct state *state, struct user_owner *last);
