// SPDX-License-Identifier: BSD-3-Clause
#include "wire/pptp.h"

#include <errno.h>

#include "shim/exact.h"
#include "shim/hex.h"
#include "shim/shim.h"
#include "shim/xorshift.h"

// RFC 2637 2.1 to 2.15, one size a type.
static const struct {
	uint16_t type, len;
	const char *name;
} types[] = {
	{PPTP_SCCRQ, 156, "SCCRQ"},
	{PPTP_SCCRP, 156, "SCCRP"},
	{PPTP_STOP_CCRQ, 16, "StopCCRQ"},
	{PPTP_STOP_CCRP, 16, "StopCCRP"},
	{PPTP_ECHO_REQUEST, 16, "EchoRQ"},
	{PPTP_ECHO_REPLY, 20, "EchoRP"},
	{PPTP_OCRQ, 168, "OCRQ"},
	{PPTP_OCRP, 32, "OCRP"},
	{PPTP_ICRQ, 220, "ICRQ"},
	{PPTP_ICRP, 24, "ICRP"},
	{PPTP_ICCN, 28, "ICCN"},
	{PPTP_CALL_CLEAR_REQUEST, 16, "ClearRQ"},
	{PPTP_CALL_DISCONNECT_NOTIFY, 148, "CDN"},
	{PPTP_WAN_ERROR_NOTIFY, 40, "WEN"},
	{PPTP_SET_LINK_INFO, 24, "SLI"},
};

enum { TYPES = sizeof(types) / sizeof(types[0]) };

// A message's first 12 bytes, the rest zero.
static void header_put(
	uint8_t *out, uint16_t len, uint16_t pptp_type, uint32_t cookie, uint16_t type)
{
	struct writer w = writer_of(out, PPTP_HEADER_BYTES);

	memset(out, 0, PPTP_MESSAGE_BYTES_MAX);
	writer_u16(&w, len);
	writer_u16(&w, pptp_type);
	writer_u32(&w, cookie);
	writer_u16(&w, type);
	writer_u16(&w, 0);
}

TEST(pptp, every_type_has_its_size_and_name)
{
	int known = 0;

	for (size_t i = 0; i < TYPES; i++) {
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(pptp_type_len(types[i].type), types[i].len);
		EXPECT_STREQ(pptp_type_name(types[i].type), types[i].name);
		EXPECT_GE(types[i].len, PPTP_MESSAGE_BYTES_MIN);
		EXPECT_LE(types[i].len, PPTP_MESSAGE_BYTES_MAX);
	}
	for (uint32_t type = 0; type <= 0xffff; type++) {
		if (pptp_type_len((uint16_t)type))
			known++;
		else
			EXPECT_STREQ(pptp_type_name((uint16_t)type), "?");
	}
	EXPECT_EQ(known, TYPES);
}

TEST(pptp, reads_the_start_of_pptp_linux)
{
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX] = {0};
	struct pptp_message m;

	hex_bytes(bytes, sizeof(bytes),
		"009c 0001 1a2b3c4d 0001 0000 0100 00 00 00000003 00000003 ffff 0001 6c6f63616c");
	hex_bytes(bytes + 92, 64, "63616e616e69616e");
	ASSERT_EQ(pptp_message_len(span_of(bytes, 156)), 156);
	ASSERT_EQ(pptp_get(span_of(bytes, 156), &m), 0);
	EXPECT_EQ(m.type, PPTP_SCCRQ);
	EXPECT_EQ(m.start.version, PPTP_VERSION);
	EXPECT_EQ(m.start.framing, 3);
	EXPECT_EQ(m.start.bearer, 3);
	EXPECT_EQ(m.start.max_channels, 0xffff);
	EXPECT_EQ(m.start.firmware, 1);
	EXPECT_STREQ((const char *)m.start.host_name, "local");
	EXPECT_STREQ((const char *)m.start.vendor, "cananian");
}

