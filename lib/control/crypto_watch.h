// SPDX-License-Identifier: BSD-3-Clause
// The crypto of workers and engines as control sees it: how busy each is, and which engines do not answer.
#pragma once

#include "config/limits.h"
#include "control/samples.h"
#include "control/timer_heap.h"

#include <stdbool.h>

struct control;

struct crypto_load {
	struct sampled busy_cycles;
	struct sampled idle_cycles;
};

// What was told of a channel.
struct crypto_bypass {
	bool is_told;
	uint64_t bypasses; // that were seen
	uint64_t began_ns;
	uint64_t ops_before; // bypassed before it began
};

struct crypto_watch {
	struct timer timer; // runs while there are engines
	struct crypto_load workers[LIMIT_WORKERS];
	struct crypto_load engines[LIMIT_ENGINES];
	struct crypto_bypass channels[LIMIT_WORKERS][LIMIT_ENGINES];
};

// Returns 0 or -ENOMEM.
int crypto_watch_open(struct control *c);

// Once a second, after samples_begin(): how busy the lanes are.
void crypto_watch_sample(struct control *c);

// From its timer, ten times a second: an event for each channel that its worker gave up or took back.
void crypto_watch_check(struct control *c);

// Tenths of a percent of its time that a lane spends in transforms; a worker of all its time, an engine of the
// time that it could have taken packets in. -1: not known.
struct crypto_utilisation {
	int all;    // since the start
	int second; // of the last whole second
};

struct crypto_utilisation crypto_watch_worker(const struct control *c, unsigned int worker);
struct crypto_utilisation crypto_watch_engine(const struct control *c, unsigned int engine);
