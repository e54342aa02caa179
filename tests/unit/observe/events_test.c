// SPDX-License-Identifier: BSD-3-Clause
#include "observe/events.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

// A log that writes nowhere and remembers all.
static void silent_log_open(struct log *log)
{
	log_open(log, LOG_TARGET_STDERR, LOG_LEVEL_INFO, "test");
	log->fd = open("/dev/null", O_WRONLY);
	log->events = event_log_new();
}

static void silent_log_close(struct log *log)
{
	close(log->fd);
	event_log_free(log->events);
	log_close(log);
}

static const char *last_text(const struct log *log)
{
	const struct event_history *h = &log->events->history;
	const struct event_record *r = event_history_get(h, h->next_seq - 1);
	return r ? r->text : "";
}

TEST(events, every_kind_is_described)
{
	for (int i = 0; i < EVENT_KIND_COUNT; i++) {
		SHIM_TRACE_CASE(i);
		const struct event_info *info = event_kind_info((enum event_kind)i);
		EXPECT_GT(strlen(info->help), 0);
		for (const char *c = info->name; *c; c++)
			EXPECT_TRUE(islower((unsigned char)*c) || *c == '-');
		EXPECT_EQ(info->rate == 0, info->burst == 0);
		EXPECT_LE(info->rate, NS_PER_S);
		EXPECT_LE(info->level, LOG_LEVEL_ON_DEMAND);
		EXPECT_LT(info->class, LOG_CLASS_COUNT);
		EXPECT_GE(info->severity, 1);
		EXPECT_LE(info->severity, LOG_SEVERITY_MAX);
		EXPECT_GT(info->number, 0);
		for (int k = 0; k < i; k++)
			EXPECT_NE(0, strcmp(event_kind_info((enum event_kind)k)->name, info->name));
		// An operator names an event by class and number.
		for (int k = 0; k < i; k++) {
			const struct event_info *other = event_kind_info((enum event_kind)k);
			EXPECT_FALSE(other->class == info->class && other->number == info->number);
		}
	}
	EXPECT_STREQ("internal", event_kind_info((enum event_kind)9999)->name);
}

// What a debug class says costs nothing until somebody asks for it by a severity.
TEST(events, debug_classes_are_wanted_by_severity_alone)
{
	struct log log;
	silent_log_open(&log);
	log.level = LOG_LEVEL_DEBUG;
	EXPECT_TRUE(event_is_wanted(&log, EVENT_UP));
	EXPECT_TRUE(event_is_wanted(&log, EVENT_CALL_STARTED));
	EXPECT_FALSE(event_is_wanted(&log, EVENT_PPP_DECODE));
	log.severity[LOG_SINK_SYSLOG][LOG_CLASS_PPPDECODE] = 9;
	EXPECT_FALSE(event_is_wanted(&log, EVENT_PPP_DECODE));
	log.severity[LOG_SINK_SYSLOG][LOG_CLASS_PPPDECODE] = 10;
	EXPECT_TRUE(event_is_wanted(&log, EVENT_PPP_DECODE));
	silent_log_close(&log);
}

TEST(events, unknown_kind_is_an_internal_event)
{
	struct log log;
	struct event e;
	silent_log_open(&log);
	event_begin(&e, (enum event_kind)9999);
	EXPECT_TRUE(event_send_at(&log, &e, 0, 0));
	EXPECT_STREQ("event=internal", last_text(&log));
	silent_log_close(&log);
}

TEST(events, down_record)
{
	struct log log;
	struct event e;
	silent_log_open(&log);
	event_begin(&e, EVENT_DOWN);
	event_hex(&e, "session", 0x100000001);
	event_text(&e, "user", span_of_text("CORP\\ann"));
	event_ipv4(&e, "client", htonl(0xc6120002));
	event_end_reason(&e, END_DECRYPT_FAILURES);
	event_traffic(&e, 1, 2, 3, 4);
	event_duration(&e, "duration", 90 * (uint64_t)NS_PER_S);
	EXPECT_TRUE(event_send_at(&log, &e, 0, 5));
	EXPECT_STREQ("event=down session=0x100000001 user=\"CORP\\\\ann\" client=198.18.0.2 "
		     "reason=decrypt-failures by=server windows-error=742 text=\"Experiencing "
		     "excessive packet decrypt failure: the two sides have different keys.\" "
		     "in-pkts=1 in-bytes=2 out-pkts=3 out-bytes=4 duration=90.000",
		last_text(&log));
	EXPECT_EQ(1, log.lines);
	const struct event_record *r = event_history_get(&log.events->history, 1);
	ASSERT_TRUE(r != NULL);
	EXPECT_EQ(5, r->wall_ns);
	EXPECT_EQ(EVENT_DOWN, r->kind);
	EXPECT_EQ(LOG_LEVEL_NOTICE, r->level);
	EXPECT_EQ(strlen(r->text), r->len);
	silent_log_close(&log);
}