TEST(pptp, reads_the_call_of_pptp_linux_and_the_reply_of_pptpd)
{
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX] = {0};
	struct pptp_message m;

	hex_bytes(bytes, sizeof(bytes),
		"00a8 0001 1a2b3c4d 0007 0000 cfaf 0000 00000960 00989680 00000003 00000003 0003 "
		"0000 0000 0000");
	ASSERT_EQ(pptp_get(span_of(bytes, 168), &m), 0);
	EXPECT_EQ(m.type, PPTP_OCRQ);
	EXPECT_EQ(m.ocrq.call_id, 0xcfaf);
	EXPECT_EQ(m.ocrq.serial, 0);
	EXPECT_EQ(m.ocrq.min_bps, 2400);
	EXPECT_EQ(m.ocrq.max_bps, 10000000);
	EXPECT_EQ(m.ocrq.bearer, 3);
	EXPECT_EQ(m.ocrq.framing, 3);
	EXPECT_EQ(m.ocrq.window, 3);
	EXPECT_EQ(m.ocrq.delay, 0);
	EXPECT_EQ(m.ocrq.phone_len, 0);

	size_t len = hex_bytes(bytes, sizeof(bytes),
		"0020 0001 1a2b3c4d 0008 0000 0000 cfaf 01 00 0000 00989680 0003 0000 00000000");
	ASSERT_EQ(pptp_get(span_of(bytes, len), &m), 0);
	EXPECT_EQ(m.type, PPTP_OCRP);
	EXPECT_EQ(m.ocrp.call_id, 0);
	EXPECT_EQ(m.ocrp.peer_call_id, 0xcfaf);
	EXPECT_EQ(m.ocrp.result, PPTP_OCRP_CONNECTED);
	EXPECT_EQ(m.ocrp.connect_bps, 10000000);
	EXPECT_EQ(m.ocrp.window, 3);
}

// Each byte after the header is its own offset, so that a field at a wrong place or of a wrong width
// shows. Offsets are counted by hand in the diagrams of RFC 2637 section 2.
#define N16(at) ((uint16_t)((at) << 8 | ((at) + 1)))
#define N32(at) ((uint32_t)N16(at) << 16 | N16((at) + 2))

static struct pptp_message message_of_offsets(uint16_t type)
{
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct pptp_message m;

	header_put(bytes, pptp_type_len(type), 1, PPTP_MAGIC_COOKIE, type);
	for (int i = PPTP_HEADER_BYTES; i < PPTP_MESSAGE_BYTES_MAX; i++)
		bytes[i] = (uint8_t)i;
	memset(&m, 0xee, sizeof(m));
	EXPECT_EQ(pptp_get(span_of(bytes, pptp_type_len(type)), &m), 0);
	EXPECT_EQ(m.type, type);
	return m;
}

static void expect_string_at(const uint8_t *string, int at)
{
	for (int i = 0; i < PPTP_NAME_BYTES; i++)
		EXPECT_EQ(string[i], at + i);
}

