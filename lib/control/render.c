// SPDX-License-Identifier: BSD-3-Clause
#include "control/render.h"

#include "base/utf8.h"
#include "observe/log.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum {
	TEXT_CHARS_MAX = 64, // of a client's text in a column
	GAP = 2,
	JSON_BYTES_A_BYTE = 6, // "\u00ff"
	JSON_TEXT_BYTES_MAX = 1024,
};

// ---- output -------------------------------------------------------------------------------------

static void put(struct render *r, const char *text, size_t len)
{
	if (r->is_measuring)
		return;
	// A row has RENDER_ROW_BYTES_MAX to itself, so this cuts nothing that is made in this file.
	if (len > r->cap - r->len)
		len = r->cap - r->len;
	memcpy(r->page + r->len, text, len);
	r->len += len;
}

static void put_text(struct render *r, const char *text)
{
	put(r, text, strlen(text));
}

static void put_spaces(struct render *r, size_t n)
{
	while (n-- > 0)
		put(r, " ", 1);
}

// Characters that a terminal shows for UTF-8 of ours or escaped.
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void put_json_string(struct render *r, struct span s)
{
	char out[8];

	put(r, "\"", 1);
	while (s.len > 0) {
		uint32_t cp;
		size_t n = utf8_decode(s, &cp);
		if (n == 0) {
			put_text(r, "\\ufffd"); // no UTF-8: JSON cannot carry it
			n = 1;
		} else if (cp == '"' || cp == '\\') {
			snprintf(out, sizeof(out), "\\%c", (char)cp);
			put_text(r, out);
		} else if (utf8_is_control(cp)) { // none of them lies above U+FFFF
			snprintf(out, sizeof(out), "\\u%04x", cp & 0xffff);
			put_text(r, out);
		} else {
			put(r, (const char *)s.bytes, n);
		}
		s = span_of(s.bytes + n, s.len - n);
	}
	put(r, "\"", 1);
}

static void put_json_key(struct render *r, const char *key)
{
	put_json_string(r, span_of_text(key));
	put(r, ":", 1);
}

// ---- sections -----------------------------------------------------------------------------------

void render_begin(struct render *r, bool is_json, bool is_measuring)
{
	r->is_json = is_json;
	r->is_measuring = is_measuring;
	r->has_sections = false;
	r->table = 0;
	if (is_measuring)
		memset(r->widths, 0, sizeof(r->widths));
	if (is_json)
		put_text(r, "{");
}

void render_end(struct render *r)
{
	if (r->is_json)
		put_text(r, "}\n");
}

static void note_width(struct render *r, uint8_t column, size_t width)
{
	uint8_t *widest = &r->widths[r->table][column];

	if (width > UINT8_MAX)
		width = UINT8_MAX;
	if (width > *widest)
		*widest = (uint8_t)width;
}

static void begin_section(struct render *r, const char *name, bool is_record)
{
	assert(r->table < RENDER_TABLES_MAX);
	if (r->is_json) {
		if (r->has_sections)
			put_text(r, ",");
		put_json_key(r, name);
		put_text(r, is_record ? "{" : "[");
	} else if (r->has_sections) {
		put_text(r, "\n");
	}
	r->has_sections = true;
	r->has_items = false;
	r->is_record = is_record;
}

// Is nothing of the row to stand to the right of it, in text?
static bool is_last_shown(const struct render *r)
{
	for (size_t i = r->column + 1u; i < r->n_columns; i++)
		if (!r->columns[i].is_json_only)
			return false;
	return true;
}

static void pad_cell(struct render *r, const char *text, bool right, bool is_last)
{
	size_t width = width_of(text), wanted = r->widths[r->table][r->column];
	size_t pad = wanted > width ? wanted - width : 0;

	if (right)
		put_spaces(r, pad);
	put_text(r, text);
	if (is_last)
		return;
	put_spaces(r, right ? GAP : pad + GAP);
}

void render_table_begin(
	struct render *r, const char *name, const struct render_column *columns, size_t n_columns)
{
	assert(n_columns <= RENDER_COLUMNS_MAX);
	begin_section(r, name, false);
	r->columns = columns;
	r->n_columns = (uint8_t)n_columns;
	if (r->is_json)
		return;
	for (r->column = 0; r->column < n_columns; r->column++) {
		const struct render_column *column = &columns[r->column];
		if (column->is_json_only)
			continue;
		note_width(r, r->column, width_of(column->title));
		pad_cell(r, column->title, column->is_number, is_last_shown(r));
	}
	put_text(r, "\n");
}

void render_row_begin(struct render *r)
{
	r->column = 0;
	if (!r->is_json)
		return;
	put_text(r, r->has_items ? ",{" : "{");
	r->has_items = true;
}

void render_row_end(struct render *r)
{
	assert(r->column == r->n_columns);
	put_text(r, r->is_json ? "}" : "\n");
}

void render_table_end(struct render *r)
{
	if (r->is_json)
		put_text(r, "]");
	r->table++;
}

void render_record_begin(struct render *r, const char *name)
{
	begin_section(r, name, true);
}

