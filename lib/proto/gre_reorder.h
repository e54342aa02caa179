// SPDX-License-Identifier: BSD-3-Clause
// Packets of one call that came ahead of one that is missing, in the order of their numbers (RFC 2637
// 4.3: what is out of order is dropped, "or they may be reordered by the receiver"; poptop and FreeBSD
// reorder, Linux does not).
//
// It stands before the GRE window and only sorts: what it lets out goes through gre_window_receive(),
// which then sees a stream in order, so each of the window's promises holds with it as without.
// A number waits only if it is among the pkts_max after the one that is missing first. So no forged
// number far away makes the client's packets wait, and no more than pkts_max are ever held.
// An acknowledgement says what was passed on (the window's `highest`): what is held takes up room here,
// and more credit is just what a client must not get for it (4.2).
#pragma once

#include "base/seq.h"

// Embedded in what the caller has for a packet.
struct gre_held {
	struct gre_held *next; // the next higher number
	uint64_t due_ns;       // the caller's: until when it may be held
	uint32_t seq;
};

struct gre_reorder {
	struct gre_held *first; // the lowest number, NULL: nothing is held
	uint8_t pkts_max;
};

enum gre_reorder_fate {
	GRE_REORDER_PASS,      // it is in *out, with others before or after it
	GRE_REORDER_HOLD,      // it stays here; *out may be others that need not wait any longer
	GRE_REORDER_DUPLICATE, // this number is held already; *out is NULL, p stays the caller's
};

struct gre_reorder_result {
	enum gre_reorder_fate fate;
	bool is_overtaken;    // it came after a higher number, and is in order again
	struct gre_held *out; // to be passed on in this order, linked by `next`
};

// A packet came whose number is ahead of the last one passed on.
//
//   p         p->seq is set
//   highest   number of the last packet passed on; p->seq is after it
//   has_room  false: p may not be held, so all before it goes out and then p
struct gre_reorder_result gre_reorder_put(
	struct gre_reorder *r, struct gre_held *p, uint32_t highest, bool has_room);

// The time of `through` is over: what is held up to it, and what follows it without a gap. `through` NULL
// gives all. Linked by `next`.
struct gre_held *gre_reorder_release(struct gre_reorder *r, const struct gre_held *through);
