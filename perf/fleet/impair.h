// SPDX-License-Identifier: BSD-3-Clause
// What is done to packets up on purpose. The fate of a packet follows from the seed and from which packet it is, and
// from nothing else: a run can be repeated, and who receives a packet knows what was done to it.
#pragma once

#include <stdint.h>

enum impair_fate {
	IMPAIR_NONE,
	IMPAIR_LOSE,
	IMPAIR_REORDER, // it leaves behind the next packet of its client
	IMPAIR_DAMAGE,	// one bit of the GRE packet turned round
};

struct impair {
	uint64_t seed;
	uint64_t lose, reorder, damage; // a draw of 53 bits below this; each holds those before it
};

// Shares of all packets; their sum is at most 1.
struct impair impair_make(uint64_t seed, double loss, double reorder, double damage);

static inline uint64_t impair_mix(uint64_t v)
{
	v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
	return v ^ v >> 31;
}

//   call  which call the packet is of: client and incarnation
//   seq   its number within the call
static inline enum impair_fate impair_fate(const struct impair *i, uint64_t call, uint32_t seq)
{
	if (i->damage == 0)
		return IMPAIR_NONE;
	uint64_t draw = impair_mix(i->seed ^ impair_mix(call << 32 | seq)) >> 11;

	if (draw < i->lose)
		return IMPAIR_LOSE;
	if (draw < i->reorder)
		return IMPAIR_REORDER;
	return draw < i->damage ? IMPAIR_DAMAGE : IMPAIR_NONE;
}

// Turn a bit round, one that the seed, call and number name.
void impair_damage(
	const struct impair *i, uint64_t call, uint32_t seq, uint8_t *bytes, uint32_t len);
