// SPDX-License-Identifier: BSD-3-Clause
// Lines that a sink of the log did not take: told once it takes them again.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// How many are missing since the last time, and none are from here on; 0 while it still fails.
static inline uint64_t lost_take(uint64_t *n_lost, bool is_failing)
{
	uint64_t n = is_failing ? 0 : *n_lost;

	*n_lost -= n;
	return n;
}
