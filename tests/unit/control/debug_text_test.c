// SPDX-License-Identifier: BSD-3-Clause
// The shapes are those of the old gear, the bytes those of the lines that it printed and of captures
// of real clients in tests/pcap/data.
#include "control/debug_text.h"

#include "shim/hex.h"
#include "shim/shim.h"
#include "wire/ppp.h"
#include "wire/pptp.h"

#include <stdio.h>

static struct debug_text text;

static const char *ppp(char direction, uint16_t protocol, enum fsm_state state, const char *hex)
{
	uint8_t bytes[2048];
	size_t n = hex_bytes(bytes, sizeof(bytes), hex);

	debug_text_clear(&text);
	debug_text_ppp(&text, direction, protocol, state, span_of(bytes, n));
	return text.bytes;
}

static const char *auth(char direction, uint16_t protocol, enum auth_method method, const char *hex)
{
	uint8_t bytes[2048];
	size_t n = hex_bytes(bytes, sizeof(bytes), hex);

	debug_text_clear(&text);
	debug_text_auth(&text, direction, protocol, method, span_of(bytes, n));
	return text.bytes;
}

TEST(debug_text, s10_the_lines_of_the_old_gear_come_out)
{
	EXPECT_STREQ(
		"LCP: I PROTREJ [Open] id 3 len 16 protocol CCP (0x80FD0157000A120601000020)\n",
		ppp('I', PPP_LCP, FSM_OPENED, "08 03 0010 80fd 0157000a120601000020"));
	EXPECT_STREQ(
		"LCP: O PROTREJ [Open] id 5 len 16 protocol CCP (0x80FD0102000A1206010000B0)\n",
		ppp('O', PPP_LCP, FSM_OPENED, "08 05 0010 80fd 0102000a1206010000b0"));
	uint8_t clear[16];
	ASSERT_EQ(
		sizeof(clear), hex_bytes(clear, sizeof(clear), "001000011a2b3c4d000c000000000000"));
	debug_text_clear(&text);
	debug_text_pptp_hex(&text, 'I', span_of(clear, sizeof(clear)));
	debug_text_pptp(&text, 'I', span_of(clear, sizeof(clear)));
	EXPECT_STREQ("PPTP: CC I 001000011A2B3C4D000C000000000000\n"
		     "PPTP: CC I ClearRQ\n"
		     "PPTP: call id 0x0\n",
		text.bytes);
}

TEST(debug_text, every_option_with_its_bytes)
{
	// as Windows 7 and pppd send them
	EXPECT_STREQ("LCP: I CONFREQ [REQsent] id 0 len 21\n"
		     "LCP:    MRU 1400 (0x01040578)\n"
		     "LCP:    MagicNumber 0x6A2F3B11 (0x05066A2F3B11)\n"
		     "LCP:    PFC (0x0702)\n"
		     "LCP:    ACFC (0x0802)\n"
		     "LCP:    Callback 6 (0x0D0306)\n",
		ppp('I', PPP_LCP, FSM_REQUEST_SENT,
			"01 00 0015 01040578 05066a2f3b11 0702 0802 0d0306"));
	EXPECT_STREQ("CCP: I CONFREJ [ACKsent] id 2 len 25\n"
		     "CCP:    Deflate (0x1A047800)\n"
		     "CCP:    Deflate (old) (0x18047800)\n"
		     "CCP:    BSD (0x15032F)\n"
		     "CCP:    MS-PPC supported bits 0x01000040 (0x120601000040)\n"
		     "CCP:    UNKNOWN(99) (0x6304ABCD)\n",
		ppp('I', PPP_CCP, FSM_ACK_SENT,
			"04 02 0019 1a047800 18047800 15032f 120601000040 6304abcd"));
	EXPECT_STREQ("IPCP: O CONFNAK [ACKrcvd] id 7 len 28\n"
		     "IPCP:    Address 10.30.0.10 (0x03060A1E000A)\n"
		     "IPCP:    PrimaryDNS 10.20.0.2 (0x81060A140002)\n"
		     "IPCP:    PrimaryWINS 0.0.0.0 (0x820600000000)\n"
		     "IPCP:    CompressType (0x0206002D0F01)\n",
		ppp('O', PPP_IPCP, FSM_ACK_RECEIVED,
			"03 07 001c 03060a1e000a 81060a140002 820600000000 0206002d0f01"));
}