TEST(pptp, fields_of_the_control_connection_are_in_place)
{
	struct pptp_message m = message_of_offsets(PPTP_SCCRQ);
	EXPECT_EQ(m.start.version, N16(12));
	EXPECT_EQ(m.start.result, 0); // reserved in the request
	EXPECT_EQ(m.start.error, 0);
	EXPECT_EQ(m.start.framing, N32(16));
	EXPECT_EQ(m.start.bearer, N32(20));
	EXPECT_EQ(m.start.max_channels, N16(24));
	EXPECT_EQ(m.start.firmware, N16(26));
	expect_string_at(m.start.host_name, 28);
	expect_string_at(m.start.vendor, 92);

	m = message_of_offsets(PPTP_SCCRP);
	EXPECT_EQ(m.start.version, N16(12));
	EXPECT_EQ(m.start.result, 14);
	EXPECT_EQ(m.start.error, 15);
	EXPECT_EQ(m.start.framing, N32(16));
	EXPECT_EQ(m.start.bearer, N32(20));
	EXPECT_EQ(m.start.max_channels, N16(24));
	EXPECT_EQ(m.start.firmware, N16(26));
	expect_string_at(m.start.host_name, 28);
	expect_string_at(m.start.vendor, 92);

	m = message_of_offsets(PPTP_STOP_CCRQ);
	EXPECT_EQ(m.stop.code, 12);
	EXPECT_EQ(m.stop.error, 0);
	m = message_of_offsets(PPTP_STOP_CCRP);
	EXPECT_EQ(m.stop.code, 12);
	EXPECT_EQ(m.stop.error, 13);
	m = message_of_offsets(PPTP_ECHO_REQUEST);
	EXPECT_EQ(m.echo.identifier, N32(12));
	EXPECT_EQ(m.echo.result, 0);
	m = message_of_offsets(PPTP_ECHO_REPLY);
	EXPECT_EQ(m.echo.identifier, N32(12));
	EXPECT_EQ(m.echo.result, 16);
	EXPECT_EQ(m.echo.error, 17);
}

TEST(pptp, fields_of_outgoing_calls_are_in_place)
{
	struct pptp_message m = message_of_offsets(PPTP_OCRQ);
	EXPECT_EQ(m.ocrq.call_id, N16(12));
	EXPECT_EQ(m.ocrq.serial, N16(14));
	EXPECT_EQ(m.ocrq.min_bps, N32(16));
	EXPECT_EQ(m.ocrq.max_bps, N32(20));
	EXPECT_EQ(m.ocrq.bearer, N32(24));
	EXPECT_EQ(m.ocrq.framing, N32(28));
	EXPECT_EQ(m.ocrq.window, N16(32));
	EXPECT_EQ(m.ocrq.delay, N16(34));
	EXPECT_EQ(m.ocrq.phone_len, N16(36));
	expect_string_at(m.ocrq.phone, 40);
	expect_string_at(m.ocrq.subaddress, 104);

	m = message_of_offsets(PPTP_OCRP);
	EXPECT_EQ(m.ocrp.call_id, N16(12));
	EXPECT_EQ(m.ocrp.peer_call_id, N16(14));
	EXPECT_EQ(m.ocrp.result, 16);
	EXPECT_EQ(m.ocrp.error, 17);
	EXPECT_EQ(m.ocrp.cause, N16(18));
	EXPECT_EQ(m.ocrp.connect_bps, N32(20));
	EXPECT_EQ(m.ocrp.window, N16(24));
	EXPECT_EQ(m.ocrp.delay, N16(26));
	EXPECT_EQ(m.ocrp.channel, N32(28));
}

TEST(pptp, fields_of_incoming_calls_are_in_place)
{
	struct pptp_message m = message_of_offsets(PPTP_ICRQ);
	EXPECT_EQ(m.icrq.call_id, N16(12));
	EXPECT_EQ(m.icrq.serial, N16(14));
	EXPECT_EQ(m.icrq.bearer, N32(16));
	EXPECT_EQ(m.icrq.channel, N32(20));
	EXPECT_EQ(m.icrq.dialed_len, N16(24));
	EXPECT_EQ(m.icrq.dialing_len, N16(26));
	expect_string_at(m.icrq.dialed, 28);
	expect_string_at(m.icrq.dialing, 92);
	expect_string_at(m.icrq.subaddress, 156);

	m = message_of_offsets(PPTP_ICRP);
	EXPECT_EQ(m.icrp.call_id, N16(12));
	EXPECT_EQ(m.icrp.peer_call_id, N16(14));
	EXPECT_EQ(m.icrp.result, 16);
	EXPECT_EQ(m.icrp.error, 17);
	EXPECT_EQ(m.icrp.window, N16(18));
	EXPECT_EQ(m.icrp.delay, N16(20));

	m = message_of_offsets(PPTP_ICCN);
	EXPECT_EQ(m.iccn.peer_call_id, N16(12));
	EXPECT_EQ(m.iccn.connect_bps, N32(16));
	EXPECT_EQ(m.iccn.window, N16(20));
	EXPECT_EQ(m.iccn.delay, N16(22));
	EXPECT_EQ(m.iccn.framing, N32(24));
}

