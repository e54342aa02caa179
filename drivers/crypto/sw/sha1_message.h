// SPDX-License-Identifier: BSD-3-Clause
// The message of GetNewKeyFromSHA (RFC 3078 7.1) as the two blocks of SHA-1 that it fills, whichever way
// they are hashed. Of 32 words only those of the two keys vary:
//
//   word        0..            then       then       then        then        31
//   128 bit     start (4)      0 (10)     session (4)  pad 2 (10)  end, 0 (3)  896
//   40, 56 bit  start (2)      0 (10)     session (2)  pad 2 (10)  end, 0 (7)  768
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	SHA1_MESSAGE_WORDS = 32,
	SHA1_MESSAGE_BYTES_MAX = 112, // without the padding of SHA-1
	SHA1_PAD_BYTES = 40,	      // of each of the two pads
	SHA1_PAD_WORDS = SHA1_PAD_BYTES / 4,
};

#define SHA1_PAD_2	 UINT32_C(0xf2f2f2f2)
#define SHA1_MESSAGE_END UINT32_C(0x80000000)

static const uint32_t sha1_init[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
static const uint32_t sha1_round[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};

// Words of a key: 2 or 4.
static inline unsigned int sha1_message_key_words(uint8_t key_len)
{
	return key_len / 4u;
}

static inline unsigned int sha1_message_bytes(uint8_t key_len)
{
	return 2u * key_len + 2 * SHA1_PAD_BYTES;
}

// Word `t` of 0..31 is word *at of a key: *is_session's, or the start key's. False: it is a constant.
static inline bool sha1_message_is_key(
	uint8_t key_len, unsigned int t, bool *is_session, unsigned int *at)
{
	unsigned int k = sha1_message_key_words(key_len);

	*is_session = t >= k;
	*at = *is_session ? t - k - SHA1_PAD_WORDS : t;
	return t < k || (t >= k + SHA1_PAD_WORDS && *at < k);
}

// Word `t` where it is not one of a key.
static inline uint32_t sha1_message_constant(uint8_t key_len, unsigned int t)
{
	unsigned int k = sha1_message_key_words(key_len);
	unsigned int pad_2 = 2 * k + SHA1_PAD_WORDS;

	if (t < pad_2)
		return 0;
	if (t < pad_2 + SHA1_PAD_WORDS)
		return SHA1_PAD_2;
	if (t == pad_2 + SHA1_PAD_WORDS)
		return SHA1_MESSAGE_END;
	return t == SHA1_MESSAGE_WORDS - 1 ? 8 * sha1_message_bytes(key_len) : 0;
}
