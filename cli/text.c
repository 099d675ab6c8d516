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
	for (size_t i = 0; i < rows * columns; i++)
		text_make_printable(cells[i]);
	for (size_t row = 0; row < rows; row++)
		for (size_t column = 0; column < columns; column++) {
			size_t width = COLUMN_MIN;

			for (size_t r = 0; r < rows; r++)
				if (strlen(cells[r * columns + column]) + COLUMN_GAP > width)
					width = strlen(cells[r * columns + column]) + COLUMN_GAP;
			if (column + 1 == columns)
				printf("%s\n", cells[row * columns + column]);
			else
				printf("%-*s", (int)width, cells[row * columns + column]);
		}
}
