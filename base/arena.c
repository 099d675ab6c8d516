#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each block is twice as large as the one before: many arenas hold a few strings only, and every page that is touched costs a fault. */
#define FIRST_BLOCK ((size_t)1000)
#define LARGEST_BLOCK ((size_t)32 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	bool lent; /* by arena_on()'s caller */
	_Alignas(max_align_t) unsigned char data[];
};

static _Noreturn void out_of_memory(void)
{
	fputs("berth: out of memory\n", stderr);
	abort();
}

struct arena arena_on(void *room, size_t size)
{
	struct arena_block *block = room;

	*block = (struct arena_block){ .size = size - sizeof *block, .lent = true };
	return (struct arena){ block };
}

struct arena arena_within(const struct arena *parent)
{
	struct arena_block *oldest = parent ? parent->blocks : NULL;

	while (oldest && oldest->next)
		oldest = oldest->next;
	return (struct arena){ oldest && oldest->lent ? oldest : NULL };
}

static struct arena_block *add_block(struct arena *arena, size_t size)
{
	struct arena_block *last = arena->blocks;
	size_t want = last ? 2 * last->size : FIRST_BLOCK;

	/* The last one may have been lent, or be small for what has been reserved in it. */
	if (want < FIRST_BLOCK)
		want = FIRST_BLOCK;
	if (want > LARGEST_BLOCK)
		want = LARGEST_BLOCK;
	if (want < size)
		want = size;
	struct arena_block *block = malloc(sizeof *block + want);

	if (!block)
		out_of_memory();
	*block = (struct arena_block){ .next = last, .size = want };
	arena->blocks = block;
	return block;
}

/* The block where *size bytes fit, a size that is aligned then. */
static struct arena_block *block_for(struct arena *arena, size_t *size)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_block *block = arena->blocks;

	if (*size > SIZE_MAX / 2)
		out_of_memory();
	*size = (*size + align - 1) / align * align;
	return block && block->size - block->used >= *size ? block : add_block(arena, *size);
}

void *arena_reserve(struct arena *arena, size_t size)
{
	struct arena_block *block = block_for(arena, &size);

	block->size = (block->size - size) / _Alignof(max_align_t) * _Alignof(max_align_t);
	return block->data + block->size;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = block_for(arena, &size);
	void *memory = block->data + block->used;

	block->used += size;
	return memset(memory, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		out_of_memory();
	return arena_alloc(arena, bytes);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args, again;

	va_start(args, fmt);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (length < 0)
		out_of_memory();
	char *text = arena_alloc(arena, (size_t)length + 1);

	vsnprintf(text, (size_t)length + 1, fmt, again);
	va_end(again);
	return text;
}

void arena_free(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		if (!arena->blocks->lent)
			free(arena->blocks);
		arena->blocks = next;
	}
}
