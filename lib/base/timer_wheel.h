// SPDX-License-Identifier: BSD-3-Clause
// Timers that are many, long and coarse: a wheel of one slot a second. To arm and to cancel is O(1), what is due is
// found without a look at what is not, and no timer fires before its time.
//
// The wheel is a turn of TIMER_WHEEL_SLOTS seconds long. What is due later than that comes out when the turn is over:
// its owner, who has to look whether its time has come anyway, arms it again. So a slot needs no count of
// turns, and whoever is armed is looked at once a turn at least.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TIMER_WHEEL_SLOTS = 1024 };

#define TIMER_WHEEL_TICK_NS UINT64_C(1000000000)

// In what it is the timer of. All zero: not armed.
struct timer_wheel_node {
	struct timer_wheel_node *next;
	struct timer_wheel_node **at; // what points to it; NULL: not armed
};

struct timer_wheel {
	uint64_t due_ns; // when the slot `now` is due
	uint32_t now;
	uint32_t n_armed;
	struct timer_wheel_node *slots[TIMER_WHEEL_SLOTS];
};

void timer_wheel_init(struct timer_wheel *w, uint64_t now_ns);

static inline bool timer_wheel_is_armed(const struct timer_wheel_node *n)
{
	return n->at != NULL;
}

// Arm n, or arm it anew: it comes out at at_ns or up to a second later, or earlier by whole turns of the wheel.
void timer_wheel_arm(struct timer_wheel *w, struct timer_wheel_node *n, uint64_t at_ns);

// May be called for one that is not armed.
void timer_wheel_cancel(struct timer_wheel *w, struct timer_wheel_node *n);

// The next one that is due, which is armed no more; NULL: none. Without one it moves on over what slots are past, a turn
// at most. Cheap when nothing is due: the caller may ask at every opportunity.
struct timer_wheel_node *timer_wheel_next(struct timer_wheel *w, uint64_t now_ns);

static inline struct timer_wheel_node *timer_wheel_take(struct timer_wheel *w, uint64_t now_ns)
{
	return now_ns < w->due_ns ? NULL : timer_wheel_next(w, now_ns);
}
