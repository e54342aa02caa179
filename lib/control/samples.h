// SPDX-License-Identifier: BSD-3-Clause
// What counters showed once a second, for the last ten seconds: rates and shares are made of the differences. All
// counters that are watched share one clock, which says when each look was.
#pragma once

#include <stdint.h>

enum {
	SAMPLES_SECONDS = 10,
	SAMPLES_KEPT = SAMPLES_SECONDS + 1,
};

struct samples {
	uint32_t n;  // looks so far, up to SAMPLES_KEPT
	uint32_t at; // place of the last one
	uint64_t at_ns[SAMPLES_KEPT];
};

// One counter; written at each look, by samples_put().
struct sampled {
	uint64_t values[SAMPLES_KEPT];
};

// A new look: all counters are put anew after it.
static inline void samples_begin(struct samples *s, uint64_t now_ns)
{
	s->at = (s->at + 1) % SAMPLES_KEPT;
	s->at_ns[s->at] = now_ns;
	s->n += s->n < SAMPLES_KEPT;
}

static inline void samples_put(const struct samples *s, struct sampled *counter, uint64_t value)
{
	counter->values[s->at] = value;
}

// The look `seconds` before the last one, or the oldest that there is.
static inline uint32_t samples_back(const struct samples *s, uint32_t seconds)
{
	uint32_t n = s->n == 0 ? 0 : s->n - 1;

	return (s->at + SAMPLES_KEPT - (seconds < n ? seconds : n)) % SAMPLES_KEPT;
}

// Between that look and the last one. No time at all before the second look.
static inline uint64_t samples_span_ns(const struct samples *s, uint32_t seconds)
{
	return s->at_ns[s->at] - s->at_ns[samples_back(s, seconds)];
}

static inline uint64_t samples_growth(
	const struct samples *s, const struct sampled *counter, uint32_t seconds)
{
	return counter->values[s->at] - counter->values[samples_back(s, seconds)];
}

// A second; 0 before the second look.
static inline double samples_rate(
	const struct samples *s, const struct sampled *counter, uint32_t seconds)
{
	uint64_t ns = samples_span_ns(s, seconds);

	return ns > 0 ? (double)samples_growth(s, counter, seconds) * 1e9 / (double)ns : 0;
}

enum { SAMPLES_UNKNOWN = -1, SAMPLES_WHOLE = 1000 };

// Tenths of a percent, or SAMPLES_UNKNOWN without a whole. Counters are read one by one while their lane runs, so a
// part may look larger than the whole.
static inline int samples_share(double part, double whole)
{
	if (whole <= 0)
		return SAMPLES_UNKNOWN;
	return part >= whole ? SAMPLES_WHOLE : (int)(part * SAMPLES_WHOLE / whole + 0.5);
}