void render_key(struct render *r, const char *key, const char *help)
{
	r->key = key;
	r->help = help;
	r->column = 0;
	note_width(r, 0, width_of(key));
}

void render_record_end(struct render *r)
{
	if (r->is_json)
		put_text(r, "}");
	r->table++;
}

// ---- values -------------------------------------------------------------------------------------

static void put_field(struct render *r, const char *text)
{
	note_width(r, 1, r->help ? width_of(text) : 0);
	pad_cell(r, r->key, false, false);
	r->column = 1;
	pad_cell(r, text, r->help != NULL, r->help == NULL);
	if (r->help)
		put_text(r, r->help);
	put_text(r, "\n");
}

// A value as text; in JSON what stands before it is written, and the value is the caller's to
// write.
static void put_value(struct render *r, const char *text)
{
	const struct render_column *column = &r->columns[r->column];

	if (r->is_record && r->is_json) {
		put_text(r, r->has_items ? "," : "");
		r->has_items = true;
		put_json_key(r, r->key);
	} else if (r->is_record) {
		put_field(r, text);
	} else if (r->is_json) {
		put_text(r, r->column ? "," : "");
		put_json_key(r, column->key);
		r->column++;
	} else {
		if (!column->is_json_only) {
			note_width(r, r->column, width_of(text));
			pad_cell(r, text, column->is_number, is_last_shown(r));
		}
		r->column++;
	}
}

static void put_string(struct render *r, const char *text)
{
	put_value(r, text);
	if (r->is_json)
		put_json_string(r, span_of_text(text));
}

__attribute__((format(printf, 3, 4))) static void put_number(
	struct render *r, const char *text, const char *format, ...)
{
	char number[32];
	va_list args;

	va_start(args, format);
	vsnprintf(number, sizeof(number), format, args);
	va_end(args);
	put_value(r, text ? text : number);
	if (r->is_json)
		put_text(r, number);
}

void render_text(struct render *r, struct span text)
{
	char out[TEXT_CHARS_MAX + 1];

	_Static_assert(JSON_TEXT_BYTES_MAX * JSON_BYTES_A_BYTE < RENDER_ROW_BYTES_MAX, "fits");
	log_escape(text, out, sizeof(out));
	put_value(r, text.len ? out : "-");
	if (text.len > JSON_TEXT_BYTES_MAX)
		text.len = JSON_TEXT_BYTES_MAX;
	if (r->is_json)
		put_json_string(r, text);
}

void render_word(struct render *r, const char *word)
{
	put_string(r, word);
}

void render_bool(struct render *r, bool v)
{
	put_value(r, v ? "yes" : "no");
	if (r->is_json)
		put_text(r, v ? "true" : "false");
}

void render_u64(struct render *r, uint64_t v)
{
	put_number(r, NULL, "%" PRIu64, v);
}

void render_tenths(struct render *r, uint64_t tenths)
{
	put_number(r, NULL, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
}

void render_hex(struct render *r, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, v);
	put_string(r, text);
}

void render_ipv4(struct render *r, uint32_t v_be)
{
	char text[INET_ADDRSTRLEN];

	if (!v_be) {
		render_none(r);
		return;
	}
	inet_ntop(AF_INET, &v_be, text, sizeof(text));
	put_string(r, text);
}

void render_endpoint(struct render *r, uint32_t v_be, uint16_t port_be)
{
	char address[INET_ADDRSTRLEN], text[INET_ADDRSTRLEN + 8];

	inet_ntop(AF_INET, &v_be, address, sizeof(address));
	snprintf(text, sizeof(text), "%s:%u", address, ntohs(port_be));
	put_string(r, text);
}

void render_size(struct render *r, uint64_t bytes)
{
	static const char units[] = "kMGTPE";
	char text[24];
	uint64_t tenths = bytes;
	int unit = -1;

	snprintf(text, sizeof(text), "%" PRIu64, bytes);
	if (bytes >= 10000) {
		// Decimal units, as everything that counts traffic has.
		for (tenths = bytes / 100, unit = 0; tenths >= 10000 && units[unit + 1]; unit++)
			tenths /= 1000;
		snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10,
			units[unit]);
	}
	put_number(r, text, "%" PRIu64, bytes);
}

void render_duration(struct render *r, uint64_t ns)
{
	uint64_t ms = ns / 1000000, s = ms / 1000;
	char text[32];

	if (s < 60)
		snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64 "s", s, ms % 1000 / 100);
	else if (s < 3600)
		snprintf(text, sizeof(text), "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text, sizeof(text), "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
	else
		snprintf(
			text, sizeof(text), "%" PRIu64 "d%02" PRIu64 "h", s / 86400, s / 3600 % 24);
	put_number(r, text, "%" PRIu64 ".%03" PRIu64, s, ms % 1000);
}

void render_time(struct render *r, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000);
	char text[40];
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03uZ", (unsigned)(wall_ns / 1000000 % 1000));
	put_string(r, text);
}

void render_none(struct render *r)
{
	put_value(r, "-");
	if (r->is_json)
		put_text(r, "null");
}
