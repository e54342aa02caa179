// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_report.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

static struct config_error *add_entry(
	struct conf_report *r, enum config_severity severity, unsigned int line)
{
	struct config_errors *errors = r->errors;
	if (severity == CONFIG_ERROR)
		errors->n_errors++;
	else
		errors->n_warnings++;
	if (errors->n == CONFIG_ERRORS_MAX)
		return NULL;
	struct config_error *e = &errors->entries[errors->n++];
	e->severity = severity;
	e->line = line;
	e->text[0] = '\0';
	return e;
}

__attribute__((format(printf, 2, 0))) static void append(
	struct config_error *e, const char *format, va_list args)
{
	size_t len = strlen(e->text);
	vsnprintf(e->text + len, sizeof(e->text) - len, format, args);
}

__attribute__((format(printf, 2, 3))) static void appendf(
	struct config_error *e, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	append(e, format, args);
	va_end(args);
}

static void append_place(struct config_error *e, const char *file, unsigned int line)
{
	if (line)
		appendf(e, "%s:%u: ", file, line);
	else
		appendf(e, "%s: ", file);
}

// "ports[1].address": indices count from 0, as libconfig's own do.
static void append_path(struct config_error *e, const config_setting_t *s)
{
	const config_setting_t *parent = config_setting_parent(s);
	if (!parent)
		return;
	append_path(e, parent);
	if (config_setting_name(s))
		appendf(e, "%s%s", config_setting_is_root(parent) ? "" : ".",
			config_setting_name(s));
	else
		appendf(e, "[%d]", config_setting_index(s));
}

// At most 60 bytes of a text, nothing in it that could move the cursor.
static void append_quoted(struct config_error *e, const char *text)
{
	enum { SHOWN_BYTES = 60 };
	struct span s = span_of_text(text);
	size_t shown = 0;
	appendf(e, "\"");
	while (s.len > 0 && shown < SHOWN_BYTES) {
		uint32_t code_point;
		size_t n = utf8_decode(s, &code_point);
		if (n > 0 && !utf8_is_control(code_point))
			appendf(e, "%.*s", (int)n, (const char *)s.bytes);
		else
			appendf(e, "\\x%02x", s.bytes[0]);
		if (n == 0 || utf8_is_control(code_point))
			n = 1;
		s = span_of(s.bytes + n, s.len - n);
		shown += n;
	}
	appendf(e, s.len > 0 ? "...\"" : "\"");
}

static void append_value(struct config_error *e, const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
		appendf(e, " = %d", config_setting_get_int(s));
		break;
	case CONFIG_TYPE_INT64:
		appendf(e, " = %lld", config_setting_get_int64(s));
		break;
	case CONFIG_TYPE_FLOAT:
		appendf(e, " = %g", config_setting_get_float(s));
		break;
	case CONFIG_TYPE_BOOL:
		appendf(e, " = %s", config_setting_get_bool(s) ? "true" : "false");
		break;
	case CONFIG_TYPE_STRING:
		appendf(e, " = ");
		append_quoted(e, config_setting_get_string(s));
		break;
	default:
		break;
	}
}

void conf_report_source(
	const struct conf_report *r, const char *included, char out[CONF_FILE_BYTES])
{
	// libconfig says it as the including file does, without the directory.
	snprintf(out, CONF_FILE_BYTES, "%s%s%s", included && r->dir ? r->dir : "",
		included && r->dir ? "/" : "", included ? included : r->file);
}

static struct config_error *add_setting(
	struct conf_report *r, enum config_severity severity, const config_setting_t *s)
{
	// The root has no place of its own.
	unsigned int line = config_setting_is_root(s) ? 0 : config_setting_source_line(s);
	struct config_error *e = add_entry(r, severity, line);
	if (e) {
		char file[CONF_FILE_BYTES];
		conf_report_source(r, config_setting_source_file(s), file);
		append_place(e, file, line);
		append_path(e, s);
	}
	return e;
}

void conf_report_file(struct conf_report *r, enum config_severity severity, const char *file,
	unsigned int line, const char *format, ...)
{
	struct config_error *e = add_entry(r, severity, line);
	if (!e)
		return;
	append_place(e, file, line);
	va_list args;
	va_start(args, format);
	append(e, format, args);
	va_end(args);
}

void conf_report_setting(struct conf_report *r, enum config_severity severity,
	const config_setting_t *setting, const char *format, ...)
{
	struct config_error *e = add_setting(r, severity, setting);
	if (!e)
		return;
	if (!config_setting_is_root(setting))
		appendf(e, ": ");
	va_list args;
	va_start(args, format);
	append(e, format, args);
	va_end(args);
}

void conf_report_value(struct conf_report *r, const config_setting_t *setting, const char *why)
{
	struct config_error *e = add_setting(r, CONFIG_ERROR, setting);
	if (!e)
		return;
	append_value(e, setting);
	appendf(e, ": %s", why);
}

void conf_report_sort(struct conf_report *r)
{
	struct config_error *entries = r->errors->entries;
	for (uint32_t i = 1; i < r->errors->n; i++) {
		struct config_error e = entries[i];
		uint32_t k = i;
		for (; k > 0 && entries[k - 1].line > e.line; k--)
			entries[k] = entries[k - 1];
		entries[k] = e;
	}
}
