/* Text for terminals: columns, and nothing in them that could steer the terminal. */
#pragma once

#include <stddef.h>

/* Replace what a terminal would act on (control characters, the C1 controls in UTF-8) by '?', in place. Returns text. */
char *text_make_printable(char *text);

#define TEXT_COLUMNS_MAX 8

/*
 * A table as runc prints it: columns at least 12 wide and 3 apart, the last not padded. Its cells come row by row, each printable text with its
 * zero, in as many calls as there are pieces: all are measured, then all are printed, the table's width untouched in between.
 */
struct text_table {
	size_t columns;
	size_t width[TEXT_COLUMNS_MAX];
};

void text_table_measure(struct text_table *table, const char *cells, size_t size);
void text_table_print(const struct text_table *table, const char *cells, size_t size);
