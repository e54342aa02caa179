// SPDX-License-Identifier: BSD-3-Clause
// The coherency count of one direction of MPPE: what a received packet asks of the key, what a sent
// packet carries (RFC 3078 3, 7, 8).
//
// RC4 has no integrity, and whoever knows addresses and numbers can forge a packet. So the next packet in
// order is believed, and whatever else moves the key is a *trial*: the caller makes a checkpoint, decrypts,
// and believes it only with a proof (a whole IPv4 packet with a right header checksum).
//
// Stateless: a key change a packet, so a gap in the count costs as many changes as packets are missing.
//   bound   one packet asks for at most jump_max changes
//   run     MPPE_SYNC_RESYNC_RUN packets in a row with counts close after one another win, however far
//           ahead: else a client that lost more than jump_max packets would never come back
//   credit  the changes of jumps are paid from a credit that each packet, taken or not, adds
//           MPPE_SYNC_CREDIT_PER_PACKET to: whoever forges packets gets so many changes out of the
//           server for each, not jump_max, and a client waits 4095 / 16 packets at worst
//   walk    where the credit is not enough, a copy of the key goes ahead as far as it pays, packet by packet,
//           while the key itself stays where it was
//   laps    the count names a packet only modulo 4096. GRE numbers all packets, so beyond jump_max its gap
//           tells how many times the count went round
//   late    where late packets are passed on at all, those that a jump has left out can be read with the key of
//           their count, as long as it is in the ring (crypto/op.h), once each. That moves no key and spends no
//           credit: a forged one costs one RC4, and the place of one that is already late
//
// Stateful: RC4 goes on from packet to packet, and the key changes where the count ends in FF. After a gap
// nothing can be read until a packet with A, the flushed one, for which control asks by CCP Reset-Request.
// A packet that does not follow changes nothing: the next in order is still welcome, if it proves itself.
// So a forged packet with a far count costs no packet of the client's. What a sender does to its key when
// it flushes:
//   RFC 3078 8.2      starts RC4 again with the current key
//   Linux (all pppd)  changes the key; so a flushed packet that was lost has changed it once more
//                     (tests/pcap/data/stateful-loss.pcap)
// Received, one after the other is tried, and which it was is remembered. Sent, who is known to keep to the
// RFC gets the next count; for all others the count moves on to one that ends in FF, which means a
// changed key to both kinds, also when a flushed packet was lost before.
#pragma once

#include "base/drop_reason.h"
#include "base/seq.h"
#include "wire/mppe.h"

enum {
	MPPE_SYNC_RESYNC_RUN = 4,
	MPPE_SYNC_RUN_GAP = 8,		   // how far the counts of a run may lie apart
	MPPE_SYNC_CREDIT_PER_PACKET = 16,  // key changes
	MPPE_SYNC_CREDIT_MAX = 4095,	   // key changes; what a new direction has
	MPPE_SYNC_LAPS_MAX = 16,	   // 65,536 packets; who lost more has to dial again
	MPPE_SYNC_FLUSHES_MAX = 15,	   // lost flushed packets in a row that are made up for
	MPPE_SYNC_FLUSH_DOUBLINGS_MAX = 3, // 2.4 s: more than any path takes
};

#define MPPE_SYNC_TELL_NS	 UINT64_C(20000000)   // between two losses that control hears of
#define MPPE_SYNC_TELL_AGAIN_NS	 UINT64_C(100000000)  // of the same loss; doubles
#define MPPE_SYNC_TELL_MAX_NS	 UINT64_C(1000000000) // up to this
#define MPPE_SYNC_FLUSH_AGAIN_NS UINT64_C(300000000)  // see mppe_sync_flush()
#define MPPE_SYNC_CALM_NS \
	UINT64_C(4000000000) // no request for so long: the next is for another loss

enum mppe_flush {
	MPPE_FLUSH_UNKNOWN,
	MPPE_FLUSH_RESTARTS, // RFC 3078
	MPPE_FLUSH_CHANGES,  // Linux
};

// Does the GRE gap tell how often the count went round? If that was wrong, the next trial does the other.
enum mppe_laps {
	MPPE_LAPS_UNSURE, // for far counts
	MPPE_LAPS_COUNT,
	MPPE_LAPS_IGNORE,
};

// Where a direction is: the part that is taken back when a packet was not what it said.
struct mppe_sync_place {
	uint32_t seq;	// GRE number of the packet
	uint16_t count; // of the last packet; 0x0fff before the first
	bool has_seq;
	bool flush_is_due; // send: the next packet is flushed
	uint32_t walked;   // key changes that the walking copy is ahead of the key
	uint32_t
		missing; // received, bit n: count - n has not come, and its key is among the last ones
};

struct mppe_sync {
	struct mppe_sync_place at;
	uint16_t jump_max; // key changes that one packet may ask for
	uint16_t credit;   // key changes that jumps may still ask for
	uint16_t expected; // next count of a run beyond jump_max
	uint8_t run;
	bool is_stateless;
	uint16_t tried;		// stateless, received: key changes of the trial under way
	uint8_t laps;		// enum mppe_laps
	uint8_t laps_if_failed; // the same, should the trial under way fail
	// stateful, received
	bool is_lost;	    // what comes must prove itself
	bool trial_teaches; // of the trial under way: its flushed packet tells what the peer does
	uint8_t flush;	    // enum mppe_flush: what the peer does
	uint8_t n_told; // received: how often control has heard of this loss; sent: doublings of the wait
	uint8_t n_owed; // received: flushed packets that were asked for in losses before and may have been lost
	// received: when control heard of a loss; sent: when the count was moved on for a flush
	uint64_t told_ns;
	uint64_t asked_ns; // sent: the last Reset-Request
};

