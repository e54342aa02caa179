// SPDX-License-Identifier: BSD-3-Clause
// MS-CHAPv2 (RFC 2759 8) and CHAP with MD5 (RFC 1994 4.1), on nettle's MD4, MD5, DES and SHA-1.
#pragma once

#include "base/secret.h"
#include "base/span.h"

enum {
	MSCHAP_HASH_BYTES = 16,
	MSCHAP_RESPONSE_BYTES = 24,
	MSCHAP_AUTHENTICATOR_RESPONSE_BYTES = 42, // "S=" and 40 upper-case hex digits
};

// MD4 of the password in UTF-16LE. Returns 0, or -EILSEQ when it is not UTF-8, -EMSGSIZE when it is
// longer than 256 UTF-16 units.
int mschap_nt_hash(struct span password_utf8, uint8_t out[MSCHAP_HASH_BYTES]);

// MD4 of the hash.
void mschap_nt_hash_hash(const uint8_t nt_hash[16], uint8_t out[16]);

// The user name without "DOMAIN\" in front, as ChallengeHash wants it (RFC 2759 4).
struct span mschap_user_without_domain(struct span user);

// ChallengeHash: first 8 bytes of SHA-1(peer challenge, authenticator challenge, user name).
void mschap_challenge_hash(const uint8_t peer_challenge[16],
	const uint8_t authenticator_challenge[16], struct span user, uint8_t out[8]);

// NT-Response: ChallengeResponse of the challenge hash with the NT hash.
void mschap_nt_response(const uint8_t authenticator_challenge[16], const uint8_t peer_challenge[16],
	struct span user, const uint8_t nt_hash[16], uint8_t out[24]);

// "S=<40 hex>", not terminated.
void mschap_authenticator_response(const uint8_t nt_hash[16], const uint8_t nt_response[24],
	const uint8_t peer_challenge[16], const uint8_t authenticator_challenge[16],
	struct span user, char out[MSCHAP_AUTHENTICATOR_RESPONSE_BYTES]);

// ChallengeResponse of MS-CHAPv1 too: three DES blocks keyed by the zero-padded hash.
void mschap_challenge_response(const uint8_t challenge[8], const uint8_t hash[16], uint8_t out[24]);

// CHAP with MD5: MD5(id, secret, challenge).
void mschap_chap_md5(uint8_t id, struct span secret, struct span challenge, uint8_t out[16]);
