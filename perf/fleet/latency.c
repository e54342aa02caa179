// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/latency.h"

static double middle_of(uint32_t bucket)
{
	if (bucket < 2 * LATENCY_SUB)
		return bucket;
	uint32_t shift = bucket / LATENCY_SUB - 1;
	double first = (double)((uint64_t)(bucket - shift * LATENCY_SUB) << shift);

	return first + ((double)(UINT64_C(1) << shift) - 1) / 2;
}

double latency_quantile(const struct latency *l, double q)
{
	double wanted = q * (double)l->n;
	uint64_t n = 0;

	if (l->n == 0)
		return 0;
	for (uint32_t i = 0; i < LATENCY_BUCKETS; i++) {
		n += l->counts[i];
		if (n > 0 && (double)n >= wanted) {
			double value = middle_of(i);
			return value < l->max ? value : l->max;
		}
	}
	return l->max;
}
