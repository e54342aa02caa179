// SPDX-License-Identifier: BSD-3-Clause
// Timers of the control lane: a binary heap of pointers keyed by due time. A timer lies inside its
// owner. Room is made when an owner joins, so that arming never allocates and never fails.
#pragma once

#include <stdint.h>

#define TIMER_NEVER UINT64_MAX

struct timer {
	uint64_t due_ns;
	uint32_t at; // place in the heap plus 1; 0: not armed
	void (*fire)(struct timer *t, uint64_t now_ns);
};

struct timer_heap {
	struct timer **entries; // entries[n], room for `room`
	uint32_t n;
	uint32_t room;
	uint32_t n_members;
};

void timer_heap_init(struct timer_heap *h);
void timer_heap_fini(struct timer_heap *h);

// Make room for this timer; it is not armed yet. Returns 0 or -ENOMEM.
int timer_heap_join(
	struct timer_heap *h, struct timer *t, void (*fire)(struct timer *t, uint64_t now_ns));

// Disarm it and give its room back. Harmless for one that never joined and is all zero.
void timer_heap_leave(struct timer_heap *h, struct timer *t);

// Set when it fires, whether it is armed or not; TIMER_NEVER disarms.
void timer_heap_arm(struct timer_heap *h, struct timer *t, uint64_t due_ns);

// Due time of the first, TIMER_NEVER when none is armed.
static inline uint64_t timer_heap_next(const struct timer_heap *h)
{
	return h->n ? h->entries[0]->due_ns : TIMER_NEVER;
}

// Fire all that are due, at most `max` of them: one that arms itself for the past cannot hold the
// lane. Returns how many fired.
unsigned int timer_heap_run(struct timer_heap *h, uint64_t now_ns, unsigned int max);
