// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/local/local.h"

#include "conf/config.h"
#include "crypto/mschap.h"
#include "shim/shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

// RFC 2759 9.2.
static const uint8_t rfc_challenge[16] = {0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e, 0x3c,
	0x2c, 0x60, 0x21, 0x32, 0x26, 0x26, 0x28};
static const uint8_t rfc_peer_challenge[16] = {0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a, 0x28,
	0x29, 0x5f, 0x2b, 0x3a, 0x33, 0x7c, 0x7e};
static const uint8_t rfc_nt_response[24] = {0x82, 0x30, 0x9e, 0xcd, 0x8d, 0x70, 0x8b, 0x5e, 0xa0,
	0x8f, 0xaa, 0x39, 0x81, 0xcd, 0x83, 0x54, 0x42, 0x33, 0x11, 0x4a, 0x3d, 0x85, 0xd6, 0xdf};
static const uint8_t rfc_nt_hash[16] = {0x44, 0xeb, 0xba, 0x8d, 0x53, 0x12, 0xb8, 0xd6, 0x11, 0x47,
	0x44, 0x11, 0xf5, 0x69, 0x89, 0xae};

static struct config_user user_with_password(const char *name, const char *password)
{
	struct config_user user = {.has_password = true};

	snprintf(user.name, sizeof(user.name), "%s", name);
	secret_set(&user.password, span_of_text(password));
	return user;
}

static struct config_user user_with_nt_hash(const char *name, const uint8_t nt_hash[16])
{
	struct config_user user = {.has_nt_hash = true};

	snprintf(user.name, sizeof(user.name), "%s", name);
	memcpy(user.nt_hash, nt_hash, 16);
	return user;
}

static void *open_users(struct config_user *users, uint32_t n)
{
	static struct config config; // the driver goes on reading it
	void *state = NULL;

	config = (struct config){.n_users = n, .users = users, .strip_domain = true};
	EXPECT_EQ(0, aaa_driver_local.open(&config, NULL, &state));
	return state;
}

static struct aaa_request request_of(const char *user, const char *password, uint64_t tag)
{
	struct aaa_request request = {
		.tag = tag, .credentials = {.method = AUTH_METHOD_MSCHAPV2, .challenge_len = 16}};
	uint8_t hash[16];

	request.credentials.user_len = (uint16_t)strlen(user);
	memcpy(request.credentials.user, user, request.credentials.user_len);
	memset(request.credentials.challenge, (int)tag, sizeof(request.credentials.challenge));
	memset(request.credentials.peer_challenge, 0x77,
		sizeof(request.credentials.peer_challenge));
	EXPECT_EQ(0, mschap_nt_hash(span_of_text(password), hash));
	mschap_nt_response(request.credentials.challenge, request.credentials.peer_challenge,
		span_of_text(user), hash, request.credentials.nt_response);
	return request;
}

static struct aaa_reply ask(void *state, const struct aaa_request *request)
{
	struct aaa_reply replies[2] = {{0}};

	EXPECT_EQ(0, aaa_driver_local.submit(state, request));
	EXPECT_EQ(1, aaa_driver_local.poll(state, replies, 2));
	EXPECT_EQ(request->tag, replies[0].tag);
	return replies[0];
}

static void expect_rejected(const struct aaa_reply *reply)
{
	static const struct mppe_start_keys no_keys;
	static const char no_text[42];

	EXPECT_EQ(AAA_REJECT, reply->result);
	EXPECT_EQ(691, reply->ms_error);
	EXPECT_FALSE(reply->has_keys);
	EXPECT_MEMEQ(&no_keys, &reply->keys, sizeof(no_keys));
	EXPECT_MEMEQ(no_text, reply->authenticator_response, sizeof(no_text));
}

