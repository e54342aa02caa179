// SPDX-License-Identifier: BSD-3-Clause
#include "proto/pptp_conn.h"

#include "shim/shim.h"

#define SEC 1000000000ULL

static const struct pptp_conn_config config = {
	.host_name = "adit",
	.vendor = "adit project",
	.firmware = 0x0102,
	.max_channels = 500,
	.handshake_timeout_ns = 30 * SEC,
	.idle_timeout_ns = 100 * SEC,
	.echo_interval_ns = 60 * SEC,
	.echo_timeout_ns = 20 * SEC,
	.stop_timeout_ns = 5 * SEC,
};

// A message of a type with fields that a client might fill in.
static struct pptp_message message_of(uint16_t type)
{
	struct pptp_message m = {.type = type};

	switch (type) {
	case PPTP_SCCRQ:
	case PPTP_SCCRP:
		m.start = (struct pptp_start){
			.version = PPTP_VERSION, .framing = 1, .bearer = 1, .host_name = "client"};
		break;
	case PPTP_STOP_CCRQ:
	case PPTP_STOP_CCRP:
		m.stop.code = 1;
		break;
	case PPTP_ECHO_REQUEST:
	case PPTP_ECHO_REPLY:
		m.echo.identifier = 0xdeadbeef;
		break;
	case PPTP_OCRQ:
		m.ocrq = (struct pptp_ocrq){.call_id = 0x1234, .window = 64};
		break;
	case PPTP_ICRQ:
		m.icrq.call_id = 0x1234;
		break;
	}
	return m;
}

static size_t wire_of(const struct pptp_message *m, uint8_t *out, size_t cap)
{
	struct writer w = writer_of(out, cap);

	pptp_put(&w, m);
	EXPECT_FALSE(w.failed);
	return w.len;
}

// Give one whole message.
static void give(struct pptp_conn *c, const struct pptp_message *m, uint64_t now_ns,
	struct pptp_conn_step *out)
{
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	size_t len = wire_of(m, bytes, sizeof(bytes));

	EXPECT_EQ(pptp_conn_receive(c, span_of(bytes, len), now_ns, out), len);
}

static void give_type(
	struct pptp_conn *c, uint16_t type, uint64_t now_ns, struct pptp_conn_step *out)
{
	struct pptp_message m = message_of(type);

	give(c, &m, now_ns, out);
}

// The one message of a step; type 0 when it has none.
static struct pptp_message said(const struct pptp_conn_step *step)
{
	struct pptp_message m = {0};

	if (step->n_bytes > 0)
		EXPECT_EQ(pptp_get(span_of(step->bytes, step->n_bytes), &m), 0);
	return m;
}

// The result and error of a reply, a stop's reason.
static void codes_of(const struct pptp_message *m, uint8_t *result, uint8_t *error)
{
	*result = *error = 0;
	switch (m->type) {
	case PPTP_SCCRP:
		*result = m->start.result;
		*error = m->start.error;
		break;
	case PPTP_STOP_CCRQ:
	case PPTP_STOP_CCRP:
		*result = m->stop.code;
		*error = m->stop.error;
		break;
	case PPTP_ECHO_REPLY:
		*result = m->echo.result;
		*error = m->echo.error;
		break;
	case PPTP_OCRP:
		*result = m->ocrp.result;
		*error = m->ocrp.error;
		break;
	case PPTP_ICRP:
		*result = m->icrp.result;
		*error = m->icrp.error;
		break;
	}
}

enum stage { IDLE, OPEN, ASKED, STOPPING, LINGERING, CLOSED, N_STAGES };

static void bring_to(struct pptp_conn *c, enum stage stage)
{
	struct pptp_conn_step out;

	pptp_conn_init(c, &config, 0);
	if (stage == IDLE)
		return;
	give_type(c, PPTP_SCCRQ, 1 * SEC, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_OPENED);
	switch (stage) {
	case IDLE:
	case OPEN:
		break;
	case STOPPING:
		pptp_conn_stop(c, END_ADMIN_CLEAR, 1 * SEC, &out);
		break;
	case ASKED:
	case LINGERING:
	case CLOSED:
		give_type(c, PPTP_STOP_CCRQ, 1 * SEC, &out);
		if (stage != ASKED)
			pptp_conn_answer_stop(c, 1 * SEC, &out);
		if (stage == CLOSED)
			pptp_conn_expire(c, 6 * SEC, &out);
		break;
	case N_STAGES:
		break;
	}
}