TEST(pptp, fields_of_open_calls_are_in_place)
{
	struct pptp_message m = message_of_offsets(PPTP_CALL_CLEAR_REQUEST);
	EXPECT_EQ(m.call_clear.call_id, N16(12));

	m = message_of_offsets(PPTP_CALL_DISCONNECT_NOTIFY);
	EXPECT_EQ(m.call_disconnect.call_id, N16(12));
	EXPECT_EQ(m.call_disconnect.result, 14);
	EXPECT_EQ(m.call_disconnect.error, 15);
	EXPECT_EQ(m.call_disconnect.cause, N16(16));
	for (int i = 0; i < PPTP_STATISTICS_BYTES; i++)
		EXPECT_EQ(m.call_disconnect.statistics[i], 20 + i);

	m = message_of_offsets(PPTP_WAN_ERROR_NOTIFY);
	EXPECT_EQ(m.wan_error.peer_call_id, N16(12));
	EXPECT_EQ(m.wan_error.crc, N32(16));
	EXPECT_EQ(m.wan_error.framing, N32(20));
	EXPECT_EQ(m.wan_error.hardware_overruns, N32(24));
	EXPECT_EQ(m.wan_error.buffer_overruns, N32(28));
	EXPECT_EQ(m.wan_error.timeouts, N32(32));
	EXPECT_EQ(m.wan_error.alignment, N32(36));

	m = message_of_offsets(PPTP_SET_LINK_INFO);
	EXPECT_EQ(m.set_link.peer_call_id, N16(12));
	EXPECT_EQ(m.set_link.send_accm, N32(16));
	EXPECT_EQ(m.set_link.receive_accm, N32(20));
}

TEST(pptp, the_stream_is_judged_by_its_header)
{
	static const struct {
		uint16_t len, pptp_type, type;
		uint32_t cookie;
		int want;
	} cases[] = {
		/* 0 */ {16, 1, PPTP_ECHO_REQUEST, PPTP_MAGIC_COOKIE, 16},
		/* 1 */ {16, 1, PPTP_ECHO_REQUEST, 0x1a2b3c4e, -EBADMSG},
		/* 2 */ {16, 2, PPTP_ECHO_REQUEST, PPTP_MAGIC_COOKIE, -EPROTO}, // management
		/* 3 */ {16, 0, PPTP_ECHO_REQUEST, PPTP_MAGIC_COOKIE, -EPROTO},
		/* 4 */ {16, 1, 0, PPTP_MAGIC_COOKIE, -ENOTSUP},
		/* 5 */ {16, 1, 16, PPTP_MAGIC_COOKIE, -ENOTSUP},
		/* 6 */ {16, 1, 0xffff, PPTP_MAGIC_COOKIE, -ENOTSUP},
		/* 7 */ {15, 1, PPTP_ECHO_REQUEST, PPTP_MAGIC_COOKIE, -EMSGSIZE},
		/* 8 */ {17, 1, PPTP_ECHO_REQUEST, PPTP_MAGIC_COOKIE, -EMSGSIZE},
		/* 9 */ {0, 1, PPTP_ECHO_REQUEST, PPTP_MAGIC_COOKIE, -EMSGSIZE},
		/* 10 */ {0xffff, 1, PPTP_SCCRQ, PPTP_MAGIC_COOKIE, -EMSGSIZE},
		/* 11 */ {156, 1, PPTP_OCRQ, PPTP_MAGIC_COOKIE, -EMSGSIZE}, // another type's
		/* 12 */ {0, 0, 0, 0x47455420, -EBADMSG}, // the cookie comes first
		/* 13 */ {0, 9, 0, PPTP_MAGIC_COOKIE, -EPROTO},
		/* 14 */ {0, 1, 99, PPTP_MAGIC_COOKIE, -ENOTSUP},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
		struct pptp_message m;

		header_put(bytes, cases[i].len, cases[i].pptp_type, cases[i].cookie, cases[i].type);
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(pptp_message_len(span_of(bytes, sizeof(bytes))), cases[i].want);
		if (cases[i].want < 0)
			EXPECT_EQ(pptp_get(span_of(bytes, sizeof(bytes)), &m), cases[i].want);

		// A verdict never changes as more bytes come, and it is there with the tenth.
		for (size_t n = 0; n <= PPTP_HEADER_BYTES; n++) {
			uint8_t *exact = exact_copy(bytes, n);
			int early = pptp_message_len(span_of(exact, n));

			EXPECT_TRUE(early == 0 || early == cases[i].want);
			if (n < 8)
				EXPECT_EQ(early, 0);
			if (n >= 10 || (n >= 8 && cases[i].want == -EBADMSG))
				EXPECT_EQ(early, cases[i].want);
			free(exact);
		}
	}
}

