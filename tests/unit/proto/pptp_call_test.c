// SPDX-License-Identifier: BSD-3-Clause
#include "proto/pptp_call.h"

#include "shim/shim.h"

static const struct pptp_call_offer offer = {.call_id = 0x00aa, .window = 32, .delay = 1};

struct fixture {
	struct pptp_call call;
	struct pptp_ocrq request;
	struct writer w;
	uint8_t bytes[2 * PPTP_MESSAGE_BYTES_MAX];
};

static void setup(struct fixture *f)
{
	*f = (struct fixture){0};
	f->request = (struct pptp_ocrq){.call_id = 0x1234,
		.serial = 9,
		.min_bps = 300,
		.max_bps = 1000000,
		.bearer = 3,
		.framing = 3,
		.window = 64,
		.delay = 2};
	f->w = writer_of(f->bytes, sizeof(f->bytes));
}

static void setup_established(struct fixture *f)
{
	setup(f);
	pptp_call_accept(&f->call, &f->request, &offer, &f->w);
	f->w.len = 0;
}

// The one message that was written.
static struct pptp_message written(struct fixture *f)
{
	struct pptp_message m = {0};

	EXPECT_FALSE(f->w.failed);
	EXPECT_EQ(pptp_get(span_of(f->bytes, f->w.len), &m), 0);
	f->w.len = 0;
	return m;
}

TEST(pptp_call, check)
{
	struct fixture f;

	setup(&f);
	EXPECT_EQ(pptp_call_check(&f.request), END_NONE);
	f.request.window = 0;
	EXPECT_EQ(pptp_call_check(&f.request), END_PPTP_BAD_VALUE);
	f.request.window = 1;
	f.request.phone_len = PPTP_NAME_BYTES;
	EXPECT_EQ(pptp_call_check(&f.request), END_NONE);
	f.request.phone_len++;
	EXPECT_EQ(pptp_call_check(&f.request), END_PPTP_BAD_VALUE);
}

TEST(pptp_call, check_takes_what_clients_leave_empty)
{
	const struct pptp_ocrq bare = {.window = 3};

	EXPECT_EQ(pptp_call_check(&bare), END_NONE);
}

TEST(pptp_call, accept)
{
	struct fixture f;

	const struct pptp_call_offer zero = {
		.window = 32, .delay = 4}; // 0 is a Call ID like another

	setup(&f);
	pptp_call_accept(&f.call, &f.request, &zero, &f.w);
	EXPECT_EQ(f.call.state, PPTP_CALL_ESTABLISHED);
	EXPECT_EQ(f.call.call_id, 0);
	EXPECT_EQ(f.call.peer_call_id, 0x1234);
	EXPECT_EQ(f.call.peer_window, 64);
	EXPECT_EQ(f.call.peer_delay, 2);
	EXPECT_EQ(f.call.serial, 9);
	EXPECT_EQ(f.w.len, 32);

	struct pptp_message m = written(&f);
	EXPECT_EQ(m.type, PPTP_OCRP);
	EXPECT_EQ(m.ocrp.call_id, 0);
	EXPECT_EQ(m.ocrp.peer_call_id, 0x1234);
	EXPECT_EQ(m.ocrp.result, PPTP_OCRP_CONNECTED);
	EXPECT_EQ(m.ocrp.error, 0);
	EXPECT_EQ(m.ocrp.window, 32);
	EXPECT_EQ(m.ocrp.delay, 4);
	EXPECT_EQ(m.ocrp.cause, 0);
	EXPECT_EQ(m.ocrp.connect_bps, 1000000);

	f.request.max_bps = 0;
	pptp_call_accept(&f.call, &f.request, &offer, &f.w);
	m = written(&f);
	EXPECT_NE(m.ocrp.connect_bps, 0);
}

