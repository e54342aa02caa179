// SPDX-License-Identifier: BSD-3-Clause
// The coherency count of one direction of MPPE: what a received packet asks of the key, what a sent
// packet carries (RFC 3078 3, 7). Stateless mode; the mode is a field so that stateful joins here.
//
// A jump of the count costs a key change a step and cannot be undone, so it is bounded; and the
// caller keeps a checkpoint of the context when `is_jump`, to go back to if the packet decrypts to
// garbage (RC4 has no integrity: one forged packet must not end a session).
//
// Three rules for jumps:
//   bound   one packet asks for at most jump_max changes
//   run     MPPE_SYNC_RESYNC_RUN packets in a row with counts one after the other win, however far
//           ahead: else a client that lost more than jump_max packets would never come back. They
//           all passed the GRE window, so they are neither repeats nor late
//   credit  the changes of jumps are paid from a credit that each packet, taken or not, adds
//           MPPE_SYNC_CREDIT_PER_PACKET to: whoever forges packets gets so many changes out of the
//           server for each, not jump_max, and a client waits 4095 / 16 packets at worst
// The count names a packet only modulo 4096: after a loss of more the keys are wrong for good, and
// the count of garbage ends the call.
#pragma once

#include "base/drop_reason.h"
#include "base/seq.h"
#include "wire/mppe.h"

enum {
	MPPE_SYNC_RESYNC_RUN = 4,
	MPPE_SYNC_CREDIT_PER_PACKET = 16, // key changes
	MPPE_SYNC_CREDIT_MAX = 4095,	  // key changes; what a new direction has
};

struct mppe_sync {
	uint16_t last;	   // count of the last packet; 0x0fff before the first
	uint16_t jump_max; // key changes that one packet may ask for
	uint16_t credit;   // key changes that jumps may still ask for
	uint16_t expected; // next count of a run beyond jump_max
	uint8_t run;
	bool is_stateless;
};

struct mppe_sync_verdict {
	uint16_t n_changes;
	bool is_jump; // more than one change: the caller makes a checkpoint first
};

void mppe_sync_init(struct mppe_sync *s, bool is_stateless, uint16_t jump_max);

// Judge a received packet and advance when it is accepted.
//
//   returns  DROP_NONE and *out | DROP_MPPE_BITS | DROP_MPPE_JUMP (repeats and late packets look
//            like far jumps forward, and are refused as such)
enum drop_reason mppe_sync_receive(
	struct mppe_sync *s, const struct mppe_packet *packet, struct mppe_sync_verdict *out);

// Take back the last jump, because its packet decrypted to garbage: the count is again what it was.
// The credit stays spent. Use this rather than a copy of the struct, which would bring it back.
//
//   last  s->last from before mppe_sync_receive()
static inline void mppe_sync_undo(struct mppe_sync *s, uint16_t last)
{
	s->last = last;
}

// Header of the next packet to send, and the key changes before it.
void mppe_sync_send(struct mppe_sync *s, struct mppe_packet *out, uint16_t *n_changes);

// Does the front of decrypted data look like a PPP packet that MPPE may carry? One byte
// (compressed) or two of a network protocol 0x0021..0x00FA; IPv4 must begin with version 4 too,
// IPv6 with 6. False: wrong key or forged. True is no proof: four tenths of all garbage pass.
//
//   spec  RFC 3078 3: only protocols 0x0021 to 0x00FA are encrypted
bool mppe_sync_is_plausible(const uint8_t *data, size_t len);
