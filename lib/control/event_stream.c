// SPDX-License-Identifier: BSD-3-Clause
#include "control/event_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE_BYTES = LOG_LINE_BYTES + 64 }; // with its time

bool event_stream_is_of(const struct event_record *e, const char *tenant)
{
	static const char key[] = " tenant=";
	const char *at = strstr(e->text, key);

	if (!at)
		return strcmp(tenant, "default") == 0;
	at += sizeof(key) - 1;
	size_t len = strcspn(at, " ");
	if (len >= 2 && at[0] == '"') { // a name that had to be quoted
		at++;
		len -= 2;
	}
	return strlen(tenant) == len && memcmp(at, tenant, len) == 0;
}

bool event_stream_has_more(const struct event_stream *s, const struct event_history *h)
{
	return s->seq < h->next_seq;
}

static int put_line(const struct event_record *e, char *out, size_t cap)
{
	time_t seconds = (time_t)(e->wall_ns / 1000000000);
	struct tm at;
	char stamp[32];

	gmtime_r(&seconds, &at);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &at);
	return snprintf(out, cap, "%s.%03uZ %s %s\n", stamp,
		(unsigned int)(e->wall_ns / 1000000 % 1000), log_level_name(e->level), e->text);
}

size_t event_stream_take(
	struct event_stream *s, const struct event_history *h, char *out, size_t cap)
{
	size_t n = 0;
	uint64_t first = event_history_first(h);

	if (s->seq < first && cap - n >= LINE_BYTES) {
		n += (size_t)snprintf(
			out, cap, "%% %" PRIu64 " events were too fast\n", first - s->seq);
		s->seq = first;
	}
	for (; s->seq < h->next_seq && cap - n >= LINE_BYTES; s->seq++) {
		const struct event_record *e = event_history_get(h, s->seq);
		if (e && (!s->has_tenant || event_stream_is_of(e, s->tenant)))
			n += (size_t)put_line(e, out + n, cap - n);
	}
	return n;
}
