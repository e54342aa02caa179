// SPDX-License-Identifier: BSD-3-Clause
// A share of a rate for each source address, in memory that does not grow with the sources. Each address
// has a bucket in either of two rows, by two hashes: a packet passes if one of its two has room, and is
// charged to those that have. So who floods fills two buckets, and somebody else is kept out by him only if
// both of his own are among those that are full: with ten floods one in 40,000.
#pragma once

#include "dataplane/gate.h"

enum { SOURCE_GATE_BUCKETS = 2048 }; // of a row

struct source_gate {
	uint64_t cost_ns, burst_ns; // as in struct gate, of one source
	uint64_t seed;		    // random, so that nobody can choose whom he keeps out
	uint64_t used_until_ns[2][SOURCE_GATE_BUCKETS];
};

static inline void source_gate_init(
	struct source_gate *g, uint32_t rate_pps, uint32_t burst_pkts, uint64_t seed)
{
	struct gate share = gate_make(rate_pps, burst_pkts);

	*g = (struct source_gate){
		.cost_ns = share.cost_ns, .burst_ns = share.burst_ns, .seed = seed | 1};
}

static inline bool source_gate_pass(struct source_gate *g, uint32_t source_be, uint64_t now_ns)
{
	_Static_assert(SOURCE_GATE_BUCKETS == 1 << 11, "each row takes 11 bits of the hash");
	uint64_t hash = (source_be + (g->seed >> 32)) * g->seed;

	hash = (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	bool first =
		gate_pass_at(&g->used_until_ns[0][hash >> 53], g->cost_ns, g->burst_ns, now_ns);
	bool second = gate_pass_at(&g->used_until_ns[1][hash >> 42 & (SOURCE_GATE_BUCKETS - 1)],
		g->cost_ns, g->burst_ns, now_ns);
	return first || second;
}
