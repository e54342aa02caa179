// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "control/control_state.h"

#include <stdlib.h>

enum { DESCRIPTION_BYTES = 512 * 1024 }; // of 1024 servers

static const struct render_column columns[] = {
	{"SERVERS AND LISTENERS", "line", false, false},
};

// The driver's own words, a line a server: they have keys of their own.
bool show_aaa(struct control *c, struct show *s)
{
	const struct aaa_driver *driver = c->config.aaa;
	struct render *r = &s->render;
	char *text = driver->describe ? calloc(1, DESCRIPTION_BYTES) : NULL;
	uint32_t n = 0;
	bool is_all = true;

	if (s->stage++ == 0)
		render_table_begin(r, "aaa", columns, RTE_DIM(columns));
	if (text)
		driver->describe(c->aaa, text, DESCRIPTION_BYTES);
	for (char *line = text, *end; line && (end = strchr(line, '\n')); line = end + 1, n++) {
		if (n < s->cursor)
			continue; // was on an earlier page
		if (!render_has_room(r)) {
			is_all = false;
			break;
		}
		s->cursor++;
		render_row_begin(r);
		*end = '\0';
		render_word(r, line); // whole: text is cut at 64 bytes
		render_row_end(r);
	}
	free(text);
	if (is_all)
		render_table_end(r);
	return is_all;
}
