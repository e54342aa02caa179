// SPDX-License-Identifier: BSD-3-Clause
#include "observe/event_vpn3000.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <time.h>

struct text {
	char *out;
	size_t cap;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(t->out + t->len, t->cap - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n;
	if (t->len >= t->cap)
		t->len = t->cap - 1;
}

static void put_head(
	struct text *t, const struct event *e, uint64_t number, uint32_t repeat, uint64_t wall_ns)
{
	const struct event_info *info = event_kind_info(e->kind);
	time_t seconds = (time_t)(wall_ns / 1000000000u);
	char address[INET_ADDRSTRLEN], when[32] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(when, sizeof(when), "%m/%d/%Y %H:%M:%S", &tm);
	put(t, "%" PRIu64 " %s.%03u SEV=%u %s/%u RPT=%" PRIu32, number, when,
		(unsigned)(wall_ns / 1000000u % 1000u), info->severity, log_class_name(info->class),
		info->number, repeat);
	if (e->client_be)
		put(t, " %s", inet_ntop(AF_INET, &e->client_be, address, sizeof(address)));
}

// What the old gear says in words of its own, which its operators search for.
static const char *own_words(enum event_kind kind)
{
	return kind == EVENT_DECRYPT_FAILURE
		       ? "disconnected. Experiencing excessive packet decrypt failure."
		       : NULL;
}

// Decoded packets are lines as they are, without the quotes of a value and the backslashes that
// these ask for. Control characters stay escaped.
static void put_decoded(struct text *t, const struct event *e)
{
	const char *value = e->line.text + e->text.value_at, *end = e->line.text + e->text.end;

	put(t, "\n");
	if (end - value >= 2 && *value == '"') {
		value++;
		end--;
	}
	for (; value < end; value++) {
		if (*value == '\\' && value + 1 < end && (value[1] == '"' || value[1] == '\\'))
			value++;
		put(t, "%c", *value);
	}
}

static bool is_at(const struct event_field *f, size_t at)
{
	return f->end > 0 && f->at == at;
}

// The line without what stands in the head, one field behind the other.
static void put_rest(struct text *t, const struct event *e)
{
	const struct event_field *const left_out[] = {&e->kind_field, &e->client, &e->user};
	const char *line = e->line.text;
	bool is_first = true;

	for (size_t at = 0; at < e->line.len;) {
		size_t end = e->line.len;
		bool skipped = false;
		for (int i = 0; i < 3; i++) {
			if (is_at(left_out[i], at)) {
				skipped = true;
				end = left_out[i]->end;
			} else if (left_out[i]->end > 0 && left_out[i]->at > at &&
				   left_out[i]->at < end && !skipped) {
				end = left_out[i]->at - 1u; // the blank before it
			}
		}
		if (!skipped) {
			put(t, "%s%.*s", is_first ? "\n" : " ", (int)(end - at), line + at);
			is_first = false;
		}
		at = end + 1;
	}
}

size_t event_put_vpn3000(const struct event *e, uint64_t number, uint32_t repeat, uint64_t wall_ns,
	char *out, size_t cap)
{
	struct text t = {.out = out, .cap = cap};
	const char *words = own_words(e->kind);

	put_head(&t, e, number, repeat, wall_ns);
	if (e->user.end > 0)
		put(&t, "\nUser [ %.*s ]", e->user.end - e->user.value_at,
			e->line.text + e->user.value_at);
	if (event_kind_info(e->kind)->level == LOG_LEVEL_ON_DEMAND && e->text.end > 0) {
		put_decoded(&t, e);
		return t.len;
	}
	put(&t, "\n%s", words ? words : event_kind_info(e->kind)->help);
	if (!words)
		put_rest(&t, e);
	return t.len;
}
