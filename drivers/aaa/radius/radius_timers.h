// SPDX-License-Identifier: BSD-3-Clause
// Timers of the RADIUS driver: a pairing heap whose nodes lie inside their owners, so that to arm one neither allocates
// nor fails. Arming is O(1), taking one out O(log n) on the whole.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RADIUS_TIMER_NEVER UINT64_MAX

struct radius_timer {
	uint64_t due_ns;
	void (*fire)(struct radius_timer *t, uint64_t now_ns); // set by the owner, once
	bool is_armed;
	struct radius_timer *child, *sibling;
	struct radius_timer *before; // the one on the left, or the parent of the first child
};

struct radius_timers {
	struct radius_timer *first; // the one that is due first
};

void radius_timers_arm(struct radius_timers *h, struct radius_timer *t, uint64_t due_ns);
void radius_timers_disarm(struct radius_timers *h, struct radius_timer *t);

// Take the first out if it is due, or NULL. The caller fires it.
struct radius_timer *radius_timers_take(struct radius_timers *h, uint64_t now_ns);

static inline uint64_t radius_timers_next(const struct radius_timers *h)
{
	return h->first ? h->first->due_ns : RADIUS_TIMER_NEVER;
}