// The record of a call fits whatever the reason and however long the names are.
TEST(events, down_fits_for_every_reason)
{
	char name[LIMIT_USER_NAME_BYTES];
	memset(name, '\x01', sizeof(name));
	for (int reason = 0; reason < END_REASON_COUNT; reason++) {
		SHIM_TRACE_CASE(reason);
		struct event e;
		event_begin(&e, EVENT_DOWN);
		event_hex(&e, "session", UINT64_MAX);
		event_text(&e, "user", span_of(name, sizeof(name)));
		event_endpoint(&e, "client", UINT32_MAX, UINT16_MAX);
		event_ipv4(&e, "server", UINT32_MAX);
		event_ipv4(&e, "inner", UINT32_MAX);
		event_end_reason(&e, (enum end_reason)reason);
		event_traffic(&e, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX);
		event_duration(&e, "duration", UINT64_MAX);
		EXPECT_FALSE(e.line.truncated);
	}
}

TEST(events, no_windows_error_when_the_user_sees_none)
{
	struct event e;
	event_begin(&e, EVENT_DOWN);
	event_end_reason(&e, END_CLIENT_STOP);
	EXPECT_TRUE(strstr(e.line.text, "windows-error") == NULL);
	EXPECT_STRCONTAINS(e.line.text, "reason=client-stop by=client text=");
}

static bool send_refused(struct log *log, uint64_t mono_ns)
{
	struct event e;
	event_begin(&e, EVENT_CLIENT_REFUSED);
	event_ipv4(&e, "client", htonl(0x0a000001));
	return event_send_at(log, &e, mono_ns, 0);
}

TEST(events, rate_holds_back_and_says_so)
{
	struct log log;
	const struct event_info *info = event_kind_info(EVENT_CLIENT_REFUSED);
	uint64_t t = 1000 * (uint64_t)NS_PER_S;
	silent_log_open(&log);
	for (uint32_t i = 0; i < info->burst; i++)
		EXPECT_TRUE(send_refused(&log, t));
	for (int i = 0; i < 7; i++)
		EXPECT_FALSE(send_refused(&log, t));
	EXPECT_EQ(info->burst, log.lines);
	EXPECT_EQ(7, log.events->suppressed);

	// Another kind has a bucket of its own.
	struct event e;
	event_begin(&e, EVENT_UP);
	EXPECT_TRUE(event_send_at(&log, &e, t, 0));

	// After 1/rate seconds there is room for one line, which tells of the seven.
	t += NS_PER_S / info->rate;
	EXPECT_FALSE(send_refused(&log, t - 1));
	EXPECT_TRUE(send_refused(&log, t));
	EXPECT_STREQ("event=client-refused client=10.0.0.1 suppressed=8", last_text(&log));
	EXPECT_FALSE(send_refused(&log, t));

	// A clock that steps back gives no tokens and does no harm; a long rest fills the bucket.
	EXPECT_FALSE(send_refused(&log, 0));
	t += 3600 * (uint64_t)NS_PER_S;
	uint32_t sent = 0;
	while (send_refused(&log, t))
		sent++;
	EXPECT_EQ(info->burst, sent);
	silent_log_close(&log);
}

TEST(events, suppressed_waits_for_a_line_with_room)
{
	struct log log;
	uint64_t t = NS_PER_S;
	silent_log_open(&log);
	while (send_refused(&log, t))
		;
	t += NS_PER_S;
	struct event e;
	event_begin(&e, EVENT_CLIENT_REFUSED);
	char word[250];
	memset(word, 'w', sizeof(word));
	for (int i = 0; i < 5; i++)
		event_text(&e, "k", span_of(word, sizeof(word)));
	ASSERT_TRUE(e.line.truncated);
	EXPECT_TRUE(event_send_at(&log, &e, t, 0));
	EXPECT_TRUE(strstr(last_text(&log), "suppressed") == NULL);
	EXPECT_TRUE(send_refused(&log, t));
	EXPECT_STRCONTAINS(last_text(&log), "suppressed=1");
	silent_log_close(&log);
}