TEST(pptp_conn, start)
{
	struct pptp_conn c;
	struct pptp_conn_step out;

	pptp_conn_init(&c, &config, 5 * SEC);
	EXPECT_EQ(c.state, PPTP_CONN_IDLE);
	give_type(&c, PPTP_SCCRQ, 6 * SEC, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_OPENED);
	EXPECT_EQ(c.state, PPTP_CONN_ESTABLISHED);
	EXPECT_STREQ((char *)c.client.host_name, "client");
	EXPECT_EQ(out.n_bytes, 156);

	struct pptp_message m = said(&out);
	EXPECT_EQ(m.type, PPTP_SCCRP);
	EXPECT_EQ(m.start.version, PPTP_VERSION);
	EXPECT_EQ(m.start.result, PPTP_SCCRP_OK);
	EXPECT_EQ(m.start.error, 0);
	EXPECT_EQ(m.start.firmware, 0x0102);
	EXPECT_EQ(m.start.max_channels, 500);
	EXPECT_MEMEQ(m.start.host_name, config.host_name, PPTP_NAME_BYTES);
	EXPECT_MEMEQ(m.start.vendor, config.vendor, PPTP_NAME_BYTES);
}

TEST(pptp_conn, versions)
{
	static const struct {
		uint16_t version;
		bool accepted;
	} cases[] = {{0x0100, true}, {0x0101, true}, {0x0000, false}, {0x0001, false},
		{0x0099, false}, {0x0200, false}, {0xffff, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pptp_conn c;
		struct pptp_conn_step out;
		struct pptp_message m = message_of(PPTP_SCCRQ);

		SHIM_TRACE_CASE(i);
		m.start.version = cases[i].version;
		pptp_conn_init(&c, &config, 0);
		give(&c, &m, 1, &out);
		m = said(&out);
		EXPECT_EQ(m.type, PPTP_SCCRP);
		EXPECT_EQ(m.start.version, PPTP_VERSION);
		EXPECT_EQ(m.start.result, cases[i].accepted ? PPTP_SCCRP_OK : PPTP_SCCRP_VERSION);
		EXPECT_EQ(out.notice, cases[i].accepted ? PPTP_CONN_OPENED : PPTP_CONN_CLOSE);
		EXPECT_EQ(out.reason, cases[i].accepted ? END_NONE : END_PPTP_BAD_VERSION);
	}
}

TEST(pptp_conn, refusals_are_said)
{
	static const struct {
		enum end_reason reason;
		uint8_t result, error;
	} cases[] = {
		{END_LIMIT_SOURCE, PPTP_SCCRP_GENERAL_ERROR, PPTP_ERROR_NO_RESOURCE},
		{END_LIMIT_RATE, PPTP_SCCRP_GENERAL_ERROR, PPTP_ERROR_NO_RESOURCE},
		{END_NO_RESOURCE, PPTP_SCCRP_GENERAL_ERROR, PPTP_ERROR_NO_RESOURCE},
		{END_INTERNAL, PPTP_SCCRP_GENERAL_ERROR, PPTP_ERROR_SERVER},
		{END_AUTH_LOCKED, PPTP_SCCRP_NOT_AUTHORIZED, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pptp_conn c;
		struct pptp_conn_step out;
		struct pptp_message m;

		SHIM_TRACE_CASE(i);
		pptp_conn_init(&c, &config, 0);
		pptp_conn_refuse(&c, cases[i].reason);
		give_type(&c, PPTP_SCCRQ, SEC, &out);
		m = said(&out);
		EXPECT_EQ(m.type, PPTP_SCCRP);
		EXPECT_EQ(m.start.result, cases[i].result);
		EXPECT_EQ(m.start.error, cases[i].error);
		EXPECT_EQ(out.notice, PPTP_CONN_CLOSE);
		EXPECT_EQ(out.reason, cases[i].reason);
		EXPECT_EQ(c.state, PPTP_CONN_CLOSED);
	}
}

// Who is refused and speaks no PPTP, or another one, hears of that.
TEST(pptp_conn, a_refusal_changes_nothing_else)
{
	struct pptp_message m = message_of(PPTP_SCCRQ);
	struct pptp_conn c;
	struct pptp_conn_step out;

	m.start.version = 0x0200;
	pptp_conn_init(&c, &config, 0);
	pptp_conn_refuse(&c, END_LIMIT_RATE);
	give(&c, &m, SEC, &out);
	EXPECT_EQ(said(&out).start.result, PPTP_SCCRP_VERSION);
	EXPECT_EQ(out.reason, END_PPTP_BAD_VERSION);

	pptp_conn_init(&c, &config, 0);
	pptp_conn_refuse(&c, END_LIMIT_RATE);
	EXPECT_EQ(pptp_conn_deadline(&c), 30 * SEC);
	pptp_conn_expire(&c, 30 * SEC, &out);
	EXPECT_EQ(out.reason, END_PPTP_SILENT);
	EXPECT_EQ(out.n_bytes, 0);
}

// What each message gets in each state: what is said, with which codes, and what the caller is told.
struct expected {
	uint16_t reply;
	uint8_t result, error;
	enum pptp_conn_notice notice;
	enum end_reason reason;
};

static const struct expected nothing;
#define CLOSES(why)                                        \
	{                                                  \
		.notice = PPTP_CONN_CLOSE, .reason = (why) \
	}
#define SAYS(r, c, e)                                     \
	{                                                 \
		.reply = (r), .result = (c), .error = (e) \
	}
#define SAYS_AND_CLOSES(r, c, e, why)                                                 \
	{                                                                             \
		.reply = (r), .result = (c), .error = (e), .notice = PPTP_CONN_CLOSE, \
		.reason = (why)                                                       \
	}
#define CALL                             \
	{                                \
		.notice = PPTP_CONN_CALL \
	}
#define BAD_ORDER	 CLOSES(END_PPTP_BAD_ORDER)
#define NOT_CONNECTED(r) SAYS_AND_CLOSES(r, 2, PPTP_ERROR_NOT_CONNECTED, END_PPTP_BAD_ORDER)
#define WRONG_SIDE	 SAYS_AND_CLOSES(PPTP_STOP_CCRQ, PPTP_STOP_PROTOCOL, 0, END_PPTP_BAD_ORDER)

static const struct expected in_idle[PPTP_TYPE_COUNT] = {
	[PPTP_SCCRQ] = {PPTP_SCCRP, PPTP_SCCRP_OK, 0, PPTP_CONN_OPENED, END_NONE},
	[PPTP_SCCRP] = BAD_ORDER,
	[PPTP_STOP_CCRQ] = NOT_CONNECTED(PPTP_STOP_CCRP),
	[PPTP_STOP_CCRP] = BAD_ORDER,
	[PPTP_ECHO_REQUEST] = NOT_CONNECTED(PPTP_ECHO_REPLY),
	[PPTP_ECHO_REPLY] = BAD_ORDER,
	[PPTP_OCRQ] = NOT_CONNECTED(PPTP_OCRP),
	[PPTP_OCRP] = BAD_ORDER,
	[PPTP_ICRQ] = NOT_CONNECTED(PPTP_ICRP),
	[PPTP_ICRP] = BAD_ORDER,
	[PPTP_ICCN] = BAD_ORDER,
	[PPTP_CALL_CLEAR_REQUEST] = BAD_ORDER,
	[PPTP_CALL_DISCONNECT_NOTIFY] = BAD_ORDER,
	[PPTP_WAN_ERROR_NOTIFY] = BAD_ORDER,
	[PPTP_SET_LINK_INFO] = BAD_ORDER,
};

static const struct expected in_open[PPTP_TYPE_COUNT] = {
	[PPTP_SCCRQ] = SAYS(PPTP_SCCRP, PPTP_SCCRP_EXISTS, 0),
	[PPTP_SCCRP] = WRONG_SIDE,
	[PPTP_STOP_CCRQ] = {.notice = PPTP_CONN_STOPPED, .reason = END_CLIENT_STOP},
	[PPTP_STOP_CCRP] = WRONG_SIDE,
	[PPTP_ECHO_REQUEST] = SAYS(PPTP_ECHO_REPLY, 1, 0),
	[PPTP_OCRQ] = CALL,
	[PPTP_OCRP] = WRONG_SIDE,
	[PPTP_ICRQ] = {PPTP_ICRP, PPTP_ICRP_DO_NOT_ACCEPT, 0, PPTP_CONN_INCOMING, END_NONE},
	[PPTP_ICRP] = WRONG_SIDE,
	[PPTP_ICCN] = WRONG_SIDE,
	[PPTP_CALL_CLEAR_REQUEST] = CALL,
	[PPTP_CALL_DISCONNECT_NOTIFY] = CALL,
	[PPTP_WAN_ERROR_NOTIFY] = CALL,
	[PPTP_SET_LINK_INFO] = CALL,
};

static const struct expected in_stopping[PPTP_TYPE_COUNT] = {
	[PPTP_STOP_CCRQ] = SAYS(PPTP_STOP_CCRP, 1, 0),
	[PPTP_STOP_CCRP] = CLOSES(END_ADMIN_CLEAR),
};

static void expect_step(const struct expected *want, const struct pptp_conn_step *out)
{
	struct pptp_message m = said(out);
	uint8_t result, error;

	codes_of(&m, &result, &error);
	EXPECT_EQ(m.type, want->reply);
	EXPECT_EQ(result, want->result);
	EXPECT_EQ(error, want->error);
	EXPECT_EQ(out->notice, want->notice);
	EXPECT_EQ(out->reason, want->reason);
}

TEST(pptp_conn, every_message_in_every_state)
{
	static const struct expected *const tables[N_STAGES] = {
		[IDLE] = in_idle, [OPEN] = in_open, [STOPPING] = in_stopping};

	for (int stage = 0; stage < CLOSED; stage++) {
		for (uint16_t type = PPTP_SCCRQ; type < PPTP_TYPE_COUNT; type++) {
			struct pptp_conn c;
			struct pptp_conn_step out;

			SHIM_TRACE_CASE(stage * 100 + type);
			bring_to(&c, (enum stage)stage);
			give_type(&c, type, 2 * SEC, &out);
			expect_step(tables[stage] ? &tables[stage][type] : &nothing, &out);
			if (out.notice == PPTP_CONN_CALL)
				EXPECT_EQ(out.message.type, type);
			EXPECT_EQ(c.state == PPTP_CONN_CLOSED, out.notice == PPTP_CONN_CLOSE);
		}
	}
}

TEST(pptp_conn, a_closed_connection_takes_and_says_nothing)
{
	struct pptp_conn c;
	struct pptp_conn_step out;
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX] = {0};

	bring_to(&c, CLOSED);
	EXPECT_EQ(pptp_conn_receive(&c, span_of(bytes, sizeof(bytes)), 9 * SEC, &out), 0);
	EXPECT_EQ(out.n_bytes, 0);
	EXPECT_EQ(out.notice, PPTP_CONN_NOTHING);
	EXPECT_EQ(pptp_conn_deadline(&c), PPTP_CONN_NEVER);
	pptp_conn_expire(&c, UINT64_MAX, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_NOTHING);
	pptp_conn_stop(&c, END_ADMIN_CLEAR, 9 * SEC, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_NOTHING);
	pptp_conn_answer_stop(&c, 9 * SEC, &out);
	EXPECT_EQ(out.n_bytes, 0);
}

TEST(pptp_conn, bad_bytes)
{
	// An SCCRQ with these bytes changed.
	static const struct {
		uint8_t at, value;
		enum end_reason reason;
		uint8_t idle_error; // of the SCCRP before the start; 0: nothing is said
	} cases[] = {
		{4, 0xff, END_PPTP_BAD_COOKIE, 0},
		{7, 0x00, END_PPTP_BAD_COOKIE, 0},
		{1, 155, END_PPTP_BAD_LENGTH, PPTP_ERROR_BAD_FORMAT},
		{1, 0, END_PPTP_BAD_LENGTH, PPTP_ERROR_BAD_FORMAT},
		{0, 0xff, END_PPTP_BAD_LENGTH, PPTP_ERROR_BAD_FORMAT},
		{3, 2, END_PPTP_BAD_TYPE, PPTP_ERROR_BAD_VALUE}, // management message
		{9, 0, END_PPTP_BAD_TYPE, PPTP_ERROR_BAD_VALUE},
		{9, 16, END_PPTP_BAD_TYPE, PPTP_ERROR_BAD_VALUE},
		{8, 1, END_PPTP_BAD_TYPE, PPTP_ERROR_BAD_VALUE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int stage = IDLE; stage <= STOPPING; stage++) {
			struct pptp_conn c;
			struct pptp_conn_step out;
			struct pptp_message m = message_of(PPTP_SCCRQ);
			uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
			size_t len = wire_of(&m, bytes, sizeof(bytes));
			struct expected want = CLOSES(cases[i].reason);

			SHIM_TRACE_CASE((long long)(stage * 100 + (int)i));
			bytes[cases[i].at] = cases[i].value;
			bring_to(&c, (enum stage)stage);
			EXPECT_GT(pptp_conn_receive(&c, span_of(bytes, len), 2 * SEC, &out), 0);

			bool is_silent = cases[i].reason == END_PPTP_BAD_COOKIE;
			if (stage == IDLE && !is_silent)
				want = (struct expected)SAYS_AND_CLOSES(PPTP_SCCRP,
					PPTP_SCCRP_GENERAL_ERROR, cases[i].idle_error,
					cases[i].reason);
			if (stage == OPEN && !is_silent)
				want = (struct expected)SAYS_AND_CLOSES(
					PPTP_STOP_CCRQ, PPTP_STOP_PROTOCOL, 0, cases[i].reason);
			if (stage == ASKED) {
				want.reason = END_CLIENT_STOP;
				if (!is_silent) {
					want.reply = PPTP_STOP_CCRP;
					want.result = 1;
				}
			}
			if (stage == STOPPING)
				want.reason = END_ADMIN_CLEAR;
			expect_step(&want, &out);
			EXPECT_EQ(c.state, PPTP_CONN_CLOSED);
		}
	}
}

TEST(pptp_conn, reserved_fields_are_ignored)
{
	static const uint8_t reserved[] = {10, 11, 14, 15};
	struct pptp_message m = message_of(PPTP_SCCRQ);
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	size_t len = wire_of(&m, bytes, sizeof(bytes));
	struct pptp_conn c;
	struct pptp_conn_step out;

	for (size_t i = 0; i < sizeof(reserved); i++)
		bytes[reserved[i]] = 0xff;
	pptp_conn_init(&c, &config, 0);
	EXPECT_EQ(pptp_conn_receive(&c, span_of(bytes, len), 1, &out), len);
	EXPECT_EQ(out.notice, PPTP_CONN_OPENED);
}

TEST(pptp_conn, replies_carry_what_was_asked)
{
	struct pptp_conn c;
	struct pptp_conn_step out;

	bring_to(&c, OPEN);
	give_type(&c, PPTP_ECHO_REQUEST, 2 * SEC, &out);
	EXPECT_EQ(said(&out).echo.identifier, 0xdeadbeef);
	give_type(&c, PPTP_ICRQ, 2 * SEC, &out);
	EXPECT_EQ(said(&out).icrp.peer_call_id, 0x1234);
	EXPECT_EQ(said(&out).icrp.call_id, 0);
	EXPECT_EQ(out.message.icrq.call_id, 0x1234);
	give_type(&c, PPTP_OCRQ, 2 * SEC, &out);
	EXPECT_EQ(out.message.ocrq.call_id, 0x1234);
	EXPECT_EQ(out.message.ocrq.window, 64);
	EXPECT_EQ(c.n_messages_in[PPTP_ICRQ], 1);
	EXPECT_EQ(c.n_messages_in[PPTP_OCRQ], 1);
	EXPECT_EQ(c.n_messages_in[PPTP_SCCRQ], 1);
}

// ---- streams ----------------------------------------------------------------------------------

struct transcript {
	uint8_t bytes[16384];
	size_t n_bytes;
	uint32_t notices; // a rolling number over all notices, reasons and message types
	unsigned int n_closes;
};

static void transcript_add(struct transcript *t, const struct pptp_conn_step *out)
{
	ASSERT_LE(t->n_bytes + out->n_bytes, sizeof(t->bytes));
	memcpy(t->bytes + t->n_bytes, out->bytes, out->n_bytes);
	t->n_bytes += out->n_bytes;
	if (out->notice != PPTP_CONN_NOTHING)
		t->notices = t->notices * 31 + out->notice * 100 + out->reason * 7 +
			     (out->notice == PPTP_CONN_CALL ? out->message.type : 0);
	t->n_closes += out->notice == PPTP_CONN_CLOSE;
}

// Feed one segment in the way of the header's "use"; answers a stop at once.
static void feed(struct pptp_conn *c, struct span segment, struct transcript *t)
{
	while (segment.len > 0) {
		struct pptp_conn_step out;
		size_t taken = pptp_conn_receive(c, segment, SEC, &out);

		transcript_add(t, &out);
		if (out.notice == PPTP_CONN_STOPPED) {
			pptp_conn_answer_stop(c, SEC, &out);
			transcript_add(t, &out);
		}
		if (taken == 0)
			return;
		segment = span_of(segment.bytes + taken, segment.len - taken);
	}
}

static size_t stream_of(const uint16_t *types, size_t n, uint8_t *out, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		struct pptp_message m = message_of(types[i]);

		len += wire_of(&m, out + len, cap - len);
	}
	return len;
}

