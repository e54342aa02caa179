// SPDX-License-Identifier: BSD-3-Clause
// The users of the configuration by name, and the passwords that they have changed since.
#pragma once

#include "aaa/aaa.h"
#include "aaa/login.h"
#include "base/secret.h"
#include "config/limits.h"
#include "crypto/mschap.h"

struct config;
struct local_users;
struct log;

struct local_user {
	uint8_t nt_hash[MSCHAP_HASH_BYTES];
	uint8_t lm_hash[MSCHAP_HASH_BYTES];
	bool has_lm;		// 40 and 56 bit keys of MS-CHAPv1
	bool has_clear;		// CHAP with MD5
	struct secret password; // UTF-8
	bool is_disabled;
	bool is_expired;
	bool is_changed; // the password is the user's own, not the configured one
	uint8_t replaced[MSCHAP_HASH_BYTES]; // fingerprint of the configured password
	uint16_t tenant;
	uint16_t group;
	const struct config_policy *policy; // of the configuration; NULL: he has none of his own
	uint16_t n_routes;		    // networks behind the client
	struct aaa_route routes[LIMIT_USER_ROUTES];
	uint8_t name_len;
	char name[LIMIT_USER_NAME_BYTES];
};

// Copies every user of the configuration but his policy, for which it stays borrowed, and takes from auth.password_file the passwords that were
// changed. What is wrong there is told to the log (NULL: to nobody).
//
//   returns  0, -ENOMEM, -EEXIST for a name that a tenant has twice, -EILSEQ or -EMSGSIZE for a
//            password that mschap_nt_hash() refuses, what password_file_read() returns
int local_users_new(const struct config *config, struct log *log, struct local_users **out);

// The same without the file, for local_users_inherit(): it tells nothing to the log and is of any thread.
int local_users_prepare(const struct config *config, struct log *log, struct local_users **out);

// What users have changed, in the file or not, was known to `before`: it holds for the same users here, if their
// configured passwords are still those that were replaced. That of others is kept for the file.
void local_users_inherit(struct local_users *users, const struct local_users *before);

// Wipes what is secret. users may be NULL.
void local_users_free(struct local_users *users);

// The user of a tenant of one of these names, the first that is known.
//
//   returns  never NULL: for an unknown user one with a password that nobody has, so that the caller
//            does the same work; *is_known tells them apart
const struct local_user *local_users_find(const struct local_users *users, uint16_t tenant,
	const struct login *login, bool *is_known);

// The user has a new password, which has not expired. It is in the file when this returns 0; -errno
// of the file: then nothing has changed, and the log knows why.
//
//   user  of local_users_find(), a known one
int local_users_change(struct local_users *users, const struct local_user *user,
	const uint8_t nt_hash[MSCHAP_HASH_BYTES]);