TEST(debug_text, authentication_protocols_by_name)
{
	static const struct {
		const char *option, *name;
	} cases[] = {
		{"0304c023", "PAP"},
		{"0305c22305", "CHAP"},
		{"0305c22380", "MS-CHAP"},
		{"0305c22381", "MS-CHAP-V2"},
		{"0304c227", "EAP"},
		{"0305c22377", "CHAP of an unknown algorithm"},
		{"0304c223", "unknown"},
		{"0302", "?"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char hex[64], wanted[64];
		SHIM_TRACE_CASE(i);
		snprintf(hex, sizeof(hex), "01 01 %04zx %s", 4 + strlen(cases[i].option) / 2,
			cases[i].option);
		snprintf(wanted, sizeof(wanted), "AuthProto %s (0x", cases[i].name);
		EXPECT_STRCONTAINS(ppp('O', PPP_LCP, FSM_REQUEST_SENT, hex), wanted);
	}
}

TEST(debug_text, packets_without_options)
{
	static const struct {
		uint16_t protocol;
		enum fsm_state state;
		const char *hex, *wanted;
	} cases[] = {
		{PPP_LCP, FSM_OPENED, "09 00 0008 333b32e6",
			"LCP: I ECHOREQ [Open] id 0 len 8 magic 0x333B32E6\n"},
		{PPP_LCP, FSM_OPENED, "0a 00 0008 333b32e6 aa",
			"LCP: I ECHOREP [Open] id 0 len 8 magic 0x333B32E6\n"},
		{PPP_LCP, FSM_OPENED, "0c 02 0012 45c23c94 4d53524153 56352e3230",
			"LCP: I IDENTIFY [Open] id 2 len 18 magic 0x45C23C94 \"MSRASV5.20\"\n"},
		{PPP_LCP, FSM_CLOSING, "06 02 0004", "LCP: I TERMACK [Closing] id 2 len 4\n"},
		{PPP_LCP, FSM_OPENED, "05 02 0009 62 0a 79 65 20",
			"LCP: I TERMREQ [Open] id 2 len 9 (0x620A796520) \"b\\nye \"\n"},
		{PPP_LCP, FSM_OPENED, "07 03 0008 0c010004",
			"LCP: I CODEREJ [Open] id 3 len 8 (0x0C010004)\n"},
		{PPP_LCP, FSM_OPENED, "08 03 0008 1234 5678",
			"LCP: I PROTREJ [Open] id 3 len 8 protocol 0x1234 (0x12345678)\n"},
		{PPP_LCP, FSM_OPENED, "63 03 0004", "LCP: I UNKNOWN [Open] id 3 len 4\n"},
		{PPP_CCP, FSM_OPENED, "0e 04 0004", "CCP: I RESETREQ [Open] id 4 len 4\n"},
		{PPP_IPV6CP, FSM_OPENED, "01 01 0006 abcd",
			"IPV6CP: I CONFREQ [Not negotiated] id 1 len 6 (0xABCD)\n"},
		{0x8281, FSM_OPENED, "01 01 0004",
			"0x8281: I CONFREQ [Not negotiated] id 1 len 4\n"},
		{PPP_LCP, FSM_OPENED, "01 01", "LCP: I malformed, len 2\n"},
		{PPP_LCP, FSM_OPENED, "01 01 0099", "LCP: I malformed, len 4\n"},
		{PPP_LCP, FSM_OPENED, "", "LCP: I malformed, len 0\n"},
		{PPP_IP, FSM_OPENED, "4500", "IP: I len 2\n"},
		{PPP_LCP, FSM_OPENED, "01 01 0006 0105",
			"LCP: I CONFREQ [Open] id 1 len 6\n"
			"LCP:    the rest of the options is malformed\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_STREQ(
			cases[i].wanted, ppp('I', cases[i].protocol, cases[i].state, cases[i].hex));
	}
}

// S11: the events that matter are told by the type at bytes 9 and 10 of the message.
TEST(debug_text, s11_start_and_call_messages_by_the_type_at_bytes_9_and_10)
{
	static const char *const names[PPTP_TYPE_COUNT] = {NULL, "SCCRQ", "SCCRP", "StopCCRQ",
		"StopCCRP", "EchoRQ", "EchoRP", "OCRQ", "OCRP", "ICRQ", "ICRP", "ICCN", "ClearRQ",
		"DiscNotify", "WANErr", "SLI"};

	for (uint16_t type = 1; type < PPTP_TYPE_COUNT; type++) {
		const struct pptp_message m = {.type = type};
		uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
		struct writer w = writer_of(bytes, sizeof(bytes));
		char wanted[64];

		SHIM_TRACE_CASE(type);
		pptp_put(&w, &m);
		ASSERT_EQ(type, bytes[8] << 8 | bytes[9]);
		snprintf(wanted, sizeof(wanted), "PPTP: CC O %s\n", names[type]);
		debug_text_clear(&text);
		debug_text_pptp(&text, 'O', span_of(bytes, w.len));
		EXPECT_MEMEQ(wanted, text.bytes, strlen(wanted));
		EXPECT_GT(text.len, strlen(wanted)); // and its fields
	}
}

TEST(debug_text, fields_of_a_request_for_a_call)
{
	const struct pptp_message m = {.type = PPTP_OCRQ,
		.ocrq = {.call_id = 0x8000,
			.serial = 16,
			.min_bps = 300,
			.max_bps = 100000000,
			.bearer = 3,
			.framing = 3,
			.window = 64}};
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));

	pptp_put(&w, &m);
	debug_text_clear(&text);
	debug_text_pptp(&text, 'I', span_of(bytes, w.len));
	EXPECT_STREQ("PPTP: CC I OCRQ\n"
		     "PPTP: call id 0x8000\n"
		     "PPTP: serial num 16\n"
		     "PPTP: min bps 300\n"
		     "PPTP: max bps 100000000\n"
		     "PPTP: bearer type 3\n"
		     "PPTP: framing type 3\n"
		     "PPTP: recv win size 64\n"
		     "PPTP: ppd 0\n"
		     "PPTP: phone num len 0\n"
		     "PPTP: phone num \"\"\n",
		text.bytes);
}

