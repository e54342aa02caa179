// SPDX-License-Identifier: BSD-3-Clause
// Sequence numbers and acknowledgements of one call's GRE (RFC 2637 4.2 to 4.4).
//
// Received: each number is accepted at most once and only forward; a jump is bounded, and a run of
// consistent packets beyond the bound wins, so that one forged packet cannot black-hole a call.
// Such a run starts a new track, and so does a jump within the bound that is not small; because either
// may have been forged (as may the very first packet, which may carry any number), a run of numbers
// from before the track that the window has not accepted yet wins too, and takes the call back to its
// client. What counts as accepted is the longest track so far, its home: several forged tracks after
// one another do not put the client's own numbers behind it, unless they are as long as its own.
// Late: a number that was overtaken is refused (RFC 2637 4.3), but a caller whose packets may come out of order
// can ask for it, once. That moves nothing, neither forward nor back: only numbers of the track itself are late,
// so what a forged one began does not get longer, and what is before it is still the client's to win back.
// Sent: an ack rides on the next data packet, or goes alone when its delay is over. Linux never
// sends acks alone, so nothing here ever waits for one (no transmit window).
#pragma once

#include "base/drop_reason.h"
#include "base/seq.h"

#include <stddef.h>

#define GRE_WINDOW_NEVER UINT64_MAX

enum {
	GRE_WINDOW_RESYNC_RUN = 4,  // consistent packets that move the window by force
	GRE_WINDOW_TRACK_JUMP = 32, // a jump beyond this starts a new track
	GRE_WINDOW_HOME_MIN = 64,   // packets that a track needs to become the home
	GRE_WINDOW_LATE_MAX = 63,   // as far back as it is known what has come
};

struct gre_window {
	uint32_t candidate; // next number expected of a far run
	uint32_t base;	    // first number of the track that `highest` is on
	uint32_t home;	 // highest of the longest track before it; numbers up to here stay refused
	uint32_t n_home; // packets accepted on that one; 0: there is none
	uint32_t jump_max;
	uint8_t late_max; // how far behind `highest` a number may be taken; of the receive side

	// What changes with every packet, and no more: of many calls these bytes fight for the cache.
	uint64_t seen;	     // bit n: highest - n was accepted
	uint64_t ack_due_ns; // of the ack that we owe
	uint32_t highest;    // last accepted in order
	uint32_t n_track;    // packets accepted on it
	uint32_t next_seq;   // transmit
	uint32_t peer_acked; // highest of ours that the client acknowledged
	uint32_t ack_delay_us;
	uint8_t candidate_run;
	bool has_received;
	bool owes_ack;
	bool has_peer_ack;
};

enum { GRE_WINDOW_COLD_BYTES = offsetof(struct gre_window, seen) };

//   jump_max      how far ahead one packet may be
//   ack_delay_ns  how long an ack may wait for a packet to ride on, in whole microseconds; at most 71 minutes
//
// No number is taken late until the caller sets late_max, to GRE_WINDOW_LATE_MAX at most.
void gre_window_init(struct gre_window *w, uint32_t jump_max, uint64_t ack_delay_ns);

// Is it the number after the last one, on a track that is not in question? Then gre_window_follow() is all that
// gre_window_receive() would do.
static inline bool gre_window_is_next(const struct gre_window *w, uint32_t seq)
{
	return seq == w->highest + 1 && w->has_received;
}

static inline void gre_window_follow(struct gre_window *w, uint64_t now_ns)
{
	w->highest++;
	w->seen = w->seen << 1 | 1;
	w->candidate_run = 0;
	w->n_track += w->n_track < UINT32_MAX;
	if (!w->owes_ack) {
		w->owes_ack = true;
		w->ack_due_ns = now_ns + UINT64_C(1000) * w->ack_delay_us;
	}
}

// Decide what to do with a received sequence number and advance the window when it is accepted. The
// first number may be anything: some servers and clients start at 1.
//
//   returns  DROP_NONE accepted | DROP_GRE_DUPLICATE | DROP_GRE_LATE | DROP_GRE_JUMP
//   spec     RFC 2637 4.3: what comes out of order must not be passed on
enum drop_reason gre_window_receive(struct gre_window *w, uint32_t seq, uint64_t now_ns);

// May a number that has just been refused as DROP_GRE_LATE be passed on after all? Each once, and at most late_max
// behind the last one in order. Nothing but the memory of what has come changes, and no ack is owed: the last one
// says more.
bool gre_window_take_late(struct gre_window *w, uint32_t seq);

// The client acknowledged our packets up to `ack`. Numbers that we never sent are ignored; returns
// false for them.
bool gre_window_acked(struct gre_window *w, uint32_t ack);

// The number for the next packet with payload.
static inline uint32_t gre_window_next_seq(struct gre_window *w)
{
	return w->next_seq++;
}

// Take the ack that is owed, for piggy-backing or to send it alone. Returns false when none is.
static inline bool gre_window_take_ack(struct gre_window *w, uint32_t *ack)
{
	if (!w->owes_ack)
		return false;
	w->owes_ack = false;
	*ack = w->highest;
	return true;
}

// When an ack must go alone, GRE_WINDOW_NEVER when none is owed.
static inline uint64_t gre_window_ack_due(const struct gre_window *w)
{
	return w->owes_ack ? w->ack_due_ns : GRE_WINDOW_NEVER;
}
