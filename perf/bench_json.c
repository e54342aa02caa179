// SPDX-License-Identifier: BSD-3-Clause
#include "perf/bench_json.h"

#include <inttypes.h>
#include <math.h>

static void put_text(struct json *j, const char *text)
{
	fputc('"', j->out);
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fputc('\\', j->out);
		if ((unsigned char)*c < ' ')
			fprintf(j->out, "\\u%04x", (unsigned char)*c);
		else
			fputc(*c, j->out);
	}
	fputc('"', j->out);
}

static void begin_line(struct json *j)
{
	fprintf(j->out, "\n%*s", (int)j->depth, "");
}

static void begin_item(struct json *j, const char *key)
{
	if (j->has_items)
		fputc(',', j->out);
	if (j->depth)
		begin_line(j);
	j->has_items = true;
	if (key) {
		put_text(j, key);
		fputs(": ", j->out);
	}
}

static void open_with(struct json *j, const char *key, char bracket)
{
	begin_item(j, key);
	fputc(bracket, j->out);
	j->depth++;
	j->has_items = false;
}

static void close_with(struct json *j, char bracket)
{
	j->depth--;
	if (j->has_items)
		begin_line(j);
	fputc(bracket, j->out);
	j->has_items = true;
	if (j->depth == 0)
		fputc('\n', j->out);
}

void json_open_object(struct json *j, const char *key)
{
	open_with(j, key, '{');
}

void json_open_array(struct json *j, const char *key)
{
	open_with(j, key, '[');
}

void json_close_object(struct json *j)
{
	close_with(j, '}');
}

void json_close_array(struct json *j)
{
	close_with(j, ']');
}

static void put_value(struct json *j, double value)
{
	if (isfinite(value))
		fprintf(j->out, "%.6g", value);
	else
		fputs("null", j->out);
}

void json_put_string(struct json *j, const char *key, const char *value)
{
	begin_item(j, key);
	if (value)
		put_text(j, value);
	else
		fputs("null", j->out);
}

void json_put_number(struct json *j, const char *key, double value)
{
	begin_item(j, key);
	put_value(j, value);
}

void json_put_count(struct json *j, const char *key, uint64_t value)
{
	begin_item(j, key);
	fprintf(j->out, "%" PRIu64, value);
}

void json_put_bool(struct json *j, const char *key, bool value)
{
	begin_item(j, key);
	fputs(value ? "true" : "false", j->out);
}

void json_put_numbers(struct json *j, const char *key, const double *values, unsigned int n)
{
	begin_item(j, key);
	fputc('[', j->out);
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			fputs(", ", j->out);
		put_value(j, values[i]);
	}
	fputc(']', j->out);
}