static uint32_t rng_next(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*state >> 33);
}

TEST(pptp_conn, any_split_of_a_stream_gives_the_same_output)
{
	static const uint16_t scripts[][8] = {
		{PPTP_SCCRQ, PPTP_ECHO_REQUEST, PPTP_OCRQ, PPTP_SET_LINK_INFO, PPTP_ICRQ,
			PPTP_CALL_CLEAR_REQUEST, PPTP_STOP_CCRQ, PPTP_ECHO_REQUEST},
		{PPTP_SCCRQ, PPTP_OCRQ, PPTP_SCCRQ, PPTP_WAN_ERROR_NOTIFY, PPTP_OCRQ, PPTP_OCRQ,
			PPTP_CALL_DISCONNECT_NOTIFY, PPTP_ICCN},
		{PPTP_OCRQ, PPTP_SCCRQ, PPTP_SCCRQ, PPTP_SCCRQ, PPTP_SCCRQ, PPTP_SCCRQ, PPTP_SCCRQ,
			PPTP_SCCRQ},
	};
	uint64_t rng = 3;

	for (int run = 0; run < 600; run++) {
		static struct transcript whole, split;
		uint8_t bytes[8 * PPTP_MESSAGE_BYTES_MAX];
		size_t len = stream_of(scripts[run % 3], 8, bytes, sizeof(bytes));
		struct pptp_conn a, b;

		SHIM_TRACE_CASE(run);
		if (run >= 300) // rubbish too
			bytes[rng_next(&rng) % len] = (uint8_t)rng_next(&rng);
		memset(&whole, 0, sizeof(whole));
		memset(&split, 0, sizeof(split));
		pptp_conn_init(&a, &config, 0);
		pptp_conn_init(&b, &config, 0);
		feed(&a, span_of(bytes, len), &whole);
		for (size_t at = 0; at < len;) {
			size_t n = run % 2 ? 1 : 1 + rng_next(&rng) % 60;

			if (n > len - at)
				n = len - at;
			feed(&b, span_of(bytes + at, n), &split);
			at += n;
		}
		EXPECT_EQ(whole.n_bytes, split.n_bytes);
		EXPECT_MEMEQ(whole.bytes, split.bytes, whole.n_bytes);
		EXPECT_EQ(whole.notices, split.notices);
		EXPECT_EQ(a.state, b.state);
		EXPECT_LE(whole.n_closes, 1);
	}
}

