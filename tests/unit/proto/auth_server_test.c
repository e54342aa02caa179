// SPDX-License-Identifier: BSD-3-Clause
#include "proto/auth_server.h"

#include "step_expect.h"

#include <stdio.h>

#define S(n) ((uint64_t)(n)*1000000000)

// From a capture of pppd: user "test".
#define RESPONSE_BODY                                           \
	"31 40214a5468a31f53887365c8038e203a 0000000000000000 " \
	"f9c555548ca80ec77b321cd95f1aa5284b838791 32956753 00 74657374"
#define RESPONSE  "02 01 003a" RESPONSE_BODY
#define CHALLENGE "01 01 0018 10 000102030405060708090a0b0c0d0e0f 616469"

static const uint8_t first[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const uint8_t second[16] = {0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, 0x77, 0x66, 0x55,
	0x44, 0x33, 0x22, 0x11, 0x00};
static const char proof[] = "S=8FD215C7BA2127001549DF938E27C474A7D7822D";

struct side {
	struct auth_server auth;
	struct seen seen;
};

static void chap(struct side *s, uint64_t now_ns, const char *hex)
{
	uint8_t bytes[512];

	auth_server_receive_chap(&s->auth, span_of(bytes, hex_bytes(hex, bytes, sizeof(bytes))),
		now_ns, &s->seen.step);
}

static void init(struct side *s, uint8_t n_retries)
{
	struct auth_server_config config = {
		.name = span_of_text("adi"),
		.restart_ns = S(3),
		.timeout_ns = S(30),
		.n_retries = n_retries,
	};

	memset(s, 0, sizeof(*s));
	auth_server_init(&s->auth, &config);
}

static void start(struct side *s, uint8_t n_retries)
{
	init(s, n_retries);
	auth_server_start(&s->auth, AUTH_METHOD_MSCHAPV2, first, 0, &s->seen.step);
	FRAME(&s->seen, PPP_CHAP, CHALLENGE);
	DONE(&s->seen);
}

static void accept_with(struct side *s, uint64_t now_ns)
{
	EXPECT_TRUE(auth_server_take_verdict(&s->auth, &s->seen.step));
	auth_server_accept(&s->auth, proof, (struct span){0}, now_ns, &s->seen.step);
}

static void refuse_with(
	struct side *s, enum end_reason reason, uint16_t error, const uint8_t challenge[16])
{
	struct auth_server_refusal refusal = {.reason = reason, .error = error};

	memcpy(refusal.challenge, challenge, 16);
	EXPECT_TRUE(auth_server_take_verdict(&s->auth, &s->seen.step));
	auth_server_refuse(&s->auth, &refusal, S(2), &s->seen.step);
}

static void respond(struct side *s)
{
	chap(s, S(1), RESPONSE);
	NOTICE(&s->seen, STEP_AUTHENTICATE);
	DONE(&s->seen);
	EXPECT_EQ(s->auth.state, AUTH_SERVER_DECIDING);
}

// A CHAP frame with text; `text` is compared as it is.
static void expect_text(
	const char *file, int line, struct side *s, uint8_t code, uint8_t id, const char *text)
{
	char hex[512];
	size_t at = (size_t)snprintf(hex, sizeof(hex), "%02x%02x%04x", code, id,
		(unsigned int)(CHAP_HEADER_BYTES + strlen(text)));

	for (; *text; text++)
		at += (size_t)snprintf(hex + at, sizeof(hex) - at, "%02x", (uint8_t)*text);
	seen_frame(file, line, &s->seen, PPP_CHAP, hex);
}
#define TEXT(s, code, id, text) expect_text(__FILE__, __LINE__, s, code, id, text)

TEST(auth_server, accepts)
{
	struct side s;

	start(&s, 0);
	respond(&s);
	EXPECT_STREQ(s.auth.credentials.user, "test");
	EXPECT_EQ(s.auth.credentials.user_len, 4);
	EXPECT_EQ(s.auth.credentials.peer_challenge[0], 0x40);
	EXPECT_EQ(s.auth.credentials.nt_response[23], 0x53);
	EXPECT_MEMEQ(s.auth.credentials.challenge, first, 16);
	accept_with(&s, S(2));
	TEXT(&s, CHAP_SUCCESS, 1, "S=8FD215C7BA2127001549DF938E27C474A7D7822D M=Access granted");
	DONE(&s.seen);
	EXPECT_EQ(s.auth.state, AUTH_SERVER_ACCEPTED);
	auth_server_confirm(&s.auth);
	EXPECT_EQ(auth_server_deadline(&s.auth), AUTH_SERVER_NEVER);
}

TEST(auth_server, repeats_the_challenge_with_another_identifier_and_value)
{
	struct side s;

	start(&s, 0);
	for (int i = 1; i < 10; i++) {
		EXPECT_EQ(auth_server_deadline(&s.auth), S(3 * i));
		auth_server_expire(&s.auth, second, S(3 * i), &s.seen.step);
		FRAME(&s.seen, PPP_CHAP, "01 ?? 0018 10 ffeeddccbbaa99887766554433221100 616469");
		EXPECT_EQ(s.auth.id, 1 + i);
		EXPECT_MEMEQ(s.auth.credentials.challenge, second, 16);
	}
	auth_server_expire(&s.auth, second, S(29), &s.seen.step);
	DONE(&s.seen);
	auth_server_expire(&s.auth, second, S(30), &s.seen.step);
	DONE(&s.seen);
	EXPECT_EQ(s.auth.state, AUTH_SERVER_FAILED);
	EXPECT_EQ(s.auth.end, END_AUTH_TIMEOUT);
	EXPECT_EQ(auth_server_deadline(&s.auth), AUTH_SERVER_NEVER);
	chap(&s, S(31), RESPONSE);
	DONE(&s.seen);
}

// The path takes 2.5 s both ways. pppd believes a Success for its last answer only, so no other may
// be accepted.
TEST(auth_server, accepts_the_last_answer_over_a_slow_path)
{
	static const uint64_t sent[] = {0, S(1), S(3), S(6)};
	struct side s;

	init(&s, 0);
	s.auth.config.restart_ns = S(1);
	auth_server_start(&s.auth, AUTH_METHOD_MSCHAPV2, first, 0, &s.seen.step);
	for (int i = 1; i < 3; i++) {
		EXPECT_EQ(auth_server_deadline(&s.auth), sent[i]);
		auth_server_expire(&s.auth, second, sent[i], &s.seen.step);
	}
	EXPECT_EQ(auth_server_deadline(&s.auth), sent[3]);
	step_clear(&s.seen.step);
	chap(&s, S(3), "02 01 003a" RESPONSE_BODY); // to Challenges that others have followed
	chap(&s, S(4), "02 02 003a" RESPONSE_BODY);
	DONE(&s.seen);
	chap(&s, S(5), "02 03 003a" RESPONSE_BODY);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	accept_with(&s, S(6));
	TEXT(&s, CHAP_SUCCESS, 3, "S=8FD215C7BA2127001549DF938E27C474A7D7822D M=Access granted");
}

TEST(auth_server, asks_once_and_gives_the_same_answer_again)
{
	struct side s;

	start(&s, 0);
	respond(&s);
	chap(&s, S(2), RESPONSE); // while AAA works
	auth_server_expire(&s.auth, second, S(9), &s.seen.step);
	DONE(&s.seen);
	accept_with(&s, S(10));
	s.seen.next = 1;
	chap(&s, S(11), RESPONSE);
	TEXT(&s, CHAP_SUCCESS, 1, "S=8FD215C7BA2127001549DF938E27C474A7D7822D M=Access granted");
	accept_with(&s, S(12)); // a second verdict is none
	refuse_with(&s, END_AUTH_REJECTED, 691, second);
	DONE(&s.seen);
}

TEST(auth_server, repeats_success_until_the_client_goes_on)
{
	struct side s;
	uint64_t now = S(1);
	int n = 0;

	start(&s, 0);
	respond(&s);
	accept_with(&s, now);
	step_clear(&s.seen.step);
	while (auth_server_deadline(&s.auth) != AUTH_SERVER_NEVER && n < 100) {
		now = auth_server_deadline(&s.auth);
		auth_server_expire(&s.auth, second, now, &s.seen.step);
		TEXT(&s, CHAP_SUCCESS, 1,
			"S=8FD215C7BA2127001549DF938E27C474A7D7822D M=Access granted");
		DONE(&s.seen);
		n++;
	}
	EXPECT_EQ(n, 9);
	EXPECT_EQ(s.auth.state, AUTH_SERVER_ACCEPTED);
}

TEST(auth_server, refuses_with_the_whole_text)
{
	static const struct {
		uint16_t error;
		const char *text;
	} cases[] = {
		{646, "E=646 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Not allowed at this "
		      "time"},
		{647, "E=647 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Account disabled"},
		{648, "E=648 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Password expired"},
		{649, "E=649 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=No permission to dial "
		      "in"},
		{709, "E=709 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Password change failed"},
		{691, "E=691 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Access denied"},
		{65535, "E=65535 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Authentication "
			"failed"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start(&s, 0);
		respond(&s);
		refuse_with(&s, END_AUTH_REJECTED, cases[i].error, second);
		TEXT(&s, CHAP_FAILURE, 1, cases[i].text);
		DONE(&s.seen);
		EXPECT_EQ(s.auth.state, AUTH_SERVER_FAILED);
		EXPECT_EQ(s.auth.end, END_AUTH_REJECTED);
	}
}

TEST(auth_server, sends_no_failure_for_what_is_not_the_clients_fault)
{
	struct side s;

	start(&s, 1);
	respond(&s);
	refuse_with(&s, END_NO_ADDRESS, 0, second);
	DONE(&s.seen);
	EXPECT_EQ(s.auth.end, END_NO_ADDRESS);
}

TEST(auth_server, allows_a_retry_with_the_challenge_of_the_failure)
{
	struct side s;

	start(&s, 1);
	respond(&s);
	refuse_with(&s, END_AUTH_REJECTED, 691, second);
	TEXT(&s, CHAP_FAILURE, 1,
		"E=691 R=1 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Access denied");
	DONE(&s.seen);
	EXPECT_EQ(auth_server_deadline(&s.auth), S(122)); // no short timer: somebody types
	chap(&s, S(3), RESPONSE);			  // the Failure was lost
	TEXT(&s, CHAP_FAILURE, 1,
		"E=691 R=1 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Access denied");
	chap(&s, S(100), "02 02 003a" RESPONSE_BODY);
	EXPECT_EQ(auth_server_deadline(&s.auth), S(130)); // AAA has no longer than the first time
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	DONE(&s.seen);
	EXPECT_MEMEQ(s.auth.credentials.challenge, second, 16);
	EXPECT_EQ(s.auth.id, 2);
	refuse_with(&s, END_AUTH_REJECTED, 691, first);
	TEXT(&s, CHAP_FAILURE, 2,
		"E=691 R=0 C=000102030405060708090A0B0C0D0E0F V=3 M=Access denied");
	EXPECT_EQ(s.auth.state, AUTH_SERVER_FAILED);
}

// LCP negotiated again gives a new challenge, but no new tries.
TEST(auth_server, counts_tries_across_negotiations)
{
	struct side s;

	start(&s, 1);
	respond(&s);
	refuse_with(&s, END_AUTH_REJECTED, 691, second);
	auth_server_start(&s.auth, AUTH_METHOD_MSCHAPV2, first, S(3), &s.seen.step);
	EXPECT_EQ(s.auth.id, 3);
	chap(&s, S(4), "02 03 003a" RESPONSE_BODY);
	refuse_with(&s, END_AUTH_REJECTED, 691, second);
	EXPECT_EQ(s.auth.state, AUTH_SERVER_FAILED);

	start(&s, 1); // who has proved who he is has all tries again
	respond(&s);
	refuse_with(&s, END_AUTH_REJECTED, 691, second);
	chap(&s, S(4), "02 02 003a" RESPONSE_BODY);
	accept_with(&s, S(5));
	auth_server_start(&s.auth, AUTH_METHOD_MSCHAPV2, first, S(6), &s.seen.step);
	chap(&s, S(7), "02 03 003a" RESPONSE_BODY);
	refuse_with(&s, END_AUTH_REJECTED, 691, second);
	EXPECT_EQ(s.auth.state, AUTH_SERVER_CHALLENGING);
}

TEST(auth_server, allows_no_retry_for_other_errors)
{
	struct side s;

	start(&s, 3);
	respond(&s);
	refuse_with(&s, END_AUTH_REJECTED, 647, second);
	TEXT(&s, CHAP_FAILURE, 1,
		"E=647 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Account disabled");
	EXPECT_EQ(s.auth.state, AUTH_SERVER_FAILED);
}

TEST(auth_server, ends_when_aaa_does_not_answer)
{
	struct side s;

	start(&s, 0);
	respond(&s);
	EXPECT_EQ(auth_server_deadline(&s.auth), S(30));
	auth_server_expire(&s.auth, second, S(30), &s.seen.step);
	DONE(&s.seen);
	EXPECT_EQ(s.auth.end, END_AUTH_UNAVAILABLE);
}

TEST(auth_server, ignores_what_is_no_answer_to_its_challenge)
{
	struct side s;

	init(&s, 0);
	chap(&s, 0, RESPONSE); // nothing was asked
	DONE(&s.seen);
	start(&s, 0);
	chap(&s, 0, "02 07 003a" RESPONSE_BODY);			      // another identifier
	chap(&s, 0, "01 01 0018 10 000102030405060708090a0b0c0d0e0f 616469"); // a Challenge
	chap(&s, 0, "03 01 0004");
	chap(&s, 0, "02 01 0008 0a 010203"); // value runs out
	chap(&s, 0, "02 01 0008 03 010203"); // 3 bytes: no method has that
	chap(&s, 0, "");
	DONE(&s.seen);
	EXPECT_EQ(s.auth.state, AUTH_SERVER_CHALLENGING);
}

TEST(auth_server, does_not_evaluate_chap_md5)
{
	struct side s;

	start(&s, 3);
	chap(&s, 0, "02 01 0019 10 a4dd47886ab63f757bec79feaab26db8 74657374");
	DONE(&s.seen);
	EXPECT_EQ(s.auth.state, AUTH_SERVER_FAILED);
	EXPECT_EQ(s.auth.end, END_AUTH_NO_COMMON);
}

TEST(auth_server, turns_pap_down)
{
	struct side s;
	uint8_t bytes[64];
	size_t n = hex_bytes("01 09 000e 04 74657374 04 74657374", bytes, sizeof(bytes));

	init(&s, 0);
	auth_server_receive_pap(&s.auth, span_of(bytes, n), 0, &s.seen.step);
	DONE(&s.seen);
	start(&s, 0);
	for (int i = 0; i < AUTH_SERVER_PAP_NAKS_MAX; i++) {
		auth_server_receive_pap(&s.auth, span_of(bytes, n), 0, &s.seen.step);
		FRAME(&s.seen, PPP_PAP,
			"03 09 001c 17 504150206973206e6f7420616c6c6f7765642068657265");
	}
	auth_server_receive_pap(&s.auth, span_of(bytes, n), 0, &s.seen.step); // enough
	auth_server_receive_pap(&s.auth, span_of(bytes, 3), 0, &s.seen.step);
	DONE(&s.seen);
	EXPECT_EQ(s.auth.state, AUTH_SERVER_CHALLENGING);
	start(&s, 0);
	bytes[0] = 2;
	auth_server_receive_pap(&s.auth, span_of("\x02\x09\x00\x05\x00", 5), 0, &s.seen.step);
	DONE(&s.seen);
}

TEST(auth_server, takes_a_long_name_whole_or_not_at_all)
{
	uint8_t response[5 + CHAP_MSCHAPV2_VALUE_BYTES + LIMIT_USER_NAME_BYTES + 1] = {
		CHAP_RESPONSE, 1};
	size_t whole = sizeof(response) - 1;
	struct side s;

	response[4] = CHAP_MSCHAPV2_VALUE_BYTES;
	memset(response + 5 + CHAP_MSCHAPV2_VALUE_BYTES, 'u', LIMIT_USER_NAME_BYTES + 1);
	start(&s, 3);
	bytes_put_u16(response + 2, (uint16_t)whole);
	auth_server_receive_chap(&s.auth, span_of(response, whole), 0, &s.seen.step);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	EXPECT_EQ(s.auth.credentials.user_len, LIMIT_USER_NAME_BYTES);
	EXPECT_EQ(strlen(s.auth.credentials.user), LIMIT_USER_NAME_BYTES);

	start(&s, 3);
	bytes_put_u16(response + 2, (uint16_t)(whole + 1));
	auth_server_receive_chap(&s.auth, span_of(response, whole + 1), 0, &s.seen.step);
	TEXT(&s, CHAP_FAILURE, 1,
		"E=691 R=0 C=000102030405060708090A0B0C0D0E0F V=3 M=Access denied");
	DONE(&s.seen);
	EXPECT_EQ(s.auth.end, END_AUTH_REJECTED);
}

TEST(auth_server, takes_an_empty_name)
{
	struct side s;
	uint8_t response[5 + CHAP_MSCHAPV2_VALUE_BYTES] = {
		CHAP_RESPONSE, 1, 0, sizeof(response), CHAP_MSCHAPV2_VALUE_BYTES};

	start(&s, 0);
	auth_server_receive_chap(&s.auth, span_of(response, sizeof(response)), 0, &s.seen.step);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	EXPECT_STREQ(s.auth.credentials.user, "");
}

TEST(auth_server, starts_again_with_the_next_identifier)
{
	struct side s;

	start(&s, 0);
	respond(&s);
	auth_server_reset(&s.auth);
	EXPECT_EQ(s.auth.state, AUTH_SERVER_IDLE);
	EXPECT_EQ(auth_server_deadline(&s.auth), AUTH_SERVER_NEVER);
	auth_server_start(&s.auth, AUTH_METHOD_MSCHAPV2, second, S(5), &s.seen.step);
	FRAME(&s.seen, PPP_CHAP, "01 02 0018 10 ffeeddccbbaa99887766554433221100 616469");
	chap(&s, S(6), RESPONSE); // to the challenge before
	DONE(&s.seen);
}

TEST(auth_server, wipes)
{
	struct side s;
	uint8_t zeros[49] = {0};

	start(&s, 0);
	respond(&s);
	auth_server_wipe(&s.auth);
	EXPECT_MEMEQ(s.auth.credentials.challenge, zeros, 16);
	EXPECT_MEMEQ(s.auth.credentials.peer_challenge, zeros, 16);
	EXPECT_MEMEQ(s.auth.credentials.nt_response, zeros, 24);
	init(&s, 0);
	s.auth.config.restart_ns = 0;
	auth_server_init(&s.auth, &(struct auth_server_config){0});
	EXPECT_EQ(s.auth.config.restart_ns, STEP_TIMER_MIN_NS);
}
