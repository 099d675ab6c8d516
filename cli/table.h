/*
 * A table that fits into a width: what stands first is what matters most. Pure: cells in, text out.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct table_column {
	const char *title;
	bool number; /* to the right */
};

struct table {
	const struct table_column *columns;
	size_t column_count, row_count;
	const char *const *cells; /* row by row; what is not printable ASCII becomes '?' */
};

/* A name in the first column is cut to no less while other columns can be left out instead. */
#define TABLE_NAME_MIN 12

/*
 * The lines, titles first, each with a newline, none longer than width (0: of any length, and nothing is left out): names are cut to
 * TABLE_NAME_MIN, with a '+' for what is missing; then columns are left out from the right; then the names are cut further.
 */
char *table_to_text(const struct table *table, size_t width, struct arena *arena);
