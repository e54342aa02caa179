// SPDX-License-Identifier: BSD-3-Clause
// MPPE of a burst of packets: key changes and RC4 of many sessions side by side. What the inline drivers and the
// engines have in common.
//
//   1. keys     the packets of one context are a chain; all chains of the burst change their keys together, hashed
//               up to 32 at once and scheduled eight at a time, and a chain leaves when its keys are done
//   2. streams  after that every stateless packet is a stream of its own, and so is what the packets of one
//               stateful context take from one key; streams are sorted by length and made eight at a time,
//               and a lane leaves when its stream is done
//   3. xor      from scratch into the packets, whatever pieces they lie in
//
// It reads keys from and writes them to where the caller says, so that an engine need not touch what is the
// worker's.
#pragma once

#include "crypto/op.h"
#include "drivers/crypto/sw/rc4_lanes.h"
#include "drivers/crypto/sw/sha1_keys.h"

enum {
	BURST_PACKETS = 64,
	BURST_FIRST = 0xff, // no packet of the same context before it in the burst
};

struct burst_packet {
	struct crypto_op *op;  // valid; what to do; its status is written
	const uint8_t *key_in; // session key before; not read when there is a packet before it
	uint8_t *key_out;      // and after, 16 bytes; may be key_in
	uint8_t ring_at,
		ring_n; // in: of the context before the first of a burst; out: after this packet
	uint8_t before; // index of the packet of the same context before it, or BURST_FIRST
};

// data[len] ^= stream[len]; touches nothing else. Any alignment.
typedef void burst_xor_fn(uint8_t *data, const uint8_t *stream, size_t len);

struct burst_xor {
	const char *name;
	bool (*is_supported)(void); // by this CPU
	burst_xor_fn *run;
};

// All that are compiled in, the widest first, NULL behind the last; portable C is always there.
const struct burst_xor *burst_xor_get(unsigned int i);

// What a burst is made of. Benchmarks put kernels that do nothing here and see what is around them.
struct burst_parts {
	const struct rc4_kernels *rc4; // NULL: the best of this CPU
	const struct sha1_keys *sha1;  // NULL: the best without a trial
	burst_xor_fn *xor_run;	       // NULL: the widest
};

struct burst;

// Returns 0, -EINVAL for an unknown name, -ENOTSUP for a SHA-1 that this CPU lacks, -ENOMEM.
//
//   sha1     see sha1_keys_find()
//   kernels  see rc4_kernels_find(); NULL: the best
int burst_open(const char *sha1, const char *kernels, struct burst **out);
int burst_open_with(const struct burst_parts *parts, struct burst **out);
void burst_close(struct burst *b); // wipes its scratch

// packets[n], n up to BURST_PACKETS, in order of submission. The contexts of one session's packets may be copies: keys,
// ring and RC4 are where they point to, which is one place for all of them.
//
//   counters  may be NULL
void burst_run(struct burst *b, struct burst_packet *packets, unsigned int n,
	struct crypto_counters *counters);
