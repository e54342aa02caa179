// SPDX-License-Identifier: BSD-3-Clause
// The key hash of 16 keys at once by AVX-512, one key to a 32-bit lane. A batch costs the same however many of
// its lanes are in use, so few keys go another way.
#include "drivers/crypto/sw/sha1_keys.h"

#include "drivers/crypto/sw/sha1_message.h"

#include <errno.h>
#include <immintrin.h>
#include <stdlib.h>

#define AVX512	      __attribute__((target("avx512f,avx512bw")))
#define AVX512_INLINE static inline __attribute__((always_inline, target("avx512f,avx512bw")))

enum {
	LANES = 16,
	// As many keys as take one way or the other about as long, measured on Zen 4 (perf/bench_sha1).
	FEW_SHANI = 10,
	FEW_C = 1,
};

struct avx512 {
	const struct sha1_keys *few; // needs no state of its own
	unsigned int few_max;
};

static bool avx512_is_supported(void)
{
	// Of libgcc, which also asks the system whether it keeps the registers.
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

static int avx512_open(void **state)
{
	struct avx512 *a = malloc(sizeof(*a));
	bool has_shani = sha1_keys_shani.is_supported();

	if (!a)
		return -ENOMEM;
	a->few = has_shani ? &sha1_keys_shani : &sha1_keys_c;
	a->few_max = has_shani ? FEW_SHANI : FEW_C;
	*state = a;
	return 0;
}

static void avx512_close(void *state)
{
	free(state); // has no keys
}

AVX512_INLINE __m512i expand(__m512i w[16], unsigned int t)
{
	if (t >= 16)
		w[t % 16] = _mm512_rol_epi32(
			_mm512_xor_si512(_mm512_ternarylogic_epi32(w[t % 16], w[(t - 14) % 16],
						 w[(t - 8) % 16], 0x96),
				w[(t - 3) % 16]),
			1);
	return w[t % 16];
}

AVX512_INLINE __m512i mix(unsigned int t, __m512i b, __m512i c, __m512i d)
{
	if (t < 20)
		return _mm512_ternarylogic_epi32(b, c, d, 0xca); // b ? c : d
	if (t < 40 || t >= 60)
		return _mm512_ternarylogic_epi32(b, c, d, 0x96); // parity
	return _mm512_ternarylogic_epi32(b, c, d, 0xe8);	 // majority
}

struct sums {
	__m512i a, b, c, d, e;
};

AVX512_INLINE void round_of(
	__m512i a, __m512i *b, __m512i c, __m512i d, __m512i *e, __m512i w[16], unsigned int t)
{
	__m512i sum = _mm512_add_epi32(*e, _mm512_set1_epi32((int)sha1_round[t / 20]));
	__m512i turned = _mm512_rol_epi32(*b, 30);

	sum = _mm512_add_epi32(sum, expand(w, t));
	sum = _mm512_add_epi32(sum, mix(t, *b, c, d));
	// What is the last to be known, a, is added last: gcc would have it otherwise.
	__asm__("" : "+v"(sum));
	*e = _mm512_add_epi32(sum, _mm512_rol_epi32(a, 5));
	*b = turned;
}

// After five rounds a to e stand where they stood before. Calls instead of loops: so all indices are constants
// to the compiler early enough to keep the words in registers.
AVX512_INLINE void rounds_5(struct sums *s, __m512i w[16], unsigned int t)
{
	round_of(s->a, &s->b, s->c, s->d, &s->e, w, t);
	round_of(s->e, &s->a, s->b, s->c, &s->d, w, t + 1);
	round_of(s->d, &s->e, s->a, s->b, &s->c, w, t + 2);
	round_of(s->c, &s->d, s->e, s->a, &s->b, w, t + 3);
	round_of(s->b, &s->c, s->d, s->e, &s->a, w, t + 4);
}

AVX512_INLINE void rounds_20(struct sums *s, __m512i w[16], unsigned int t)
{
	rounds_5(s, w, t);
	rounds_5(s, w, t + 5);
	rounds_5(s, w, t + 10);
	rounds_5(s, w, t + 15);
}

AVX512_INLINE void block(struct sums *h, __m512i w[16])
{
	struct sums s = *h;

	rounds_20(&s, w, 0);
	rounds_20(&s, w, 20);
	rounds_20(&s, w, 40);
	rounds_20(&s, w, 60);
	h->a = _mm512_add_epi32(h->a, s.a);
	h->b = _mm512_add_epi32(h->b, s.b);
	h->c = _mm512_add_epi32(h->c, s.c);
	h->d = _mm512_add_epi32(h->d, s.d);
	h->e = _mm512_add_epi32(h->e, s.e);
}

AVX512_INLINE __m512i swap(__m512i x)
{
	return _mm512_shuffle_epi8(x, _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10,
					      11, 4, 5, 6, 7, 0, 1, 2, 3)));
}

// Rows become columns, in each quarter of the vectors: of four keys their words, and the other way round.
AVX512_INLINE void transpose(__m512i x[4])
{
	__m512i a = _mm512_unpacklo_epi32(x[0], x[1]), b = _mm512_unpackhi_epi32(x[0], x[1]);
	__m512i c = _mm512_unpacklo_epi32(x[2], x[3]), d = _mm512_unpackhi_epi32(x[2], x[3]);

	x[0] = _mm512_unpacklo_epi64(a, c);
	x[1] = _mm512_unpackhi_epi64(a, c);
	x[2] = _mm512_unpacklo_epi64(b, d);
	x[3] = _mm512_unpackhi_epi64(b, d);
}

