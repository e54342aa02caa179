// SPDX-License-Identifier: BSD-3-Clause
#include "conf/schema_print.h"

#include "conf/schema.h"

enum { TEXT_COLUMNS = 80, INDENT_COLUMNS = 8 };

// "key = default", or what stands there when there is none.
static void describe_default(const struct schema_item *item, char *out, size_t cap)
{
	if (!item->def)
		snprintf(out, cap, "%s (must be given)", item->key);
	else if (item->def[0] == '\0')
		snprintf(out, cap, "%s (may be left out)", item->key);
	else
		snprintf(out, cap, "%s = %s", item->key, item->def);
}

static void print_wrapped(FILE *out, const char *text)
{
	size_t column = 0;
	while (*text) {
		size_t n = strcspn(text, " ");
		if (column > 0 && column + 1 + n > TEXT_COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		column += (size_t)fprintf(out, "%*s", column > 0 ? 1 : INDENT_COLUMNS, "");
		column += fwrite(text, 1, n, out);
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_items_text(FILE *out, const struct schema_group *group, const char *of)
{
	for (size_t i = 0; i < group->n_items; i++) {
		const struct schema_item *item = &group->items[i];
		char head[128];
		char what[256];
		describe_default(item, head, sizeof(head));
		schema_describe(item, what, sizeof(what));
		fprintf(out, "    %s%s\n", of, head);
		print_wrapped(out, item->help);
		char takes[sizeof(what) + 16];
		snprintf(takes, sizeof(takes), "Takes %s.", what);
		print_wrapped(out, takes);
		if (item->type == SCHEMA_GROUPS) {
			snprintf(head, sizeof(head), "%s%s: ", of, item->key);
			print_items_text(out, item->groups, head);
		}
	}
}

void schema_print_text(FILE *out)
{
	for (size_t g = 0; g < schema_n_groups; g++) {
		const struct schema_group *group = &schema_groups[g];
		const char *shape = group->is_list ? " = ( { ... }, ... )" : " = { ... }";
		if (group->name[0])
			fprintf(out, "\n%s%s: %s\n", group->name, shape, group->help);
		else
			fprintf(out, "%s\n", group->help);
		print_items_text(out, group, "");
	}
}

// groff_char(7): a plain '-' is a hyphen, and a dot or a quote at the start of a line is a request.
static void print_escaped(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
}

static void print_items_roff(FILE *out, const struct schema_group *group, const char *of)
{
	for (size_t i = 0; i < group->n_items; i++) {
		const struct schema_item *item = &group->items[i];
		char head[128];
		char what[256];
		describe_default(item, head, sizeof(head));
		schema_describe(item, what, sizeof(what));
		fprintf(out, ".TP\n.B \"%s", of);
		// Inside a quoted argument a quote is written twice.
		for (const char *c = head; *c; c++)
			fputs(*c == '"' ? "\"\"" : (char[]){*c, '\0'}, out);
		fputs("\"\n", out);
		print_escaped(out, item->help);
		fputs("\nTakes ", out);
		print_escaped(out, what);
		fputs(".\n", out);
		if (item->type == SCHEMA_GROUPS) {
			snprintf(head, sizeof(head), "%s%s: ", of, item->key);
			print_items_roff(out, item->groups, head);
		}
	}
}

void schema_print_roff(FILE *out)
{
	fputs(".SH CONFIGURATION\n", out);
	for (size_t g = 0; g < schema_n_groups; g++) {
		const struct schema_group *group = &schema_groups[g];
		fputs(".SS ", out);
		print_escaped(out, group->name[0] ? group->name : "Top level");
		fputc('\n', out);
		print_escaped(out, group->help);
		if (group->is_list)
			fprintf(out, "\nA list of at most %u groups: %s = ( { ... }, ... );",
				group->max_count, group->name);
		fputc('\n', out);
		print_items_roff(out, group, "");
	}
}
