#include "cli/table.h"

#include <string.h>

#define GAP 2
#define COLUMNS_MAX 32

struct layout {
	size_t columns; /* that are shown */
	size_t width[COLUMNS_MAX];
};

static size_t longer(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* What all cells take. */
static struct layout natural_layout(const struct table *table)
{
	struct layout layout = { .columns = table->column_count < COLUMNS_MAX ? table->column_count : COLUMNS_MAX };

	for (size_t column = 0; column < layout.columns; column++) {
		layout.width[column] = strlen(table->columns[column].title);
		for (size_t row = 0; row < table->row_count; row++)
			layout.width[column] = longer(layout.width[column],
						      strlen(table->cells[row * table->column_count + column]));
	}
	return layout;
}

static size_t total_width(const struct layout *layout)
{
	size_t sum = (layout->columns - 1) * GAP;

	for (size_t column = 0; column < layout->columns; column++)
		sum += layout->width[column];
	return sum;
}

/* Cut the first column until all fits, but not below least. */
static void shorten_names(struct layout *layout, size_t width, size_t least)
{
	size_t total = total_width(layout), *name = &layout->width[0];

	if (total > width && *name > least)
		*name = *name - least > total - width ? *name - (total - width) : least;
}

static void fit(struct layout *layout, size_t width)
{
	size_t natural = layout->width[0];

	shorten_names(layout, width, TABLE_NAME_MIN);
	while (layout->columns > 1 && total_width(layout) > width)
		layout->columns--;
	/* What the last column to go took is more than what was missing. */
	layout->width[0] = natural;
	shorten_names(layout, width, 1);
}

static bool is_plain(char c)
{
	return c >= ' ' && c <= '~';
}

/* Returns where the next cell begins. */
static char *put_cell(char *to, const char *text, size_t width, bool right)
{
	size_t length = strlen(text), shown = length < width ? length : width;

	memset(to, ' ', width);
	for (size_t i = 0; i < shown; i++)
		to[(right ? width - shown : 0) + i] = is_plain(text[i]) ? text[i] : '?';
	if (shown < length)
		to[width - 1] = '+';
	return to + width;
}

static char *put_line(char *to, const struct table *table, const struct layout *layout, const char *const *cells)
{
	const char *begin = to;

	for (size_t column = 0; column < layout->columns; column++) {
		if (column > 0) {
			memset(to, ' ', GAP);
			to += GAP;
		}
		to = put_cell(to, cells[column], layout->width[column], table->columns[column].number);
	}
	while (to > begin && to[-1] == ' ')
		to--;
	*to++ = '\n';
	return to;
}

char *table_to_text(const struct table *table, size_t width, struct arena *arena)
{
	struct layout layout = natural_layout(table);
	const char *titles[COLUMNS_MAX];

	if (width > 0)
		fit(&layout, width);
	for (size_t column = 0; column < layout.columns; column++)
		titles[column] = table->columns[column].title;
	char *text = arena_array(arena, table->row_count + 1, total_width(&layout) + 2); /* a newline, and a NUL */
	char *end = put_line(text, table, &layout, titles);

	for (size_t row = 0; row < table->row_count; row++)
		end = put_line(end, table, &layout, &table->cells[row * table->column_count]);
	*end = 0;
	return text;
}
