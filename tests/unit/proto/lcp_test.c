// SPDX-License-Identifier: BSD-3-Clause
#include "proto/lcp.h"

#include "step_expect.h"

#define MS   1000000ULL
#define S(n) ((uint64_t)(n)*1000 * MS)

struct side {
	struct lcp lcp;
	struct seen seen;
	char magic[9]; // ours, in hex
};

static const struct fsm_limits limits = {
	.restart_ns = 1000 * MS,
	.first_restart_ns = 300 * MS,
	.max_configure = 10,
	.max_terminate = 2,
	.max_failure = 2,
};

static void note_magic(struct side *s)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 8; i++)
		s->magic[i] = digits[s->lcp.ours.magic >> (28 - 4 * i) & 15];
	s->magic[8] = '\0';
}

static void receive(struct side *s, uint64_t now_ns, const char *hex)
{
	uint8_t bytes[256];

	lcp_receive(&s->lcp, span_of(bytes, hex_bytes(hex, bytes, sizeof(bytes))), now_ns,
		&s->seen.step);
}

// Send what is put together of hex, our magic number where it says MAGIC, and more hex.
static void receive_magic(struct side *s, const char *before, const char *after)
{
	char text[256] = "";

	strcat(strcat(strcat(text, before), s->magic), after);
	receive(s, 0, text);
}

static void frame_magic(
	const char *file, int line, struct side *s, const char *before, const char *after)
{
	char text[256] = "";

	strcat(strcat(strcat(text, before), s->magic), after);
	seen_frame(file, line, &s->seen, PPP_LCP, text);
}
#define FRAME_MAGIC(s, before, after) frame_magic(__FILE__, __LINE__, s, before, after)

static void start(struct side *s)
{
	memset(s, 0, sizeof(*s));
	lcp_init(&s->lcp, &limits, 1400, 42, S(20), 3);
	note_magic(s);
	lcp_start(&s->lcp, 0, &s->seen.step);
	FRAME_MAGIC(s, "01 01 0017 0104 0578 0305 c22381 0506", "0702 0802");
	DONE(&s->seen);
}

static void open_up(struct side *s)
{
	start(s);
	// pppd, from a capture
	receive(s, 0, "01 01 0018 0104 0578 0206 00000000 0506 0fc2e8bc 0702 0802");
	FRAME(&s->seen, PPP_LCP, "02 01 0018 0104 0578 0206 00000000 0506 0fc2e8bc 0702 0802");
	receive_magic(s, "02 01 0017 0104 0578 0305 c22381 0506", "0702 0802");
	DONE(&s->seen);
	ASSERT_TRUE(fsm_is_open(&s->lcp.fsm));
}

TEST(lcp, opens_with_pppd)
{
	struct side s;

	open_up(&s);
	EXPECT_EQ(s.lcp.peer.mru, 1400);
	EXPECT_EQ(s.lcp.peer.magic, 0x0fc2e8bc);
	EXPECT_EQ(s.lcp.peer.accm, 0);
	EXPECT_TRUE(s.lcp.peer.has_pfc);
	EXPECT_TRUE(s.lcp.peer.has_acfc);
	EXPECT_EQ(s.lcp.fsm.peer_mtu, 1400);
}

TEST(lcp, draws_magic_numbers_from_its_seed)
{
	struct lcp a, b;

	lcp_init(&a, &limits, 1400, 1, 0, 0);
	lcp_init(&b, &limits, 1400, 2, 0, 0);
	EXPECT_NE(a.ours.magic, 0);
	EXPECT_NE(a.ours.magic, b.ours.magic);
}

TEST(lcp, rejects_what_windows_asks_for_beyond_the_rules)
{
	struct side s;

	start(&s);
	// Windows: MRU 1400, magic, PFC, ACFC, callback 6
	receive(&s, 0, "01 00 0015 0104 0578 0506 5d6b4f21 0702 0802 0d03 06");
	FRAME(&s.seen, PPP_LCP, "04 00 0007 0d03 06");
	receive(&s, 0, "01 01 0012 0104 0578 0506 5d6b4f21 0702 0802");
	FRAME(&s.seen, PPP_LCP, "02 01 0012 0104 0578 0506 5d6b4f21 0702 0802");
	DONE(&s.seen);
}

