// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/local/local_check.h"

#include "crypto/mschap.h"
#include "local_client.h"
#include "shim/shim.h"

#include <stdio.h>

static const uint8_t client_pass_hash[16] = {0x44, 0xeb, 0xba, 0x8d, 0x53, 0x12, 0xb8, 0xd6, 0x11,
	0x47, 0x44, 0x11, 0xf5, 0x69, 0x89, 0xae}; // RFC 2759 9.2: "clientPass"

static const enum auth_method methods[] = {
	AUTH_METHOD_MSCHAPV2, AUTH_METHOD_MSCHAPV1, AUTH_METHOD_CHAP_MD5, AUTH_METHOD_PAP};

enum { N_METHODS = sizeof(methods) / sizeof(methods[0]) };

static struct aaa_reply ask_as(
	struct local_client *l, enum auth_method method, const char *user, const char *password)
{
	struct aaa_request request = local_client_answer(method, user, password, 9);

	return local_client_ask(l, &request);
}

static void expect_nothing_but(const struct aaa_reply *reply, uint16_t ms_error)
{
	static const struct mppe_start_keys no_keys;
	static const char no_text[42];

	EXPECT_EQ(AAA_REJECT, reply->result);
	EXPECT_EQ(ms_error, reply->ms_error);
	EXPECT_FALSE(reply->has_keys);
	EXPECT_FALSE(reply->password_changed);
	EXPECT_MEMEQ(&no_keys, &reply->keys, sizeof(no_keys));
	EXPECT_MEMEQ(no_text, reply->authenticator_response, sizeof(no_text));
}

TEST(local_check, every_method)
{
	struct local_client l = {
		.users = {local_client_password("anna", "s\xc3\xa9same\xe2\x82\xac"),
			local_client_nt_hash("hashed", client_pass_hash)}};

	l.users[0].group_index = 3;
	local_client_open(&l);
	for (int i = 0; i < N_METHODS; i++) {
		struct aaa_reply reply =
			ask_as(&l, methods[i], "anna", "s\xc3\xa9same\xe2\x82\xac");

		SHIM_TRACE_CASE(i);
		EXPECT_EQ(AAA_ACCEPT, reply.result);
		EXPECT_EQ(3, reply.group);
		EXPECT_EQ(auth_method_has_keys(methods[i]), reply.has_keys);
		EXPECT_EQ(
			methods[i] == AUTH_METHOD_MSCHAPV2, reply.authenticator_response[0] == 'S');
		EXPECT_EQ(methods[i] == AUTH_METHOD_MSCHAPV1, reply.keys.is_v1);
		EXPECT_NULL(reply.why);

		reply = ask_as(&l, methods[i], "anna", "sesame");
		expect_nothing_but(&reply, 691);
		EXPECT_FALSE(reply.is_no_guess);
		reply = ask_as(&l, methods[i], "nobody", "s\xc3\xa9same\xe2\x82\xac");
		expect_nothing_but(&reply, 691);
		reply = ask_as(&l, methods[i], "", "");
		expect_nothing_but(&reply, 691);
		reply = ask_as(&l, methods[i], "hashed", "clientPasS");
		expect_nothing_but(&reply, 691);
	}
	local_client_close(&l);
}

TEST(local_check, chap_needs_the_password_in_clear)
{
	struct local_client l = {.users = {local_client_nt_hash("hashed", client_pass_hash)}};

	local_client_open(&l);
	for (int i = 0; i < N_METHODS; i++) {
		struct aaa_reply reply = ask_as(&l, methods[i], "hashed", "clientPass");

		SHIM_TRACE_CASE(i);
		if (methods[i] == AUTH_METHOD_CHAP_MD5) {
			expect_nothing_but(&reply, 691);
			EXPECT_STRCONTAINS(reply.why, "clear");
			EXPECT_TRUE(reply.is_no_guess);
		} else {
			EXPECT_EQ(AAA_ACCEPT, reply.result);
			EXPECT_FALSE(reply.keys.has_lm);
		}
	}
	// An empty password is none that is not known.
	struct aaa_reply reply = ask_as(&l, AUTH_METHOD_CHAP_MD5, "hashed", "");
	expect_nothing_but(&reply, 691);
	local_client_close(&l);
}