TEST(pptp_conn, takes_no_byte_of_the_next_message)
{
	static const uint16_t types[] = {PPTP_SCCRQ, PPTP_STOP_CCRQ, PPTP_ECHO_REQUEST};
	uint8_t bytes[3 * PPTP_MESSAGE_BYTES_MAX];
	size_t len = stream_of(types, 3, bytes, sizeof(bytes));
	struct pptp_conn c;
	struct pptp_conn_step out;

	pptp_conn_init(&c, &config, 0);
	EXPECT_EQ(pptp_conn_receive(&c, span_of(bytes, len), 1, &out), 156);
	EXPECT_EQ(pptp_conn_receive(&c, span_of(bytes + 156, len - 156), 1, &out), 16);
	EXPECT_EQ(out.notice, PPTP_CONN_STOPPED);
	EXPECT_EQ(pptp_conn_receive(&c, span_of(bytes, 0), 1, &out), 0);
	EXPECT_EQ(out.notice, PPTP_CONN_NOTHING);
}

// ---- time -------------------------------------------------------------------------------------

TEST(pptp_conn, handshake_is_measured_from_the_accept)
{
	struct pptp_message m = message_of(PPTP_SCCRQ);
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct pptp_conn c;
	struct pptp_conn_step out;

	wire_of(&m, bytes, sizeof(bytes));
	pptp_conn_init(&c, &config, 7 * SEC);
	EXPECT_EQ(pptp_conn_deadline(&c), 37 * SEC);
	for (uint64_t i = 0; i < 29; i++) // a byte a second puts nothing off
		pptp_conn_receive(&c, span_of(bytes + i, 1), (7 + i) * SEC, &out);
	EXPECT_EQ(pptp_conn_deadline(&c), 37 * SEC);
	pptp_conn_expire(&c, 37 * SEC - 1, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_NOTHING);
	pptp_conn_expire(&c, 37 * SEC, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_CLOSE);
	EXPECT_EQ(out.reason, END_PPTP_SILENT);
	EXPECT_EQ(out.n_bytes, 0);
}