// Each request on a fresh LCP, and its answer.
static const struct {
	const char *request;
	const char *reply;
} judged[] = {
	{"01 01 0004", "02 01 0004"},
	{"01 01 0008 0104 0044", "02 01 0008 0104 0044"},	  // MRU 68
	{"01 01 0008 0104 0043", "03 01 0008 0104 05dc"},	  // MRU 67
	{"01 01 0007 0103 05", "03 01 0008 0104 05dc"},		  // MRU of one byte
	{"01 01 0008 0104 ffff", "02 01 0008 0104 ffff"},	  // MRU 65535
	{"01 01 000a 0206 000a0000", "02 01 000a 0206 000a0000"}, // ACCM
	{"01 01 0008 0204 0000", "03 01 000a 0206 00000000"},	  // ACCM of two bytes
	{"01 01 0009 0305 c22305", "04 01 0009 0305 c22305"}, // we do not authenticate ourselves
	{"01 01 000c 0408 c02500000064", "04 01 000c 0408 c02500000064"}, // link quality
	{"01 01 000a 0506 00000000", "03 01 000a 0506 ????????"},	  // magic 0
	{"01 01 0007 0503 01", "03 01 000a 0506 ????????"},		  // magic of one byte
	{"01 01 0007 0703 01", "03 01 0006 0702"},			  // PFC with a value
	{"01 01 0007 0803 01", "03 01 0006 0802"},			  // ACFC with a value
	{"01 01 0006 0702", "02 01 0006 0702"},
	{"01 01 000b 0d03 06 1104 05dc", "04 01 000b 0d03 06 1104 05dc"},	  // callback, MRRU
	{"01 01 000d 1309 03 0011223344 55", "04 01 000d 1309 03 0011223344 55"}, // endpoint
	{"01 01 000e 0104 0000 6304 0000 0702", "04 01 0008 6304 0000"},	  // rejected first
	{"01 01 000e 0104 0001 0206 00000000", "03 01 0008 0104 05dc"},
};

TEST(lcp, judges_requests)
{
	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start(&s);
		receive(&s, 0, judged[i].request);
		FRAME(&s.seen, PPP_LCP, judged[i].reply);
		DONE(&s.seen);
	}
}

TEST(lcp, keeps_what_was_agreed_when_a_later_request_is_refused)
{
	struct side s;

	open_up(&s);
	receive(&s, 0, "01 02 000b 0104 05dc 0d03 06");
	step_clear(&s.seen.step);
	EXPECT_EQ(s.lcp.peer.mru, 1400);
	receive(&s, 0, "01 03 0004"); // nothing asked for: all defaults
	EXPECT_EQ(s.lcp.peer.mru, LCP_MRU_DEFAULT);
	EXPECT_FALSE(s.lcp.peer.has_pfc);
	EXPECT_EQ(s.lcp.peer.accm, UINT32_MAX);
}

TEST(lcp, yields_to_naks_and_rejects_but_for_authentication)
{
	struct side s;

	start(&s);
	receive(&s, 0, "03 01 001a 0104 0400 0304 c023 0702 0802 0506 00000001 1104 05dc");
	note_magic(&s);
	FRAME_MAGIC(&s, "01 02 0013 0104 0400 0305 c22381 0506", "");
	receive(&s, 0, "03 02 0008 0104 0600"); // larger: no
	FRAME_MAGIC(&s, "01 03 0013 0104 0400 0305 c22381 0506", "");
	receive(&s, 0, "03 03 0008 0104 0010"); // silly: no
	FRAME_MAGIC(&s, "01 04 0013 0104 0400 0305 c22381 0506", "");
	receive(&s, 0, "04 04 000e 0104 0400 0506 00000000");
	FRAME(&s.seen, PPP_LCP, "01 05 0009 0305 c22381");
	DONE(&s.seen);
	start(&s);
	receive(&s, 0, "04 01 000a 0702 0802 1302");
	FRAME_MAGIC(&s, "01 02 0013 0104 0578 0305 c22381 0506", "");
}

TEST(lcp, ends_when_there_is_no_authentication_in_common)
{
	struct side s;

	start(&s);
	for (uint8_t id = 1; id < LCP_AUTH_NAKS_MAX; id++) {
		uint8_t nak[] = {CP_CONFIGURE_NAK, id, 0, 8, 3, 4, 0xc0, 0x23};

		lcp_receive(&s.lcp, span_of(nak, sizeof(nak)), 0, &s.seen.step);
		EXPECT_EQ(s.lcp.fsm.end, END_NONE);
	}
	step_clear(&s.seen.step);
	receive(&s, 0, "03 03 0009 0305 c22305");
	DONE(&s.seen);
	EXPECT_EQ(s.lcp.fsm.end, END_AUTH_NO_COMMON);

	start(&s);
	receive(&s, 0, "04 01 0009 0305 c22381");
	DONE(&s.seen);
	EXPECT_EQ(s.lcp.fsm.end, END_AUTH_NO_COMMON);
	lcp_close(&s.lcp, END_AUTH_NO_COMMON, 0, &s.seen.step);
	FRAME(&s.seen, PPP_LCP,
		"05 02 0025 4e6f20636f6d6d6f6e2061757468656e7469636174696f6e2070726f746f636f6c");
}

