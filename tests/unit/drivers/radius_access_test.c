// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_access.h"

#include "crypto/mschap.h"
#include "shim/hex.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

static const uint8_t authenticator[16] = {7, 7, 7};

struct world {
	struct config *config;
	struct secret secret;
	struct radius_asked asked;
	struct radius_packet answer;
	struct radius_view view;
	struct aaa_reply reply;
	struct span state;
};

static void open_world(struct world *w, enum auth_method method)
{
	memset(w, 0, sizeof(*w));
	w->config = config_new();
	secret_set(&w->secret, span_of_text("of the server"));
	w->asked = (struct radius_asked){.tag = 5, .method = method, .chap_id = 9};
}

static void begin(struct world *w, enum radius_code code)
{
	radius_begin(&w->answer, code, true);
}

static void put_ms(struct world *w, uint8_t type, const void *value, size_t n)
{
	radius_put_vendor(&w->answer, RADIUS_VENDOR_MICROSOFT, type, span_of(value, n));
}

static void put_key(struct world *w, uint8_t type, uint8_t fill)
{
	uint8_t key[16], hidden[64];

	memset(key, fill, sizeof(key));
	size_t n = radius_key_hide(
		&w->secret, authenticator, (uint16_t)(0x8000 | type), span_of(key, 16), hidden);
	put_ms(w, type, hidden, n);
}

static void put_success(struct world *w, uint8_t id)
{
	char text[44];

	text[0] = (char)id;
	snprintf(text + 1, sizeof(text) - 1, "S=%040d", 0);
	put_ms(w, RADIUS_MS_CHAP2_SUCCESS, text, 43);
}

static void read_answer(struct world *w)
{
	size_t n = radius_seal_reply(&w->answer, 1, &w->secret, authenticator);

	ASSERT_EQ(0, radius_read(span_of(w->answer.bytes, n), &w->view));
	radius_access_read(
		w->config, &w->asked, &w->view, authenticator, &w->secret, &w->reply, &w->state);
	EXPECT_EQ(5, w->reply.tag);
}

static void close_world(struct world *w)
{
	config_free(w->config);
}

TEST(radius_access, s4_keys_of_mschapv2_are_the_servers_view)
{
	uint8_t send[16], receive[16];
	struct world w;

	open_world(&w, AUTH_METHOD_MSCHAPV2);
	begin(&w, RADIUS_ACCESS_ACCEPT);
	put_success(&w, 9);
	put_key(&w, RADIUS_MS_MPPE_SEND_KEY, 0x11);
	put_key(&w, RADIUS_MS_MPPE_RECV_KEY, 0x22);
	read_answer(&w);
	EXPECT_EQ(AAA_ACCEPT, w.reply.result);
	EXPECT_TRUE(w.reply.has_keys);
	memset(send, 0x11, 16);
	memset(receive, 0x22, 16);
	EXPECT_MEMEQ(send, w.reply.keys.send, 16);
	EXPECT_MEMEQ(receive, w.reply.keys.receive, 16);
	EXPECT_MEMEQ("S=00", w.reply.authenticator_response, 4);
	close_world(&w);
}

TEST(radius_access, mschapv2_needs_its_success_with_the_identifier)
{
	for (int with = 0; with < 2; with++) {
		SHIM_TRACE_CASE(with);
		struct world w;
		open_world(&w, AUTH_METHOD_MSCHAPV2);
		begin(&w, RADIUS_ACCESS_ACCEPT);
		if (with)
			put_success(&w, 8); // of another exchange
		put_key(&w, RADIUS_MS_MPPE_SEND_KEY, 0x11);
		put_key(&w, RADIUS_MS_MPPE_RECV_KEY, 0x22);
		read_answer(&w);
		EXPECT_EQ(AAA_REJECT, w.reply.result);
		EXPECT_STRCONTAINS(w.reply.why, "MS-CHAP2-Success");
		EXPECT_FALSE(w.reply.has_keys);
		static const uint8_t none[16];
		EXPECT_MEMEQ(none, w.reply.keys.send, 16);
		close_world(&w);
	}
}

