// SPDX-License-Identifier: BSD-3-Clause
#include "control/clear_user.h"

#include "control/call.h"
#include "control/control_state.h"

enum {
	CALLS_PER_SLICE = 128,
	SLOTS_PER_SLICE = 16384,
};

static const uint64_t SLICE_NS = 1000000;

static bool is_meant(const struct clear_user *k, const struct call *call)
{
	return call->end == END_NONE && call->started_ns <= k->begun_ns &&
	       (k->tenant < 0 || call->tenant == k->tenant) &&
	       span_equal(span_of(call->user, call->user_len), span_of(k->user, k->user_len));
}

static void end_some(struct control *c, uint32_t n_calls, uint32_t n_slots)
{
	struct clear_user *k = &c->clear_user;
	bool is_end = false;

	while (n_calls > 0 && n_slots-- > 0 && !is_end) {
		struct call *call = placement_next(&c->placement, &k->cursor, 1, &is_end);
		if (!call || !is_meant(k, call))
			continue;
		call_close(call, END_ADMIN_CLEAR);
		n_calls--;
	}
	k->is_on = !is_end;
	timer_heap_arm(
		&c->loop.timers, &k->timer, is_end ? TIMER_NEVER : control_now(c) + SLICE_NS);
}

static void fire(struct timer *t, uint64_t now_ns)
{
	end_some(container_of(t, struct control, clear_user.timer), CALLS_PER_SLICE,
		SLOTS_PER_SLICE);
}

int clear_user_open(struct control *c)
{
	return timer_heap_join(&c->loop.timers, &c->clear_user.timer, fire);
}

uint32_t clear_user_begin(struct control *c, struct span user, int tenant)
{
	struct clear_user *k = &c->clear_user;
	uint32_t cursor = 0, n = 0;
	bool is_end;
	const struct call *call;

	if (user.len > sizeof(k->user))
		return 0; // nobody has such a name
	if (k->is_on)
		end_some(c, UINT32_MAX, UINT32_MAX);
	k->begun_ns = control_now(c);
	k->tenant = tenant;
	k->cursor = 0;
	k->user_len = (uint32_t)user.len;
	memcpy(k->user, user.bytes, user.len);
	while ((call = placement_next(&c->placement, &cursor, UINT32_MAX, &is_end)))
		n += is_meant(k, call);
	if (n > 0)
		end_some(c, CALLS_PER_SLICE, UINT32_MAX);
	return n;
}
