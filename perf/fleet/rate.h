// SPDX-License-Identifier: BSD-3-Clause
// When each packet is due at a given rate. What could not be sent in time stays due: a fleet that was held up catches
// up, and its packets count from when they should have left.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// In cycles of the time-stamp counter. As a double the time since the beginning is exact to a hundredth of a
// cycle in a day.
struct rate {
	uint64_t began;
	double after;	    // of the next packet, since then
	double unit_cycles; // a packet or a bit takes
};

//   per_second  packets or bits; above 0
static inline struct rate rate_make(double per_second, double tsc_hz, uint64_t now)
{
	return (struct rate){.began = now, .unit_cycles = tsc_hz / per_second};
}

static inline bool rate_is_due(const struct rate *r, uint64_t now)
{
	return (double)(now - r->began) >= r->after;
}

// How far behind the rate is, in cycles: what was due in so long has not left.
static inline double rate_behind(const struct rate *r, uint64_t now)
{
	double behind = (double)(now - r->began) - r->after;

	return behind > 0 ? behind : 0;
}

// Returns when the packet was due, and goes on to the next one.
//
//   units  what the packet is: 1, or its bits
static inline uint64_t rate_take(struct rate *r, uint32_t units)
{
	uint64_t due = r->began + (uint64_t)r->after;

	r->after += r->unit_cycles * units;
	return due;
}
