// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/impair.h"

static uint64_t threshold(double share)
{
	return (uint64_t)(share * (double)(UINT64_C(1) << 53));
}

struct impair impair_make(uint64_t seed, double loss, double reorder, double damage)
{
	return (struct impair){
		.seed = impair_mix(seed + 1),
		.lose = threshold(loss),
		.reorder = threshold(loss + reorder),
		.damage = threshold(loss + reorder + damage),
	};
}

void impair_damage(
	const struct impair *i, uint64_t call, uint32_t seq, uint8_t *bytes, uint32_t len)
{
	uint64_t draw = impair_mix(~i->seed ^ impair_mix(call << 32 | seq));

	if (len > 0)
		bytes[(draw >> 3) % len] ^= (uint8_t)(1u << (draw & 7));
}