TEST(lcp, finds_a_looped_link)
{
	struct side s;
	int rounds = 0;

	start(&s);
	while (s.lcp.fsm.end == END_NONE && rounds++ < 100) {
		uint8_t back[256];
		size_t n;

		// All that we say comes back: the request, then the Nak of it.
		note_magic(&s);
		receive_magic(&s, "01 01 0017 0104 0578 0305 c22381 0506", "0702 0802");
		if (s.lcp.fsm.end != END_NONE)
			break;
		FRAME(&s.seen, PPP_LCP, "03 01 000a 0506 ????????");
		n = s.seen.step.items[0].len;
		memcpy(back, s.seen.step.bytes, n);
		back[1] = s.lcp.fsm.request_id;
		DONE(&s.seen);
		lcp_receive(&s.lcp, span_of(back, n), 0, &s.seen.step);
		EXPECT_EQ(s.seen.step.n_items, 1);
		step_clear(&s.seen.step);
	}
	EXPECT_EQ(rounds, LCP_LOOPBACKS_MAX);
	EXPECT_EQ(s.lcp.fsm.end, END_LCP_LOOPBACK);
}

TEST(lcp, forgives_one_equal_magic_number)
{
	struct side s;

	start(&s);
	receive_magic(&s, "01 01 000a 0506", "");
	FRAME(&s.seen, PPP_LCP, "03 01 000a 0506 ????????");
	receive(&s, 0, "01 02 000a 0506 01020304");
	FRAME(&s.seen, PPP_LCP, "02 02 000a 0506 01020304");
	EXPECT_EQ(s.lcp.n_loopbacks, 0);
}

TEST(lcp, answers_echo_requests_when_open)
{
	struct side s;

	start(&s);
	receive(&s, 0, "09 05 0008 0fc2e8bc");
	DONE(&s.seen);
	open_up(&s);
	receive(&s, 0, "09 05 000a 0fc2e8bc beef");
	FRAME_MAGIC(&s, "0a 05 000a", "beef");
	receive(&s, 0, "09 05 0006 0fc2");   // no magic number
	receive_magic(&s, "09 05 0008", ""); // our own came back
	DONE(&s.seen);
	s.lcp.fsm.peer_mtu = 10;
	receive(&s, 0, "09 05 000c 0fc2e8bc 01020304");
	FRAME_MAGIC(&s, "0a 05 000a", "0102");
}

TEST(lcp, takes_silently_what_needs_no_answer)
{
	struct side s;

	open_up(&s);
	receive(&s, 0, "0b 01 0008 0fc2e8bc");			 // Discard-Request
	receive(&s, 0, "0d 01 0010 0fc2e8bc 0000003c 74657874"); // Time-Remaining
	receive(&s, 0, "0c 02 0012 0fc2e8bc 4d53524153 5635 2e 3230");
	receive(&s, 0, "0c 03 0006 0102"); // no magic number: not read
	DONE(&s.seen);
	EXPECT_STREQ(s.lcp.identification, "MSRASV5.20");
	receive(&s, 0, "0c 04 000c 0fc2e8bc 410a8042");
	EXPECT_STREQ(s.lcp.identification, "A..B");
	receive(&s, 0, "0e 05 0004"); // Reset-Request is CCP's
	FRAME(&s.seen, PPP_LCP, "07 02 0008 0e050004");
	DONE(&s.seen);
	EXPECT_TRUE(fsm_is_open(&s.lcp.fsm));
}

TEST(lcp, bounds_the_identification)
{
	uint8_t packet[200] = {CP_IDENTIFICATION, 1, 0, sizeof(packet)};
	struct side s;

	start(&s);
	memset(packet + 8, 'x', sizeof(packet) - 8);
	lcp_receive(&s.lcp, span_of(packet, sizeof(packet)), 0, &s.seen.step);
	EXPECT_EQ(strlen(s.lcp.identification), LCP_IDENTIFICATION_BYTES - 1);
	DONE(&s.seen);
}