TEST(pptp_conn, a_message_half_way_is_bounded_once_established)
{
	struct pptp_message m = message_of(PPTP_OCRQ);
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct pptp_conn c;
	struct pptp_conn_step out;

	wire_of(&m, bytes, sizeof(bytes));
	bring_to(&c, OPEN);
	pptp_conn_set_calls(&c, 1, SEC);
	for (uint64_t i = 0; i < 30; i++)
		pptp_conn_receive(&c, span_of(bytes + i, 1), (2 + i) * SEC, &out);
	EXPECT_EQ(pptp_conn_deadline(&c), 32 * SEC);
	pptp_conn_expire(&c, 32 * SEC, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_CLOSE);
	EXPECT_EQ(out.reason, END_PPTP_STALLED);
	EXPECT_EQ(said(&out).type, PPTP_STOP_CCRQ);
	EXPECT_EQ(said(&out).stop.code, PPTP_STOP_NONE);
}

TEST(pptp_conn, echo_after_silence_then_close)
{
	struct pptp_conn c;
	struct pptp_conn_step out;

	bring_to(&c, OPEN); // heard at 1 s
	pptp_conn_set_calls(&c, 1, SEC);
	EXPECT_EQ(pptp_conn_deadline(&c), 61 * SEC);
	give_type(&c, PPTP_SET_LINK_INFO, 11 * SEC, &out);
	EXPECT_EQ(pptp_conn_deadline(&c), 71 * SEC);

	pptp_conn_expire(&c, 71 * SEC, &out);
	uint32_t first = said(&out).echo.identifier;
	EXPECT_EQ(said(&out).type, PPTP_ECHO_REQUEST);
	EXPECT_EQ(out.notice, PPTP_CONN_NOTHING);
	EXPECT_EQ(pptp_conn_deadline(&c), 91 * SEC);
	give_type(&c, PPTP_ECHO_REPLY, 75 * SEC, &out);
	EXPECT_EQ(pptp_conn_deadline(&c), 135 * SEC);

	pptp_conn_expire(&c, 135 * SEC, &out);
	EXPECT_NE(said(&out).echo.identifier, first);
	pptp_conn_expire(&c, 155 * SEC, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_CLOSE);
	EXPECT_EQ(out.reason, END_ECHO_TIMEOUT);
	EXPECT_EQ(out.n_bytes, 0);
}