TEST(debug_text, malformed_messages)
{
	uint8_t bytes[64];
	size_t n = hex_bytes(bytes, sizeof(bytes), "001000011a2b3c4d00630000");

	debug_text_clear(&text);
	debug_text_pptp(&text, 'I', span_of(bytes, n));
	debug_text_pptp(&text, 'I', span_of("GET / HTTP/1.0\r\n", 16));
	debug_text_pptp(&text, 'I', span_of("", 0));
	EXPECT_STREQ("PPTP: CC I malformed: type 99 length 16\n"
		     "PPTP: CC I malformed: no magic cookie\n"
		     "PPTP: CC I malformed: no magic cookie\n",
		text.bytes);
}

TEST(debug_text, chap_says_who_and_what_became_of_it)
{
	EXPECT_STREQ("MS-CHAP-V2: O CHALLENGE id 1 len 25 from \"adit\"\n",
		auth('O', PPP_CHAP, AUTH_METHOD_MSCHAPV2,
			"01 01 0019 10 000102030405060708090a0b0c0d0e0f 61646974"));
	EXPECT_STREQ("MS-CHAP: I RESPONSE id 1 len 10 from \"a\\x1bb\"\n",
		auth('I', PPP_CHAP, AUTH_METHOD_MSCHAPV1, "02 01 000a 02 abcd 61 1b 62"));
	EXPECT_STREQ("CHAP: O SUCCESS id 1 len 4\n",
		auth('O', PPP_CHAP, AUTH_METHOD_CHAP_MD5, "03 01 0004"));
	EXPECT_STREQ("MS-CHAP-V2: O FAILURE id 1 len 13 msg is \"E=691 R=0\"\n",
		auth('O', PPP_CHAP, AUTH_METHOD_MSCHAPV2, "04 01 000d 453d36393120523d30"));
	EXPECT_STREQ("CHAP: I ? id 1 len 4\n", auth('I', PPP_CHAP, AUTH_METHOD_NONE, "63 01 0004"));
	EXPECT_STREQ("CHAP: I malformed, len 1\n", auth('I', PPP_CHAP, AUTH_METHOD_NONE, "63"));
	EXPECT_STREQ("CHAP: I RESPONSE id 1 len 6\n", // its value runs past its end
		auth('I', PPP_CHAP, AUTH_METHOD_NONE, "02 01 0006 09 61"));
	EXPECT_STREQ("", auth('I', PPP_LCP, AUTH_METHOD_NONE, "01 01 0004"));
	EXPECT_STREQ("", ppp('I', PPP_CHAP, FSM_OPENED, "01 01 0004"));
}

