// SPDX-License-Identifier: BSD-3-Clause
// The whole of it, for the files of this directory and their tests.
#pragma once

#include "drivers/crypto/ism/ism.h"
#include "drivers/crypto/ism/ism_channel.h"
#include "drivers/crypto/sw/burst.h"

// Slots of one channel in the engine's batch.
struct ism_claim {
	struct ism_channel *channel;
	uint64_t word; // BUSY, as it was set
	uint32_t first;
	uint32_t n;
	uint32_t at; // index of the first in the batch
};

struct ism_engine {
	struct ism *ism;
	unsigned int index;
	unsigned int next_worker; // whom the next batch begins with
	struct burst *burst;
	struct crypto_counters *counters;
	unsigned int n_claims, n_packets;
	struct ism_claim claims[LIMIT_WORKERS];
	struct burst_packet packets[BURST_PACKETS];
	bool goes_on[BURST_PACKETS]; // there is a later one of its context in the batch
	struct rc4_state rc4[BURST_PACKETS];

	_Atomic uint32_t beat __attribute__((aligned(64))); // engine: w, workers: r
};

struct ism {
	struct ism_config config;
	_Atomic uint32_t is_stopping; // any lane: w, engines: r
	struct ism_channel *channels; // channels[n_workers * n_engines]
	struct ism_engine *engines;   // engines[n_engines]
};

static inline struct ism_channel *ism_channel(
	const struct ism *ism, unsigned int worker, unsigned int engine)
{
	return &ism->channels[worker * ism->config.n_engines + engine];
}

static inline uint64_t ism_cycles(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t now;
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(now));
	return now;
#else
#error "a counter of time for this CPU"
#endif
}

static inline void ism_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

// One turn of an engine; returns packets. The three that it is made of are apart for tests, which stop an engine in
// between; and so is what a claim does with a channel whose word it has seen.
unsigned int ism_engine_turn(struct ism_engine *e);
void ism_engine_claim(struct ism_engine *e);
void ism_engine_begin(struct ism_engine *e, struct ism_channel *c, uint64_t seen);
void ism_engine_work(struct ism_engine *e);
void ism_engine_publish(struct ism_engine *e);
