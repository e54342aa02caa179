// SPDX-License-Identifier: BSD-3-Clause
#include "conf/schema_print.h"

#include "conf/schema.h"

#include "shim/shim.h"

#include <stdlib.h>

static char *print(void (*printer)(FILE *))
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	printer(f);
	fclose(f);
	return text;
}

TEST(schema_print, text_has_every_key)
{
	char *text = print(schema_print_text);
	for (size_t g = 0; g < schema_n_groups; g++)
		for (size_t i = 0; i < schema_groups[g].n_items; i++) {
			const struct schema_item *item = &schema_groups[g].items[i];
			char wanted[128];
			snprintf(wanted, sizeof(wanted), "\n    %s %s%s", item->key,
				!item->def     ? "(must be given)"
				: item->def[0] ? "= "
					       : "(may be left out)",
				item->def ? item->def : "");
			EXPECT_STRCONTAINS(text, wanted);
		}
	EXPECT_STRCONTAINS(text, "\nports = ( { ... }, ... ): ");
	EXPECT_STRCONTAINS(text, "\npptp = { ... }: ");
	EXPECT_STRCONTAINS(text, "\n    rules: from_ports (may be left out)\n");
	EXPECT_STRCONTAINS(text, "        Takes 0 or 50..5000.\n");
	free(text);
}

TEST(schema_print, text_fits_the_terminal)
{
	char *text = print(schema_print_text);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		EXPECT_LE(strlen(line), 88);
	free(text);
}

// Only requests of the man macros stand at the start of a line, and no bare hyphen or backslash.
TEST(schema_print, roff_is_clean)
{
	char *text = print(schema_print_roff);
	size_t n_keys = 0;
	EXPECT_EQ(0, strncmp(text, ".SH CONFIGURATION\n", 18));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (line[0] == '.') {
			EXPECT_TRUE(!strncmp(line, ".SH ", 4) || !strncmp(line, ".SS ", 4) ||
				    !strcmp(line, ".TP") || !strncmp(line, ".B \"", 4));
			n_keys += !strncmp(line, ".B ", 3);
			continue;
		}
		EXPECT_NE('\'', line[0]);
		for (const char *c = line; *c; c++)
			EXPECT_TRUE(*c != '-' || (c > line && c[-1] == '\\'));
	}
	size_t wanted = 0;
	for (size_t g = 0; g < schema_n_groups; g++) {
		wanted += schema_groups[g].n_items;
		for (size_t i = 0; i < schema_groups[g].n_items; i++)
			if (schema_groups[g].items[i].type == SCHEMA_GROUPS)
				wanted += schema_groups[g].items[i].groups->n_items;
	}
	EXPECT_EQ(wanted, n_keys);
	free(text);
}