TEST(pptp, a_message_that_is_not_all_there_is_refused)
{
	for (size_t i = 0; i < TYPES; i++) {
		uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
		struct pptp_message m;

		header_put(bytes, types[i].len, 1, PPTP_MAGIC_COOKIE, types[i].type);
		SHIM_TRACE_CASE((long long)i);
		for (size_t n = 0; n < types[i].len; n++) {
			uint8_t *exact = exact_copy(bytes, n);

			EXPECT_EQ(pptp_get(span_of(exact, n), &m), -EMSGSIZE);
			free(exact);
		}
		uint8_t *exact = exact_copy(bytes, types[i].len);
		EXPECT_EQ(pptp_get(span_of(exact, types[i].len), &m), 0);
		free(exact);
		// The next message in the stream may follow.
		EXPECT_EQ(pptp_get(span_of(bytes, sizeof(bytes)), &m), 0);
	}
}

TEST(pptp, several_messages_in_one_segment_are_taken_one_by_one)
{
	uint8_t stream[512];
	struct writer w = writer_of(stream, sizeof(stream));
	const struct pptp_message sent[] = {
		{.type = PPTP_ECHO_REQUEST, .echo = {.identifier = 1}},
		{.type = PPTP_SET_LINK_INFO, .set_link = {.peer_call_id = 2}},
		{.type = PPTP_CALL_CLEAR_REQUEST, .call_clear = {.call_id = 3}},
		{.type = PPTP_STOP_CCRQ, .stop = {.code = PPTP_STOP_NONE}},
	};
	size_t n = 0, at = 0;

	for (size_t i = 0; i < 4; i++)
		pptp_put(&w, &sent[i]);
	ASSERT_FALSE(w.failed);
	while (at < w.len) {
		struct span rest = span_of(stream + at, w.len - at);
		int len = pptp_message_len(rest);
		struct pptp_message m;

		ASSERT_GT(len, 0);
		ASSERT_EQ(pptp_get(rest, &m), 0);
		EXPECT_EQ(m.type, sent[n].type);
		at += (size_t)len;
		n++;
	}
	EXPECT_EQ(n, 4);
	EXPECT_EQ(at, w.len);
}

