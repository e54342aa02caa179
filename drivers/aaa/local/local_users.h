// SPDX-License-Identifier: BSD-3-Clause
// The users of the configuration by name, as NT hashes: built once, then only read.
#pragma once

#include "base/secret.h"
#include "config/limits.h"
#include "crypto/mschap.h"

struct config;
struct local_users;

// Copies every user of the configuration; passwords are kept as their NT hash only.
//
//   returns  0, -ENOMEM, -EEXIST for a name that stands there twice, -EILSEQ or -EMSGSIZE for a
//            password that mschap_nt_hash() refuses
int local_users_new(const struct config *config, struct local_users **out);

// Wipes the hashes. users may be NULL.
void local_users_free(struct local_users *users);

// The NT hash of the user, first by the whole name as sent, then by the name without "DOMAIN\".
//
//   nt_hash  out: the user's, or for an unknown user one that nobody has, so that the caller does
//            the same work for both
//   returns  whether there is such a user
bool local_users_find(
	const struct local_users *users, struct span name, uint8_t nt_hash[MSCHAP_HASH_BYTES]);