TEST(radius_access, s12_one_key_is_no_keys_and_none_is_told)
{
	struct world w;

	open_world(&w, AUTH_METHOD_MSCHAPV2);
	begin(&w, RADIUS_ACCESS_ACCEPT);
	put_success(&w, 9);
	put_key(&w, RADIUS_MS_MPPE_SEND_KEY, 0x11);
	read_answer(&w);
	EXPECT_EQ(AAA_ACCEPT, w.reply.result);
	EXPECT_FALSE(w.reply.has_keys);
	EXPECT_STRCONTAINS(w.reply.why, "no MPPE keys");
	close_world(&w);
}

// RFC 2548 2.4.1 with the password, challenge and keys of RFC 3079 3.5.1: "clientPass".
TEST(radius_access, s4_keys_of_mschapv1_start_from_the_hash_of_the_hash)
{
	uint8_t nt_hash[16], keys[32] = {0}, wanted[16];
	struct mppe_start_keys start;
	struct world w;

	open_world(&w, AUTH_METHOD_MSCHAPV1);
	hex_bytes(w.asked.challenge, 8, "10 2d b5 df 08 5d 30 41");
	ASSERT_EQ(0, mschap_nt_hash(span_of_text("clientPass"), nt_hash));
	mschap_nt_hash_hash(nt_hash, keys + 8);
	hex_bytes(wanted, 16, "41 c0 0c 58 4b d2 d9 1c 40 17 a2 a1 2f a5 9f 3f");
	EXPECT_MEMEQ(wanted, keys + 8, 16);
	mppe_key_start_mschapv1(w.asked.challenge, keys + 8, NULL, &start);
	for (int with_lm = 0; with_lm < 2; with_lm++) {
		SHIM_TRACE_CASE(with_lm);
		uint8_t hidden[32];
		memcpy(hidden, keys, sizeof(hidden));
		memset(hidden, with_lm ? 0x5a : 0, 8);
		radius_password_hide(&w.secret, authenticator, hidden, sizeof(hidden));
		begin(&w, RADIUS_ACCESS_ACCEPT);
		put_ms(&w, RADIUS_MS_CHAP_MPPE_KEYS, hidden, sizeof(hidden));
		read_answer(&w);
		EXPECT_EQ(AAA_ACCEPT, w.reply.result);
		EXPECT_TRUE(w.reply.has_keys);
		EXPECT_MEMEQ(start.send, w.reply.keys.send, 16);
		EXPECT_EQ(with_lm, w.reply.keys.has_lm);
		EXPECT_TRUE(w.reply.keys.is_v1);
	}
	close_world(&w);
}

TEST(radius_access, what_an_accept_says_is_taken)
{
	struct world w;

	open_world(&w, AUTH_METHOD_PAP);
	begin(&w, RADIUS_ACCESS_ACCEPT);
	radius_put(&w.answer, RADIUS_FRAMED_IP_ADDRESS, span_of("\x0a\x1e\x09\x05", 4));
	radius_put_text(&w.answer, RADIUS_FRAMED_ROUTE, "192.168.7.9/24 0.0.0.0 1");
	radius_put_text(&w.answer, RADIUS_FRAMED_ROUTE, "172.16.0.0");
	radius_put_text(&w.answer, RADIUS_CLASS, "one");
	radius_put_text(&w.answer, RADIUS_CLASS, "second");
	radius_put_u32(&w.answer, RADIUS_SESSION_TIMEOUT, 3600);
	radius_put_text(&w.answer, RADIUS_REPLY_MESSAGE, "hello\n\x1b[31m \xc3\xa9");
	read_answer(&w);
	EXPECT_EQ(AAA_ACCEPT, w.reply.result);
	EXPECT_EQ(htonl(0x0a1e0905), w.reply.framed_address_be);
	ASSERT_EQ(2, w.reply.n_routes);
	EXPECT_EQ(htonl(0xc0a80700), w.reply.routes[0].prefix_be);
	EXPECT_EQ(24, w.reply.routes[0].prefix_len);
	EXPECT_EQ(16, w.reply.routes[1].prefix_len);
	EXPECT_EQ(11, w.reply.classes.n_bytes);
	EXPECT_MEMEQ("\3one\6second", w.reply.classes.bytes, 11);
	EXPECT_EQ(3600, w.reply.policy.session_timeout_s);
	EXPECT_STREQ("hello[31m \xc3\xa9", w.reply.message);
	EXPECT_FALSE(w.reply.has_keys);
	EXPECT_NULL(w.reply.why); // PAP gives none
	close_world(&w);
}

