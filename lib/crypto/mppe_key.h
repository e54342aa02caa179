// SPDX-License-Identifier: BSD-3-Clause
// The MPPE key schedule: start keys from MS-CHAP, session keys from start keys (RFC 3078 7,
// RFC 3079 2 and 3). Slow path and reference; the drivers re-key in their own kernels and are
// checked against this.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mppe_strength {
	MPPE_STRENGTH_NONE = 0,
	MPPE_STRENGTH_40 = 40,
	MPPE_STRENGTH_56 = 56,
	MPPE_STRENGTH_128 = 128
};

enum { MPPE_KEY_BYTES_MAX = 16 };

// What one direction of MPPE was negotiated to. Both directions of a link may differ.
struct mppe_mode {
	enum mppe_strength strength; // MPPE_STRENGTH_NONE: nothing is encrypted
	bool is_stateless;
};

// Start keys of both directions, as the server sees them; 16 bytes each, of which 40 and 56 bit use
// the first 8. With MS-CHAPv1 both directions start with the same key, and 40 and 56 bit with one of
// their own, made of the LM hash (RFC 3079 2.1, 2.2): `lm`.
struct mppe_start_keys {
	uint8_t send[MPPE_KEY_BYTES_MAX];
	uint8_t receive[MPPE_KEY_BYTES_MAX];
	uint8_t lm[8];
	bool has_lm; // MS-CHAPv1, and the LM hash is known
	bool is_v1;  // MS-CHAPv1: 40 and 56 bit cannot be had without `lm`
};

// Bytes of a session key: 8 for 40 and 56 bit, 16 for 128 bit.
static inline uint8_t mppe_key_len(enum mppe_strength strength)
{
	return strength == MPPE_STRENGTH_128 ? 16 : 8;
}

// RFC 3079 3.3: from the hash of the NT hash and the NT-Response to the master's start keys.
//
//   is_server  whose view: the server's send key is the client's receive key
void mppe_key_start_mschapv2(const uint8_t nt_hash_hash[16], const uint8_t nt_response[24],
	bool is_server, struct mppe_start_keys *out);

// RFC 3079 2: from the hash of the NT hash and our challenge to the keys of MS-CHAPv1, the same in
// both directions. The RFC wants the challenge of the first authentication; with a retry that is the
// one of the Failure, which the right Response answers.
//
//   lm_hash  16 bytes, for 40 and 56 bit; NULL when it is not known
void mppe_key_start_mschapv1(const uint8_t challenge[8], const uint8_t nt_hash_hash[16],
	const uint8_t *lm_hash, struct mppe_start_keys *out);

// GetNewKeyFromSHA (RFC 3078 7.1): SHA-1 over start key, pad, session key, pad.
//
//   out  may be session_key; the bytes behind key_len become zero, here and in all below
void mppe_key_from_sha(const uint8_t *start_key, const uint8_t *session_key, uint8_t key_len,
	uint8_t out[MPPE_KEY_BYTES_MAX]);

// Put the constants of RFC 3079 3.1 and 3.2 over the first bytes of a 40 or 56 bit session key.
void mppe_key_salt(enum mppe_strength strength, uint8_t session_key[MPPE_KEY_BYTES_MAX]);

// The first session key made of a start key: from_sha(start, start), salted for 40 and 56 bit.
void mppe_key_initial(enum mppe_strength strength, const uint8_t *start_key,
	uint8_t session_key[MPPE_KEY_BYTES_MAX]);

// One re-key: from_sha, then RC4 of the result with itself, then the salt (RFC 3078 7.3).
void mppe_key_change(enum mppe_strength strength, const uint8_t *start_key,
	uint8_t session_key[MPPE_KEY_BYTES_MAX]);