// Random bytes in every field, read, written and read again: the same fields; and what is reserved
// comes out as zero whatever came in.
TEST(pptp, get_then_put_keeps_every_field_and_clears_the_reserved)
{
	struct xorshift x = xorshift_seed(9);

	for (int i = 0; i < 3000; i++) {
		uint16_t type = types[(size_t)i % TYPES].type, len = pptp_type_len(type);
		uint8_t bytes[PPTP_MESSAGE_BYTES_MAX], out[PPTP_MESSAGE_BYTES_MAX];
		struct pptp_message a, b;
		struct writer w = writer_of(out, sizeof(out));

		header_put(bytes, len, 1, PPTP_MAGIC_COOKIE, type);
		xorshift_fill(&x, bytes + 10, (size_t)len - 10);
		SHIM_TRACE_CASE(i);
		ASSERT_EQ(pptp_get(span_of(bytes, len), &a), 0);
		pptp_put(&w, &a);
		ASSERT_FALSE(w.failed);
		ASSERT_EQ(w.len, len);
		EXPECT_EQ(bytes_get_u16(out + 10), 0); // Reserved0
		for (size_t k = 0; k < len; k++)
			EXPECT_TRUE(out[k] == bytes[k] || out[k] == 0);
		ASSERT_EQ(pptp_get(span_of(out, len), &b), 0);
		EXPECT_MEMEQ(&a, &b, sizeof(a));
	}
}

// Which bytes are reserved, by type: they and only they are lost on the way through.
TEST(pptp, reserved_bytes_are_those_of_the_rfc)
{
	static const struct {
		uint16_t type;
		uint8_t at, n;
	} reserved[] = {
		{PPTP_SCCRQ, 14, 2},
		{PPTP_STOP_CCRQ, 13, 3},
		{PPTP_STOP_CCRP, 14, 2},
		{PPTP_ECHO_REPLY, 18, 2},
		{PPTP_OCRQ, 38, 2},
		{PPTP_ICRP, 22, 2},
		{PPTP_ICCN, 14, 2},
		{PPTP_CALL_CLEAR_REQUEST, 14, 2},
		{PPTP_CALL_DISCONNECT_NOTIFY, 18, 2},
		{PPTP_WAN_ERROR_NOTIFY, 14, 2},
		{PPTP_SET_LINK_INFO, 14, 2},
	};

	for (size_t i = 0; i < TYPES; i++) {
		uint8_t bytes[PPTP_MESSAGE_BYTES_MAX], out[PPTP_MESSAGE_BYTES_MAX];
		struct pptp_message m;
		struct writer w = writer_of(out, sizeof(out));

		header_put(bytes, types[i].len, 1, PPTP_MAGIC_COOKIE, types[i].type);
		memset(bytes + PPTP_HEADER_BYTES, 0xff, types[i].len - PPTP_HEADER_BYTES);
		SHIM_TRACE_CASE((long long)i);
		ASSERT_EQ(pptp_get(span_of(bytes, types[i].len), &m), 0);
		pptp_put(&w, &m);
		for (size_t k = 0; k < sizeof(reserved) / sizeof(reserved[0]); k++) {
			if (reserved[k].type == types[i].type)
				memset(bytes + reserved[k].at, 0, reserved[k].n);
		}
		EXPECT_MEMEQ(out, bytes, types[i].len);
	}
}

TEST(pptp, put_refuses_an_unknown_type_and_a_full_writer)
{
	uint8_t out[PPTP_MESSAGE_BYTES_MAX];
	struct pptp_message m = {.type = 0};
	struct writer w = writer_of(out, sizeof(out));

	pptp_put(&w, &m);
	EXPECT_TRUE(w.failed);
	EXPECT_EQ(w.len, 0);
	m.type = PPTP_TYPE_COUNT;
	w = writer_of(out, sizeof(out));
	pptp_put(&w, &m);
	EXPECT_TRUE(w.failed);
	for (size_t i = 0; i < TYPES; i++) {
		m = (struct pptp_message){.type = types[i].type};
		w = writer_of(out, types[i].len - 1u);
		SHIM_TRACE_CASE((long long)i);
		pptp_put(&w, &m);
		EXPECT_TRUE(w.failed);
		EXPECT_EQ(w.len, 0);
	}
}
