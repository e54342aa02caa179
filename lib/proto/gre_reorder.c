// SPDX-License-Identifier: BSD-3-Clause
#include "proto/gre_reorder.h"

#include <stddef.h>

// Where seq is or belongs.
static struct gre_held **find(struct gre_reorder *r, uint32_t seq)
{
	struct gre_held **at = &r->first;

	while (*at && seq_is_after(seq, (*at)->seq))
		at = &(*at)->next;
	return at;
}

// The end of the numbers that follow `last` without a gap.
static struct gre_held **skip_run(struct gre_held *last)
{
	struct gre_held **at = &last->next;

	while (*at && (*at)->seq == last->seq + 1) {
		last = *at;
		at = &last->next;
	}
	return at;
}

// Cut the list before *end; what is in front of it is returned.
static struct gre_held *cut(struct gre_reorder *r, struct gre_held **end)
{
	struct gre_held *out = end == &r->first ? NULL : r->first;
	struct gre_held *rest = *end;

	*end = NULL;
	r->first = rest;
	return out;
}

struct gre_held *gre_reorder_release(struct gre_reorder *r, const struct gre_held *through)
{
	struct gre_held **end = &r->first;

	while (*end && (!through || !seq_is_after((*end)->seq, through->seq)))
		end = skip_run(*end);
	return cut(r, end);
}

static bool may_be_held(const struct gre_reorder *r, uint32_t highest, uint32_t seq)
{
	return seq_distance(highest, seq) - 1 <= r->pkts_max;
}

struct gre_reorder_result gre_reorder_put(
	struct gre_reorder *r, struct gre_held *p, uint32_t highest, bool has_room)
{
	struct gre_held **at = find(r, p->seq), **end = &r->first;

	if (*at && (*at)->seq == p->seq)
		return (struct gre_reorder_result){.fate = GRE_REORDER_DUPLICATE};
	p->next = *at;
	*at = p;

	struct gre_reorder_result result = {
		.fate = GRE_REORDER_HOLD, .is_overtaken = p->next != NULL};
	bool is_out = false;

	while (*end) {
		bool is_next = (*end)->seq == highest + 1;
		bool may_wait = is_out || (has_room && may_be_held(r, highest, p->seq));

		if (!is_next && may_wait)
			break;
		is_out |= *end == p;
		highest = (*end)->seq;
		end = &(*end)->next;
	}
	if (is_out)
		result.fate = GRE_REORDER_PASS;
	result.out = cut(r, end);
	return result;
}
