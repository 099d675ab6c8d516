#include "cli/users.h"

#include <pwd.h>
#include <stdio.h>
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
