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
	uint8_t strength;      // enum mppe_strength
	uint8_t is_stateless;  // bool
	struct rc4_state *rc4; // stateful only, else NULL; owned by the session
};

// Make the context ready for the first packet: the initial session key (which is change 0; the first
// stateless packet then needs one change more).
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
};

enum crypto_direction { CRYPTO_ENCRYPT, CRYPTO_DECRYPT };

struct crypto_op {
	struct mppe_context *ctx;
	uint8_t *data;	    // transformed in place, data[len]
	uint16_t len;	    // bytes, 0 allowed
	uint16_t n_changes; // key changes to do first
	uint8_t direction;  // enum crypto_direction; RC4 does not need it, statistics do
	uint8_t restart;    // stateful: start RC4 again with the current key before this packet
	uint8_t status;	    // enum crypto_status, written by the driver
	void *packet;	    // the caller's, untouched (an mbuf)
	void *owner;	    // the caller's, untouched (a session)
};

// What every driver checks first: that the context has keys (a wiped one never transforms anything),
// and that the number of changes is possible.
static inline bool crypto_op_is_valid(const struct crypto_op *op)
{
	const struct mppe_context *ctx = op->ctx;

	return ctx && ctx->strength != MPPE_STRENGTH_NONE && (ctx->is_stateless || ctx->rc4) &&
	       op->n_changes <= CRYPTO_CHANGES_MAX;
}