TEST(local, accepts_the_exchange_of_rfc2759)
{
	struct config_user users[] = {
		user_with_password("User", "clientPass"), user_with_nt_hash("Hashed", rfc_nt_hash)};
	static const uint8_t send_key[16] = {0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b, 0xa1,
		0x18, 0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb}; // RFC 3079 3.5.3
	struct aaa_request request = {.tag = 5,
		.credentials = {.method = AUTH_METHOD_MSCHAPV2, .user_len = 4, .user = "User"}};
	void *state = open_users(users, 2);
	struct aaa_reply reply;

	memcpy(request.credentials.challenge, rfc_challenge, 16);
	memcpy(request.credentials.peer_challenge, rfc_peer_challenge, 16);
	memcpy(request.credentials.nt_response, rfc_nt_response, 24);
	reply = ask(state, &request);
	EXPECT_EQ(AAA_ACCEPT, reply.result);
	EXPECT_EQ(0, reply.ms_error);
	EXPECT_EQ(0, reply.framed_address_be);
	EXPECT_TRUE(reply.has_keys);
	EXPECT_MEMEQ(send_key, reply.keys.send, 16);
	EXPECT_MEMEQ(
		"S=407A5589115FD0D6209F510FE9C04566932CDA56", reply.authenticator_response, 42);
	EXPECT_EQ(-1, aaa_driver_local.event_fd(state));

	request.credentials.nt_response[23] ^= 1;
	reply = ask(state, &request);
	expect_rejected(&reply);
	aaa_driver_local.close(state);
}

TEST(local, users_by_name)
{
	struct config_user users[] = {
		user_with_password("test", "test"),
		user_with_password("CORP\\anna", "of corp"),
		user_with_password("anna", "of nowhere"),
		user_with_password("j\xc3\xb6rg", "\xe2\x82\xac\xf0\x9f\x98\x80"),
		user_with_nt_hash("hashed", rfc_nt_hash),
		user_with_password("empty", ""),
	};
	static const struct {
		const char *user, *password;
		bool is_accepted;
	} cases[] = {
		{"test", "test", true},
		{"test", "Test", false},
		{"test", "", false},
		{"Test", "test", false},
		{"test ", "test", false},
		{"DOMAIN\\test", "test", true},
		{"A\\B\\test", "test", true},
		{"CORP\\anna", "of corp", true},
		{"CORP\\anna", "of nowhere", false}, // the whole name goes first
		{"anna", "of nowhere", true},
		{"anna", "of corp", false},
		{"OTHER\\anna", "of nowhere", true},
		{"j\xc3\xb6rg", "\xe2\x82\xac\xf0\x9f\x98\x80", true},
		{"hashed", "clientPass", true},
		{"hashed", "clientpass", false},
		{"empty", "", true},
		{"empty", "x", false},
		{"nobody", "test", false},
		{"", "test", false},
		{"DOMAIN\\", "test", false},
		{"test\\nobody", "test", false},
	};
	void *state = open_users(users, 6);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct aaa_request request = request_of(cases[i].user, cases[i].password, i);
		struct aaa_reply reply = ask(state, &request);

		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(cases[i].is_accepted, reply.result == AAA_ACCEPT);
		EXPECT_EQ(cases[i].is_accepted, reply.has_keys);
		if (!cases[i].is_accepted)
			expect_rejected(&reply);
	}
	aaa_driver_local.close(state);
}

// The keys are the server's view: what it sends with, the client receives with.
TEST(local, keys_fit_the_client)
{
	struct config_user users[] = {user_with_password("test", "test")};
	void *state = open_users(users, 1);
	struct aaa_request request = request_of("test", "test", 1);
	struct aaa_reply reply = ask(state, &request);
	struct mppe_start_keys client;
	uint8_t hash[16], hash_hash[16];

	mschap_nt_hash(span_of_text("test"), hash);
	mschap_nt_hash_hash(hash, hash_hash);
	mppe_key_start_mschapv2(hash_hash, request.credentials.nt_response, false, &client);
	EXPECT_MEMEQ(client.receive, reply.keys.send, 16);
	EXPECT_MEMEQ(client.send, reply.keys.receive, 16);
	aaa_driver_local.close(state);
}