TEST(pptp_conn, no_echo_where_it_is_off)
{
	struct pptp_conn_config quiet = config;
	struct pptp_conn c;
	struct pptp_conn_step out;

	quiet.echo_interval_ns = 0;
	quiet.idle_timeout_ns = 0;
	pptp_conn_init(&c, &quiet, 0);
	give_type(&c, PPTP_SCCRQ, 0, &out);
	EXPECT_EQ(pptp_conn_deadline(&c), PPTP_CONN_NEVER);
}

TEST(pptp_conn, idle_connections_are_stopped)
{
	struct pptp_conn c;
	struct pptp_conn_step out;

	pptp_conn_init(&c, &config, 0);
	give_type(&c, PPTP_SCCRQ, 0, &out); // at time 0, too
	give_type(&c, PPTP_ECHO_REQUEST, 50 * SEC, &out);
	EXPECT_EQ(pptp_conn_deadline(&c), 100 * SEC + 1);
	pptp_conn_set_calls(&c, 1, 60 * SEC);
	EXPECT_EQ(pptp_conn_deadline(&c), 110 * SEC); // the echo
	pptp_conn_set_calls(&c, 2, 61 * SEC);
	pptp_conn_set_calls(&c, 0, 70 * SEC);
	pptp_conn_set_calls(&c, 0, 71 * SEC); // does not put it off
	give_type(&c, PPTP_ECHO_REQUEST, 120 * SEC, &out);
	EXPECT_EQ(pptp_conn_deadline(&c), 170 * SEC);

	pptp_conn_expire(&c, 170 * SEC, &out);
	EXPECT_EQ(said(&out).type, PPTP_STOP_CCRQ);
	EXPECT_EQ(said(&out).stop.code, PPTP_STOP_NONE);
	EXPECT_EQ(out.notice, PPTP_CONN_NOTHING);
	EXPECT_EQ(c.state, PPTP_CONN_STOPPING);
	EXPECT_EQ(pptp_conn_deadline(&c), 175 * SEC);
	pptp_conn_expire(&c, 175 * SEC, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_CLOSE);
	EXPECT_EQ(out.reason, END_IDLE_CONNECTION);
}

