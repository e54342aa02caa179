// SPDX-License-Identifier: BSD-3-Clause
#include "perf/bench_pair.h"

void bench_pair_add(struct bench_pair *pair, double over, double under)
{
	bench_series_add(&pair->over, over);
	bench_series_add(&pair->under, under);
	bench_series_add(&pair->ratio, over / under);
	bench_series_add(&pair->canary, bench_canary());
}

void bench_pair_free(struct bench_pair *pair)
{
	bench_series_free(&pair->over);
	bench_series_free(&pair->under);
	bench_series_free(&pair->ratio);
	bench_series_free(&pair->canary);
}
