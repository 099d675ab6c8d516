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

void text_table_measure(struct text_table *table, const char *cells, size_t size)
{
	size_t column = 0;

	for (const char *cell = cells, *end = cells + size; cell < end; column = column + 1 < table->columns ? column + 1 : 0) {
		size_t length = strlen(cell), width = length + COLUMN_GAP;

		width = width < COLUMN_MIN ? COLUMN_MIN : width;
		if (width > table->width[column])
			table->width[column] = width;
		cell += length + 1;
	}
}

void text_table_print(const struct text_table *table, const char *cells, size_t size)
{
	size_t column = 0;

	for (const char *cell = cells, *end = cells + size; cell < end; column = column + 1 < table->columns ? column + 1 : 0) {
		size_t length = strlen(cell);

		fwrite(cell, 1, length, stdout);
		for (size_t i = length; column + 1 < table->columns && i < table->width[column]; i++)
			putchar_unlocked(' ');
		if (column + 1 == table->columns)
			putchar_unlocked('\n');
		cell += length + 1;
	}
}
