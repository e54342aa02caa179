// SPDX-License-Identifier: BSD-3-Clause
#include "proto/gre_window.h"

#include <string.h>

enum { SEEN_BITS = 64 };

_Static_assert((int)GRE_WINDOW_LATE_MAX < (int)SEEN_BITS, "what is late is still known");

void gre_window_init(struct gre_window *w, uint32_t jump_max, uint64_t ack_delay_ns)
{
	memset(w, 0, sizeof(*w));
	// Half of the number space is "behind"; a bound beyond it would be none.
	w->jump_max = jump_max > INT32_MAX ? INT32_MAX : jump_max;
	w->ack_delay_us = (uint32_t)(ack_delay_ns / 1000);
}

static enum drop_reason accept(struct gre_window *w, uint32_t seq, uint64_t now_ns)
{
	w->highest = seq;
	w->candidate_run = 0;
	if (w->n_track < UINT32_MAX)
		w->n_track++;
	if (!w->owes_ack) {
		w->owes_ack = true;
		w->ack_due_ns = now_ns + UINT64_C(1000) * w->ack_delay_us;
	}
	return DROP_NONE;
}

static enum drop_reason begin_track(
	struct gre_window *w, uint32_t seq, uint64_t seen, uint64_t now_ns)
{
	w->base = seq;
	w->n_track = 0;
	w->seen = seen;
	return accept(w, seq, now_ns);
}

// The track is left forwards. A short one, which may have been forged, does not take the place of a
// longer one: the client would be locked out behind it.
static void leave_track(struct gre_window *w)
{
	if (w->n_track < GRE_WINDOW_HOME_MIN || w->n_track <= w->n_home)
		return;
	w->home = w->highest;
	w->n_home = w->n_track;
}

// A packet beyond the window. Four in a row that follow one another are no accident: believe them.
static enum drop_reason judge_run(
	struct gre_window *w, uint32_t seq, uint64_t now_ns, enum drop_reason refused)
{
	bool follows = w->candidate_run > 0 && seq == w->candidate;

	w->candidate_run = (uint8_t)(follows ? w->candidate_run + 1 : 1);
	w->candidate = seq + 1;
	if (w->candidate_run < GRE_WINDOW_RESYNC_RUN)
		return refused;
	// Going back keeps the home: numbers up to it were accepted once.
	if (refused == DROP_GRE_JUMP)
		leave_track(w);
	return begin_track(w, seq, 1, now_ns);
}

enum drop_reason gre_window_receive(struct gre_window *w, uint32_t seq, uint64_t now_ns)
{
	if (!w->has_received) {
		w->has_received = true;
		return begin_track(w, seq, 1, now_ns);
	}

	int32_t ahead = seq_distance(w->highest, seq);

	if (ahead > 0) {
		if ((uint32_t)ahead > w->jump_max)
			return judge_run(w, seq, now_ns, DROP_GRE_JUMP);
		uint64_t seen = ahead < SEEN_BITS ? w->seen << ahead | 1 : 1;
		if (ahead > GRE_WINDOW_TRACK_JUMP) {
			leave_track(w);
			return begin_track(w, seq, seen, now_ns);
		}
		w->seen = seen;
		return accept(w, seq, now_ns);
	}
	if (ahead > -SEEN_BITS && (w->seen >> -ahead & 1))
		return DROP_GRE_DUPLICATE;

	// Before this track and after the longest one: accepted by neither.
	bool is_untouched =
		seq_is_after(w->base, seq) && (w->n_home == 0 || seq_is_after(seq, w->home));

	if (is_untouched)
		return judge_run(w, seq, now_ns, DROP_GRE_LATE);
	return DROP_GRE_LATE;
}

bool gre_window_take_late(struct gre_window *w, uint32_t seq)
{
	uint32_t behind = w->highest - seq;

	if (behind == 0 || behind > w->late_max || behind > w->highest - w->base ||
		w->seen >> behind & 1)
		return false;
	w->seen |= UINT64_C(1) << behind;
	return true;
}

bool gre_window_acked(struct gre_window *w, uint32_t ack)
{
	if (!w->has_peer_ack) {
		if (ack >= w->next_seq)
			return false;
		w->has_peer_ack = true;
		w->peer_acked = ack;
		return true;
	}
	if (ack - w->peer_acked < w->next_seq - w->peer_acked) {
		w->peer_acked = ack;
		return true;
	}
	// Older than one before: it was overtaken on its way. A number above all that we sent is from
	// before the wrap, or of a peer that begins with -1.
	return seq_is_after(w->peer_acked, ack) &&
	       (ack < w->next_seq || w->peer_acked >= w->next_seq);
}
