/* Text for terminals: columns, and nothing in them that could steer the terminal. */
#pragma once

#include <stddef.h>

/* Replace what a terminal would act on (control characters, the C1 controls in UTF-8) by '?', in place. Returns text. */
char *text_make_printable(char *text);

#define TEXT_COLUMNS_MAX 8

/*
 * A table as runc prints it: columns at least 12 wide and 3 apart, the last not padded. cells holds rows * columns texts, row
 * by row; they are made printable in place. At most TEXT_COLUMNS_MAX columns.
 */
void text_print_table(char **cells, size_t rows, size_t columns);
