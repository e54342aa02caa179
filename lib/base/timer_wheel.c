// SPDX-License-Identifier: BSD-3-Clause
#include "base/timer_wheel.h"

_Static_assert((TIMER_WHEEL_SLOTS & (TIMER_WHEEL_SLOTS - 1)) == 0, "slots are counted by a mask");

void timer_wheel_init(struct timer_wheel *w, uint64_t now_ns)
{
	*w = (struct timer_wheel){.due_ns = now_ns + TIMER_WHEEL_TICK_NS};
}

// Slots from the present one on, rounded up: none comes out early.
static uint32_t slots_ahead(const struct timer_wheel *w, uint64_t at_ns)
{
	if (at_ns <= w->due_ns)
		return 0;
	uint64_t ahead = (at_ns - w->due_ns - 1) / TIMER_WHEEL_TICK_NS + 1;
	return ahead < TIMER_WHEEL_SLOTS ? (uint32_t)ahead : TIMER_WHEEL_SLOTS - 1;
}

void timer_wheel_arm(struct timer_wheel *w, struct timer_wheel_node *n, uint64_t at_ns)
{
	timer_wheel_cancel(w, n);
	uint32_t slot = (w->now + slots_ahead(w, at_ns)) & (TIMER_WHEEL_SLOTS - 1);
	struct timer_wheel_node **head = &w->slots[slot];
	n->next = *head;
	n->at = head;
	if (n->next)
		n->next->at = &n->next;
	*head = n;
	w->n_armed++;
}

void timer_wheel_cancel(struct timer_wheel *w, struct timer_wheel_node *n)
{
	if (!n->at)
		return;
	*n->at = n->next;
	if (n->next)
		n->next->at = n->at;
	n->next = NULL;
	n->at = NULL;
	w->n_armed--;
}

struct timer_wheel_node *timer_wheel_next(struct timer_wheel *w, uint64_t now_ns)
{
	if (w->n_armed == 0 && now_ns >= w->due_ns) {
		w->due_ns = now_ns + TIMER_WHEEL_TICK_NS; // however long that was
		return NULL;
	}
	while (now_ns >= w->due_ns) {
		struct timer_wheel_node *n = w->slots[w->now];
		if (n) {
			timer_wheel_cancel(w, n);
			return n;
		}
		w->now = (w->now + 1) & (TIMER_WHEEL_SLOTS - 1);
		w->due_ns += TIMER_WHEEL_TICK_NS;
	}
	return NULL;
}
