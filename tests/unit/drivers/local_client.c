// SPDX-License-Identifier: BSD-3-Clause
#include "local_client.h"

#include "crypto/mschap.h"
#include "shim/shim.h"

#include <nettle/arcfour.h>

struct config_user local_client_password(const char *name, const char *password)
{
	struct config_user user = {.has_password = true};

	strncpy(user.name, name, LIMIT_USER_NAME_BYTES);
	secret_set(&user.password, span_of_text(password));
	return user;
}

struct config_user local_client_nt_hash(const char *name, const uint8_t nt_hash[16])
{
	struct config_user user = {.has_nt_hash = true};

	strncpy(user.name, name, LIMIT_USER_NAME_BYTES);
	memcpy(user.nt_hash, nt_hash, 16);
	return user;
}

void local_client_open(struct local_client *l)
{
	l->config.users = l->users;
	while (l->config.n_users < LOCAL_CLIENT_USERS && l->users[l->config.n_users].name[0])
		l->config.n_users++;
	EXPECT_EQ(0, aaa_driver_local.open(&l->config, NULL, &l->state));
}

void local_client_close(struct local_client *l)
{
	aaa_driver_local.close(l->state);
	l->state = NULL;
}

static struct aaa_request request_of(enum auth_method method, const char *user, uint64_t tag)
{
	struct aaa_request request = {
		.tag = tag,
		.credentials = {.method = method,
			.chap_id = (uint8_t)tag,
			.has_nt = true,
			.challenge_len = method == AUTH_METHOD_MSCHAPV1 ? 8 : 16},
	};

	request.credentials.user_len = (uint16_t)strlen(user);
	memcpy(request.credentials.user, user, request.credentials.user_len);
	memset(request.credentials.challenge, (int)tag, sizeof(request.credentials.challenge));
	memset(request.credentials.peer_challenge, 0x77,
		sizeof(request.credentials.peer_challenge));
	return request;
}

struct aaa_request local_client_answer(
	enum auth_method method, const char *user, const char *password, uint64_t tag)
{
	struct aaa_request request = request_of(method, user, tag);
	struct auth_credentials *c = &request.credentials;
	uint8_t hash[16];

	EXPECT_EQ(0, mschap_nt_hash(span_of_text(password), hash));
	if (method == AUTH_METHOD_MSCHAPV2)
		mschap_nt_response(
			c->challenge, c->peer_challenge, span_of_text(user), hash, c->nt_response);
	if (method == AUTH_METHOD_MSCHAPV1)
		mschap_challenge_response(c->challenge, hash, c->nt_response);
	if (method == AUTH_METHOD_CHAP_MD5)
		mschap_chap_md5(c->chap_id, span_of_text(password), span_of(c->challenge, 16),
			c->md5_response);
	if (method == AUTH_METHOD_PAP) {
		c->password_len = (uint8_t)strlen(password);
		memcpy(c->password, password, c->password_len);
	}
	return request;
}

// Only ASCII, here.
static size_t utf16le_of(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (; *text; text++) {
		out[n++] = (uint8_t)*text;
		out[n++] = 0;
	}
	return n;
}

struct aaa_request local_client_change(
	const char *user, const char *old_password, const char *new_password, uint64_t tag)
{
	struct aaa_request request =
		local_client_answer(AUTH_METHOD_MSCHAPV2, user, new_password, tag);
	struct auth_credentials *c = &request.credentials;
	uint8_t clear[MSCHAP_PASSWORD_BLOCK_BYTES], utf16le[MSCHAP_PASSWORD_UTF16_BYTES_MAX];
	uint8_t old_hash[16], new_hash[16];
	size_t n = utf16le_of(new_password, utf16le);
	struct arcfour_ctx rc4;

	c->has_change = true;
	EXPECT_EQ(0, mschap_nt_hash(span_of_text(old_password), old_hash));
	EXPECT_EQ(0, mschap_nt_hash(span_of_text(new_password), new_hash));
	memset(clear, 0xcc, sizeof(clear));
	memcpy(clear + 512 - n, utf16le, n);
	for (int i = 0; i < 4; i++)
		clear[512 + i] = (uint8_t)(n >> (8 * i));
	arcfour_set_key(&rc4, 16, old_hash);
	arcfour_crypt(&rc4, sizeof(clear), c->encrypted_password, clear);
	mschap_hash_encrypt(old_hash, new_hash, c->encrypted_hash);
	return request;
}

struct aaa_reply local_client_ask(struct local_client *l, const struct aaa_request *request)
{
	struct aaa_reply replies[2] = {{0}};

	EXPECT_EQ(0, aaa_driver_local.submit(l->state, request));
	EXPECT_EQ(1, aaa_driver_local.poll(l->state, replies, 2));
	EXPECT_EQ(request->tag, replies[0].tag);
	return replies[0];
}