// RFC 2433 B.2 and RFC 3079 2.5.
TEST(local_check, mschapv1_of_the_rfcs)
{
	static const uint8_t challenge[8] = {0x10, 0x2d, 0xb5, 0xdf, 0x08, 0x5d, 0x30, 0x41};
	static const uint8_t response[24] = {0x4e, 0x9d, 0x3c, 0x8f, 0x9c, 0xfd, 0x38, 0x5d, 0x5b,
		0xf4, 0xd3, 0x24, 0x67, 0x91, 0x95, 0x6c, 0xa4, 0xc3, 0x51, 0xab, 0x40, 0x9a, 0x3d,
		0x61};
	static const uint8_t start[16] = {0xa8, 0x94, 0x78, 0x50, 0xcf, 0xc0, 0xac, 0xc1, 0xd1,
		0x78, 0x9f, 0xb6, 0x2d, 0xdc, 0xdd, 0xb0};
	static const uint8_t lm[8] = {0x76, 0xa1, 0x52, 0x93, 0x60, 0x96, 0xd7, 0x83};
	struct local_client l = {.users = {local_client_password("john", "MyPw"),
					 local_client_password("User", "clientPass"),
					 local_client_password("long", "fifteen letters")}};
	struct aaa_request request = local_client_answer(AUTH_METHOD_MSCHAPV1, "john", "MyPw", 1);
	struct aaa_reply reply;
	uint8_t hash[16];

	local_client_open(&l);
	memcpy(request.credentials.challenge, challenge, 8);
	memcpy(request.credentials.nt_response, response, 24);
	reply = local_client_ask(&l, &request);
	EXPECT_EQ(AAA_ACCEPT, reply.result);

	request = local_client_answer(AUTH_METHOD_MSCHAPV1, "User", "clientPass", 1);
	memcpy(request.credentials.challenge, challenge, 8);
	ASSERT_EQ(0, mschap_nt_hash(span_of_text("clientPass"), hash));
	mschap_challenge_response(challenge, hash, request.credentials.nt_response);
	reply = local_client_ask(&l, &request);
	EXPECT_EQ(AAA_ACCEPT, reply.result);
	EXPECT_MEMEQ(start, reply.keys.send, 16);
	EXPECT_MEMEQ(start, reply.keys.receive, 16);
	EXPECT_TRUE(reply.keys.has_lm);
	EXPECT_MEMEQ(lm, reply.keys.lm, 8);

	reply = ask_as(&l, AUTH_METHOD_MSCHAPV1, "long", "fifteen letters");
	EXPECT_EQ(AAA_ACCEPT, reply.result);
	EXPECT_FALSE(reply.keys.has_lm); // Windows has none of such a password either
	local_client_close(&l);
}

TEST(local_check, lm_response_is_never_taken)
{
	struct local_client l = {.users = {local_client_password("anna", "secret")}};
	struct aaa_request request = local_client_answer(AUTH_METHOD_MSCHAPV1, "anna", "secret", 1);
	struct aaa_reply reply;
	uint8_t hash[16];

	local_client_open(&l);
	ASSERT_EQ(0, mschap_lm_hash(span_of_text("secret"), hash));
	mschap_challenge_response(
		request.credentials.challenge, hash, request.credentials.lm_response);
	request.credentials.has_nt = false;
	reply = local_client_ask(&l, &request);
	expect_nothing_but(&reply, 691);
	EXPECT_STRCONTAINS(reply.why, "LM");
	EXPECT_TRUE(reply.is_no_guess);
	request.credentials.has_nt = true; // both, as Windows 95 sends
	reply = local_client_ask(&l, &request);
	EXPECT_EQ(AAA_ACCEPT, reply.result);
	local_client_close(&l);
}

TEST(local_check, pap_of_any_bytes)
{
	struct local_client l = {.users = {local_client_password("anna", "s\xc3\xa9same")}};
	struct aaa_request request = local_client_answer(AUTH_METHOD_PAP, "anna", "x", 1);
	struct aaa_reply reply;

	local_client_open(&l);
	memset(request.credentials.password, 0xff, 255);
	request.credentials.password_len = 255;
	reply = local_client_ask(&l, &request);
	expect_nothing_but(&reply, 691);
	memcpy(request.credentials.password, "s\xe9same", 6); // Latin-1
	request.credentials.password_len = 6;
	reply = local_client_ask(&l, &request);
	expect_nothing_but(&reply, 691);
	request.credentials.method = AUTH_METHOD_NONE;
	reply = local_client_ask(&l, &request);
	expect_nothing_but(&reply, 691);
	local_client_close(&l);
}