TEST(lcp, asks_for_signs_of_life)
{
	struct side s;

	open_up(&s);
	EXPECT_EQ(lcp_deadline(&s.lcp), S(20));
	lcp_expire(&s.lcp, S(20), &s.seen.step);
	FRAME_MAGIC(&s, "09 02 0008", "");
	lcp_expire(&s.lcp, S(40), &s.seen.step);
	FRAME_MAGIC(&s, "09 03 0008", "");
	DONE(&s.seen);
	receive_magic(&s, "0a 03 0008", ""); // our own: no sign of life
	EXPECT_EQ(s.lcp.n_echoes_lost, 2);
	receive(&s, 0, "0a 02 0008 0fc2e8bc");
	EXPECT_EQ(s.lcp.n_echoes_lost, 0);
	for (int i = 3; i <= 5; i++) {
		lcp_expire(&s.lcp, S(20 * i), &s.seen.step);
		FRAME_MAGIC(&s, "09 ?? 0008", "");
		EXPECT_EQ(s.lcp.fsm.end, END_NONE);
	}
	lcp_expire(&s.lcp, S(120), &s.seen.step);
	DONE(&s.seen);
	EXPECT_EQ(s.lcp.fsm.end, END_LCP_ECHO_TIMEOUT);
	EXPECT_EQ(lcp_deadline(&s.lcp), FSM_NEVER);
}

TEST(lcp, stops_echoes_for_a_peer_without_them_and_when_it_is_down)
{
	struct side s;

	open_up(&s);
	receive(&s, 0, "07 01 0008 09020008");
	lcp_expire(&s.lcp, S(20), &s.seen.step);
	DONE(&s.seen);
	EXPECT_EQ(lcp_deadline(&s.lcp), FSM_NEVER);
	open_up(&s);
	receive(&s, 0, "01 02 0004");
	EXPECT_EQ(lcp_deadline(&s.lcp), S(1)); // of the restart timer

	memset(&s, 0, sizeof(s));
	lcp_init(&s.lcp, &limits, 1400, 42, 1, 3);
	EXPECT_EQ(s.lcp.echo_interval_ns, STEP_TIMER_MIN_NS);
}

TEST(lcp, knows_a_protocol_reject_only_when_open)
{
	struct side s;

	start(&s);
	receive(&s, 0, "08 01 000a 80fd 01010004");
	EXPECT_EQ(s.lcp.protocol_rejected, 0);
	open_up(&s);
	receive(&s, 0, "08 01 000a 80fd 01010004");
	EXPECT_EQ(s.lcp.protocol_rejected, PPP_CCP);
	receive(&s, 0, "08 01 0005 80");
	EXPECT_EQ(s.lcp.protocol_rejected, 0);
	DONE(&s.seen);
	receive(&s, 0, "08 01 000a c021 01010004");
	EXPECT_EQ(s.lcp.fsm.end, END_LCP_FAILED);
	FRAME(&s.seen, PPP_LCP, "05 02 001a 4c4350 20 6661696c6564 20 746f 20 636f6e7665726765");
}

TEST(lcp, rejects_protocols_at_a_bounded_rate)
{
	struct side s;
	uint8_t info[2000] = {1, 2, 3};
	int n = 0;

	start(&s);
	lcp_reject_protocol(&s.lcp, PPP_IPV6CP, span_of(info, 3), 0, &s.seen.step);
	DONE(&s.seen); // not open
	open_up(&s);
	lcp_reject_protocol(&s.lcp, PPP_IPV6CP, span_of(info, 3), 0, &s.seen.step);
	FRAME(&s.seen, PPP_LCP, "08 02 0009 8057 010203");
	DONE(&s.seen);
	lcp_reject_protocol(&s.lcp, PPP_IPV6CP, span_of(info, sizeof(info)), 0, &s.seen.step);
	EXPECT_EQ(s.seen.step.items[0].len, 1400); // the peer's MRU
	step_clear(&s.seen.step);
	for (int i = 0; i < 1000; i++) { // ten seconds of flood
		lcp_reject_protocol(
			&s.lcp, PPP_CBCP, span_of(info, 0), (uint64_t)i * 10 * MS, &s.seen.step);
		n += s.seen.step.n_items;
		step_clear(&s.seen.step);
	}
	EXPECT_GE(n, 40);
	EXPECT_LE(n, 40 + LCP_PROTOCOL_REJECTS_BURST);
	lcp_reject_protocol(&s.lcp, PPP_CBCP, span_of(info, 0), S(60), &s.seen.step);
	EXPECT_EQ(s.seen.step.n_items, 1);
}
