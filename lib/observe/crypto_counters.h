// SPDX-License-Identifier: BSD-3-Clause
// What the crypto of each lane counts, and where control finds it all (`aditctl show crypto`). Each set has one
// writer; counter_add() and counter_read() of counters.h hold for them too.
#pragma once

#include "config/limits.h"

#include <stdbool.h>
#include <stdint.h>

enum { CRYPTO_BATCH_CLASSES = 7 }; // packets at once: 1, 2, 3-4, 5-8, 9-16, 17-32, more

// Of a lane that transforms: a worker whose driver works inline, or an engine.
struct crypto_counters {
	uint64_t ops;
	uint64_t bytes;
	uint64_t key_changes;
	uint64_t late; // packets read with a key of the ring
	uint64_t errors;
	uint64_t batches[CRYPTO_BATCH_CLASSES];
	uint64_t busy_cycles; // of the time-stamp counter, in transforms
	uint64_t idle_cycles; // engines: in turns that found nothing
} __attribute__((aligned(64)));

enum crypto_channel_state {
	CRYPTO_CHANNEL_OPEN,
	CRYPTO_CHANNEL_BYPASSED, // the engine does not answer: the worker transforms inline
};

// Between one worker and one engine. worker: w
struct crypto_channel_counters {
	uint64_t state;	    // enum crypto_channel_state
	uint64_t submitted; // packets given to the engine
	uint64_t depth;	    // of them not back yet
	uint64_t depth_max;
	uint64_t full;	       // packets refused because the queue was full
	uint64_t bypasses;     // times that the engine was given up; counted once the state is set
	uint64_t bypassed_ops; // packets transformed inline meanwhile
	uint64_t lost;	       // packets that a stuck engine had begun
} __attribute__((aligned(64)));

// The class of a batch of n packets.
static inline unsigned int crypto_batch_class(unsigned int n)
{
	unsigned int class = n <= 1 ? 0 : 32 - (unsigned int)__builtin_clz(n - 1);

	return class < CRYPTO_BATCH_CLASSES ? class : CRYPTO_BATCH_CLASSES - 1;
}

// Cycles that one candidate for the key hash took in the calibration at start; 0: not on this CPU.
struct crypto_calibration {
	const char *name;
	double cycles_per_key_full; // 16 keys at once
	double cycles_per_key_one;  // one alone
	bool is_wrong;		    // gave a wrong answer: not to be used
};

enum { CRYPTO_CALIBRATIONS_MAX = 8 };

// All of it, for control. Fixed before the lanes start.
struct crypto_view {
	const char *driver;	   // of the workers
	const char *engine_driver; // of the engines; NULL: there are none
	const char *rc4;	   // the kernels in use; NULL: the driver has no choice of them
	const char *sha1;	   // the key hash in use
	bool is_pinned;		   // by the configuration; else the fastest of the calibration
	unsigned int n_calibrations;
	struct crypto_calibration calibrations[CRYPTO_CALIBRATIONS_MAX];
	double tsc_hz;
	unsigned int n_workers, n_engines;
	uint16_t engine_cpus[LIMIT_ENGINES];
	uint32_t queue; // room of a channel, packets
	const struct crypto_counters *workers[LIMIT_WORKERS];
	const struct crypto_counters *engines[LIMIT_ENGINES];
	const struct crypto_channel_counters *channels[LIMIT_WORKERS][LIMIT_ENGINES];
};
