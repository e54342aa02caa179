// SPDX-License-Identifier: BSD-3-Clause
// What one worker has, for the files of this directory: the state of its driver.
#pragma once

#include "drivers/crypto/done_ring.h"
#include "drivers/crypto/ism/ism_set.h"
#include "drivers/crypto/sw/sw.h"
#include "observe/counters.h"

enum { ISM_SCRATCH_BYTES = 1 << 16 }; // the longest piece of a packet

struct ism_lane {
	struct ism *ism;
	struct ism *own;	      // the same, where nobody else has it: poll is its engine
	struct ism_channel *channels; // channels[n_engines]
	unsigned int n_engines;
	unsigned int next_engine; // whom the next context may be pinned to
	unsigned int depth;
	unsigned int n_in_flight;
	unsigned int n_lost_untold; // in `done`
	struct done_ring done;
	void *sw; // for what is run inline
	unsigned int n_inline;
	struct crypto_op *inline_ops[BURST_PACKETS];
	uint8_t *scratch; // in the place of data that is lost; of ISM_SCRATCH_BYTES
};

static inline void ism_count_to(uint64_t *counter, uint64_t value)
{
	counter_add(counter, value - counter_read(counter));
}

// ism_worker.c: the worker's own work in the place of an engine's, in order.
void ism_lane_put_inline(struct ism_lane *l, struct crypto_op *op);
void ism_lane_flush_inline(struct ism_lane *l);
uint64_t ism_lane_now(const struct ism_lane *l);

// ism_bypass.c: once a poll for a channel with packets at the engine, all that are done being collected.
//
//   word  the channel's, which said what is done
void ism_bypass_watch(struct ism_lane *l, struct ism_channel *c, uint64_t word);
// And for one that is bypassed.
void ism_bypass_hold(struct ism_lane *l, struct ism_channel *c);