TEST(debug_text, pap)
{
	EXPECT_STREQ("PAP: I AUTH-REQ id 1 len 18 from \"alice\" password <hidden>\n",
		auth('I', PPP_PAP, AUTH_METHOD_PAP, "01 01 0012 05 616c696365 07 736563726574 21"));
	EXPECT_STREQ("PAP: O AUTH-ACK id 1 len 7 msg is \"ok\"\n",
		auth('O', PPP_PAP, AUTH_METHOD_PAP, "02 01 0007 02 6f6b"));
	EXPECT_STREQ(
		"PAP: O AUTH-NAK id 1 len 4\n", auth('O', PPP_PAP, AUTH_METHOD_PAP, "03 01 0004"));
	EXPECT_STREQ(
		"PAP: I malformed, len 4\n", auth('I', PPP_PAP, AUTH_METHOD_PAP, "09 01 0004"));
}

// Whoever holds the output, or a screen shot of it, holds no password and nothing to try them on.
TEST(debug_text, no_secret_is_printed)
{
	static const struct {
		uint16_t protocol;
		const char *hex;
	} cases[] = {
		{PPP_PAP, "01 01 0012 05 616c696365 07 5345435245 5421"}, // PAP
		{PPP_CHAP, "02 01 0010 07 53454352455421 616c6963"},	  // a response
		{PPP_CHAP, "07 01 000b 53454352455421"},		  // a changed password
		{PPP_CHAP, "02 01 000c 99 53454352455421"},		  // one that lies
		{PPP_CHAP, "02 01 000c 00 53454352455421"},		  // the same, the other way
		{PPP_LCP, "08 01 000d c023 53454352455421"},		  // PAP rejected
		{PPP_LCP, "08 01 000d c227 53454352455421"},		  // EAP rejected
		{0xc027, "01 01 000b 53454352455421"},			  // SPAP
		{PPP_EAP, "01 01 000b 53454352455421"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		for (int is_auth = 0; is_auth < 2; is_auth++) {
			const char *out =
				is_auth ? auth('I', cases[i].protocol, AUTH_METHOD_NONE,
						  cases[i].hex)
					: ppp('I', cases[i].protocol, FSM_OPENED, cases[i].hex);
			EXPECT_TRUE(strstr(out, "SECRET") == NULL);
			EXPECT_TRUE(strstr(out, "53454352") == NULL);
		}
	}
}

TEST(debug_text, what_does_not_fit_is_said)
{
	uint8_t bytes[1500] = {1, 1, 1500 >> 8, 1500 & 0xff};

	for (size_t i = 4; i < sizeof(bytes); i += 2) {
		bytes[i] = 7;
		bytes[i + 1] = 2;
	}
	debug_text_clear(&text);
	debug_text_ppp(&text, 'I', PPP_LCP, FSM_OPENED, span_of(bytes, sizeof(bytes)));
	EXPECT_TRUE(text.is_full);
	EXPECT_LT(text.len, sizeof(text.bytes));
	EXPECT_EQ(strlen(text.bytes), text.len);
	EXPECT_STREQ("... more is left out\n", text.bytes + text.len - 21);
	uint16_t len = text.len;
	debug_text_line(&text, "more");
	EXPECT_EQ(len, text.len);
}

TEST(debug_text, states_and_protocols_have_names)
{
	EXPECT_STREQ("Initial", debug_text_state(FSM_INITIAL));
	EXPECT_STREQ("Open", debug_text_state(FSM_OPENED));
	EXPECT_STREQ("?", debug_text_state((enum fsm_state)99));
	EXPECT_STREQ("VJ", debug_text_protocol(PPP_VJ_COMPRESSED));
	EXPECT_STREQ("COMP", debug_text_protocol(PPP_COMP));
	EXPECT_NULL(debug_text_protocol(0x1234));
}
