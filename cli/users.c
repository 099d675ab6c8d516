#include "cli/users.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void user_name(uid_t uid, char *text, size_t size)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *entry = NULL;

	while (file && (entry = fgetpwent(file)) && entry->pw_uid != uid)
		;
	if (entry && strlen(entry->pw_name) < size)
		snprintf(text, size, "%s", entry->pw_name);
	else
		snprintf(text, size, "%u", uid);
	if (file)
		fclose(file);
}

void user_name_owner(struct state *state, struct user_owner *last)
{
	char *end;
	unsigned long uid = state->owner ? strtoul(state->owner, &end, 10) : 0;

	if (!state->owner || !state->owner[0] || *end)
		return;
	if (!last->known || last->uid != (uid_t)uid) {
		last->known = true;
		last->uid = (uid_t)uid;
		user_name(last->uid, last->name, sizeof last->name);
	}
	state->owner = arena_strdup(&state->arena, last->name);
}
