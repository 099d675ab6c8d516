/*
 * Arena memory: allocations live until the whole arena is freed. Allocation never returns NULL for lack of memory: a runtime
 * that cannot get a few kilobytes has nothing better to do than to stop, so arena_alloc() aborts the process with a line on
 * stderr. Sizes that come from a configuration are bounded by the parser (oci/), not here.
 */
#pragma once

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;  /* newest first */
};

/*
 * An arena whose first room is memory of the caller's, aligned for any type, which lives at least as long: what fits there costs neither
 * an allocation nor the page faults of new memory.
 */
struct arena arena_on(void *room, size_t size);

/*
 * An arena that begins in the room that another one was lent, behind what is taken there already, and does not give that back: several that
 * last about as long share few pages. Without such room (parent may be NULL), an empty one.
 */
struct arena arena_within(const struct arena *parent);

/* For the length of a block: an arena with room on the stack. */
#define ARENA_SCRATCH(name, size)                                                                                                        \
	_Alignas(max_align_t) unsigned char name##_room[size];                                                                           \
	struct arena _cleanup_arena_ name = arena_on(name##_room, sizeof name##_room)

/* size bytes of zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc, alloc_size(2), returns_nonnull));

/*
 * size bytes, aligned for any type, with anything in them: for what is large, and used from its beginning. It lies at the far end of the room,
 * so that what is not used is no gap between pages that are.
 */
void *arena_reserve(struct arena *arena, size_t size) __attribute__((malloc, alloc_size(2), returns_nonnull));

/* count * size bytes, zeroed; aborts if the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((malloc, alloc_size(2, 3), returns_nonnull));

char *arena_strdup(struct arena *arena, const char *text) __attribute__((malloc, returns_nonnull));
char *arena_strndup(struct arena *arena, const char *text, size_t length) __attribute__((malloc, returns_nonnull));
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3), malloc, returns_nonnull));

/* Free every block; the arena can be used again, without the caller's room. */
void arena_free(struct arena *arena);

#define _cleanup_arena_ __attribute__((cleanup(arena_free)))