TEST(local_check, names)
{
	static const struct {
		bool domain, realm;
		const char *user, *password;
		bool is_accepted;
	} cases[] = {
		{true, true, "anna", "of nowhere", true},
		{true, true, "CORP\\anna", "of corp", true},
		{true, true, "CORP\\anna", "of nowhere", false}, // the whole name goes first
		{true, true, "OTHER\\anna", "of nowhere", true},
		{true, true, "A\\B\\anna", "of nowhere", true},
		{true, true, "anna@example.org", "of example", true},
		{true, true, "anna@example.org", "of nowhere", false},
		{true, true, "anna@example.net", "of nowhere", true},
		{true, true, "X\\anna@example.org", "of example", true},
		{true, true, "X\\anna@example.net", "of nowhere", true},
		{true, true, "X\\anna@a@b", "of nowhere", false}, // one realm, the last
		{true, true, "@example.org", "of nowhere", false},
		{true, true, "X\\@", "of nowhere", false},
		{false, true, "OTHER\\anna", "of nowhere", false},
		{false, true, "CORP\\anna", "of corp", true},
		{false, true, "CORP\\anna@example.net", "of corp", true},
		{false, true, "anna@example.net", "of nowhere", true},
		{true, false, "OTHER\\anna", "of nowhere", true},
		{true, false, "anna@example.net", "of nowhere", false},
		{true, false, "X\\anna@example.org", "of example", true},
		{false, false, "OTHER\\anna", "of nowhere", false},
		{false, false, "anna@example.net", "of nowhere", false},
		{false, false, "anna@example.org", "of example", true},
		{true, true, "Anna", "of nowhere", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct local_client l = {
			.config = {.strip_domain = cases[i].domain, .strip_realm = cases[i].realm},
			.users = {local_client_password("CORP\\anna", "of corp"),
				local_client_password("anna", "of nowhere"),
				local_client_password("anna@example.org", "of example")},
		};

		SHIM_TRACE_CASE((long long)i);
		local_client_open(&l);
		for (int m = 0; m < N_METHODS; m++) {
			struct aaa_reply reply =
				ask_as(&l, methods[m], cases[i].user, cases[i].password);
			EXPECT_EQ(cases[i].is_accepted, reply.result == AAA_ACCEPT);
		}
		local_client_close(&l);
	}
}

// What is wrong with an account is told to nobody but who knows its password.
TEST(local_check, disabled_and_expired)
{
	struct local_client l = {.users = {local_client_password("off", "secret"),
					 local_client_password("old", "secret"),
					 local_client_password("both", "secret")}};

	l.users[0].disabled = l.users[2].disabled = true;
	l.users[1].expired = l.users[2].expired = true;
	local_client_open(&l);
	for (int i = 0; i < N_METHODS; i++) {
		struct aaa_reply reply = ask_as(&l, methods[i], "off", "secret");

		SHIM_TRACE_CASE(i);
		expect_nothing_but(&reply, 647);
		reply = ask_as(&l, methods[i], "both", "secret");
		expect_nothing_but(&reply, 647);
		reply = ask_as(&l, methods[i], "old", "secret");
		expect_nothing_but(&reply, 648);
		reply = ask_as(&l, methods[i], "off", "Secret");
		expect_nothing_but(&reply, 691);
		reply = ask_as(&l, methods[i], "old", "Secret");
		expect_nothing_but(&reply, 691);
	}
	local_client_close(&l);
}

// ---- a new password

static void open_expired(struct local_client *l)
{
	*l = (struct local_client){
		.config = {.change_password = true, .strip_domain = true},
		.users = {local_client_password("anna", "secret"),
			local_client_nt_hash("hashed", client_pass_hash),
			local_client_password("off", "secret"),
			local_client_password("fresh", "secret")},
	};
	l->users[0].expired = l->users[1].expired = l->users[2].expired = true;
	l->users[2].disabled = true;
	local_client_open(l);
}

TEST(local_check, password_is_changed)
{
	static const char *const users[][2] = {{"anna", "secret"}, {"hashed", "clientPass"}};

	for (int i = 0; i < 2; i++) {
		struct local_client l;
		struct aaa_request request;
		struct aaa_reply reply;
		struct mppe_start_keys wanted;
		uint8_t hash[16], hash_hash[16];
		char proof[42], name[32];

		SHIM_TRACE_CASE(i);
		open_expired(&l);
		snprintf(name, sizeof(name), "DOM\\%s", users[i][0]);
		request = local_client_change(name, users[i][1], "Neu3s Wort", 4);
		reply = local_client_ask(&l, &request);
		EXPECT_EQ(AAA_ACCEPT, reply.result);
		EXPECT_TRUE(reply.password_changed);
		EXPECT_STRCONTAINS(reply.why, "until adit stops");

		// Proof and keys are of the new password.
		ASSERT_EQ(0, mschap_nt_hash(span_of_text("Neu3s Wort"), hash));
		mschap_nt_hash_hash(hash, hash_hash);
		mppe_key_start_mschapv2(hash_hash, request.credentials.nt_response, true, &wanted);
		EXPECT_MEMEQ(&wanted, &reply.keys, sizeof(wanted));
		mschap_authenticator_response(hash, request.credentials.nt_response,
			request.credentials.peer_challenge, request.credentials.challenge,
			span_of_text(users[i][0]), proof);
		EXPECT_MEMEQ(proof, reply.authenticator_response, 42);

		reply = ask_as(&l, AUTH_METHOD_MSCHAPV2, users[i][0], users[i][1]);
		expect_nothing_but(&reply, 691);
		reply = ask_as(&l, AUTH_METHOD_MSCHAPV2, users[i][0], "Neu3s Wort");
		EXPECT_EQ(AAA_ACCEPT, reply.result);
		EXPECT_FALSE(reply.password_changed);
		reply = ask_as(&l, AUTH_METHOD_PAP, users[i][0], "Neu3s Wort");
		EXPECT_EQ(AAA_ACCEPT, reply.result);
		// What is known of the new one is its hash, and of the old one nothing is left.
		reply = ask_as(&l, AUTH_METHOD_CHAP_MD5, users[i][0], users[i][1]);
		expect_nothing_but(&reply, 691);
		reply = ask_as(&l, AUTH_METHOD_MSCHAPV1, users[i][0], "Neu3s Wort");
		EXPECT_EQ(AAA_ACCEPT, reply.result);
		EXPECT_FALSE(reply.keys.has_lm);
		local_client_close(&l);
	}
}

TEST(local_check, change_that_is_refused)
{
	static const struct {
		const char *user, *old_password, *new_password;
		uint16_t error;
		const char *why;
	} cases[] = {
		{"anna", "secret", "", 709, "empty"},
		{"anna", "secret", "secret", 709, "is the old one"},
		{"anna", "Secret", "new", 709, "another than the old one"},
		{"off", "secret", "new", 709, "may not be changed"},
		{"fresh", "secret", "new", 709, "may not be changed"},
		{"nobody", "secret", "new", 691, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct local_client l;
		struct aaa_request request;
		struct aaa_reply reply;

		SHIM_TRACE_CASE((long long)i);
		open_expired(&l);
		request = local_client_change(
			cases[i].user, cases[i].old_password, cases[i].new_password, 4);
		reply = local_client_ask(&l, &request);
		expect_nothing_but(&reply, cases[i].error);
		if (cases[i].why)
			EXPECT_STRCONTAINS(reply.why, cases[i].why);
		reply = ask_as(&l, AUTH_METHOD_MSCHAPV2, "anna", "secret");
		expect_nothing_but(&reply, 648); // as before
		local_client_close(&l);
	}
}

TEST(local_check, change_with_one_bit_wrong)
{
	enum { PASSWORD_LEN, PASSWORD, HASH, RESPONSE, CHALLENGE, POLICY, N };
	static const char *const why[N] = {"encrypted with another", "encrypted with another",
		"encrypted with another", "response", "response", "may not be changed"};

	for (int i = 0; i < N; i++) {
		struct local_client l;
		struct aaa_request request;
		struct auth_credentials *c = &request.credentials;
		struct aaa_reply reply;

		SHIM_TRACE_CASE(i);
		open_expired(&l);
		request = local_client_change("anna", "secret", "new", 4);
		c->encrypted_password[514] ^= i == PASSWORD_LEN;
		c->encrypted_password[510] ^= i == PASSWORD;
		c->encrypted_hash[15] ^= i == HASH ? 2 : 0;
		c->nt_response[0] ^= i == RESPONSE;
		c->challenge[0] ^= i == CHALLENGE;
		l.config.change_password = i != POLICY;
		reply = local_client_ask(&l, &request);
		expect_nothing_but(&reply, 709);
		EXPECT_STRCONTAINS(reply.why, why[i]);
		local_client_close(&l);
	}
}
