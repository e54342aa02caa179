// SPDX-License-Identifier: BSD-3-Clause
// A bound on how often something is said: a burst at once, then one an interval. Kept as the time at
// which the bucket would be full again: each taking moves it on, a burst may run ahead.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint64_t due_ns;
};

// Returns whether it may be said now, and counts it if so.
static inline bool pace_take(struct pace *p, uint8_t burst, uint64_t interval_ns, uint64_t now_ns)
{
	uint64_t due_ns = (p->due_ns > now_ns ? p->due_ns : now_ns) + interval_ns;

	if (due_ns > now_ns + burst * interval_ns)
		return false;
	p->due_ns = due_ns;
	return true;
}
