// SPDX-License-Identifier: BSD-3-Clause
// Writes what aditctl shows, as text with columns that line up or as JSON, from the same calls.
// Output comes in pages of bounded size, so that a big table never holds the lane.
//
//   text    what a client chose (user names, host names) is escaped: no control byte reaches a
//           terminal
//   widths  text is made twice: the first time nothing is written, only measured
//   JSON    one object; a table is an array of objects in it, a record an object
#pragma once

#include "base/span.h"

enum {
	RENDER_COLUMNS_MAX = 40,
	RENDER_TABLES_MAX = 16,
	RENDER_ROW_BYTES_MAX = 8192, // of one row or one field of a record, in either form
};

struct render_column {
	const char *title; // text
	const char *key;   // JSON
	bool is_number;	   // aligned right
	bool is_json_only;
};

struct render {
	char *page; // page[cap]
	size_t cap;
	size_t len;
	bool is_json;
	bool is_measuring;
	bool is_record;
	bool has_sections; // something stands before the next section
	bool has_items;	   // in this section
	uint8_t table;	   // index of the present section
	uint8_t column;
	uint8_t n_columns;
	const struct render_column *columns;
	const char *key; // of the next value of a record
	const char *help;
	uint8_t widths[RENDER_TABLES_MAX][RENDER_COLUMNS_MAX]; // in characters
};

// Begin; with is_measuring nothing is written.
void render_begin(struct render *r, bool is_json, bool is_measuring);
// End of all sections.
void render_end(struct render *r);

// Empty the page for the next one.
static inline void render_set_page(struct render *r, char *page, size_t cap)
{
	r->page = page;
	r->cap = cap;
	r->len = 0;
}

// There is room for one more row.
static inline bool render_has_room(const struct render *r)
{
	return r->cap - r->len >= RENDER_ROW_BYTES_MAX;
}

// A table: begin; for each row begin, one value a column in order, end; end. `columns` outlives the
// pages.
void render_table_begin(
	struct render *r, const char *name, const struct render_column *columns, size_t n_columns);
void render_row_begin(struct render *r);
void render_row_end(struct render *r);
void render_table_end(struct render *r);

// A record: begin; for each field its key and one value; end.
void render_record_begin(struct render *r, const char *name);
void render_key(
	struct render *r, const char *key, const char *help); // help: text only, may be NULL
void render_record_end(struct render *r);

// Values.
void render_text(
	struct render *r, struct span text); // of a client: escaped, in text cut at 64 bytes
void render_word(struct render *r, const char *word); // of ours
void render_bool(struct render *r, bool v);
void render_u64(struct render *r, uint64_t v);
void render_tenths(struct render *r, uint64_t tenths); // "12.3"
void render_hex(struct render *r, uint64_t v);	       // "0x..." in JSON too
void render_ipv4(struct render *r, uint32_t v_be);     // 0: none
void render_endpoint(struct render *r, uint32_t v_be, uint16_t port_be);
void render_size(struct render *r, uint64_t bytes);   // "1.5M"; JSON: the number
void render_duration(struct render *r, uint64_t ns);  // "1d02h", "2m03s"; JSON: seconds
void render_time(struct render *r, uint64_t wall_ns); // UTC, RFC 3339
void render_none(struct render *r);		      // "-", null
