// SPDX-License-Identifier: BSD-3-Clause
// MS-CHAPv1 and v2 (RFC 2433 A, RFC 2759 8) and CHAP with MD5 (RFC 1994 4.1), on nettle's MD4, MD5,
// DES, RC4 and SHA-1.
#pragma once

#include "base/secret.h"
#include "base/span.h"

enum {
	MSCHAP_HASH_BYTES = 16,
	MSCHAP_RESPONSE_BYTES = 24,
	MSCHAP_AUTHENTICATOR_RESPONSE_BYTES = 42, // "S=" and 40 upper-case hex digits
	MSCHAP_PASSWORD_UTF16_BYTES_MAX = 512,	  // 256 units
	MSCHAP_PASSWORD_BLOCK_BYTES = 516,	  // PWBLOCK of RFC 2759 8.9
};

// MD4 of the password in UTF-16LE. Returns 0, or -EILSEQ when it is not UTF-8, -EMSGSIZE when it is
// longer than 256 UTF-16 units.
int mschap_nt_hash(struct span password_utf8, uint8_t out[MSCHAP_HASH_BYTES]);

// The same of a password that is UTF-16LE already.
void mschap_nt_hash_utf16le(struct span password, uint8_t out[MSCHAP_HASH_BYTES]);

// LmPasswordHash (RFC 2433 A.2). Returns 0, or -ERANGE for a password that has none: longer than 14
// characters, or with one that is not ASCII (the OEM code page of the client is not known here).
int mschap_lm_hash(struct span password, uint8_t out[MSCHAP_HASH_BYTES]);

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

// The new password in a Change-Password packet (RFC 2759 8.9 to 8.11).
//
//   old_nt_hash  with which the client has encrypted it
//   utf16le      out: utf16le[512], wiped by the caller; len: bytes of it
//   returns      0, or -EBADMSG when the length in the block is odd or too long: the old password is
//                another, or the client is broken
int mschap_password_decrypt(const uint8_t block[MSCHAP_PASSWORD_BLOCK_BYTES],
	const uint8_t old_nt_hash[16], uint8_t utf16le[MSCHAP_PASSWORD_UTF16_BYTES_MAX],
	size_t *len);

// NtPasswordHashEncryptedWithBlock (RFC 2759 8.13): a hash under another hash as two DES keys.
void mschap_hash_encrypt(const uint8_t hash[16], const uint8_t key[16], uint8_t out[16]);
