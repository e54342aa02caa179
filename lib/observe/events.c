// SPDX-License-Identifier: BSD-3-Clause
#include "observe/events.h"

#include "observe/event_vpn3000.h"

#include <stdlib.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };

const struct event_info *event_kind_info(enum event_kind kind)
{
	static const struct event_info infos[EVENT_KIND_COUNT] = {
#define X(id, text, urgency, per_s, most, kind_class, n, sev, about) \
	[EVENT_##id] = {.name = text,                                \
		.help = about,                                       \
		.level = LOG_LEVEL_##urgency,                        \
		.rate = per_s,                                       \
		.burst = most,                                       \
		.class = LOG_CLASS_##kind_class,                     \
		.number = n,                                         \
		.severity = sev},
		EVENT_LIST(X)
#undef X
	};
	return &infos[(unsigned)kind < EVENT_KIND_COUNT ? kind : EVENT_INTERNAL];
}

bool event_is_wanted(const struct log *log, enum event_kind kind)
{
	const struct event_info *info = event_kind_info(kind);

	for (int sink = 0; sink < LOG_SINK_COUNT; sink++)
		if (log_wants(log, (enum log_sink)sink, info->class, info->severity, info->level))
			return true;
	return false;
}

// What was put behind `before` into the line.
static struct event_field field_since(const struct event *e, uint16_t before, const char *key)
{
	uint16_t at = (uint16_t)(before + (before > 0));

	if (e->line.truncated)
		return (struct event_field){0};
	return (struct event_field){
		.at = at, .value_at = (uint16_t)(at + strlen(key) + 1), .end = e->line.len};
}

void event_begin(struct event *e, enum event_kind kind)
{
	if ((unsigned)kind >= EVENT_KIND_COUNT)
		kind = EVENT_INTERNAL;
	const struct event_info *info = event_kind_info(kind);
	e->kind = kind;
	e->level = info->level;
	e->client_be = 0;
	e->client = e->user = e->text = (struct event_field){0};
	log_line_reset(&e->line);
	log_line_word(&e->line, "event", info->name);
	e->kind_field = field_since(e, 0, "event");
}

void event_text(struct event *e, const char *key, struct span value)
{
	uint16_t before = e->line.len;

	log_line_text(&e->line, key, value);
	if (strcmp(key, "user") == 0)
		e->user = field_since(e, before, key);
	else if (strcmp(key, "text") == 0)
		e->text = field_since(e, before, key);
}

void event_decoded(struct event *e, struct span value)
{
	uint16_t before = e->line.len;

	log_line_rest(&e->line, "text", value);
	e->text = field_since(e, before, "text");
}

static void note_client(struct event *e, uint16_t before, const char *key, uint32_t address_be)
{
	if (strcmp(key, "client") != 0)
		return;
	e->client = field_since(e, before, key);
	e->client_be = address_be;
}

void event_ipv4(struct event *e, const char *key, uint32_t address_be)
{
	uint16_t before = e->line.len;

	log_line_ipv4(&e->line, key, address_be);
	note_client(e, before, key, address_be);
}

void event_endpoint(struct event *e, const char *key, uint32_t address_be, uint16_t port_be)
{
	uint16_t before = e->line.len;

	log_line_endpoint(&e->line, key, address_be, port_be);
	note_client(e, before, key, address_be);
}

void event_end_reason(struct event *e, enum end_reason reason)
{
	const struct end_reason_info *info = end_reason_info(reason);
	event_word(e, "reason", info->name);
	event_word(e, "by", end_side_name(info->side));
	if (info->windows_error)
		event_u64(e, "windows-error", info->windows_error);
	event_word(e, "text", info->sentence);
}

void event_traffic(
	struct event *e, uint64_t in_pkts, uint64_t in_bytes, uint64_t out_pkts, uint64_t out_bytes)
{
	event_u64(e, "in-pkts", in_pkts);
	event_u64(e, "in-bytes", in_bytes);
	event_u64(e, "out-pkts", out_pkts);
	event_u64(e, "out-bytes", out_bytes);
}

// A token bucket that holds time: a line costs 1/rate seconds of it.
static bool bucket_take(struct event_bucket *b, const struct event_info *info, uint64_t now_ns)
{
	if (info->rate == 0)
		return true;
	uint64_t cost = NS_PER_S / info->rate;
	uint64_t full = cost * info->burst;
	if (!b->is_started) {
		b->is_started = true;
		b->filled_at_ns = now_ns;
		b->tokens_ns = full;
	}
	if (now_ns > b->filled_at_ns) {
		uint64_t gained = now_ns - b->filled_at_ns;
		b->tokens_ns = gained >= full - b->tokens_ns ? full : b->tokens_ns + gained;
		b->filled_at_ns = now_ns;
	}
	if (b->tokens_ns < cost)
		return false;
	b->tokens_ns -= cost;
	return true;
}