TEST(local, no_users_accept_nobody)
{
	void *state = open_users(NULL, 0);
	struct aaa_request request = request_of("test", "test", 1);
	struct aaa_reply reply = ask(state, &request);

	expect_rejected(&reply);
	aaa_driver_local.close(state);
	aaa_driver_local.close(NULL);
}

TEST(local, queue_of_replies_is_bounded_and_in_order)
{
	struct config_user users[] = {user_with_password("test", "test")};
	void *state = open_users(users, 1);
	uint64_t submitted = 0, polled = 0;

	for (int round = 0; round < 3; round++) {
		struct aaa_request request = request_of("test", "test", 0);
		struct aaa_reply replies[300];
		unsigned int n;

		for (;;) {
			request.tag = submitted;
			if (aaa_driver_local.submit(state, &request) != 0)
				break;
			submitted++;
		}
		EXPECT_EQ(-EBUSY, aaa_driver_local.submit(state, &request));
		EXPECT_EQ(1024, submitted - polled);
		n = aaa_driver_local.poll(state, replies, 300);
		ASSERT_EQ(300, n);
		for (unsigned int i = 0; i < n; i++) {
			EXPECT_EQ(polled++, replies[i].tag);
			EXPECT_EQ(AAA_ACCEPT, replies[i].result);
		}
	}
	aaa_driver_local.close(state);
}

TEST(local, many_users)
{
	enum { N = LIMIT_USERS };
	struct config_user *users = calloc(N, sizeof(*users));
	void *state;

	ASSERT_TRUE(users != NULL);
	for (int i = 0; i < N; i++) {
		char name[16], password[16];
		snprintf(name, sizeof(name), "user%d", i);
		snprintf(password, sizeof(password), "secret%d", i);
		users[i] = user_with_password(name, password);
	}
	state = open_users(users, N);
	secret_wipe_bytes(users, N * sizeof(*users)); // the driver has its own copy
	free(users);
	for (int i = 0; i < N; i += 37) {
		char name[16], password[16];
		struct aaa_request request;
		struct aaa_reply reply;

		SHIM_TRACE_CASE(i);
		snprintf(name, sizeof(name), "user%d", i);
		snprintf(password, sizeof(password), "secret%d", i);
		request = request_of(name, password, 1);
		reply = ask(state, &request);
		EXPECT_EQ(AAA_ACCEPT, reply.result);
		request = request_of(name, "secret", 1);
		reply = ask(state, &request);
		EXPECT_EQ(AAA_REJECT, reply.result);
	}
	aaa_driver_local.close(state);
}

TEST(local, longest_name)
{
	char name[LIMIT_USER_NAME_BYTES + 1] = {0};
	struct config_user users[1];
	struct aaa_request request;
	struct aaa_reply reply;
	void *state;

	memset(name, 'n', LIMIT_USER_NAME_BYTES);
	users[0] = user_with_password(name, "pw");
	state = open_users(users, 1);
	request = request_of(name, "pw", 1);
	reply = ask(state, &request);
	EXPECT_EQ(AAA_ACCEPT, reply.result);
	name[LIMIT_USER_NAME_BYTES - 1] = 0;
	request = request_of(name, "pw", 1);
	reply = ask(state, &request);
	EXPECT_EQ(AAA_REJECT, reply.result);
	aaa_driver_local.close(state);
}

TEST(local, open_refuses_bad_users)
{
	struct config_user twice[] = {user_with_password("a", "x"), user_with_password("b", "x"),
		user_with_password("a", "y")};
	struct config_user bad_utf8[] = {user_with_password("a", "\xff")};
	struct config config = {.n_users = 3, .users = twice};
	void *state = NULL;

	EXPECT_EQ(-EEXIST, aaa_driver_local.open(&config, NULL, &state));
	config = (struct config){.n_users = 1, .users = bad_utf8};
	EXPECT_EQ(-EILSEQ, aaa_driver_local.open(&config, NULL, &state));
	EXPECT_NULL(state);
}