TEST(events, history_keeps_the_last)
{
	struct log log;
	silent_log_open(&log);
	const struct event_history *h = &log.events->history;
	EXPECT_EQ(1, event_history_first(h));
	EXPECT_EQ(1, h->next_seq);
	EXPECT_NULL(event_history_get(h, 0));
	EXPECT_NULL(event_history_get(h, 1));

	uint64_t total = 2 * LIMIT_EVENT_HISTORY + 5;
	for (uint64_t i = 1; i <= total; i++) {
		struct event e;
		event_begin(&e, EVENT_READY);
		event_u64(&e, "n", i);
		EXPECT_TRUE(event_send_at(&log, &e, 0, i));
	}
	EXPECT_EQ(total + 1, h->next_seq);
	EXPECT_EQ(total - LIMIT_EVENT_HISTORY + 1, event_history_first(h));
	EXPECT_NULL(event_history_get(h, event_history_first(h) - 1));
	EXPECT_NULL(event_history_get(h, h->next_seq));
	for (uint64_t seq = event_history_first(h); seq < h->next_seq; seq++) {
		const struct event_record *r = event_history_get(h, seq);
		ASSERT_TRUE(r != NULL);
		EXPECT_EQ(seq, r->seq);
		EXPECT_EQ(seq, r->wall_ns);
	}
	silent_log_close(&log);
}

// What is below the log level is still in the history.
TEST(events, history_has_what_the_log_leaves_out)
{
	struct log log;
	struct event e;
	silent_log_open(&log);
	event_begin(&e, EVENT_CALL_STARTED);
	event_word(&e, "host", "A B");
	event_i64(&e, "delta", -1);
	EXPECT_TRUE(event_send(&log, &e));
	EXPECT_EQ(0, log.lines);
	EXPECT_STREQ("event=call-started host=\"A B\" delta=-1", last_text(&log));
	EXPECT_GT(event_history_get(&log.events->history, 1)->wall_ns,
		1600000000 * (uint64_t)NS_PER_S);
	silent_log_close(&log);
}

// Packets that somebody has the log decode are many: they push no event out.
TEST(events, history_has_no_debug_on_demand)
{
	struct log log;
	struct event e;
	silent_log_open(&log);
	event_begin(&e, EVENT_READY);
	EXPECT_TRUE(event_send(&log, &e));
	event_begin(&e, EVENT_PPP_DECODE);
	EXPECT_TRUE(event_send(&log, &e));
	EXPECT_EQ(2, log.events->sent);
	EXPECT_EQ(2, log.events->history.next_seq);
	EXPECT_STREQ("event=ready", last_text(&log));
	silent_log_close(&log);
}

// The file is full for a while: the other sinks and the history have why, and how much it lacks.
TEST(events, a_file_that_takes_nothing_is_told_once)
{
	struct log log;
	struct event e;
	silent_log_open(&log);
	ASSERT_EQ(0, log_open_file(&log, "/dev/full", 0, 13));
	for (int i = 0; i < 3; i++) {
		event_begin(&e, EVENT_NOTE);
		EXPECT_TRUE(event_send(&log, &e));
	}
	EXPECT_EQ(5, log.events->history.next_seq); // three notes, and one about the file
	EXPECT_STREQ("event=log-file path=/dev/full error=\"No space left on device\"",
		event_history_get(&log.events->history, 2)->text);
	strcpy(log.file.path, "/dev/null");
	EXPECT_EQ(0, log_reopen(&log));
	event_begin(&e, EVENT_NOTE);
	EXPECT_TRUE(event_send(&log, &e));
	EXPECT_STREQ(
		"event=log-file path=/dev/null text=\"is written again\" lost=4", last_text(&log));
	silent_log_close(&log);
}

TEST(events, log_without_memory_still_writes)
{
	struct log log;
	struct event e;
	silent_log_open(&log);
	event_log_free(log.events);
	log.events = NULL;
	event_begin(&e, EVENT_READY);
	EXPECT_TRUE(event_send(&log, &e));
	EXPECT_EQ(1, log.lines);
	silent_log_close(&log);
}