// ---- stops ------------------------------------------------------------------------------------

TEST(pptp_conn, stop_reasons)
{
	static const struct {
		enum end_reason reason;
		uint8_t code;
	} cases[] = {
		{END_ADMIN_SHUTDOWN, PPTP_STOP_SHUTDOWN},
		{END_ADMIN_CLEAR, PPTP_STOP_NONE},
		{END_IDLE_CONNECTION, PPTP_STOP_NONE},
		{END_PPTP_BAD_ORDER, PPTP_STOP_PROTOCOL},
		{END_PPTP_BAD_VALUE, PPTP_STOP_PROTOCOL},
		{END_REASON_COUNT, PPTP_STOP_NONE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pptp_conn c;
		struct pptp_conn_step out;

		SHIM_TRACE_CASE(i);
		bring_to(&c, OPEN);
		pptp_conn_stop(&c, cases[i].reason, 2 * SEC, &out);
		EXPECT_EQ(said(&out).type, PPTP_STOP_CCRQ);
		EXPECT_EQ(said(&out).stop.code, cases[i].code);
		EXPECT_EQ(out.notice, PPTP_CONN_NOTHING);
		EXPECT_EQ(pptp_conn_deadline(&c), 7 * SEC);

		pptp_conn_stop(&c, END_INTERNAL, 3 * SEC, &out); // goes on as it is
		EXPECT_EQ(out.n_bytes, 0);
		EXPECT_EQ(pptp_conn_deadline(&c), 7 * SEC);
		give_type(&c, PPTP_STOP_CCRP, 4 * SEC, &out);
		EXPECT_EQ(out.notice, PPTP_CONN_CLOSE);
		EXPECT_EQ(out.reason, cases[i].reason);
	}
}

TEST(pptp_conn, stop_before_the_start_and_after_the_end)
{
	struct pptp_conn c;
	struct pptp_conn_step out;

	bring_to(&c, IDLE);
	pptp_conn_stop(&c, END_ADMIN_SHUTDOWN, 2 * SEC, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_CLOSE);
	EXPECT_EQ(out.reason, END_ADMIN_SHUTDOWN);
	EXPECT_EQ(out.n_bytes, 0);

	bring_to(&c, LINGERING);
	pptp_conn_stop(&c, END_ADMIN_SHUTDOWN, 2 * SEC, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_CLOSE);
	EXPECT_EQ(out.reason, END_CLIENT_STOP); // the first reason stays
}

TEST(pptp_conn, stops_that_cross)
{
	struct pptp_conn c;
	struct pptp_conn_step out;

	bring_to(&c, STOPPING);
	give_type(&c, PPTP_STOP_CCRQ, 2 * SEC, &out);
	EXPECT_EQ(said(&out).type, PPTP_STOP_CCRP);
	EXPECT_EQ(c.state, PPTP_CONN_LINGERING);
	pptp_conn_expire(&c, 7 * SEC, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_CLOSE);
	EXPECT_EQ(out.reason, END_ADMIN_CLEAR);

	bring_to(&c, ASKED);
	pptp_conn_stop(&c, END_ADMIN_SHUTDOWN, 2 * SEC, &out);
	EXPECT_EQ(said(&out).type, PPTP_STOP_CCRP);
	EXPECT_EQ(c.state, PPTP_CONN_LINGERING);
}

TEST(pptp_conn, the_clients_stop_is_answered_then_it_may_close)
{
	struct pptp_conn c;
	struct pptp_conn_step out;

	bring_to(&c, OPEN);
	pptp_conn_answer_stop(&c, 2 * SEC, &out); // nobody asked
	EXPECT_EQ(out.n_bytes, 0);
	EXPECT_EQ(c.state, PPTP_CONN_ESTABLISHED);

	give_type(&c, PPTP_STOP_CCRQ, 3 * SEC, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_STOPPED);
	EXPECT_EQ(out.reason, END_CLIENT_STOP);
	EXPECT_EQ(out.n_bytes, 0);
	EXPECT_EQ(c.stop_code, 1);
	pptp_conn_answer_stop(&c, 4 * SEC, &out);
	EXPECT_EQ(said(&out).type, PPTP_STOP_CCRP);
	EXPECT_EQ(said(&out).stop.code, 1);
	EXPECT_EQ(c.state, PPTP_CONN_LINGERING);
	EXPECT_EQ(pptp_conn_deadline(&c), 9 * SEC);
	pptp_conn_expire(&c, 9 * SEC, &out);
	EXPECT_EQ(out.notice, PPTP_CONN_CLOSE);
	EXPECT_EQ(out.reason, END_CLIENT_STOP);
}

TEST(pptp_conn, a_stop_that_the_caller_forgot_is_answered_by_time)
{
	struct pptp_conn c;
	struct pptp_conn_step out;

	bring_to(&c, ASKED);
	EXPECT_EQ(pptp_conn_deadline(&c), 6 * SEC);
	pptp_conn_expire(&c, 6 * SEC, &out);
	EXPECT_EQ(said(&out).type, PPTP_STOP_CCRP);
	EXPECT_EQ(out.notice, PPTP_CONN_CLOSE);
	EXPECT_EQ(out.reason, END_CLIENT_STOP);
}
