// SPDX-License-Identifier: BSD-3-Clause
#include "control/timer_heap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { FIRST_ROOM = 64 };

void timer_heap_init(struct timer_heap *h)
{
	*h = (struct timer_heap){0};
}

void timer_heap_fini(struct timer_heap *h)
{
	free(h->entries);
	*h = (struct timer_heap){0};
}

int timer_heap_join(
	struct timer_heap *h, struct timer *t, void (*fire)(struct timer *t, uint64_t now_ns))
{
	if (h->n_members == h->room) {
		uint32_t room = h->room ? 2 * h->room : FIRST_ROOM;
		struct timer **entries = realloc(h->entries, room * sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		h->entries = entries;
		h->room = room;
	}
	h->n_members++;
	*t = (struct timer){.due_ns = TIMER_NEVER, .fire = fire};
	return 0;
}

static void place(struct timer_heap *h, struct timer *t, uint32_t i)
{
	h->entries[i] = t;
	t->at = i + 1;
}

static void sift_up(struct timer_heap *h, struct timer *t, uint32_t i)
{
	while (i > 0) {
		uint32_t parent = (i - 1) / 2;
		if (h->entries[parent]->due_ns <= t->due_ns)
			break;
		place(h, h->entries[parent], i);
		i = parent;
	}
	place(h, t, i);
}

static void sift_down(struct timer_heap *h, struct timer *t, uint32_t i)
{
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= h->n)
			break;
		if (child + 1 < h->n && h->entries[child + 1]->due_ns < h->entries[child]->due_ns)
			child++;
		if (t->due_ns <= h->entries[child]->due_ns)
			break;
		place(h, h->entries[child], i);
		i = child;
	}
	place(h, t, i);
}

static void disarm(struct timer_heap *h, struct timer *t)
{
	if (t->at == 0)
		return;
	uint32_t hole = t->at - 1;
	t->at = 0;
	t->due_ns = TIMER_NEVER;
	struct timer *last = h->entries[--h->n];
	if (last == t)
		return;
	sift_up(h, last, hole);
	sift_down(h, last, last->at - 1);
}

void timer_heap_leave(struct timer_heap *h, struct timer *t)
{
	if (!t->fire)
		return;
	disarm(h, t);
	h->n_members--;
	*t = (struct timer){0};
}

void timer_heap_arm(struct timer_heap *h, struct timer *t, uint64_t due_ns)
{
	assert(t->fire);
	if (t->at && t->due_ns == due_ns)
		return;
	if (due_ns == TIMER_NEVER) {
		disarm(h, t);
		return;
	}
	uint32_t i = t->at ? t->at - 1 : h->n++;
	t->due_ns = due_ns;
	sift_up(h, t, i);
	sift_down(h, t, t->at - 1);
}

unsigned int timer_heap_run(struct timer_heap *h, uint64_t now_ns, unsigned int max)
{
	unsigned int n = 0;

	while (n < max && h->n && h->entries[0]->due_ns <= now_ns) {
		struct timer *t = h->entries[0];
		disarm(h, t);
		t->fire(t, now_ns);
		n++;
	}
	return n;
}