TEST(pptp_call, refuse)
{
	static const struct {
		enum end_reason reason;
		uint8_t result, error;
		uint16_t cause;
	} cases[] = {
		{END_LIMIT_CALLS, PPTP_OCRP_BUSY, 0, 17},
		{END_LIMIT_SOURCE, PPTP_OCRP_BUSY, 0, 17},
		{END_LIMIT_CONNECTION, PPTP_OCRP_BUSY, 0, 17},
		{END_LIMIT_TENANT, PPTP_OCRP_BUSY, 0, 17},
		{END_LIMIT_TENANT_RATE, PPTP_OCRP_BUSY, 0, 42},
		{END_LIMIT_RATE, PPTP_OCRP_BUSY, 0, 42},
		{END_NO_RESOURCE, PPTP_OCRP_GENERAL_ERROR, PPTP_ERROR_NO_RESOURCE, 47},
		{END_PPTP_BAD_VALUE, PPTP_OCRP_GENERAL_ERROR, PPTP_ERROR_BAD_VALUE, 100},
		{END_PPTP_BAD_CALL_ID, PPTP_OCRP_GENERAL_ERROR, PPTP_ERROR_BAD_CALL_ID, 100},
		{END_PPTP_BAD_ORDER, PPTP_OCRP_GENERAL_ERROR, PPTP_ERROR_NOT_CONNECTED, 111},
		{END_AUTH_LOCKED, PPTP_OCRP_DO_NOT_ACCEPT, 0, 21},
		{END_ADMIN_SHUTDOWN, PPTP_OCRP_DO_NOT_ACCEPT, 0, 41},
		{END_SETUP_TIMEOUT, PPTP_OCRP_TIME_OUT, 0, 102},
		{END_INTERNAL, PPTP_OCRP_GENERAL_ERROR, PPTP_ERROR_SERVER, 31},
		{END_REASON_COUNT, PPTP_OCRP_GENERAL_ERROR, PPTP_ERROR_SERVER, 31},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		SHIM_TRACE_CASE(i);
		setup(&f);
		pptp_call_refuse(&f.request, cases[i].reason, &f.w);

		struct pptp_message m = written(&f);
		EXPECT_EQ(m.type, PPTP_OCRP);
		EXPECT_EQ(m.ocrp.call_id, 0);
		EXPECT_EQ(m.ocrp.peer_call_id, 0x1234);
		EXPECT_EQ(m.ocrp.result, cases[i].result);
		EXPECT_EQ(m.ocrp.error, cases[i].error);
		EXPECT_EQ(m.ocrp.cause, cases[i].cause);
	}
}

TEST(pptp_call, every_reason_refuses_and_disconnects_with_legal_codes)
{
	for (int reason = 0; reason < END_REASON_COUNT; reason++) {
		struct fixture f;

		SHIM_TRACE_CASE(reason);
		setup(&f);
		pptp_call_refuse(&f.request, (enum end_reason)reason, &f.w);

		struct pptp_message m = written(&f);
		EXPECT_TRUE(m.ocrp.result >= PPTP_OCRP_GENERAL_ERROR &&
			    m.ocrp.result <= PPTP_OCRP_DO_NOT_ACCEPT);
		EXPECT_EQ(m.ocrp.error != 0, m.ocrp.result == PPTP_OCRP_GENERAL_ERROR);
		EXPECT_LE(m.ocrp.error, PPTP_ERROR_SERVER);
		EXPECT_NE(m.ocrp.cause, 0);

		setup_established(&f);
		pptp_call_disconnect(&f.call, (enum end_reason)reason, NULL, &f.w);
		m = written(&f);
		EXPECT_TRUE(m.call_disconnect.result >= PPTP_CDN_LOST_CARRIER &&
			    m.call_disconnect.result <= PPTP_CDN_REQUEST);
		EXPECT_EQ(m.call_disconnect.error != 0,
			m.call_disconnect.result == PPTP_CDN_GENERAL_ERROR);
		EXPECT_LE(m.call_disconnect.error, PPTP_ERROR_SERVER);
		EXPECT_TRUE(m.call_disconnect.cause > 0 && m.call_disconnect.cause < 128);
	}
}