enum mppe_sync_kind {
	MPPE_SYNC_NEXT,	 // in order: n_changes, decrypt
	MPPE_SYNC_TRIAL, // the same on a checkpoint, and with a proof
	MPPE_SYNC_WALK,	 // the packet is lost: do n_changes on the walking copy of the key
	MPPE_SYNC_LATE, // decrypt with the key of `late` changes ago, and with a proof; nothing moves
};

struct mppe_sync_verdict {
	enum mppe_sync_kind kind;
	uint16_t n_changes;
	bool restart;	 // stateful: RC4 starts again with the key after the changes
	uint8_t n_tries; // stateful trial without proof: so many more, each one change of key further
	uint8_t late;
	bool begins_walk; // walk: the copy is made now
	bool takes_walk;  // trial: from the walking copy, not from the key
};

void mppe_sync_init(struct mppe_sync *s, bool is_stateless, uint16_t jump_max);

// Would mppe_sync_receive() say MPPE_SYNC_NEXT? All else wants the key to itself.
bool mppe_sync_is_next(const struct mppe_sync *s, const struct mppe_packet *packet, uint32_t seq);

// Judge a received packet and advance when it is accepted.
//
//   seq      its GRE number
//   returns  DROP_NONE and *out | DROP_MPPE_BITS | DROP_MPPE_JUMP (repeats and late packets look
//            like far jumps forward, and are refused as such) | DROP_MPPE_DESYNC
enum drop_reason mppe_sync_receive(struct mppe_sync *s, const struct mppe_packet *packet,
	uint32_t seq, struct mppe_sync_verdict *out);

// Judge a packet that came behind later ones (gre_window_take_late()), while no trial is under way. Its count may still
// be the next one, when all that overtook it was not encrypted or was forged: then it is in order.
//
//   returns  DROP_NONE and *out, of kind MPPE_SYNC_LATE or MPPE_SYNC_NEXT | DROP_MPPE_BITS | DROP_MPPE_JUMP:
//            it came before, or its key has gone | DROP_GRE_LATE: RC4 does not go back in stateful mode
enum drop_reason mppe_sync_receive_late(struct mppe_sync *s, const struct mppe_packet *packet,
	uint32_t seq, struct mppe_sync_verdict *out);

// The driver did not take the packet, received or to be sent: it was never there. The credit stays
// spent; use this rather than a copy of the struct, which would bring it back. A flush that has become due since
// is still due.
//
//   before  s->at from before mppe_sync_receive() or mppe_sync_send()
static inline void mppe_sync_undo(struct mppe_sync *s, struct mppe_sync_place before)
{
	before.flush_is_due |= s->at.flush_is_due;
	s->at = before;
}

// How a trial ended. `n_tried`: of the tries after the first, how many it took.
void mppe_sync_proved(struct mppe_sync *s, uint8_t n_tried);
void mppe_sync_failed(struct mppe_sync *s, struct mppe_sync_place before);
// Or that it did not: as if it had never been, but for the keys that it may have written over.
void mppe_sync_undo_trial(struct mppe_sync *s, struct mppe_sync_place before);

// Stateful: the next packet in order was garbage, so RC4 is nowhere any more.
void mppe_sync_lose(struct mppe_sync *s);

// The walking copy is no more: the driver did not take its changes, or a trial that was undone has used it up.
static inline void mppe_sync_stop_walk(struct mppe_sync *s)
{
	s->at.walked = 0;
}

// Stateful, when something was dropped because of a loss: is control to hear of it now? At once, and
// again at a bounded rate as long as packets come that cannot be read.
bool mppe_sync_is_due(const struct mppe_sync *s, uint64_t now_ns);
// It has. Returns whether it had heard of this loss before.
bool mppe_sync_told(struct mppe_sync *s, uint64_t now_ns);

// --- sent -------------------------------------------------------------------------------------------

// The client sent a Reset-Request. While it is not known what it does on a flushed packet, requests within
// MPPE_SYNC_FLUSH_AGAIN_NS are one: the second would find it in order, and a count that moves on is a loss
// to it. That time doubles as long as requests keep coming: over a path longer than the second in which
// Linux repeats them, each flush would be the next loss.
//
//   flush  what the peer does, as learnt from what it sends
void mppe_sync_flush(struct mppe_sync *s, enum mppe_flush flush, uint64_t now_ns);

// Stateful: a packet with its count was lost before it was sent. The next one is flushed, as if the client had asked.
void mppe_sync_lose_sent(struct mppe_sync *s);

// Header of the next packet to send, and what comes before it: n_changes, restart.
void mppe_sync_send(struct mppe_sync *s, enum mppe_flush flush, struct mppe_packet *out,
	struct mppe_sync_verdict *todo);

// Does the front of decrypted data look like a PPP packet that MPPE may carry? One byte
// (compressed) or two of a network protocol 0x0021..0x00FA; IPv4 must begin with version 4 too,
// IPv6 with 6. False: wrong key or forged. True is no proof: four tenths of all garbage pass.
//
//   spec  RFC 3078 3: only protocols 0x0021 to 0x00FA are encrypted
bool mppe_sync_is_plausible(const uint8_t *data, size_t len);
