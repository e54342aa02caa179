// SPDX-License-Identifier: BSD-3-Clause
// The authenticator by each method, and the change of a password.
#include "proto/auth_server.h"

#include "step_expect.h"
#include "wire/pap.h"

#include <stdio.h>

#define S(n) ((uint64_t)(n)*1000000000)

static const uint8_t first[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const uint8_t second[16] = {0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, 0x77, 0x66, 0x55,
	0x44, 0x33, 0x22, 0x11, 0x00};
static const char proof[] = "S=8FD215C7BA2127001549DF938E27C474A7D7822D";

struct side {
	struct auth_server auth;
	struct seen seen;
};

static void start(struct side *s, enum auth_method method, uint8_t n_retries)
{
	struct auth_server_config config = {
		.name = span_of_text("adi"),
		.restart_ns = S(3),
		.timeout_ns = S(30),
		.n_retries = n_retries,
		.may_change_password = true,
	};

	memset(s, 0, sizeof(*s));
	auth_server_init(&s->auth, &config);
	auth_server_start(&s->auth, method, first, 0, &s->seen.step);
}

static void chap(struct side *s, uint8_t code, uint8_t id, const void *value, size_t n)
{
	uint8_t bytes[1024];
	struct writer w = writer_of(bytes, sizeof(bytes));

	if (code == CHAP_RESPONSE)
		chap_put_value(&w, code, id, span_of(value, n), span_of_text("test"));
	else
		chap_put_text(&w, code, id, span_of(value, n));
	auth_server_receive_chap(&s->auth, span_of(bytes, w.len), S(1), &s->seen.step);
}

static void pap(struct side *s, uint8_t id, const char *user, const char *password)
{
	uint8_t bytes[600];
	struct writer w = writer_of(bytes, sizeof(bytes));

	pap_put_request(&w, id, span_of_text(user), span_of_text(password));
	auth_server_receive_pap(&s->auth, span_of(bytes, w.len), S(1), &s->seen.step);
}

static void accept_with(struct side *s, const char *message)
{
	EXPECT_TRUE(auth_server_take_verdict(&s->auth, &s->seen.step));
	auth_server_accept(&s->auth, proof, span_of_text(message), S(2), &s->seen.step);
}

static void refuse_with(struct side *s, enum end_reason reason, uint16_t error, const char *message)
{
	struct auth_server_refusal refusal = {
		.reason = reason, .error = error, .message = span_of_text(message)};

	memcpy(refusal.challenge, second, 16);
	EXPECT_TRUE(auth_server_take_verdict(&s->auth, &s->seen.step));
	auth_server_refuse(&s->auth, &refusal, S(2), &s->seen.step);
}

// A CHAP frame with text, or a PAP reply; `text` is compared as it is.
static void expect_text(const char *file, int line, struct side *s, uint16_t protocol, uint8_t code,
	uint8_t id, const char *text)
{
	uint8_t bytes[256];
	char hex[2 * sizeof(bytes) + 1];
	struct writer w = writer_of(bytes, sizeof(bytes));

	if (protocol == PPP_PAP)
		pap_put_reply(&w, code, id, span_of_text(text));
	else
		chap_put_text(&w, code, id, span_of_text(text));
	for (size_t i = 0; i < w.len; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	seen_frame(file, line, &s->seen, protocol, hex);
}
#define TEXT(s, protocol, code, id, text) \
	expect_text(__FILE__, __LINE__, s, protocol, code, id, text)

static void expect_failed(struct side *s, enum end_reason reason)
{
	EXPECT_EQ(AUTH_SERVER_FAILED, s->auth.state);
	EXPECT_EQ(reason, s->auth.end);
	EXPECT_EQ(AUTH_SERVER_NEVER, auth_server_deadline(&s->auth));
}

// ---- PAP

TEST(auth_methods, pap_says_nothing_first_and_waits)
{
	struct side s;

	start(&s, AUTH_METHOD_PAP, 0);
	DONE(&s.seen);
	EXPECT_EQ(S(30), auth_server_deadline(&s.auth));
	chap(&s, CHAP_RESPONSE, 0, first, 16); // nobody asked
	DONE(&s.seen);
	auth_server_expire(&s.auth, second, S(30), &s.seen.step);
	DONE(&s.seen);
	expect_failed(&s, END_AUTH_TIMEOUT);
}

TEST(auth_methods, pap_accepts)
{
	static const char zeros[8];
	struct side s;

	start(&s, AUTH_METHOD_PAP, 0);
	pap(&s, 7, "test", "secret");
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	EXPECT_EQ(AUTH_METHOD_PAP, s.auth.credentials.method);
	EXPECT_STREQ("test", s.auth.credentials.user);
	EXPECT_STREQ("secret", s.auth.credentials.password);
	EXPECT_EQ(6, s.auth.credentials.password_len);
	accept_with(&s, "");
	TEXT(&s, PPP_PAP, PAP_AUTHENTICATE_ACK, 7, "Access granted");
	DONE(&s.seen);
	EXPECT_EQ(AUTH_SERVER_ACCEPTED, s.auth.state);
	EXPECT_MEMEQ(zeros, s.auth.credentials.password, 8); // not kept longer than it is needed
	EXPECT_EQ(AUTH_SERVER_NEVER, auth_server_deadline(&s.auth));
	pap(&s, 9, "test", "secret"); // the Ack was lost: each Request has a number of its own
	TEXT(&s, PPP_PAP, PAP_AUTHENTICATE_ACK, 9, "Access granted");
	DONE(&s.seen);
}

// The client asks again while AAA thinks: the answer has the number of the last Request, if that was
// the same one.
TEST(auth_methods, pap_repeated_while_aaa_thinks)
{
	struct side s;

	start(&s, AUTH_METHOD_PAP, 0);
	pap(&s, 1, "test", "secret");
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	pap(&s, 2, "test", "secret");
	pap(&s, 3, "test", "secreT");
	pap(&s, 4, "tess", "secret");
	pap(&s, 5, "test", "secret!");
	DONE(&s.seen);
	EXPECT_STREQ("test", s.auth.credentials.user);
	accept_with(&s, "");
	TEXT(&s, PPP_PAP, PAP_AUTHENTICATE_ACK, 2, "Access granted");
}

TEST(auth_methods, pap_refuses_once_and_for_all)
{
	static const struct {
		uint16_t error;
		const char *message, *text;
	} cases[] = {
		{691, "", "Access denied"},
		{647, "", "Account disabled"},
		{648, "", "Password expired"},
		{691, "Ask the help desk", "Ask the help desk"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start(&s, AUTH_METHOD_PAP, 3); // a Nak cannot say that a retry is allowed
		pap(&s, 1, "test", "secret");
		NOTICE(&s.seen, STEP_AUTHENTICATE);
		refuse_with(&s, END_AUTH_REJECTED, cases[i].error, cases[i].message);
		TEXT(&s, PPP_PAP, PAP_AUTHENTICATE_NAK, 1, cases[i].text);
		DONE(&s.seen);
		expect_failed(&s, END_AUTH_REJECTED);
		pap(&s, 2, "test", "secret");
		DONE(&s.seen);
	}
}

TEST(auth_methods, pap_of_any_length)
{
	uint8_t bytes[4 + 1 + 255 + 1 + 255] = {PAP_AUTHENTICATE_REQUEST, 1};
	struct side s;

	for (unsigned int user_len = LIMIT_USER_NAME_BYTES; user_len <= 255; user_len++) {
		struct writer w = writer_of(bytes, sizeof(bytes));
		uint8_t text[255];

		memset(text, 'x', sizeof(text));
		start(&s, AUTH_METHOD_PAP, 0);
		pap_put_request(&w, 1, span_of(text, user_len), span_of(text, 255));
		auth_server_receive_pap(&s.auth, span_of(bytes, w.len), 0, &s.seen.step);
		if (user_len == LIMIT_USER_NAME_BYTES) {
			NOTICE(&s.seen, STEP_AUTHENTICATE);
			EXPECT_EQ(255, s.auth.credentials.password_len);
			EXPECT_EQ(255, strlen(s.auth.credentials.password));
		} else {
			TEXT(&s, PPP_PAP, PAP_AUTHENTICATE_NAK, 1, "Access denied");
			expect_failed(&s, END_AUTH_REJECTED);
		}
		DONE(&s.seen);
	}
	start(&s, AUTH_METHOD_PAP, 0);
	pap(&s, 1, "", "");
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	EXPECT_EQ(0, s.auth.credentials.user_len + s.auth.credentials.password_len);
}

// ---- CHAP with MD5

TEST(auth_methods, chap_accepts)
{
	struct side s;

	start(&s, AUTH_METHOD_CHAP_MD5, 2);
	FRAME(&s.seen, PPP_CHAP, "01 01 0018 10 000102030405060708090a0b0c0d0e0f 616469");
	EXPECT_EQ(S(3), auth_server_deadline(&s.auth));
	auth_server_expire(&s.auth, second, S(3), &s.seen.step);
	FRAME(&s.seen, PPP_CHAP, "01 02 0018 10 ffeeddccbbaa99887766554433221100 616469");
	chap(&s, CHAP_RESPONSE, 2, second, 16);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	EXPECT_EQ(AUTH_METHOD_CHAP_MD5, s.auth.credentials.method);
	EXPECT_EQ(2, s.auth.credentials.chap_id);
	EXPECT_EQ(16, s.auth.credentials.challenge_len);
	EXPECT_MEMEQ(second, s.auth.credentials.md5_response, 16);
	accept_with(&s, "");
	TEXT(&s, PPP_CHAP, CHAP_SUCCESS, 2, "Access granted");
	chap(&s, CHAP_RESPONSE, 2, second, 16);
	TEXT(&s, PPP_CHAP, CHAP_SUCCESS, 2, "Access granted");
	DONE(&s.seen);
	EXPECT_NE(AUTH_SERVER_NEVER, auth_server_deadline(&s.auth)); // Success is said again
}

TEST(auth_methods, chap_refuses_once_and_for_all)
{
	struct side s;

	start(&s, AUTH_METHOD_CHAP_MD5, 2);
	s.seen.next = 1;
	chap(&s, CHAP_RESPONSE, 1, second, 16);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	refuse_with(&s, END_AUTH_REJECTED, 691, "");
	TEXT(&s, PPP_CHAP, CHAP_FAILURE, 1, "Access denied");
	DONE(&s.seen);
	expect_failed(&s, END_AUTH_REJECTED);
}

// ---- MS-CHAPv1

static void respond_v1(struct side *s, uint8_t id, uint8_t use_nt)
{
	struct chap_mschapv1_response response = {.use_nt = use_nt};
	uint8_t value[CHAP_MSCHAPV1_VALUE_BYTES];

	memset(response.lm_response, 0x11, 24);
	memset(response.nt_response, 0x22, 24);
	chap_mschapv1_response_put(value, &response);
	chap(s, CHAP_RESPONSE, id, value, sizeof(value));
}

TEST(auth_methods, mschapv1_accepts)
{
	static const uint8_t use_nt[] = {1, 0, 0xff};

	for (size_t i = 0; i < sizeof(use_nt); i++) {
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start(&s, AUTH_METHOD_MSCHAPV1, 0);
		FRAME(&s.seen, PPP_CHAP, "01 01 0010 08 0001020304050607 616469");
		respond_v1(&s, 1, use_nt[i]);
		NOTICE(&s.seen, STEP_AUTHENTICATE);
		EXPECT_EQ(use_nt[i] != 0, s.auth.credentials.has_nt);
		EXPECT_EQ(8, s.auth.credentials.challenge_len);
		EXPECT_EQ(0x11, s.auth.credentials.lm_response[23]);
		EXPECT_EQ(0x22, s.auth.credentials.nt_response[23]);
		accept_with(&s, "");
		TEXT(&s, PPP_CHAP, CHAP_SUCCESS, 1, "Access granted"); // no proof in version 1
		DONE(&s.seen);
	}
}

TEST(auth_methods, mschapv1_failures_have_numbers)
{
	struct side s;

	start(&s, AUTH_METHOD_MSCHAPV1, 1);
	s.seen.next = 1;
	respond_v1(&s, 1, 1);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	refuse_with(&s, END_AUTH_REJECTED, 691, "text is of version 2");
	TEXT(&s, PPP_CHAP, CHAP_FAILURE, 1, "E=691 R=1 C=FFEEDDCCBBAA9988 V=2");
	EXPECT_EQ(END_AUTH_REJECTED, auth_server_refused(&s.auth));
	EXPECT_EQ(S(122), auth_server_deadline(&s.auth));
	respond_v1(&s, 2, 1);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	EXPECT_MEMEQ(second, s.auth.credentials.challenge, 8);
	refuse_with(&s, END_AUTH_EXPIRED, 648, ""); // the change of version 1 is not taken
	TEXT(&s, PPP_CHAP, CHAP_FAILURE, 2, "E=648 R=0 C=FFEEDDCCBBAA9988 V=2");
	DONE(&s.seen);
	expect_failed(&s, END_AUTH_EXPIRED);
}

// ---- answers of another method

TEST(auth_methods, an_answer_of_another_method)
{
	static const struct {
		enum auth_method method;
		size_t value_len;
		bool fails;
	} cases[] = {
		{AUTH_METHOD_MSCHAPV2, 16, true},
		{AUTH_METHOD_MSCHAPV1, 16, true},
		{AUTH_METHOD_CHAP_MD5, 49, true},
		{AUTH_METHOD_CHAP_MD5, 17, false},
		{AUTH_METHOD_CHAP_MD5, 15, false},
		{AUTH_METHOD_MSCHAPV1, 48, false},
		{AUTH_METHOD_MSCHAPV2, 50, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static const uint8_t value[64];
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start(&s, cases[i].method, 0);
		s.seen.next = 1;
		chap(&s, CHAP_RESPONSE, 1, value, cases[i].value_len);
		DONE(&s.seen);
		EXPECT_EQ(cases[i].fails, s.auth.state == AUTH_SERVER_FAILED);
		EXPECT_EQ(cases[i].fails ? END_AUTH_NO_COMMON : END_NONE, s.auth.end);
		pap(&s, 1, "test", "secret");
		if (!cases[i].fails)
			TEXT(&s, PPP_PAP, PAP_AUTHENTICATE_NAK, 1, "PAP is not allowed here");
		DONE(&s.seen);
	}
}

// ---- what AAA wants to have said

TEST(auth_methods, message_of_aaa_is_cut)
{
	char message[LIMIT_FAILURE_TEXT_BYTES + 20], wanted[256];
	struct side s;

	memset(message, 'm', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	start(&s, AUTH_METHOD_MSCHAPV2, 0);
	s.seen.next = 1;
	chap(&s, CHAP_RESPONSE, 1, (uint8_t[49]){0}, 49);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	refuse_with(&s, END_AUTH_NO_PERMISSION, 65535, message);
	snprintf(wanted, sizeof(wanted),
		"E=65535 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=%.*s",
		LIMIT_FAILURE_TEXT_BYTES, message);
	TEXT(&s, PPP_CHAP, CHAP_FAILURE, 1, wanted);

	start(&s, AUTH_METHOD_MSCHAPV2, 0);
	s.seen.next = 1;
	chap(&s, CHAP_RESPONSE, 1, (uint8_t[49]){0}, 49);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	accept_with(&s, message);
	snprintf(wanted, sizeof(wanted), "%s M=%.*s", proof, LIMIT_FAILURE_TEXT_BYTES, message);
	TEXT(&s, PPP_CHAP, CHAP_SUCCESS, 1, wanted);
}

// ---- a password that has expired (RFC 2759 7 and 9.1.6)

static void expire(struct side *s)
{
	start(s, AUTH_METHOD_MSCHAPV2, 0);
	s->seen.next = 1;
	chap(s, CHAP_RESPONSE, 1, (uint8_t[49]){0}, 49);
	NOTICE(&s->seen, STEP_AUTHENTICATE);
	refuse_with(s, END_AUTH_EXPIRED, 648, "");
	TEXT(s, PPP_CHAP, CHAP_FAILURE, 1,
		"E=648 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Password expired");
	DONE(&s->seen);
	EXPECT_EQ(AUTH_SERVER_CHANGING, s->auth.state);
	EXPECT_EQ(END_AUTH_EXPIRED, auth_server_refused(&s->auth));
	EXPECT_EQ(S(122), auth_server_deadline(&s->auth)); // no short timer: somebody types
}

static void send_change(struct side *s, uint8_t id)
{
	struct chap_mschapv2_change change;
	uint8_t value[CHAP_MSCHAPV2_CHANGE_BYTES];

	memset(change.encrypted_password, 0x31, sizeof(change.encrypted_password));
	memset(change.encrypted_hash, 0x32, sizeof(change.encrypted_hash));
	memset(change.peer_challenge, 0x33, sizeof(change.peer_challenge));
	memset(change.nt_response, 0x34, sizeof(change.nt_response));
	chap_mschapv2_change_put(value, &change);
	chap(s, CHAP_CHANGE_PASSWORD, id, value, sizeof(value));
}

TEST(auth_methods, password_is_changed)
{
	const struct auth_credentials *c;
	struct side s;

	expire(&s);
	c = &s.auth.credentials;
	send_change(&s, 2);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	DONE(&s.seen);
	EXPECT_TRUE(c->has_change);
	EXPECT_STREQ("test", c->user);
	EXPECT_EQ(2, c->chap_id);
	EXPECT_MEMEQ(second, c->challenge, 16);
	EXPECT_EQ(0x31, c->encrypted_password[515]);
	EXPECT_EQ(0x32, c->encrypted_hash[15]);
	EXPECT_EQ(0x33, c->peer_challenge[15]);
	EXPECT_EQ(0x34, c->nt_response[23]);
	send_change(&s, 2); // while AAA thinks
	DONE(&s.seen);
	accept_with(&s, "");
	TEXT(&s, PPP_CHAP, CHAP_SUCCESS, 2,
		"S=8FD215C7BA2127001549DF938E27C474A7D7822D M=Access granted");
	EXPECT_EQ(0, c->encrypted_password[515]);
	EXPECT_EQ(END_NONE, auth_server_refused(&s.auth));
	send_change(&s, 2); // Success was lost
	TEXT(&s, PPP_CHAP, CHAP_SUCCESS, 2,
		"S=8FD215C7BA2127001549DF938E27C474A7D7822D M=Access granted");
	DONE(&s.seen);
}

TEST(auth_methods, change_that_is_refused_is_the_end)
{
	static const struct {
		enum end_reason reason;
		uint16_t error;
		const char *text;
	} cases[] = {
		{END_AUTH_CHANGE_FAILED, 709,
			"E=709 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 "
			"M=Password change failed"},
		{END_AUTH_REJECTED, 691,
			"E=691 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Access denied"},
		{END_AUTH_EXPIRED, 648,
			"E=648 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Password expired"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		expire(&s);
		s.auth.n_retries_left = 3;
		send_change(&s, 2);
		NOTICE(&s.seen, STEP_AUTHENTICATE);
		refuse_with(&s, cases[i].reason, cases[i].error, "");
		TEXT(&s, PPP_CHAP, CHAP_FAILURE, 2, cases[i].text);
		DONE(&s.seen);
		expect_failed(&s, cases[i].reason);
	}
}

TEST(auth_methods, change_is_taken_only_where_it_was_asked_for)
{
	struct side s;

	start(&s, AUTH_METHOD_MSCHAPV2, 0);
	s.seen.next = 1;
	send_change(&s, 1); // nobody has said that it has expired
	DONE(&s.seen);
	EXPECT_EQ(AUTH_SERVER_CHALLENGING, s.auth.state);

	expire(&s);
	send_change(&s, 3);
	chap(&s, CHAP_CHANGE_PASSWORD, 2, first, 16);	  // far too short
	chap(&s, CHAP_RESPONSE, 2, (uint8_t[49]){0}, 49); // R was 0
	DONE(&s.seen);
	EXPECT_EQ(AUTH_SERVER_CHANGING, s.auth.state);
	chap(&s, CHAP_RESPONSE, 1, (uint8_t[49]){0}, 49); // the Failure was lost
	TEXT(&s, PPP_CHAP, CHAP_FAILURE, 1,
		"E=648 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Password expired");
	auth_server_expire(&s.auth, second, S(122), &s.seen.step);
	DONE(&s.seen);
	expect_failed(&s, END_AUTH_EXPIRED);
}

TEST(auth_methods, change_by_policy_only)
{
	struct side s;

	start(&s, AUTH_METHOD_MSCHAPV2, 0);
	s.auth.config.may_change_password = false;
	s.seen.next = 1;
	chap(&s, CHAP_RESPONSE, 1, (uint8_t[49]){0}, 49);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	refuse_with(&s, END_AUTH_EXPIRED, 648, "");
	s.seen.next++;
	DONE(&s.seen);
	expect_failed(&s, END_AUTH_EXPIRED);
}

// "Change Password may occur after response retry" (RFC 2759 9.1.7).
TEST(auth_methods, change_after_a_retry)
{
	struct side s;

	start(&s, AUTH_METHOD_MSCHAPV2, 1);
	s.seen.next = 1;
	chap(&s, CHAP_RESPONSE, 1, (uint8_t[49]){0}, 49);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	refuse_with(&s, END_AUTH_REJECTED, 691, "");
	s.seen.next++;
	chap(&s, CHAP_RESPONSE, 2, (uint8_t[49]){0}, 49);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	refuse_with(&s, END_AUTH_EXPIRED, 648, "");
	TEXT(&s, PPP_CHAP, CHAP_FAILURE, 2,
		"E=648 R=0 C=FFEEDDCCBBAA99887766554433221100 V=3 M=Password expired");
	send_change(&s, 3);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	EXPECT_TRUE(s.auth.credentials.has_change);
}

// A retry that nobody makes ends for what was wrong, not for silence.
TEST(auth_methods, retry_that_never_comes)
{
	struct side s;

	start(&s, AUTH_METHOD_MSCHAPV2, 1);
	s.seen.next = 1;
	chap(&s, CHAP_RESPONSE, 1, (uint8_t[49]){0}, 49);
	refuse_with(&s, END_AUTH_REJECTED, 691, "");
	auth_server_expire(&s.auth, second, S(122), &s.seen.step);
	expect_failed(&s, END_AUTH_REJECTED);
}
