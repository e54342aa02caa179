// SPDX-License-Identifier: BSD-3-Clause
// Samples that know in what state the machine was. The other hardware thread of our core may be somebody
// else's: while it works, code that fills the core loses more than code that waits, and ratios change
// although nothing else did. So each sample stands between two canaries (bench_canary), and results are told
// for the core to ourselves and for the shared one apart.
#pragma once

#include "perf/bench.h"

enum bench_state { BENCH_QUIET, BENCH_BUSY, BENCH_STATES };

extern const char *const bench_state_names[BENCH_STATES];

// One for a run of a program: what the best canary is can be said at its end only.
struct bench_noise {
	double best;		  // canary
	double before;		  // the canary before the sample that comes
	long n_preempted;	  // times that the kernel has taken the CPU away, so far
	struct bench_series core; // core cycles per TSC cycle
};

// Looks for the best canary for a while.
//
//   ms  milliseconds
void bench_noise_begin(struct bench_noise *noise, unsigned int ms);

// After a sample: the worse of the canaries before and after it; infinite when the thread was preempted in
// between, which makes the sample worth nothing.
double bench_noise_after_sample(struct bench_noise *noise);

// Core cycles per TSC cycle over the run.
double bench_noise_core_per_tsc(struct bench_noise *noise);

// In order of time.
struct bench_samples {
	double *values;	  // values[n]
	double *canaries; // canaries[n]
	unsigned int n, cap;
};

void bench_samples_add(struct bench_samples *s, double value, double canary);
void bench_samples_free(struct bench_samples *s);

// The values of the samples in this state; the caller frees them.
struct bench_series bench_samples_select(
	const struct bench_samples *s, const struct bench_noise *noise, enum bench_state state);

// over[i] / under[i] of the pairs of which both are in this state; the caller frees them.
struct bench_series bench_samples_ratio(const struct bench_samples *over,
	const struct bench_samples *under, const struct bench_noise *noise, enum bench_state state);
