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

static const struct lcp_config config = {
	.mru = 1400,
	.random = 42,
	.echo_interval_ns = S(20),
	.echo_failures = 3,
	.methods = {AUTH_METHOD_MSCHAPV2},
	.n_methods = 1,
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
	lcp_init(&s->lcp, &limits, &config);
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

	lcp_init(&a, &limits, &(struct lcp_config){.mru = 1400, .random = 1});
	lcp_init(&b, &limits, &(struct lcp_config){.mru = 1400, .random = 2});
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

// Of every option number, alone and with no value: those of the RFCs and all others. What we take must
// be of the right length; the rest is rejected, never Nak'd, or a client would ask again.
TEST(lcp, answers_every_option_number)
{
	for (unsigned int type = 0; type < 256; type++) {
		uint8_t packet[] = {CP_CONFIGURE_REQUEST, 9, 0, 6, (uint8_t)type, 2};
		uint8_t code = CP_CONFIGURE_REJECT;
		struct side s;

		SHIM_TRACE_CASE(type);
		start(&s);
		if (type == LCP_OPTION_MRU || type == LCP_OPTION_ACCM || type == LCP_OPTION_MAGIC)
			code = CP_CONFIGURE_NAK;
		else if (type == LCP_OPTION_PFC || type == LCP_OPTION_ACFC)
			code = CP_CONFIGURE_ACK;
		lcp_receive(&s.lcp, span_of(packet, sizeof(packet)), 0, &s.seen.step);
		ASSERT_EQ(s.seen.step.n_items, 1);
		EXPECT_EQ(s.seen.step.bytes[0], code);
		EXPECT_EQ(s.seen.step.bytes[1], 9);
		EXPECT_EQ(s.seen.step.bytes[4], type);
		EXPECT_EQ(s.lcp.fsm.end, END_NONE);
	}
}

// As their documents have them, with values that real peers send.
static const char *const rejected[] = {
	"0006 616469740007",	  // 0 vendor's own (RFC 2153)
	"0305 c22381",		  // 3 we are to prove who we are, by MS-CHAPv2
	"0304 c023",		  // by PAP
	"0408 c0250000 0064",	  // 4 link quality reports
	"0606 00000001",	  // 6 reserved
	"0903 07",		  // 9 FCS alternatives (RFC 1570 2.3)
	"0a03 08",		  // 10 self-describing padding (RFC 1570 2.4)
	"0b04 0000",		  // 11 numbered mode
	"0c02",			  // 12 multi-link procedure
	"0d03 06",		  // 13 callback, Windows (RFC 1570 2.5)
	"0e02",			  // 14 connect time
	"0f02",			  // 15 compound frames (RFC 1570 2.6)
	"1002",			  // 16 nominal data encapsulation
	"1104 05dc",		  // 17 MRRU (RFC 1990 5.1.1)
	"1202",			  // 18 short sequence numbers (RFC 1990 5.1.2)
	"1309 03 00112233445566", // 19 endpoint (RFC 1990 5.1.3), macOS
	"1303 00",		  // of class null
	"1402",			  // 20 proprietary
	"1702",			  // 23 link discriminator (RFC 2125)
};

TEST(lcp, rejects_what_it_does_not_do)
{
	for (size_t i = 0; i < sizeof(rejected) / sizeof(rejected[0]); i++) {
		uint8_t option[32];
		size_t n = hex_bytes(rejected[i], option, sizeof(option));
		uint8_t packet[64] = {CP_CONFIGURE_REQUEST, 1, 0, 0, 1, 4, 0x05, 0x78};
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		option[1] = (uint8_t)n;
		memcpy(packet + 8, option, n);
		packet[3] = (uint8_t)(8 + n);
		start(&s);
		lcp_receive(&s.lcp, span_of(packet, 8 + n), 0, &s.seen.step);
		ASSERT_EQ(s.seen.step.n_items, 1);
		EXPECT_EQ(s.seen.step.items[0].len, CP_HEADER_BYTES + n); // and only that
		EXPECT_EQ(s.seen.step.bytes[0], CP_CONFIGURE_REJECT);
		EXPECT_MEMEQ(s.seen.step.bytes + CP_HEADER_BYTES, option, n);
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

	memset(&s, 0, sizeof(s)); // policy leaves nothing: never a link without authentication
	lcp_init(&s.lcp, &limits, &(struct lcp_config){.mru = 1400});
	lcp_start(&s.lcp, 0, &s.seen.step);
	EXPECT_EQ(s.lcp.fsm.end, END_AUTH_NO_COMMON);
}

// What the client answers to each of our requests, and what we ask for after that.
//   V MS-CHAPv2, v MS-CHAPv1, C CHAP with MD5, P PAP; E EAP, - nothing; ! the end
static const struct {
	const char *policy;
	const char *naks[8];
	const char *asked;
} methods[] = {
	{"V", {"E", "E", "E"}, "VVV!"}, // Windows with EAP on, pppd with PAP alone
	{"V", {"V", "P", "-"}, "VVV!"},
	{"VP", {"P"}, "VP"},	 // pppd with PAP
	{"VvCP", {"P"}, "VP"},	 // it goes straight to what the client has
	{"VvCP", {"PvC"}, "Vv"}, // of several the best
	{"VvCP", {"E"}, "Vv"},	 // named none of ours: down the list
	{"VvCP", {"E", "E", "E"}, "VvCP"},
	{"VvCP", {"E", "E", "E", "E", "E", "E"}, "VvCPVv!"},
	{"VC", {"P", "C"}, "VCV"}, // it suggests what it has just refused
	{"VP", {"P", "V", "P", "V"}, "VPVP!"},
	{"PV", {"V"}, "PV"}, // the order is the policy's
	{"CP", {"V"}, "CP"},
};

static struct span method_value(char name)
{
	static const uint8_t values[][3] = {{0xc2, 0x23, 0x81}, {0xc2, 0x23, 0x80},
		{0xc2, 0x23, 0x05}, {0xc0, 0x23}, {0xc2, 0x27}};
	size_t i = (size_t)(strchr("VvCPE", name) - "VvCPE");

	return span_of(values[i], i < 3 ? 3 : 2);
}

TEST(lcp, agrees_on_a_method)
{
	static const char *names = "?VvCP";

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct lcp_config c = {.mru = 1400};
		char asked[16] = "";
		struct side s = {0};

		SHIM_TRACE_CASE((long long)i);
		for (const char *m = methods[i].policy; *m; m++)
			c.methods[c.n_methods++] = (enum auth_method)(strchr(names, *m) - names);
		lcp_init(&s.lcp, &limits, &c);
		lcp_start(&s.lcp, 0, &s.seen.step);
		asked[0] = names[lcp_auth_method(&s.lcp)];
		for (size_t k = 0; k < 8 && methods[i].naks[k]; k++) {
			uint8_t bytes[64];
			struct writer w = writer_of(bytes, sizeof(bytes));

			writer_u32(&w, 0);
			for (const char *m = methods[i].naks[k]; *m; m++)
				cp_option_put(&w, LCP_OPTION_AUTH,
					*m == '-' ? (struct span){0} : method_value(*m));
			bytes[0] = CP_CONFIGURE_NAK;
			bytes[1] = s.lcp.fsm.request_id;
			bytes[3] = (uint8_t)w.len;
			step_clear(&s.seen.step);
			lcp_receive(&s.lcp, span_of(bytes, w.len), 0, &s.seen.step);
			asked[k + 1] =
				s.lcp.fsm.end == END_NONE ? names[lcp_auth_method(&s.lcp)] : '!';
		}
		EXPECT_STREQ(asked, methods[i].asked);
		EXPECT_EQ(s.lcp.fsm.end, strchr(asked, '!') ? END_AUTH_NO_COMMON : END_NONE);
		if (s.lcp.fsm.end != END_NONE)
			continue;
		// The request that left says what lcp_auth_method() says.
		struct span request = step_frame_info(&s.seen.step, &s.seen.step.items[0]);
		struct span value = method_value(asked[strlen(asked) - 1]);

		EXPECT_MEMEQ(request.bytes + 10, value.bytes, value.len);
	}
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

TEST(lcp, finds_a_loop_that_came_after_it_opened)
{
	struct side s;

	open_up(&s);
	for (int i = 0; i < LCP_LOOPBACKS_MAX - 1; i++)
		receive_magic(&s, "09 05 0008", "");
	receive(&s, 0, "0a 05 0008 0fc2e8bc"); // it is there after all
	for (int i = 0; i < LCP_LOOPBACKS_MAX - 1; i++)
		receive_magic(&s, "09 05 0008", "");
	DONE(&s.seen);
	EXPECT_EQ(s.lcp.fsm.end, END_NONE);
	receive_magic(&s, "09 05 0008", "");
	EXPECT_EQ(s.lcp.fsm.end, END_LCP_LOOPBACK);
}

TEST(lcp, answers_a_flood_of_echoes_at_a_bounded_rate)
{
	struct side s;
	int n = 0;

	open_up(&s);
	for (int i = 0; i < 2000; i++) { // two seconds of it
		receive(&s, (uint64_t)i * MS, "09 05 0008 0fc2e8bc");
		n += s.seen.step.n_items;
		step_clear(&s.seen.step);
	}
	EXPECT_GE(n, 20);
	EXPECT_LE(n, 20 + LCP_ECHO_REPLIES_BURST);
}

TEST(lcp, answers_a_flood_of_unknown_codes_at_a_bounded_rate)
{
	struct side s;
	int n = 0;

	open_up(&s);
	for (int i = 0; i < 1000; i++) {
		receive(&s, (uint64_t)i * 10 * MS, "63 05 0004");
		n += s.seen.step.n_items;
		step_clear(&s.seen.step);
	}
	EXPECT_GE(n, 40);
	EXPECT_LE(n, 40 + FSM_CODE_REJECTS_BURST);
	EXPECT_TRUE(fsm_is_open(&s.lcp.fsm));
}

// Each Terminate-Request and what is kept of it.
static const struct {
	const char *packet;
	const char *text;
} farewells[] = {
	{"05 02 0010 5573657220726571756573 74", "User request"}, // pppd
	{"05 02 0010 5d6b4f21 003ccd74 000002e6", "Windows error 742"},
	{"05 02 0010 5d6b4f21 003ccd74 00000000", ""}, // its user hung up
	{"05 02 0008 0a417f42", ".A.B"},
	{"05 02 0004", ""},
	{"05 02 0010 5573", ""}, // longer than it is
	{"06 02 0008 41424344", ""},
};

TEST(lcp, keeps_what_the_client_says_at_the_end)
{
	for (size_t i = 0; i < sizeof(farewells) / sizeof(farewells[0]); i++) {
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		open_up(&s);
		receive(&s, 0, farewells[i].packet);
		EXPECT_STREQ(s.lcp.terminate_text, farewells[i].text);
	}
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
	EXPECT_EQ(strlen(s.lcp.identification), LCP_TEXT_BYTES - 1);
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
	lcp_init(&s.lcp, &limits, &(struct lcp_config){.mru = 1400, .echo_interval_ns = 1});
	EXPECT_EQ(s.lcp.config.echo_interval_ns, STEP_TIMER_MIN_NS);
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
