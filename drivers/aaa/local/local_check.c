// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/local/local_check.h"

#include "conf/config.h"
#include "drivers/aaa/local/local_users.h"

#include <assert.h>

enum {
	ERROR_DISABLED = 647, // RFC 2759 6
	ERROR_EXPIRED = 648,
	ERROR_BAD_LOGIN = 691,
	ERROR_CHANGING = 709,
};

static void reject(struct aaa_reply *reply, uint16_t ms_error, const char *why)
{
	reply->result = AAA_REJECT;
	reply->ms_error = ms_error;
	reply->why = why;
}

// ---- is the answer right? In constant time, for a user that there is and for one that there is not

static bool is_right_mschapv2(const struct auth_credentials *c, const uint8_t nt_hash[16])
{
	uint8_t wanted[MSCHAP_RESPONSE_BYTES];
	bool is_right;

	mschap_nt_response(
		c->challenge, c->peer_challenge, span_of(c->user, c->user_len), nt_hash, wanted);
	is_right = secret_equal_bytes(wanted, c->nt_response, sizeof(wanted));
	secret_wipe_bytes(wanted, sizeof(wanted));
	return is_right;
}

// The LM response is never taken: 14 characters without case in two halves, which are found within
// minutes by who has heard it, and every client that adit knows of can send the NT response.
static bool is_right_mschapv1(const struct auth_credentials *c, const uint8_t nt_hash[16])
{
	uint8_t wanted[MSCHAP_RESPONSE_BYTES];
	bool is_right;

	mschap_challenge_response(c->challenge, nt_hash, wanted);
	is_right = secret_equal_bytes(wanted, c->nt_response, sizeof(wanted));
	secret_wipe_bytes(wanted, sizeof(wanted));
	return is_right & c->has_nt;
}

static bool is_right_chap(const struct auth_credentials *c, const struct local_user *user)
{
	uint8_t wanted[16];
	bool is_right;

	mschap_chap_md5(c->chap_id, span_of(user->password.bytes, user->password.len),
		span_of(c->challenge, c->challenge_len), wanted);
	is_right = secret_equal_bytes(wanted, c->md5_response, sizeof(wanted));
	secret_wipe_bytes(wanted, sizeof(wanted));
	return is_right & user->has_clear;
}

// By the hash, which there is of every user.
static bool is_right_pap(const struct auth_credentials *c, const uint8_t nt_hash[16])
{
	uint8_t hash[MSCHAP_HASH_BYTES] = {0};
	bool is_text = mschap_nt_hash(span_of(c->password, c->password_len), hash) == 0;
	bool is_right = secret_equal_bytes(hash, nt_hash, sizeof(hash));

	secret_wipe_bytes(hash, sizeof(hash));
	return is_right & is_text;
}

static bool is_right(const struct auth_credentials *c, const struct local_user *user)
{
	switch (c->method) {
	case AUTH_METHOD_MSCHAPV2:
		return is_right_mschapv2(c, user->nt_hash);
	case AUTH_METHOD_MSCHAPV1:
		return is_right_mschapv1(c, user->nt_hash);
	case AUTH_METHOD_CHAP_MD5:
		return is_right_chap(c, user);
	case AUTH_METHOD_PAP:
		return is_right_pap(c, user->nt_hash);
	case AUTH_METHOD_NONE:
		break;
	}
	return false;
}

// What an operator cannot guess from "wrong password": such an answer of this user is never right,
// so it tries no password either.
static const char *why_never(const struct auth_credentials *c, const struct local_user *user)
{
	if (c->method == AUTH_METHOD_CHAP_MD5 && !user->has_clear)
		return "chap needs the password in clear, and only its hash is known";
	if (c->method == AUTH_METHOD_MSCHAPV1 && !c->has_nt)
		return "the client sent an LM response only, which is never taken";
	return NULL;
}

// ---- yes

