/*
 * The state store: ROOT/ID/, 0700, holding state.json (atomic rename), config.json (the configuration that the container
 * was made from), its two fifos while it waits to be started (runtime/record.h), and with a service manager the directory
 * of its notify socket (runtime/notify.h). mkdir of the id is the lock against a second create.
 */
#pragma once

#include "oci/state.h"

#include <stdbool.h>

#define STORE_ID_MAX 255 /* a file name */

/* `[A-Za-z0-9_+.-]+`, not "." or "..", at most STORE_ID_MAX bytes. -EINVAL with the record. Pure. */
int store_check_id(const char *id);

/*
 * The default root: /run/berth for root, $XDG_RUNTIME_DIR/berth for others (or in a user namespace that is not the
 * host's). Without that variable /run/user/UID/berth.
 */
int store_default_root(char *path, size_t size);

/*
 * Make ROOT (0711 if missing) and ROOT/ID. -EEXIST with the record "container with given ID already exists" (runc's words)
 * when it is taken. Returns the directory's descriptor.
 */
int store_create(const char *root, const char *id);
/*
 * -ENOENT with the record "container does not exist" (runc's words: callers match them). -EPERM when the directory is not the
 * caller's alone.
 */
int store_open(const char *root, const char *id);

int store_save_state(int dir, const struct state *state);
/* The same in two steps, the first of which nobody sees; both by one thread. */
int store_write_state(int dir, const struct state *state);
int store_show_state(int dir);
/* -ENODATA with the record when the container is half made (directory without state.json). */
int store_load_state(int dir, struct state *state);

/*
 * To look at many, with nothing done to them: a descriptor of root (O_PATH; -ENOENT: there is none), and the state of ID below it, which
 * must be user's alone, with the errors of store_open() and store_load_state().
 */
int store_open_root(const char *root);
int store_peek_state(int root, uid_t user, const char *id, struct state *state);

/*
 * Is the directory in memory, so that nothing in there is older than the machine's boot? Numbers that are given anew after each boot would mean
 * something else in what a disk has kept.
 */
bool store_is_of_this_boot(int dir);

/* Keep a copy of the configuration's text / load it again (spec_load). */
int store_save_config(int dir, const char *json, size_t size);
int store_load_config(int dir, struct spec *spec);

/*
 * Advisory exclusive lock on ROOT/ID for operations that must not run side by side (start, delete, update). Returns
 * a descriptor; the lock is held until it and every copy in a child is closed. -ENOENT when the container was deleted
 * meanwhile. Not to be held while hooks run that may ask for something that takes it.
 */
int store_lock(int dir);

/* Remove ROOT/ID and everything in it. */
int store_remove(const char *root, const char *id);

/* Ids below root, sorted; array and strings in arena. A root that does not exist gives none. */
int store_list(const char *root, struct arena *arena, char ***ids, size_t *count);
