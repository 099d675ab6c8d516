#include "runtime/keyring.h"

#include "base/error.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sys.h"

#include <inttypes.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_USER_SEARCH 0x00080000U
#define KEY_POSSESSOR_ALL 0x3f000000U
#define KEY_QUOTA_HINT "the user's keyrings are at /proc/sys/kernel/keys/maxkeys: raise it, or use --no-new-keyring"

static long sys_keyctl(int command, unsigned long a, unsigned long b, unsigned long c)
{
	return sys_result(syscall(SYS_keyctl, command, a, b, c, 0));
}

static long join(const char *name)
{
	return sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, (unsigned long)name, 0, 0);
}

/* "keyring;UID;GID;PERMISSIONS;NAME", permissions in hexadecimal. */
static int read_permissions(long keyring, uint32_t *permissions)
{
	char text[512];
	const char *field = text;
	long n = sys_keyctl(KEYCTL_DESCRIBE, (unsigned long)keyring, (unsigned long)text, sizeof text - 1);

	if (n < 0)
		return (int)n;
	text[n < (long)sizeof text ? n : (long)sizeof text - 1] = 0;
	for (int i = 0; field && i < 3; i++) {
		field = strchr(field, ';');
		field = field ? field + 1 : NULL;
	}
	if (!field)
		return -EINVAL;
	*permissions = (uint32_t)strtoul(field, NULL, 16);
	return 0;
}

static int join_named(const char *name, bool first)
{
	uint32_t permissions = KEY_USER_SEARCH;
	/* 0: the one that the caller is in already. */
	long keyring = join(name);
	int r = keyring <= 0 ? (int)keyring : read_permissions(keyring, &permissions);

	if (r < 0)
		return r;
	if (permissions & KEY_USER_SEARCH) {
		/* A fresh keyring cannot be found by others yet, so this one was there before. */
		if (!first)
			return 0;
		log_debug("a session keyring %s exists already: the container gets one without a name", name);
		keyring = join(NULL);
		return keyring < 0 ? (int)keyring : 0;
	}
	/* Exec finds it by its name; nobody but who has it already sees that, in /proc/keys say. */
	return (int)sys_keyctl(KEYCTL_SETPERM, (unsigned long)keyring, KEY_POSSESSOR_ALL | KEY_USER_SEARCH, 0);
}

int keyring_new_name(const char *id, struct arena *arena, char **name)
{
	uint64_t secret;

	if (syscall(SYS_getrandom, &secret, sizeof secret, 0) != (long)sizeof secret)
		return fail(errno, "getrandom");
	*name = arena_printf(arena, "_ses.%s.%016" PRIx64, id, secret);
	return 0;
}

int keyring_join(int proc, const char *name, const char *label, bool first)
{
	static const char attribute[] = "thread-self/attr/keycreate";
	bool labelled = label && *label;
	int r;

	if (labelled && (r = proc_write(proc, attribute, label)) < 0)
		return fail(-r, "set the label %s for the session keyring", label);
	r = join_named(name, first);
	if (labelled) {
		int cleared = proc_write(proc, attribute, "\n");

		if (cleared < 0)
			return fail(-cleared, "clear the label for new keyrings");
	}
	if (r == -ENOSYS) {
		log_debug("this kernel has no keyrings");
		return 0;
	}
	if (r == -EDQUOT)
		return fail(EDQUOT, "join session keyring %s (" KEY_QUOTA_HINT ")", name);
	return r < 0 ? fail(-r, "join session keyring %s (--no-new-keyring leaves it out)", name) : 0;
}
