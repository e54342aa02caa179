// SPDX-License-Identifier: BSD-3-Clause
// A rate limit in one number: the virtual scheduling form of a token bucket (GCRA). The number is the
// time until which the rate is used up; each passage moves it on by its cost, and it may run ahead of
// the clock by the burst. No division, no refill to be done.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct gate {
	uint64_t cost_ns;  // 1e9 / rate
	uint64_t burst_ns; // burst * cost_ns
	uint64_t used_until_ns;
};

// `used_until_ns` stands for itself where many gates share their rate.
static inline bool gate_pass_at(
	uint64_t *used_until_ns, uint64_t cost_ns, uint64_t burst_ns, uint64_t now_ns)
{
	uint64_t from_ns = *used_until_ns > now_ns ? *used_until_ns : now_ns;

	if (from_ns + cost_ns > now_ns + burst_ns)
		return false;
	*used_until_ns = from_ns + cost_ns;
	return true;
}

static inline bool gate_pass(struct gate *g, uint64_t now_ns)
{
	return gate_pass_at(&g->used_until_ns, g->cost_ns, g->burst_ns, now_ns);
}

// A rate of 0 lets nothing through.
static inline struct gate gate_make(uint32_t rate_pps, uint32_t burst_pkts)
{
	struct gate g = {.cost_ns = 1, .burst_ns = 0};

	if (rate_pps > 0) {
		g.cost_ns = UINT64_C(1000000000) / rate_pps;
		g.burst_ns = burst_pkts * g.cost_ns;
	}
	return g;
}
