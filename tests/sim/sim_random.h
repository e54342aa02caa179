// SPDX-License-Identifier: BSD-3-Clause
// The simulator's only source of chance: all of a run follows from its seed (splitmix64).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_random {
	uint64_t state;
};

static inline uint64_t sim_random_u64(struct sim_random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

// 0 .. n - 1; n above 0.
static inline uint32_t sim_random_below(struct sim_random *r, uint32_t n)
{
	return (uint32_t)((sim_random_u64(r) >> 32) * n >> 32);
}

static inline bool sim_random_permille(struct sim_random *r, uint32_t permille)
{
	return sim_random_below(r, 1000) < permille;
}

// 0 .. max - 1, 0 when max is 0.
static inline uint64_t sim_random_ns(struct sim_random *r, uint64_t max)
{
	return max ? sim_random_u64(r) % max : 0;
}

static inline void sim_random_fill(struct sim_random *r, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(sim_random_u64(r) >> 24);
}
