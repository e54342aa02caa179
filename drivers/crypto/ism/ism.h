// SPDX-License-Identifier: BSD-3-Clause
// MPPE on engine lanes, beside the workers: many workers, many engines, a channel between each two (ism_channel.h).
//
// A context is pinned to one engine, its packets are run there in their order and taken back in their order. An
// engine that stops answering is bypassed: its worker runs the packets itself from then on, until the
// engine has been back for a while. Whatever a stuck engine does later touches no key and no packet but those
// that it had begun, and these are lost.
#pragma once

#include "config/limits.h"
#include "crypto/driver.h"
#include "observe/crypto_counters.h"

extern const struct crypto_driver crypto_driver_ism;

struct ism;
struct ism_engine;

struct ism_config {
	unsigned int n_workers; // 1..LIMIT_WORKERS
	unsigned int n_engines; // 1..LIMIT_ENGINES
	unsigned int
		queue;	  // packets of one worker that wait for one engine: 2^n, from ISM_QUEUE_MIN
	const char *sha1; // key hash of the engines, see sha1_keys_find()

	// An engine that has packets of a worker and does nothing for so long is given up, by that worker; 0: never.
	// Twice that may pass from a packet's arrival.
	uint64_t stall_cycles;
	// It is tried again when it has been alive for so long, without a stall in between. Not less than stall_cycles.
	uint64_t hold_cycles;
	uint64_t (*clock)(
		void *context); // what the two are counted in; NULL: the time-stamp counter
	void *clock_context;

	// What an engine does in the n_idle-th turn in a row that found no work; NULL: a pause of the CPU.
	void (*idle)(unsigned int n_idle, uint32_t sleep_max_us);
	uint32_t idle_sleep_us;

	struct crypto_counters *counters[LIMIT_ENGINES]; // each may be NULL
};

enum { ISM_QUEUE_MIN = 64, ISM_QUEUE_MAX = 32768 };

// All memory that workers and engines will need. Pages are touched first by who uses them, so they lie on the
// right NUMA node. Returns 0, -EINVAL for numbers out of range, what burst_open() returns, -ENOMEM.
int ism_new(const struct ism_config *config, struct ism **out);
// The engines have ended, the drivers of the workers are closed.
void ism_free(struct ism *ism);

struct ism_engine *ism_engine(struct ism *ism, unsigned int i);

// A lane's main function, for rte_eal_remote_launch() or a thread: runs what the workers submit. Returns 0 after
// ism_stop(), once nothing is left to do.
int ism_engine_run(void *engine);

// From any lane; the workers have ended.
void ism_stop(struct ism *ism);

const struct crypto_channel_counters *ism_channel_counters(
	const struct ism *ism, unsigned int worker, unsigned int engine);
