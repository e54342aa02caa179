// SPDX-License-Identifier: BSD-3-Clause
// The transmit window of one call: no more unacknowledged packets than the client takes, and an adaptive
// time-out for their acknowledgement (RFC 2637 4.2, 4.4).
//
// Nothing is ever sent again. On a time-out all that is unacknowledged counts as lost, the window is
// halved and sending goes on: so a client that never acknowledges (Linux has no lone acks, and what
// only receives has nothing for them to ride on) is slow, one packet a time-out in the end, but never
// stands still. That is why the window is off unless the operator wants it, as in mpd and the VPN 3000.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GRE_TRANSMIT_NEVER UINT64_MAX

enum {
	GRE_TRANSMIT_STAMPS = 16,
	// MinTimeOut: the RFC has no value. A peer may hold an ack for 500 ms (the VPN 3000's default),
	// which is no loss.
	GRE_TRANSMIT_TIMEOUT_MIN_US = 600000,
};

struct gre_transmit {
	uint32_t unacked; // oldest number that is neither acknowledged nor given up
	uint16_t window;  // now
	uint16_t window_max;
	uint16_t n_acked;    // since the window changed
	uint16_t n_admitted; // the caller's: packets on their way to a number
	uint8_t stamp_bits;  // 2^n numbers share a stamp
	// Scaled so that the gains are shifts: 8 * RTT, 4 * DEV (alpha 1/8, beta 1/4, chi 4)
	uint32_t rtt_8_us;
	uint32_t dev_4_us;
	uint32_t timeout_us; // ATO
	uint32_t timeout_max_us;
	uint64_t expires_ns; // GRE_TRANSMIT_NEVER: nothing is unacknowledged
	uint32_t sent_us[GRE_TRANSMIT_STAMPS];
};

//   window_max      the client's receive window, at least 1
//   delay_us        its packet processing delay, the first estimate of the round trip
//   timeout_max_us  MaxTimeOut
void gre_transmit_init(
	struct gre_transmit *t, uint16_t window_max, uint32_t delay_us, uint32_t timeout_max_us);

// May one more packet be admitted? What is on its way to its number counts as sent.
static inline bool gre_transmit_has_credit(const struct gre_transmit *t, uint32_t next_seq)
{
	return next_seq - t->unacked + t->n_admitted < t->window;
}

// `seq` is being sent.
void gre_transmit_sent(struct gre_transmit *t, uint32_t seq, uint64_t now_ns);

// The client acknowledged numbers up to `ack`, more than ever before.
//
//   next_seq  of the next packet; ack is before it
void gre_transmit_acked(struct gre_transmit *t, uint32_t ack, uint32_t next_seq, uint64_t now_ns);

// To be asked before anything that depends on the window. True: a time-out has just been taken account of.
bool gre_transmit_expire(struct gre_transmit *t, uint32_t next_seq, uint64_t now_ns);
