// SPDX-License-Identifier: BSD-3-Clause
// The worker's clock: CLOCK_MONOTONIC in nanoseconds, read from the time-stamp counter. It is set anew
// by the system's clock a few times a second, so that an error of the counter's rate cannot add
// up, and it never goes back.
#pragma once

#include <stdint.h>

struct lane_clock {
	uint64_t tsc_at;    // at the last setting
	uint64_t ns_at;	    // at the last setting
	uint64_t ns_mult;   // nanoseconds of one cycle, times 2^32
	uint64_t tsc_reset; // cycles between settings
	uint64_t tsc_last;  // at the last reading
	uint64_t last_ns;
};

void lane_clock_init(struct lane_clock *c);
uint64_t lane_clock_read(struct lane_clock *c);
