// SPDX-License-Identifier: BSD-3-Clause
// One packet's MPPE transform as the stages hand it to a crypto driver.
//
// prepare (the worker: coherency, in order) -> transform (the driver: re-keys, RC4) -> finish.
#pragma once

#include "crypto/mppe_key.h"

struct rc4_state {
	uint8_t s[256];
	uint8_t i, j;
};

// The last session keys of a stateless direction, for packets that come after later ones. Written by
// the driver with every key change.
enum { MPPE_KEY_RING = 32 };

struct mppe_key_ring {
	uint8_t keys[MPPE_KEY_RING][MPPE_KEY_BYTES_MAX];
};

// Keys of one direction of one session. Touched by one lane only: the one that runs the driver.
//
// `session_key` is the key after all changes so far. A stateless packet is transformed with a fresh
// RC4 after `n_changes` changes; a stateful one goes on with *rc4, which restarts at each change.
//
// How many changes a packet with coherency count c needs, the one before it having had p:
//   stateless  (c - p) mod 4096; the first packet (c = 0) one
//   stateful   one if the low byte of c is FF, before the packet; none else (RFC 3078 7.2)
//   Linux, stateful: the packet with A set after a Reset-Request needs a change, where the RFC has
//   a restart (pppd 2.4.9 and its kernel; tests/pcap/data/stateful-loss.pcap); proto/mppe_sync.h
//   knows how to tell them apart
struct mppe_context {
	uint8_t start_key[MPPE_KEY_BYTES_MAX];
	uint8_t session_key[MPPE_KEY_BYTES_MAX];
	struct rc4_state *rc4;	    // stateful only, else NULL; owned by the session
	struct mppe_key_ring *ring; // stateless only; NULL: late packets cannot be read
	uint8_t strength;	    // enum mppe_strength
	uint8_t is_stateless;	    // bool
	uint8_t ring_at;	    // session_key is ring->keys[ring_at], once there was a change
	uint8_t ring_n; // keys of the ring that are of this context, session_key's among them

	// the driver's own; zero means nothing to it
	uint8_t burst_at; // the last packet of the context in the last burst
	uint8_t engine;	  // that it is pinned to
	uint16_t n_at_engine;
	uint32_t engine_slot; // of the last packet there
};

_Static_assert(sizeof(struct mppe_context) == 64, "the keys of a direction are one cache line");

// Make the context ready for the first packet: the initial session key (which is change 0; the first
// stateless packet then needs one change more). It has no ring; whoever wants one sets it.
void mppe_context_init(struct mppe_context *ctx, enum mppe_strength strength, bool is_stateless,
	const uint8_t *start_key, struct rc4_state *rc4);

void mppe_context_wipe(struct mppe_context *ctx);

// What in[len] would decrypt to after n_changes key changes, without a trace in the context: for a packet
// that has to prove itself before it may touch a key. Slow; what is right goes to a driver after.
//
//   restart  as in struct crypto_op
//   out      len bytes
void mppe_context_peek(const struct mppe_context *ctx, uint16_t n_changes, bool restart,
	const uint8_t *in, uint8_t *out, size_t len);

// More than a jump of the 12-bit coherency count can ask for. Callers bound the jump far lower.
enum { CRYPTO_CHANGES_MAX = 4096 };

enum crypto_status {
	CRYPTO_PENDING, // with the driver
	CRYPTO_DONE,
	CRYPTO_ERROR, // data and keys are as they were: see crypto_op_is_valid()
	// An engine is stuck with it. Its key changes are done and a stateful stream is past it, so the context
	// goes on and may be used, changed, wiped. Its data is nothing any more, and the op and the memory of the
	// data must stay as they are: the op comes from poll once more, as CRYPTO_RETURNED.
	CRYPTO_LOST,
	CRYPTO_RETURNED, // of a lost one: its memory is the caller's again
};

enum crypto_direction { CRYPTO_ENCRYPT, CRYPTO_DECRYPT };

// A further piece of a packet that lies in several buffers.
struct crypto_segment {
	uint8_t *data;
	uint16_t len;
};

struct crypto_op {
	struct mppe_context *ctx;
	uint8_t *data;	    // transformed in place, data[len]
	uint16_t len;	    // bytes, 0 allowed
	uint16_t n_changes; // key changes to do first
	uint8_t direction;  // enum crypto_direction; RC4 does not need it, statistics do
	uint8_t restart;    // stateful: start RC4 again with the current key before this packet
	// Stateless, with a ring: use the key of so many changes ago, and change nothing (n_changes 0). 0: in
	// order; at most ring_n - 1.
	uint8_t late;
	uint8_t status; // enum crypto_status, written by the driver
	uint8_t n_more; // pieces after data[len], transformed as one stream with it
	const struct crypto_segment *more; // more[n_more]; stays the caller's until the op is back
	void *packet;			   // the caller's, untouched (an mbuf)
	void *owner;			   // the caller's, untouched (a session)
};

// What every driver checks first: that the context has keys (a wiped one never transforms anything),
// and that the number of changes is possible. Whether the ring has the key of a late one only who runs
// the op knows, since the ones before it fill it.
static inline bool crypto_op_is_valid(const struct crypto_op *op)
{
	const struct mppe_context *ctx = op->ctx;

	return ctx && ctx->strength != MPPE_STRENGTH_NONE && (ctx->is_stateless || ctx->rc4) &&
	       op->n_changes <= CRYPTO_CHANGES_MAX &&
	       (op->late == 0 || (ctx->is_stateless && ctx->ring && op->n_changes == 0));
}
