// SPDX-License-Identifier: BSD-3-Clause
// Two things measured in turn, and how many times the one costs the other.
#pragma once

#include "perf/bench.h"

struct bench_pair {
	struct bench_series over, under; // cycles a packet
	struct bench_series ratio;	 // over / under, of each pair of samples
	struct bench_series canary;	 // right after it
};

// Looks at the canary, too.
void bench_pair_add(struct bench_pair *pair, double over, double under);
void bench_pair_free(struct bench_pair *pair);