static void admit(const struct auth_credentials *c, const struct local_user *user,
	const uint8_t nt_hash[16], struct aaa_reply *reply)
{
	uint8_t hash_hash[MSCHAP_HASH_BYTES];

	reply->result = AAA_ACCEPT;
	reply->group = user->group;
	if (user->policy)
		reply->policy = *user->policy;
	reply->n_routes = user->n_routes;
	memcpy(reply->routes, user->routes, sizeof(reply->routes));
	reply->has_keys = auth_method_has_keys(c->method);
	mschap_nt_hash_hash(nt_hash, hash_hash);
	if (c->method == AUTH_METHOD_MSCHAPV1)
		mppe_key_start_mschapv1(
			c->challenge, hash_hash, user->has_lm ? user->lm_hash : NULL, &reply->keys);
	if (c->method == AUTH_METHOD_MSCHAPV2) {
		mppe_key_start_mschapv2(hash_hash, c->nt_response, true, &reply->keys);
		mschap_authenticator_response(nt_hash, c->nt_response, c->peer_challenge,
			c->challenge, span_of(c->user, c->user_len), reply->authenticator_response);
	}
	secret_wipe_bytes(hash_hash, sizeof(hash_hash));
}

// ---- a new password (RFC 2759 7)

// Why it is not taken, NULL when it is; nt_hash is that of the new password then.
static const char *judge_change(const struct auth_credentials *c, const struct local_user *user,
	uint8_t nt_hash[MSCHAP_HASH_BYTES])
{
	uint8_t password[MSCHAP_PASSWORD_UTF16_BYTES_MAX];
	uint8_t wanted[MSCHAP_HASH_BYTES];
	const char *why = NULL;
	size_t len = 0;

	// That the password before was right this call has shown already; who encrypts with another one
	// than is known here finds out nothing by it.
	if (mschap_password_decrypt(c->encrypted_password, user->nt_hash, password, &len) != 0)
		why = "the new password is too long or was encrypted with another than the old one";
	mschap_nt_hash_utf16le(span_of(password, len), nt_hash);
	mschap_hash_encrypt(user->nt_hash, nt_hash, wanted);
	if (!why && !secret_equal_bytes(wanted, c->encrypted_hash, sizeof(wanted)))
		why = "the new password was encrypted with another than the old one";
	if (!why && !is_right_mschapv2(c, nt_hash))
		why = "the response was not made with the new password";
	if (!why && len == 0)
		why = "the new password is empty";
	if (!why && secret_equal_bytes(nt_hash, user->nt_hash, MSCHAP_HASH_BYTES))
		why = "the new password is the old one";
	secret_wipe_bytes(password, sizeof(password));
	secret_wipe_bytes(wanted, sizeof(wanted));
	return why;
}

static void change(struct local_users *users, const struct config *config,
	const struct auth_credentials *c, const struct local_user *user, struct aaa_reply *reply)
{
	uint8_t nt_hash[MSCHAP_HASH_BYTES];
	const char *why = judge_change(c, user, nt_hash);

	if (!config->change_password || user->is_disabled || !user->is_expired)
		why = "the password of this user may not be changed now";
	if (!why && local_users_change(users, user, nt_hash) != 0)
		why = "the new password could not be stored";
	if (why) {
		reject(reply, ERROR_CHANGING, why);
	} else {
		admit(c, user, nt_hash, reply);
		reply->password_changed = true;
		if (!config->password_file[0])
			reply->why = "it is kept until adit stops: auth.password_file is not set";
	}
	secret_wipe_bytes(nt_hash, sizeof(nt_hash));
}

// That an account is disabled or has expired is told to nobody but who knows its password.
void local_check(struct local_users *users, const struct config *config, uint16_t tenant,
	const struct auth_credentials *c, struct aaa_reply *reply)
{
	const struct local_user *user;
	struct login login;
	bool is_known, right;

	assert(c->user_len <= LIMIT_USER_NAME_BYTES);
	login_names(config, span_of(c->user, c->user_len), &login);
	user = local_users_find(users, tenant, &login, &is_known);
	if (c->has_change && is_known) {
		change(users, config, c, user, reply);
		return;
	}
	right = is_right(c, user) & !c->has_change;
	if (!(is_known & right)) {
		reject(reply, ERROR_BAD_LOGIN, why_never(c, user));
		reply->is_no_guess = reply->why != NULL;
	} else if (user->is_disabled) {
		reject(reply, ERROR_DISABLED, NULL);
	} else if (user->is_expired) {
		reject(reply, ERROR_EXPIRED, NULL);
	} else {
		admit(c, user, user->nt_hash, reply);
	}
}