AVX512_INLINE __m128i load_key(const uint8_t *key, uint8_t key_len)
{
	return key_len == 16 ? _mm_loadu_si128((const void *)key)
			     : _mm_loadl_epi64((const void *)key);
}

// out: word i of all keys in words[i]; lane 4q + r of a word is in quarter q of what row r was loaded to.
AVX512_INLINE void load_keys(const uint8_t *const keys[LANES], uint8_t key_len, __m512i words[4])
{
	for (unsigned int r = 0; r < 4; r++) {
		__m512i x = _mm512_castsi128_si512(load_key(keys[r], key_len));

		x = _mm512_inserti32x4(x, load_key(keys[r + 4], key_len), 1);
		x = _mm512_inserti32x4(x, load_key(keys[r + 8], key_len), 2);
		x = _mm512_inserti32x4(x, load_key(keys[r + 12], key_len), 3);
		words[r] = swap(x);
	}
	transpose(words);
}

AVX512_INLINE void store_keys(__m512i words[4], uint8_t *const keys[], unsigned int n)
{
	__m128i out[LANES];

	transpose(words);
	for (unsigned int r = 0; r < 4; r++) {
		__m512i x = swap(words[r]);

		out[r] = _mm512_castsi512_si128(x);
		out[r + 4] = _mm512_extracti32x4_epi32(x, 1);
		out[r + 8] = _mm512_extracti32x4_epi32(x, 2);
		out[r + 12] = _mm512_extracti32x4_epi32(x, 3);
	}
	for (unsigned int i = 0; i < n; i++)
		_mm_storeu_si128((void *)keys[i], out[i]);
}

AVX512_INLINE void word_of(const __m512i start[4], const __m512i session[4], uint8_t key_len,
	unsigned int t, __m512i *w)
{
	bool is_session;
	unsigned int at;

	if (sha1_message_is_key(key_len, t, &is_session, &at))
		*w = is_session ? session[at] : start[at];
	else
		*w = _mm512_set1_epi32((int)sha1_message_constant(key_len, t));
}

AVX512_INLINE void words_4(const __m512i start[4], const __m512i session[4], uint8_t key_len,
	unsigned int t, __m512i w[4])
{
	word_of(start, session, key_len, t, &w[0]);
	word_of(start, session, key_len, t + 1, &w[1]);
	word_of(start, session, key_len, t + 2, &w[2]);
	word_of(start, session, key_len, t + 3, &w[3]);
}

AVX512_INLINE void words_16(const __m512i start[4], const __m512i session[4], uint8_t key_len,
	unsigned int t, __m512i w[16])
{
	words_4(start, session, key_len, t, &w[0]);
	words_4(start, session, key_len, t + 4, &w[4]);
	words_4(start, session, key_len, t + 8, &w[8]);
	words_4(start, session, key_len, t + 12, &w[12]);
}

// Sixteen keys, of which n are wanted.
AVX512_INLINE void hash(const uint8_t *const start[LANES], const uint8_t *const session[LANES],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	__m512i start_words[4], session_words[4], out[4];
	__m512i w[16];
	struct sums h = {
		_mm512_set1_epi32((int)sha1_init[0]),
		_mm512_set1_epi32((int)sha1_init[1]),
		_mm512_set1_epi32((int)sha1_init[2]),
		_mm512_set1_epi32((int)sha1_init[3]),
		_mm512_set1_epi32((int)sha1_init[4]),
	};

	load_keys(start, key_len, start_words);
	load_keys(session, key_len, session_words);
	words_16(start_words, session_words, key_len, 0, w);
	block(&h, w);
	words_16(start_words, session_words, key_len, 16, w);
	block(&h, w);
	out[0] = h.a;
	out[1] = h.b;
	out[2] = key_len == 16 ? h.c : _mm512_setzero_si512();
	out[3] = key_len == 16 ? h.d : _mm512_setzero_si512();
	store_keys(out, key, n);
}

AVX512 static void hash_16(const uint8_t *const start[LANES], const uint8_t *const session[LANES],
	uint8_t *const key[], unsigned int n)
{
	hash(start, session, key, 16, n);
}

AVX512 static void hash_8(const uint8_t *const start[LANES], const uint8_t *const session[LANES],
	uint8_t *const key[], unsigned int n)
{
	hash(start, session, key, 8, n);
}

static void avx512_run(void *state, const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	void (*batch)(const uint8_t *const start[LANES], const uint8_t *const session[LANES],
		uint8_t *const key[], unsigned int n) = key_len == 16 ? hash_16 : hash_8;
	const uint8_t *starts[LANES], *sessions[LANES];
	const struct avx512 *a = state;
	unsigned int at = 0;

	for (; n - at >= LANES; at += LANES)
		batch(start + at, session + at, key + at, LANES);
	if (n - at == 0)
		return;
	if (n - at <= a->few_max) {
		a->few->run(NULL, start + at, session + at, key + at, key_len, n - at);
		return;
	}
	// Lanes without a key of their own hash the first once more.
	for (unsigned int i = 0; i < LANES; i++) {
		starts[i] = start[at + i < n ? at + i : at];
		sessions[i] = session[at + i < n ? at + i : at];
	}
	batch(starts, sessions, key + at, n - at);
}

const struct sha1_keys sha1_keys_avx512 = {
	.name = "avx512",
	.description = "AVX-512, sixteen keys at once; few keys by the SHA extensions",
	.is_supported = avx512_is_supported,
	.open = avx512_open,
	.close = avx512_close,
	.run = avx512_run,
};
