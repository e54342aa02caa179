// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/sw/sha1_calibrate.h"

#include <stddef.h>
#include <string.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#else
#include <time.h>
#endif

enum { MOST = SHA1_KEYS_MAX, FULL = 16, ONE = 1, ROUNDS = 100, CALLS_FULL = 4, CALLS_ONE = 16 };

// Keys that are nobody's.
struct trial {
	uint8_t start[MOST][MPPE_KEY_BYTES_MAX], session[MOST][MPPE_KEY_BYTES_MAX];
	uint8_t key[MOST][MPPE_KEY_BYTES_MAX], right[MOST][MPPE_KEY_BYTES_MAX];
	const uint8_t *starts[MOST], *sessions[MOST];
	uint8_t *keys[MOST], *rights[MOST];
};

struct candidate {
	const struct sha1_keys *way;
	void *state;
	bool is_open;
};

// Cycles of the time-stamp counter, or nanoseconds where there is none.
static uint64_t now(void)
{
#if defined(__x86_64__)
	unsigned int cpu;
	return __rdtscp(&cpu);
#else
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#endif
}

static void trial_init(struct trial *t)
{
	uint32_t random = 2463534242;

	for (unsigned int i = 0; i < MOST; i++) {
		for (unsigned int b = 0; b < MPPE_KEY_BYTES_MAX; b++) {
			random = random * 1664525 + 1013904223;
			t->start[i][b] = (uint8_t)(random >> 24);
			t->session[i][b] = (uint8_t)(random >> 16);
		}
		t->starts[i] = t->start[i];
		t->sessions[i] = t->session[i];
		t->keys[i] = t->key[i];
		t->rights[i] = t->right[i];
	}
}

// The answers of one way beside plain C's; every number of keys has its own path through some of them.
static bool is_right(struct trial *t, const struct candidate *c, uint8_t key_len)
{
	sha1_keys_c.run(NULL, t->starts, t->sessions, t->rights, key_len, MOST);
	for (unsigned int n = 1; n <= MOST; n++) {
		memset(t->key, 0xff, sizeof(t->key));
		c->way->run(c->state, t->starts, t->sessions, t->keys, key_len, n);
		if (memcmp(t->key, t->right, n * MPPE_KEY_BYTES_MAX) != 0)
			return false;
	}
	return true;
}

static double sample(struct trial *t, const struct candidate *c, unsigned int n, unsigned int calls)
{
	uint64_t begin = now();

	for (unsigned int i = 0; i < calls; i++)
		c->way->run(c->state, t->starts, t->sessions, t->keys, MPPE_KEY_BYTES_MAX, n);
	return (double)(now() - begin) / (n * calls);
}

static void keep_least(double *least, double value)
{
	if (*least == 0 || value < *least)
		*least = value;
}

const struct sha1_keys *sha1_calibrate(const struct sha1_keys *const candidates[],
	unsigned int n_candidates, struct crypto_calibration *out)
{
	struct candidate c[CRYPTO_CALIBRATIONS_MAX] = {0};
	unsigned int best = n_candidates;
	struct trial t;

	trial_init(&t);
	for (unsigned int i = 0; i < n_candidates; i++) {
		c[i].way = candidates[i];
		out[i] = (struct crypto_calibration){.name = candidates[i]->name};
		if (!c[i].way->is_supported() ||
			(c[i].way->open && c[i].way->open(&c[i].state) != 0))
			continue;
		c[i].is_open = true;
		out[i].is_wrong = !is_right(&t, &c[i], 16) || !is_right(&t, &c[i], 8);
	}
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int i = 0; i < n_candidates; i++) {
			if (!c[i].is_open)
				continue;
			keep_least(
				&out[i].cycles_per_key_full, sample(&t, &c[i], FULL, CALLS_FULL));
			keep_least(&out[i].cycles_per_key_one, sample(&t, &c[i], ONE, CALLS_ONE));
		}
	}
	for (unsigned int i = 0; i < n_candidates; i++) {
		if (c[i].is_open && c[i].way->close)
			c[i].way->close(c[i].state);
		if (!c[i].is_open || out[i].is_wrong)
			continue;
		if (best == n_candidates ||
			out[i].cycles_per_key_full < out[best].cycles_per_key_full)
			best = i;
	}
	return best < n_candidates ? candidates[best] : NULL;
}

const struct sha1_keys *sha1_keys_calibrate(struct crypto_calibration *out, unsigned int *n)
{
	const struct sha1_keys *all[CRYPTO_CALIBRATIONS_MAX];

	for (*n = 0; *n < CRYPTO_CALIBRATIONS_MAX && sha1_keys_get(*n); ++*n)
		all[*n] = sha1_keys_get(*n);
	return sha1_calibrate(all, *n, out);
}
