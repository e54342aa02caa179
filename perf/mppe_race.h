// SPDX-License-Identifier: BSD-3-Clause
// Methods side by side over the same work: all in each round, in an order that changes from round to round, so
// that what disturbs one disturbs all, and a comparison of what came out at the end.
#pragma once

#include "perf/bench_noise.h"
#include "perf/mppe_method.h"

enum { RACE_METHODS_MAX = 16 };

struct race_runner {
	const struct mppe_method *method;
	void *state;
	uint8_t (*packets)[MPPE_WORK_PACKET_BYTES]; // packets[MPPE_WORK_PACKETS], its own
};

struct race {
	struct bench_noise *noise; // borrowed
	unsigned int n;
	struct race_runner runners[RACE_METHODS_MAX];
};

// One method in one work, TSC cycles a packet.
struct race_result {
	const struct mppe_method *method;
	struct mppe_work work;
	bool is_right;
	struct bench_samples passed; // from the first packet to the last
	struct bench_samples worked; // of it the calling thread had work; empty: all
};

// Returns 0 or -errno, -ENOTSUP for a method that this machine or build does not have.
int race_add(struct race *race, const struct mppe_method *method);
void race_free(struct race *race);

// out: results[race->n], in the order of race_add(); the caller frees them.
void race_run(struct race *race, const struct mppe_work *work, unsigned int n_samples,
	struct race_result *results);
void race_result_free(struct race_result *result);
