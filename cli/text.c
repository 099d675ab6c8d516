#include "cli/text.h"

#include <stdio.h>
#include <string.h>

#define COLUMN_MIN 12
#define COLUMN_GAP 3

char *text_make_printable(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
		else if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
			c[0] = c[1] = '?';
	}
	return text;
}

void text_print_table(char **cells, size_t rows, size_t columns)
{
	size_t width[TEXT_COLUMNS_MAX];

	for (size_t column = 0; column < columns; column++)
		width[column] = COLUMN_MIN;
	for (size_t i = 0; i < rows * columns; i++) {
		size_t length = strlen(text_make_printable(cells[i])) + COLUMN_GAP;

		if (length > width[i % columns])
			width[i % columns] = length;
	}
	for (size_t i = 0; i < rows * columns; i++)
		if (i % columns + 1 == columns)
			puts(cells[i]);
		else
			printf("%-*s", (int)width[i % columns], cells[i]);
}
