// SPDX-License-Identifier: BSD-3-Clause
// Random numbers for tests that are the same on every run: xorshift64* with a seed of the test's own.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct xorshift {
	uint64_t state; // never 0
};

static inline struct xorshift xorshift_seed(uint64_t seed)
{
	return (struct xorshift){.state = seed * 2 + 1};
}

static inline uint64_t xorshift_next(struct xorshift *x)
{
	x->state ^= x->state >> 12;
	x->state ^= x->state << 25;
	x->state ^= x->state >> 27;
	return x->state * 0x2545f4914f6cdd1dULL;
}

// 0..n-1; n above 0.
static inline uint32_t xorshift_below(struct xorshift *x, uint32_t n)
{
	return (uint32_t)((xorshift_next(x) >> 32) % n);
}

static inline void xorshift_fill(struct xorshift *x, void *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)(xorshift_next(x) >> 56);
}
