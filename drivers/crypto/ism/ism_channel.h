// SPDX-License-Identifier: BSD-3-Clause
// What lies between one worker and one engine: a ring of slots, and one word that says whose they are.
//
// The worker fills slots and moves `head`; all else is in `word`, one atomic number of three parts: how far the
// engine has come (`done`), how many packets from there it has begun (`n`), and the state. A change of
// hands is one compare-and-swap, so nobody can be between two states, wherever a thread is stopped.
//
//   state     slots [done, done + n)   slots [done + n, head)   who changes it, to what
//   OPEN      none: n is 0             waiting                  engine: BUSY when it begins some
//                                                               worker: TAKEN when it gives the engine up
//   BUSY      the engine's             waiting                  engine: OPEN with done + n
//                                                               worker: LOST when it gives the engine up
//   LOST      the engine's for ever    the worker's             engine: RETURNED when it lets go of them
//   RETURNED  the worker's             the worker's             worker: TAKEN
//   TAKEN     none                     the worker's             worker: OPEN with done = head
//
// Who slept since it read the word cannot mistake it for a later one: a channel is given up only with packets in it, so
// each way back to OPEN moves `done` on. It would have to go around all of 2^32 meanwhile, and without the engine
// it stops after a queue: a channel is not opened again for an engine that does not move.
//
// Who gives the engine up swaps the very word that it has watched, so an engine that moves in between wins. In
// LOST, RETURNED and TAKEN the channel is bypassed: nothing is put into it, what belongs there is run inline.
//
// Memory order: the worker's writes to slots come before its release of `head`, and the engine's acquire of `head`
// before it reads them; the engine's writes to slots and packets come before its release of the word, and the
// worker's acquire of that before it reads them. A slot is filled again only when it was taken back.
//
// What an engine may write, and when, so that a stuck one does no harm: its own part of a slot (struct ism_slot),
// which nobody reads after LOST; the bytes of packets that it has begun, whose memory stays theirs until
// RETURNED; entries of the ring of late keys, with the values that the worker writes there too: so late that they
// fall on newer ones they make a late packet unreadable. Keys and streams of a session it never writes.
#pragma once

#include "crypto/op.h"
#include "observe/crypto_counters.h"

#include <stdatomic.h>

enum ism_state { ISM_OPEN, ISM_BUSY, ISM_LOST, ISM_RETURNED, ISM_TAKEN };

struct ism_word {
	uint32_t done;
	uint8_t n;
	uint8_t state; // enum ism_state
};

static inline uint64_t ism_word_pack(struct ism_word w)
{
	return (uint64_t)w.done << 32 | (uint64_t)w.n << 8 | w.state;
}

static inline struct ism_word ism_word_unpack(uint64_t packed)
{
	return (struct ism_word){
		.done = (uint32_t)(packed >> 32),
		.n = (uint8_t)(packed >> 8),
		.state = (uint8_t)packed,
	};
}

// A packet on its way. The engine works on copies of op and context.
struct ism_slot {
	// worker: w before it moves `head`; engine: rw from then on, and wipes the keys when it is done
	struct crypto_op op; // its ctx is the one below
	struct mppe_context ctx;

	// worker: w before it moves `head`
	struct crypto_op *origin;
	uint32_t before; // the slot of the packet of the same context before it
	bool is_fresh;	 // there is none: the keys are those in ctx

	// engine: w; worker: r once it is done
	bool has_rc4; // stateful: rc4_after has what the context goes on with
	uint8_t ring_at, ring_n;
	uint8_t key_after[MPPE_KEY_BYTES_MAX];
} __attribute__((aligned(64)));

struct ism_channel {
	// fixed
	uint32_t mask; // slots - 1
	struct ism_slot *slots;
	// Of stateful contexts, a slot each: the stream before a fresh packet (worker: w) and after the last of a batch
	// (engine: w). Most channels never touch them.
	struct rc4_state *rc4_before, *rc4_after;

	_Atomic uint64_t word __attribute__((aligned(64))); // see above

	_Atomic uint32_t head __attribute__((aligned(64))); // slots filled; worker: w, engine: r

	// the worker's own
	uint32_t filled __attribute__((aligned(64))); // head, before the engine is told
	uint32_t tail;				      // slots taken back
	bool is_bypassed;
	bool is_stateful;   // rc4_before and rc4_after were used
	uint64_t seen_word; // while the engine has packets
	uint64_t seen_at;   // when that was new; later where the worker itself was away
	uint64_t watched_at;
	uint32_t held_beat;  // bypassed: the engine's
	uint64_t held_at;    // when that was new
	uint64_t held_since; // it has never been old for long

	struct crypto_channel_counters counters; // worker: w, control: r
};

static inline struct ism_slot *ism_channel_slot(const struct ism_channel *c, uint32_t at)
{
	return &c->slots[at & c->mask];
}
