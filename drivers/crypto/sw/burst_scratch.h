// SPDX-License-Identifier: BSD-3-Clause
// What the steps of burst_run share; nobody else includes it.
#pragma once

#include "drivers/crypto/sw/burst.h"

#include <string.h>

enum {
	// Key stream of a lane that is made before it is used: a packet of 1500 bytes, and a stride that does
	// not put the lanes' stores into the same sets of the cache.
	STREAM_BLOCKS = 128,
	STREAM_BYTES = STREAM_BLOCKS * RC4_BLOCK_BYTES + 64,

	BURST_NONE = 0xff,
};

// How long the key of a strength is, and what stands over its first bytes (RFC 3079 3.1, 3.2): as masks of its two
// halves, in the order of bytes of this machine.
struct key_form {
	uint64_t keep_low, salt_low;
	uint64_t is_long; // all ones: the second half is a part of it
};

enum { FORM_128, FORM_56, FORM_40, N_FORMS };

struct burst {
	struct rc4_lanes lanes;
	uint8_t streams[RC4_LANES][STREAM_BYTES];
	uint8_t hashes[BURST_PACKETS][MPPE_KEY_BYTES_MAX];

	// of each packet
	uint8_t keys[BURST_PACKETS][MPPE_KEY_BYTES_MAX]; // what its stream is made of
	const uint8_t *key_now[BURST_PACKETS];		 // session key before its next change
	uint16_t n_left[BURST_PACKETS];			 // changes
	uint8_t form[BURST_PACKETS];
	uint8_t next[BURST_PACKETS]; // of the same context, or BURST_NONE

	uint64_t n_keys, n_late, n_errors; // of the burst, for the counters

	struct key_form forms[N_FORMS];
	const struct rc4_kernels *rc4;
	const struct sha1_keys *sha1;
	void *sha1_state;
	burst_xor_fn *xor_run;
	uint8_t *stream_starts[RC4_LANES];
	uint8_t *hash_starts[BURST_PACKETS];
} __attribute__((aligned(64)));

// Step 1: all key changes of the burst. After it keys[] is there for every packet, ring and key_out are written, and
// the status of each op says whether it has a stream at all.
void burst_keys(struct burst *b, struct burst_packet *packets, unsigned int n);

// Steps 2 and 3: every stream, and the packets with it. Returns the bytes of them all.
uint64_t burst_streams(struct burst *b, const struct burst_packet *packets, unsigned int n);

// How many of n that wait go side by side next: eight, and what is left over in two halves, since five to eight lanes
// are all fast and one or two are not.
static inline unsigned int burst_group(unsigned int n)
{
	if (n <= RC4_LANES)
		return n;
	return n < 2 * RC4_LANES ? (n + 1) / 2 : RC4_LANES;
}

// The key of 8 bytes stands in a lane twice.
static inline void burst_lane_key(
	struct burst *b, unsigned int lane, const uint8_t *key, const struct key_form *form)
{
	uint64_t half[2];

	memcpy(half, key, sizeof(half));
	if (!form->is_long)
		half[1] = half[0];
	memcpy(b->lanes.lanes[lane].key, half, sizeof(half));
}
