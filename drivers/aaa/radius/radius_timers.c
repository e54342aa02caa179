// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_timers.h"

#include <stddef.h>

// One of two heaps becomes the first child of the other.
static struct radius_timer *meld(struct radius_timer *a, struct radius_timer *b)
{
	if (!a)
		return b;
	if (!b)
		return a;
	if (b->due_ns < a->due_ns) {
		struct radius_timer *t = a;
		a = b;
		b = t;
	}
	b->before = a;
	b->sibling = a->child;
	if (a->child)
		a->child->before = b;
	a->child = b;
	return a;
}

// The two passes of a pairing heap, over children that may be many: without recursion.
static struct radius_timer *meld_siblings(struct radius_timer *first)
{
	struct radius_timer *pairs = NULL, *all = NULL;

	while (first) {
		struct radius_timer *a = first, *b = first->sibling;
		first = b ? b->sibling : NULL;
		a->sibling = a->before = NULL;
		if (b)
			b->sibling = b->before = NULL;
		a = meld(a, b);
		a->sibling = pairs;
		pairs = a;
	}
	while (pairs) {
		struct radius_timer *next = pairs->sibling;
		pairs->sibling = NULL;
		all = meld(all, pairs);
		pairs = next;
	}
	return all;
}

void radius_timers_disarm(struct radius_timers *h, struct radius_timer *t)
{
	if (!t->is_armed)
		return;
	if (t == h->first) {
		h->first = meld_siblings(t->child);
	} else {
		if (t->before->child == t)
			t->before->child = t->sibling;
		else
			t->before->sibling = t->sibling;
		if (t->sibling)
			t->sibling->before = t->before;
		h->first = meld(h->first, meld_siblings(t->child));
	}
	t->child = t->sibling = t->before = NULL;
	t->is_armed = false;
}

void radius_timers_arm(struct radius_timers *h, struct radius_timer *t, uint64_t due_ns)
{
	radius_timers_disarm(h, t);
	t->due_ns = due_ns;
	t->is_armed = true;
	t->child = t->sibling = t->before = NULL;
	h->first = meld(h->first, t);
}

struct radius_timer *radius_timers_take(struct radius_timers *h, uint64_t now_ns)
{
	struct radius_timer *t = h->first;

	if (!t || t->due_ns > now_ns)
		return NULL;
	radius_timers_disarm(h, t);
	return t;
}