TEST(radius_access, an_accept_that_cannot_be_kept_is_a_refusal)
{
	static const struct {
		uint8_t type;
		const char *text, *why;
	} cases[] = {
		{RADIUS_FILTER_ID, "nowhere", "access list"},
		{RADIUS_CLASS, "OU=nobody;", "group"},
		{RADIUS_FRAMED_POOL, "empty", "pool"},
		{RADIUS_FRAMED_ROUTE, "300.1.1.1/8", "Framed-Route"},
		{RADIUS_FRAMED_ROUTE, "10.0.0.0/33", "Framed-Route"},
		{RADIUS_SESSION_TIMEOUT, "x", "number"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		struct world w;
		open_world(&w, AUTH_METHOD_PAP);
		begin(&w, RADIUS_ACCESS_ACCEPT);
		radius_put_text(&w.answer, cases[i].type, cases[i].text);
		read_answer(&w);
		EXPECT_EQ(AAA_REJECT, w.reply.result);
		EXPECT_EQ(649, w.reply.ms_error);
		EXPECT_TRUE(w.reply.is_no_guess);
		EXPECT_STRCONTAINS(w.reply.why, cases[i].why);
		close_world(&w);
	}
}

TEST(radius_access, rejects_say_why)
{
	static const struct {
		const char *error, *message;
		uint16_t ms_error;
	} cases[] = {
		{"\1E=691 R=1 C=00112233445566778899aabbccddeeff V=3 M=Access denied",
			"Access denied", 691},
		{"\1E=648 R=0 V=3", "", 648},
		{"\1E=646", "", 646},
		{"\1E=9999", "", 691},
		{"\1nonsense", "", 691},
		{"\1", "", 691},
		{NULL, "", 691},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		struct world w;
		open_world(&w, AUTH_METHOD_MSCHAPV2);
		begin(&w, RADIUS_ACCESS_REJECT);
		if (cases[i].error)
			put_ms(&w, RADIUS_MS_CHAP_ERROR, cases[i].error, strlen(cases[i].error));
		read_answer(&w);
		EXPECT_EQ(AAA_REJECT, w.reply.result);
		EXPECT_EQ(cases[i].ms_error, w.reply.ms_error);
		EXPECT_STREQ(cases[i].message, w.reply.message);
		close_world(&w);
	}
}

TEST(radius_access, a_challenge_is_refused_and_its_state_kept)
{
	struct world w;

	open_world(&w, AUTH_METHOD_PAP);
	begin(&w, RADIUS_ACCESS_CHALLENGE);
	radius_put_text(&w.answer, RADIUS_STATE, "abc");
	radius_put_text(&w.answer, RADIUS_REPLY_MESSAGE, "second word?");
	read_answer(&w);
	EXPECT_EQ(AAA_REJECT, w.reply.result);
	EXPECT_TRUE(w.reply.is_no_guess);
	EXPECT_STREQ("second word?", w.reply.message);
	EXPECT_EQ(3, w.state.len);
	close_world(&w);
}

static struct span find_in_plain(
	const struct radius_packet *p, uint32_t vendor, uint8_t type, int n)
{
	struct radius_view v = {.attributes = span_of(p->bytes + 20, p->w.len - 20)};
	struct radius_cursor c = radius_cursor_of(&v);
	struct radius_attribute a;

	while (radius_next(&c, &a))
		if (a.vendor == vendor && a.type == type && n-- == 0)
			return a.value;
	return (struct span){0};
}

TEST(radius_access, a_changed_password_goes_in_pieces)
{
	struct aaa_request request = {.credentials = {.method = AUTH_METHOD_MSCHAPV2,
					      .has_change = true,
					      .chap_id = 3,
					      .challenge_len = 16,
					      .user_len = 4,
					      .user = "anna"}};
	uint8_t got[516];
	size_t at = 0;
	struct radius_packet p;
	struct world w;

	open_world(&w, AUTH_METHOD_MSCHAPV2);
	for (size_t i = 0; i < sizeof(got); i++)
		request.credentials.encrypted_password[i] = (uint8_t)(i * 7);
	memset(request.credentials.encrypted_hash, 0xaa, 16);
	memset(request.credentials.nt_response, 0xbb, 24);
	ASSERT_EQ(0, radius_access_write(w.config, &request, (struct span){0}, &p, &w.asked));
	EXPECT_TRUE(w.asked.has_change);
	struct span cpw = find_in_plain(&p, 311, RADIUS_MS_CHAP2_CPW, 0);
	ASSERT_EQ(68, cpw.len); // RFC 2548 2.3.4: length 70
	EXPECT_EQ(7, cpw.bytes[0]);
	EXPECT_EQ(3, cpw.bytes[1]);
	EXPECT_EQ(0xaa, cpw.bytes[2]);
	EXPECT_EQ(0xbb, cpw.bytes[42]);
	EXPECT_EQ(0xbb, cpw.bytes[65]);
	EXPECT_EQ(0, cpw.bytes[66]);
	for (int i = 0; i < 3; i++) {
		struct span piece = find_in_plain(&p, 311, RADIUS_MS_CHAP_NT_ENC_PW, i);
		ASSERT_GT(piece.len, 4);
		EXPECT_EQ(6, piece.bytes[0]);
		EXPECT_EQ(3, piece.bytes[1]);
		EXPECT_EQ(i + 1, bytes_get_u16(piece.bytes + 2));
		memcpy(got + at, piece.bytes + 4, piece.len - 4);
		at += piece.len - 4;
	}
	EXPECT_EQ(sizeof(got), at);
	EXPECT_MEMEQ(request.credentials.encrypted_password, got, sizeof(got));
	EXPECT_EQ(0, find_in_plain(&p, 311, RADIUS_MS_CHAP2_RESPONSE, 0).len);
	close_world(&w);
}

TEST(radius_access, a_request_says_who_calls_whom)
{
	struct aaa_request request = {.client_be = htonl(0xc612000a),
		.server_be = htonl(0xc6120001),
		.nas_port = 77,
		.session_id = "0000004d",
		.credentials = {.method = AUTH_METHOD_PAP,
			.user_len = 9,
			.user = "CORP\\anna",
			.password_len = 6,
			.password = "secret"}};
	struct radius_packet p;
	struct world w;

	open_world(&w, AUTH_METHOD_PAP);
	ASSERT_EQ(0, radius_access_write(w.config, &request, span_of("state", 5), &p, &w.asked));
	EXPECT_MEMEQ("CORP\\anna", find_in_plain(&p, 0, RADIUS_USER_NAME, 0).bytes, 9);
	EXPECT_MEMEQ("198.18.0.10", find_in_plain(&p, 0, RADIUS_CALLING_STATION_ID, 0).bytes, 11);
	EXPECT_MEMEQ(
		"198.18.0.1", find_in_plain(&p, 0, RADIUS_TUNNEL_SERVER_ENDPOINT, 0).bytes, 10);
	EXPECT_MEMEQ("\xc6\x12\0\1", find_in_plain(&p, 0, RADIUS_NAS_IP_ADDRESS, 0).bytes, 4);
	EXPECT_MEMEQ("pptp77", find_in_plain(&p, 0, RADIUS_NAS_PORT_ID, 0).bytes, 6);
	EXPECT_MEMEQ("state", find_in_plain(&p, 0, RADIUS_STATE, 0).bytes, 5);
	EXPECT_EQ(16, find_in_plain(&p, 0, RADIUS_USER_PASSWORD, 0).len);
	request.credentials.password_len = 129;
	EXPECT_EQ(
		-EMSGSIZE, radius_access_write(w.config, &request, (struct span){0}, &p, &w.asked));
	close_world(&w);
}

// Behind a zero byte a server written in C sees nothing: one user could log in under any number of names.
TEST(radius_access, a_name_with_a_zero_byte_goes_to_no_server)
{
	struct aaa_request request = {
		.credentials = {.method = AUTH_METHOD_PAP, .user_len = 6, .user = "anna\0x"}};
	struct radius_packet p;
	struct world w;

	open_world(&w, AUTH_METHOD_PAP);
	EXPECT_EQ(-EINVAL, radius_access_write(w.config, &request, (struct span){0}, &p, &w.asked));
	memset(request.credentials.user, 'a', sizeof(request.credentials.user));
	request.credentials.user_len = LIMIT_USER_NAME_BYTES;
	ASSERT_EQ(0, radius_access_write(w.config, &request, (struct span){0}, &p, &w.asked));
	EXPECT_EQ(253, find_in_plain(&p, 0, RADIUS_USER_NAME, 0).len);
	close_world(&w);
}

TEST(radius_access, several_keys_for_one_direction)
{
	for (int differ = 0; differ < 2; differ++) {
		SHIM_TRACE_CASE(differ);
		struct world w;
		open_world(&w, AUTH_METHOD_MSCHAPV2);
		begin(&w, RADIUS_ACCESS_ACCEPT);
		put_success(&w, 9);
		put_key(&w, RADIUS_MS_MPPE_SEND_KEY, 0x11);
		put_key(&w, RADIUS_MS_MPPE_RECV_KEY, 0x22);
		put_key(&w, RADIUS_MS_MPPE_SEND_KEY, differ ? 0x33 : 0x11);
		read_answer(&w);
		EXPECT_EQ(differ ? AAA_REJECT : AAA_ACCEPT, w.reply.result);
		if (differ)
			EXPECT_STRCONTAINS(w.reply.why, "several MPPE keys");
		EXPECT_EQ(!differ, w.reply.has_keys);
		close_world(&w);
	}
}

TEST(radius_access, texts_of_any_length_are_cut)
{
	char text[RADIUS_VALUE_BYTES_MAX + 1], error[248];
	struct world w;

	memset(text, 'x', sizeof(text));
	memset(error, 'y', sizeof(error));
	memcpy(error, "\1E=646 M=", 9);
	open_world(&w, AUTH_METHOD_MSCHAPV2);
	begin(&w, RADIUS_ACCESS_REJECT);
	for (int i = 0; i < 14; i++) // as much as a packet holds
		radius_put(&w.answer, RADIUS_REPLY_MESSAGE, span_of(text, 253));
	put_ms(&w, RADIUS_MS_CHAP_ERROR, error, 247);
	read_answer(&w);
	EXPECT_EQ(646, w.reply.ms_error);
	EXPECT_EQ(LIMIT_FAILURE_TEXT_BYTES, strlen(w.reply.message));
	begin(&w, RADIUS_ACCESS_REJECT);
	put_ms(&w, RADIUS_MS_CHAP_ERROR, error, 247);
	read_answer(&w);
	EXPECT_EQ('y', w.reply.message[0]);
	close_world(&w);
}