static void history_add(struct event_history *h, const struct event *e, uint64_t wall_ns)
{
	struct event_record *r = &h->records[h->next_seq % LIMIT_EVENT_HISTORY];
	r->seq = h->next_seq++;
	r->wall_ns = wall_ns;
	r->kind = e->kind;
	r->level = e->level;
	r->len = e->line.len;
	memcpy(r->text, e->line.text, (size_t)e->line.len + 1);
}

// Once a record is made, every sink that wants it gets it.
static void pass_on(struct log *log, const struct event *e, uint32_t repeat, uint64_t wall_ns)
{
	const struct event_info *info = event_kind_info(e->kind);
	char text[EVENT_VPN3000_BYTES];
	struct log_record record = {
		.class = info->class,
		.severity = info->severity,
		.level = e->level,
		.text = e->line.text,
		.len = e->line.len,
	};

	if (log->format == LOG_FORMAT_VPN3000) {
		uint64_t number = log->events ? log->events->sent : log->lines + 1;
		record.len = event_put_vpn3000(e, number, repeat, wall_ns, text, sizeof(text));
		record.text = text;
	}
	log_write(log, &record, wall_ns);
}

static void tell_sink(struct log *log, const char *path, int error, uint64_t n_lost,
	uint64_t mono_ns, uint64_t wall_ns)
{
	struct event e;

	if (error == 0 && n_lost == 0)
		return;
	event_begin(&e, EVENT_LOG_FILE);
	event_word(&e, "path", path);
	if (error)
		event_word(&e, "error", strerror(error));
	else
		event_word(&e, "text", "is written again");
	if (n_lost)
		event_u64(&e, "lost", n_lost);
	event_send_at(log, &e, mono_ns, wall_ns);
}

// A log that cannot write to one of its sinks says so where it still can, once, and what is missing
// when it can again.
static void tell_sinks(struct log *log, uint64_t mono_ns, uint64_t wall_ns)
{
	int error = log_take_file_error(log);
	uint64_t n_lost = log_take_file_lost(log);

	tell_sink(log, log->file.path, error, n_lost, mono_ns, wall_ns);
	tell_sink(log, "stderr", 0, log_take_console_lost(log), mono_ns, wall_ns);
	tell_sink(log, "syslog", 0, syslog_socket_take_lost(&log->syslog), mono_ns, wall_ns);
}

bool event_send_at(struct log *log, struct event *e, uint64_t mono_ns, uint64_t wall_ns)
{
	struct event_log *events = log->events;
	uint32_t repeat = 1;

	if (events) {
		const struct event_info *info = event_kind_info(e->kind);
		struct event_bucket *b = &events->buckets[e->kind];
		repeat = ++events->repeats[e->kind];
		if (!bucket_take(b, info, mono_ns)) {
			b->suppressed++;
			events->suppressed++;
			return false;
		}
		if (b->suppressed && !e->line.truncated) {
			event_u64(e, "suppressed", b->suppressed);
			b->suppressed = 0;
		}
		events->sent++;
		// Somebody asked the log for these; a second of them would push all else out.
		if (info->level != LOG_LEVEL_ON_DEMAND)
			history_add(&events->history, e, wall_ns);
	}
	pass_on(log, e, repeat, wall_ns);
	tell_sinks(log, mono_ns, wall_ns);
	return true;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

bool event_send(struct log *log, struct event *e)
{
	return event_send_at(log, e, clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_REALTIME));
}

struct event_log *event_log_new(void)
{
	struct event_log *events = calloc(1, sizeof(*events));
	if (events)
		events->history.next_seq = 1;
	return events;
}

void event_log_free(struct event_log *events)
{
	free(events);
}

uint64_t event_history_first(const struct event_history *h)
{
	return h->next_seq > LIMIT_EVENT_HISTORY ? h->next_seq - LIMIT_EVENT_HISTORY : 1;
}

const struct event_record *event_history_get(const struct event_history *h, uint64_t seq)
{
	if (seq < event_history_first(h) || seq >= h->next_seq)
		return NULL;
	return &h->records[seq % LIMIT_EVENT_HISTORY];
}
