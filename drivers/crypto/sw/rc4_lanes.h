// SPDX-License-Identifier: BSD-3-Clause
// RC4 in up to eight independent streams at once, step by step interleaved: one stream alone waits for its own
// loads and stores, eight keep the core's load and store units busy.
//
// All lanes share the index i, so they begin together at i = 0. A stream that goes on from elsewhere (stateful
// MPPE) is loaded turned by its i, which makes its i 0 too, and what that does to the output is one more
// subtraction a byte (rc4_lanes_resume).
#pragma once

#include "crypto/op.h"

enum {
	RC4_LANES = 8,
	RC4_LANE_BYTES = 320, // with 256 the lanes' stores get into each other's way
	RC4_BLOCK_BYTES = 16,
};

struct rc4_lane {
	uint8_t s[256];
	uint8_t key[MPPE_KEY_BYTES_MAX]; // a key of 8 bytes stands here twice
	uint64_t j;
	uint8_t origin; // resumed streams: their i when they were loaded
	// The assembly's own, while it runs; `done` and `end` those of the first lane. On the stack they would, at some
	// places of it, cost a third of the speed: a lane's lines and the stack's then get into each other's way.
	uint8_t *out;
	uint64_t done, end; // bytes given, and to be given
	uint8_t pad[RC4_LANE_BYTES - 256 - MPPE_KEY_BYTES_MAX - 5 * 8];
};

// Scratch of one driver instance, never of a session; wiped by who owns it.
struct rc4_lanes {
	struct rc4_lane lanes[RC4_LANES];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct rc4_lane) == RC4_LANE_BYTES, "lane stride");

// One way to do it. Chosen at open: the assembly where the CPU has what it takes (SSE4.1), else C.
struct rc4_kernels {
	const char *name;

	// Key schedule of lanes 0..n-1 with the keys in them; n is 1..8. Their i and j are 0 after.
	void (*begin)(struct rc4_lanes *l, unsigned int n);

	// The next n_blocks * 16 bytes of key stream of lanes 0..n-1 to out[0..n-1], nothing beyond.
	//
	//   at  bytes that the lanes have given since begin or load, a multiple of 16
	void (*stream)(struct rc4_lanes *l, unsigned int n, unsigned int at, unsigned int n_blocks,
		uint8_t *const out[]);

	// The same for lanes that were loaded by rc4_lanes_load().
	void (*resume)(struct rc4_lanes *l, unsigned int n, unsigned int at, unsigned int n_blocks,
		uint8_t *const out[]);
};

extern const struct rc4_kernels rc4_kernels_c;
#ifdef __x86_64__
extern const struct rc4_kernels rc4_kernels_x86; // wants SSE4.1
#endif

// The fastest of this CPU. `name`: that one ("c", "x86"), or NULL when it is not known or not to be had here.
const struct rc4_kernels *rc4_kernels_best(void);
const struct rc4_kernels *rc4_kernels_find(const char *name);

// Stateful streams: from a session to a lane, which then resumes.
void rc4_lanes_load(struct rc4_lanes *l, unsigned int lane, const struct rc4_state *from);

// And back, after `n` bytes since load or begin. A kernel has made the whole blocks of them; the other
// up to 15 bytes are made here, to tail[n % 16]. The lane is used up.
void rc4_lanes_store(struct rc4_lanes *l, unsigned int lane, unsigned int n, struct rc4_state *to,
	uint8_t *tail);
