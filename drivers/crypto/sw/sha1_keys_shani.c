// SPDX-License-Identifier: BSD-3-Clause
// The key hash by the SHA extensions of x86 (SHA1RNDS4 does four rounds and waits four cycles for them), so
// several keys stand side by side.
#include "drivers/crypto/sw/sha1_keys.h"

#include "drivers/crypto/sw/sha1_message.h"

#include <cpuid.h>
#include <immintrin.h>

#define SHANI	     __attribute__((target("sha,sse4.1")))
#define SHANI_INLINE static inline __attribute__((always_inline, target("sha,sse4.1")))

enum { SIDE_BY_SIDE = 4 };

static bool shani_is_supported(void)
{
	unsigned int a, b, c, d;

	// The intrinsics need no more state of the system than SSE has.
	return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
	       (b & bit_SHA) != 0;
}

// A vector has its first word on top, as the instructions want it.
SHANI_INLINE __m128i words(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3)
{
	return _mm_set_epi32((int)w0, (int)w1, (int)w2, (int)w3);
}

SHANI_INLINE __m128i swap(__m128i x)
{
	return _mm_shuffle_epi8(
		x, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

// The first key_len bytes of a key, with zero words behind.
SHANI_INLINE __m128i load_key(const uint8_t *key, uint8_t key_len)
{
	return swap(key_len == 16 ? _mm_loadu_si128((const void *)key)
				  : _mm_loadl_epi64((const void *)key));
}

SHANI_INLINE __m128i four_rounds(__m128i abcd, __m128i e, unsigned int quarter)
{
	switch (quarter) {
	case 0:
		return _mm_sha1rnds4_epu32(abcd, e, 0);
	case 1:
		return _mm_sha1rnds4_epu32(abcd, e, 1);
	case 2:
		return _mm_sha1rnds4_epu32(abcd, e, 2);
	default:
		return _mm_sha1rnds4_epu32(abcd, e, 3);
	}
}

// One key on its way.
struct stream {
	__m128i abcd, e;
	__m128i first_abcd, first_e; // of the block
	__m128i w[4];
};

// Group `g` of four rounds, of 0..19.
SHANI_INLINE void group(struct stream *s, unsigned int g)
{
	__m128i *w = s->w, sum;

	if (g >= 4)
		w[g % 4] = _mm_sha1msg2_epu32(
			_mm_xor_si128(_mm_sha1msg1_epu32(w[g % 4], w[(g + 1) % 4]), w[(g + 2) % 4]),
			w[(g + 3) % 4]);
	sum = g == 0 ? _mm_add_epi32(s->e, w[0]) : _mm_sha1nexte_epu32(s->e, w[g % 4]);
	s->e = s->abcd; // that of before is all that the next e needs
	s->abcd = four_rounds(s->abcd, sum, g / 5);
}

// In all streams. Calls instead of loops here and below: so all indices are constants to the compiler early
// enough to keep the streams in registers.
SHANI_INLINE void group_all(struct stream s[SIDE_BY_SIDE], unsigned int n, unsigned int g)
{
	group(&s[0], g);
	if (n > 1)
		group(&s[1], g);
	if (n > 2)
		group(&s[2], g);
	if (n > 3)
		group(&s[3], g);
}

SHANI_INLINE void groups_5(struct stream s[SIDE_BY_SIDE], unsigned int n, unsigned int g)
{
	group_all(s, n, g);
	group_all(s, n, g + 1);
	group_all(s, n, g + 2);
	group_all(s, n, g + 3);
	group_all(s, n, g + 4);
}

SHANI_INLINE void block(struct stream s[SIDE_BY_SIDE], unsigned int n)
{
	groups_5(s, n, 0);
	groups_5(s, n, 5);
	groups_5(s, n, 10);
	groups_5(s, n, 15);
}

// The message of sha1_message.h, its first block, ...
SHANI_INLINE void begin(struct stream *s, __m128i start, __m128i session, uint8_t key_len)
{
	s->w[0] = start;
	s->w[1] = s->w[2] = _mm_setzero_si128();
	s->w[3] = key_len == 16 ? _mm_srli_si128(session, 8)
				: _mm_or_si128(session, words(0, 0, SHA1_PAD_2, SHA1_PAD_2));
	s->abcd = s->first_abcd = words(sha1_init[0], sha1_init[1], sha1_init[2], sha1_init[3]);
	s->e = s->first_e = words(sha1_init[4], 0, 0, 0);
}

SHANI_INLINE void end_of_block(struct stream *s)
{
	s->e = _mm_sha1nexte_epu32(s->e, s->first_e);
	s->abcd = _mm_add_epi32(s->abcd, s->first_abcd);
}

// ... and its second.
SHANI_INLINE void go_on(struct stream *s, __m128i session, uint8_t key_len)
{
	__m128i pad = words(SHA1_PAD_2, SHA1_PAD_2, SHA1_PAD_2, SHA1_PAD_2);

	end_of_block(s);
	s->first_abcd = s->abcd;
	s->first_e = s->e;
	s->w[1] = pad;
	if (key_len == 16) {
		s->w[0] = _mm_or_si128(
			_mm_slli_si128(session, 8), words(0, 0, SHA1_PAD_2, SHA1_PAD_2));
		s->w[2] = pad;
		s->w[3] = words(SHA1_MESSAGE_END, 0, 0, 8 * sha1_message_bytes(16));
	} else {
		s->w[0] = pad;
		s->w[2] = words(SHA1_MESSAGE_END, 0, 0, 0);
		s->w[3] = words(0, 0, 0, 8 * sha1_message_bytes(8));
	}
}

SHANI_INLINE void store(struct stream *s, uint8_t *key, uint8_t key_len)
{
	__m128i out;

	end_of_block(s);
	out = swap(s->abcd);
	_mm_storeu_si128((void *)key, key_len == 16 ? out : _mm_move_epi64(out));
}

// n keys side by side; n and key_len are constants where this is inlined.
SHANI_INLINE void hash(const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	struct stream s[SIDE_BY_SIDE];

	begin(&s[0], load_key(start[0], key_len), load_key(session[0], key_len), key_len);
	if (n > 1)
		begin(&s[1], load_key(start[1], key_len), load_key(session[1], key_len), key_len);
	if (n > 2)
		begin(&s[2], load_key(start[2], key_len), load_key(session[2], key_len), key_len);
	if (n > 3)
		begin(&s[3], load_key(start[3], key_len), load_key(session[3], key_len), key_len);
	block(s, n);
	go_on(&s[0], load_key(session[0], key_len), key_len);
	if (n > 1)
		go_on(&s[1], load_key(session[1], key_len), key_len);
	if (n > 2)
		go_on(&s[2], load_key(session[2], key_len), key_len);
	if (n > 3)
		go_on(&s[3], load_key(session[3], key_len), key_len);
	block(s, n);
	store(&s[0], key[0], key_len);
	if (n > 1)
		store(&s[1], key[1], key_len);
	if (n > 2)
		store(&s[2], key[2], key_len);
	if (n > 3)
		store(&s[3], key[3], key_len);
}

SHANI_INLINE void hash_all(const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	unsigned int i = 0;

	for (; i + 4 <= n; i += 4)
		hash(start + i, session + i, key + i, key_len, 4);
	switch (n - i) {
	case 1:
		hash(start + i, session + i, key + i, key_len, 1);
		break;
	case 2:
		hash(start + i, session + i, key + i, key_len, 2);
		break;
	case 3:
		hash(start + i, session + i, key + i, key_len, 3);
		break;
	}
}

SHANI static void shani_run(void *state, const uint8_t *const start[],
	const uint8_t *const session[], uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	if (key_len == 16)
		hash_all(start, session, key, 16, n);
	else
		hash_all(start, session, key, 8, n);
}

const struct sha1_keys sha1_keys_shani = {
	.name = "shani",
	.description = "SHA extensions of x86, four keys side by side",
	.is_supported = shani_is_supported,
	.run = shani_run,
};
