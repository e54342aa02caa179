// SPDX-License-Identifier: BSD-3-Clause
// How long packets took: a histogram of fixed size whose buckets are 1/128 of their value wide, so a quantile is right to
// 0.8 % from the fastest packet to the slowest.
#pragma once

#include <stdint.h>

enum {
	LATENCY_SUB_BITS = 7,
	LATENCY_SUB = 1 << LATENCY_SUB_BITS,
	LATENCY_BUCKETS = (32 - LATENCY_SUB_BITS + 1) * LATENCY_SUB,
};

// In whatever unit the caller adds.
struct latency {
	uint64_t n;
	uint32_t max;
	uint64_t counts[LATENCY_BUCKETS];
};

// Values below LATENCY_SUB have a bucket each; above, each power of two is cut into LATENCY_SUB.
static inline uint32_t latency_bucket(uint32_t value)
{
	if (value < LATENCY_SUB)
		return value;
	uint32_t shift = 31 - (uint32_t)__builtin_clz(value) - LATENCY_SUB_BITS;

	return shift * LATENCY_SUB + (value >> shift);
}

static inline void latency_add(struct latency *l, uint32_t value)
{
	l->n++;
	l->counts[latency_bucket(value)]++;
	if (value > l->max)
		l->max = value;
}

// The value that a share q (0..1) of all does not exceed, to the middle of its bucket; 0 when there is none.
double latency_quantile(const struct latency *l, double q);
