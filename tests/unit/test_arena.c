/* Arenas: what they give is aligned, zeroed where that is promised, and nobody else's; a room that is lent is shared, and left alone. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static _Alignas(max_align_t) unsigned char room[4096];

static bool in_room(const void *memory)
{
	return (uintptr_t)memory >= (uintptr_t)room && (uintptr_t)memory < (uintptr_t)room + sizeof room;
}

static bool is_aligned(const void *memory)
{
	return (uintptr_t)memory % _Alignof(max_align_t) == 0;
}

static bool is_zero(const unsigned char *memory, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (memory[i])
			return false;
	return true;
}

static int fill_room(void **state)
{
	(void)state;
	memset(room, 0xa5, sizeof room);
	return 0;
}

/* Of any sizes, from the room and then from the heap: each piece keeps what was written into it. */
static void pieces(struct arena *arena, size_t count)
{
	unsigned char *piece[200];

	for (size_t i = 0; i < count; i++) {
		piece[i] = i % 3 ? arena_alloc(arena, i) : arena_reserve(arena, i);
		assert_true(is_aligned(piece[i]));
		assert_true(i % 3 == 0 || is_zero(piece[i], i));
		memset(piece[i], (int)i, i);
	}
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_equal(piece[i][j], (unsigned char)i);
}

static void test_heap(void **state)
{
	struct arena _cleanup_arena_ arena = { 0 };

	(void)state;
	((volatile unsigned char *)arena_reserve(&arena, 16))[15] = 1; /* the first block's size is no multiple of that */
	pieces(&arena, 200);
	arena_free(&arena);
	pieces(&arena, 10);
}

static void test_lent_room(void **state)
{
	struct arena _cleanup_arena_ arena = arena_on(room, sizeof room);

	(void)state;
	assert_true(in_room(arena_alloc(&arena, 100)));
	pieces(&arena, 200); /* more than there is */
	assert_false(in_room(arena_alloc(&arena, sizeof room)));
}

static void test_reserve_at_the_far_end(void **state)
{
	struct arena _cleanup_arena_ arena = arena_on(room, sizeof room);
	unsigned char *first = arena_alloc(&arena, 16), *far = arena_reserve(&arena, 1000), *second = arena_alloc(&arena, 16);

	(void)state;
	assert_ptr_equal(second, first + 16);
	assert_true(far + 1000 <= room + sizeof room && far + 1016 > room + sizeof room);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(far[i], 0xa5); /* not cleared */
	assert_false(in_room(arena_reserve(&arena, sizeof room - 1000)));
}

static void test_within(void **state)
{
	struct arena outer = arena_on(room, sizeof room);
	char *before = arena_strdup(&outer, "before");
	struct arena inner = arena_within(&outer);
	char *inside = arena_strdup(&inner, "inside"), *between = arena_strdup(&outer, "between");

	(void)state;
	assert_true(in_room(inside));
	pieces(&inner, 200);
	assert_string_equal(before, "before");
	assert_string_equal(inside, "inside");
	assert_string_equal(between, "between");
	arena_free(&inner); /* its own, not the room */
	assert_false(in_room(arena_alloc(&outer, sizeof room / 4)));
	assert_string_equal(inside, "inside");
	assert_string_equal(before, "before");
	arena_free(&outer);
}

/* Each frees what is its own, whichever has grown first. */
static void test_within_what_has_grown(void **state)
{
	struct arena outer = arena_on(room, sizeof room);

	(void)state;
	pieces(&outer, 200);
	struct arena inner = arena_within(&outer), innermost = arena_within(&inner);

	assert_non_null(inner.blocks);
	assert_non_null(innermost.blocks);
	pieces(&inner, 200);
	pieces(&innermost, 200);
	arena_free(&inner);
	pieces(&outer, 100);
	arena_free(&outer);
	arena_free(&innermost);
}

static void test_within_no_room(void **state)
{
	struct arena heap = { 0 };

	(void)state;
	arena_alloc(&heap, 1);
	struct arena none = arena_within(NULL), of_heap = arena_within(&heap);

	assert_null(none.blocks);
	assert_null(of_heap.blocks);
	arena_free(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap),
		cmocka_unit_test_setup(test_lent_room, fill_room),
		cmocka_unit_test_setup(test_reserve_at_the_far_end, fill_room),
		cmocka_unit_test_setup(test_within, fill_room),
		cmocka_unit_test_setup(test_within_what_has_grown, fill_room),
		cmocka_unit_test(test_within_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
