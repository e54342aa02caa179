// SPDX-License-Identifier: BSD-3-Clause
// The key hash in plain C, one key after the other: what every CPU can, and the yardstick of the others.
#include "drivers/crypto/sw/sha1_keys.h"

#include "base/bytes.h"
#include "base/secret.h"
#include "drivers/crypto/sw/sha1_message.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static bool c_is_supported(void)
{
	return true;
}

ALWAYS_INLINE uint32_t rotate(uint32_t x, unsigned int n)
{
	return x << n | x >> (32 - n);
}

ALWAYS_INLINE uint32_t mix(unsigned int t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return d ^ (b & (c ^ d));
	if (t < 40 || t >= 60)
		return b ^ c ^ d;
	return (b & c) + (d & (b ^ c));
}

ALWAYS_INLINE uint32_t expand(uint32_t w[16], unsigned int t)
{
	if (t >= 16)
		w[t % 16] =
			rotate(w[(t - 3) % 16] ^ w[(t - 8) % 16] ^ w[(t - 14) % 16] ^ w[t % 16], 1);
	return w[t % 16];
}

struct sums {
	uint32_t a, b, c, d, e;
};

ALWAYS_INLINE void round_of(uint32_t a, uint32_t *b, uint32_t c, uint32_t d, uint32_t *e,
	uint32_t w[16], unsigned int t)
{
	*e += rotate(a, 5) + mix(t, *b, c, d) + sha1_round[t / 20] + expand(w, t);
	*b = rotate(*b, 30);
}

// After five rounds a to e stand where they stood before.
ALWAYS_INLINE void rounds_5(struct sums *s, uint32_t w[16], unsigned int t)
{
	round_of(s->a, &s->b, s->c, s->d, &s->e, w, t);
	round_of(s->e, &s->a, s->b, s->c, &s->d, w, t + 1);
	round_of(s->d, &s->e, s->a, s->b, &s->c, w, t + 2);
	round_of(s->c, &s->d, s->e, s->a, &s->b, w, t + 3);
	round_of(s->b, &s->c, s->d, s->e, &s->a, w, t + 4);
}

ALWAYS_INLINE void rounds_20(struct sums *s, uint32_t w[16], unsigned int t)
{
	rounds_5(s, w, t);
	rounds_5(s, w, t + 5);
	rounds_5(s, w, t + 10);
	rounds_5(s, w, t + 15);
}

ALWAYS_INLINE void block(struct sums *h, uint32_t w[16])
{
	struct sums s = *h;

	rounds_20(&s, w, 0);
	rounds_20(&s, w, 20);
	rounds_20(&s, w, 40);
	rounds_20(&s, w, 60);
	h->a += s.a;
	h->b += s.b;
	h->c += s.c;
	h->d += s.d;
	h->e += s.e;
}

ALWAYS_INLINE void message(const uint8_t *start, const uint8_t *session, uint8_t key_len,
	unsigned int first, uint32_t w[16])
{
#pragma GCC unroll 16
	for (unsigned int t = 0; t < 16; t++) {
		unsigned int at;
		bool is_session;

		if (sha1_message_is_key(key_len, first + t, &is_session, &at))
			w[t] = bytes_get_u32(4 * at + (is_session ? session : start));
		else
			w[t] = sha1_message_constant(key_len, first + t);
	}
}

ALWAYS_INLINE void hash(const uint8_t *start, const uint8_t *session, uint8_t *key, uint8_t key_len)
{
	struct sums h = {sha1_init[0], sha1_init[1], sha1_init[2], sha1_init[3], sha1_init[4]};
	uint32_t w[16];

	message(start, session, key_len, 0, w);
	block(&h, w);
	message(start, session, key_len, 16, w);
	block(&h, w);
	bytes_put_u32(key, h.a);
	bytes_put_u32(key + 4, h.b);
	bytes_put_u32(key + 8, key_len == 16 ? h.c : 0);
	bytes_put_u32(key + 12, key_len == 16 ? h.d : 0);
	secret_wipe_bytes(w, sizeof(w));
}

static void c_run(void *state, const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (key_len == 16)
			hash(start[i], session[i], key[i], 16);
		else
			hash(start[i], session[i], key[i], 8);
	}
}

const struct sha1_keys sha1_keys_c = {
	.name = "c",
	.description = "plain C, one key at a time",
	.is_supported = c_is_supported,
	.run = c_run,
};