TEST(pptp_call, matches_by_the_id_that_each_message_carries)
{
	static const struct {
		struct pptp_message message;
		bool matches;
	} cases[] = {
		{{.type = PPTP_CALL_CLEAR_REQUEST, .call_clear.call_id = 0x1234}, true},
		{{.type = PPTP_CALL_CLEAR_REQUEST, .call_clear.call_id = 0x00aa}, false},
		{{.type = PPTP_CALL_DISCONNECT_NOTIFY, .call_disconnect.call_id = 0x1234}, true},
		{{.type = PPTP_CALL_DISCONNECT_NOTIFY, .call_disconnect.call_id = 0x00aa}, false},
		{{.type = PPTP_SET_LINK_INFO, .set_link.peer_call_id = 0x00aa}, true},
		{{.type = PPTP_SET_LINK_INFO, .set_link.peer_call_id = 0x1234}, false},
		{{.type = PPTP_WAN_ERROR_NOTIFY, .wan_error.peer_call_id = 0x00aa}, true},
		{{.type = PPTP_WAN_ERROR_NOTIFY, .wan_error.peer_call_id = 0x1234}, false},
		{{.type = PPTP_OCRQ, .ocrq.call_id = 0x1234}, false},
		{{.type = 0xffff}, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		SHIM_TRACE_CASE(i);
		setup_established(&f);
		EXPECT_EQ(pptp_call_matches(&f.call, &cases[i].message), cases[i].matches);
		f.call.state = PPTP_CALL_ENDED;
		EXPECT_FALSE(pptp_call_matches(&f.call, &cases[i].message));
		f.call.state = PPTP_CALL_IDLE;
		EXPECT_FALSE(pptp_call_matches(&f.call, &cases[i].message));
	}
}

TEST(pptp_call, clear_request_is_answered_once)
{
	const struct pptp_message clear = {
		.type = PPTP_CALL_CLEAR_REQUEST, .call_clear.call_id = 0x1234};
	struct fixture f;

	setup_established(&f);
	EXPECT_EQ(pptp_call_receive(&f.call, &clear), END_CLIENT_CALL_CLEAR);
	EXPECT_EQ(f.call.state, PPTP_CALL_ESTABLISHED);
	pptp_call_disconnect(&f.call, END_CLIENT_CALL_CLEAR, "bye", &f.w);
	EXPECT_EQ(f.call.state, PPTP_CALL_ENDED);
	EXPECT_EQ(f.w.len, 148);

	struct pptp_message m = written(&f);
	EXPECT_EQ(m.type, PPTP_CALL_DISCONNECT_NOTIFY);
	EXPECT_EQ(m.call_disconnect.call_id, 0x00aa);
	EXPECT_EQ(m.call_disconnect.result, PPTP_CDN_REQUEST);
	EXPECT_EQ(m.call_disconnect.error, 0);
	EXPECT_EQ(m.call_disconnect.cause, 16); // normal call clearing
	EXPECT_STREQ("bye", (char *)m.call_disconnect.statistics);

	EXPECT_EQ(pptp_call_receive(&f.call, &clear), END_NONE);
	pptp_call_disconnect(&f.call, END_ADMIN_CLEAR, "x", &f.w);
	EXPECT_EQ(f.w.len, 0);
}

// By the RFC it is the server's message, and nobody answers it.
TEST(pptp_call, a_disconnect_notify_of_the_client_clears_without_an_answer)
{
	const struct pptp_message notify = {
		.type = PPTP_CALL_DISCONNECT_NOTIFY, .call_disconnect.call_id = 0x1234};
	struct fixture f;

	setup_established(&f);
	EXPECT_EQ(pptp_call_receive(&f.call, &notify), END_CLIENT_CALL_CLEAR);
	pptp_call_disconnect(&f.call, END_CLIENT_CALL_CLEAR, NULL, &f.w);
	EXPECT_EQ(f.w.len, 0);
}

TEST(pptp_call, causes_tell_reasons_apart)
{
	static const struct {
		enum end_reason reason;
		uint16_t cause;
	} cases[] = {{END_CLIENT_CALL_CLEAR, 16}, {END_CLIENT_LCP_TERMINATE, 16}, {END_NO_GRE, 18},
		{END_AUTH_REJECTED, 21}, {END_TCP_ERROR, 27}, {END_ADMIN_CLEAR, 31},
		{END_NO_RESOURCE, 47}, {END_ENCRYPTION_REFUSED, 88}, {END_NO_LCP, 102}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(pptp_call_cause(cases[i].reason), cases[i].cause);
	}
}

TEST(pptp_call, link_info_and_wan_errors_are_kept)
{
	const struct pptp_message info = {.type = PPTP_SET_LINK_INFO,
		.set_link = {.peer_call_id = 0x00aa, .send_accm = 1, .receive_accm = 2}};
	struct pptp_message errors = {.type = PPTP_WAN_ERROR_NOTIFY,
		.wan_error = {.peer_call_id = 0x00aa, .crc = 3, .alignment = 4}};
	struct fixture f;

	setup_established(&f);
	EXPECT_EQ(f.call.send_accm, 0xffffffff);
	EXPECT_EQ(f.call.receive_accm, 0xffffffff);
	EXPECT_EQ(pptp_call_receive(&f.call, &info), END_NONE);
	EXPECT_EQ(f.call.send_accm, 1);
	EXPECT_EQ(f.call.receive_accm, 2);
	EXPECT_EQ(f.call.n_link_infos, 1);
	EXPECT_EQ(pptp_call_receive(&f.call, &errors), END_NONE);
	errors.wan_error.crc = 7; // its counts are cumulative
	EXPECT_EQ(pptp_call_receive(&f.call, &errors), END_NONE);
	EXPECT_EQ(f.call.n_wan_errors, 2);
	EXPECT_EQ(f.call.wan_error.crc, 7);
	EXPECT_EQ(f.call.wan_error.alignment, 4);
	EXPECT_EQ(f.call.state, PPTP_CALL_ESTABLISHED);
}

TEST(pptp_call, disconnect_cuts_the_statistics)
{
	static const size_t lens[] = {0, 1, 126, 127, 128, 200};
	char text[201];

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct fixture f;
		size_t wanted = lens[i] < 127 ? lens[i] : 127;

		SHIM_TRACE_CASE(i);
		memset(text, 'x', sizeof(text));
		text[lens[i]] = '\0';
		setup_established(&f);
		pptp_call_disconnect(&f.call, END_ADMIN_CLEAR, text, &f.w);

		struct pptp_message m = written(&f);
		EXPECT_EQ(m.call_disconnect.result, PPTP_CDN_ADMIN_SHUTDOWN);
		EXPECT_EQ(strnlen((char *)m.call_disconnect.statistics, PPTP_STATISTICS_BYTES),
			wanted);
		EXPECT_MEMEQ(m.call_disconnect.statistics, text, wanted);
	}
}

TEST(pptp_call, an_idle_call_has_nothing_to_disconnect)
{
	struct fixture f;

	setup(&f);
	pptp_call_disconnect(&f.call, END_ADMIN_CLEAR, NULL, &f.w);
	EXPECT_EQ(f.w.len, 0);
}
