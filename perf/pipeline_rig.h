// SPDX-License-Identifier: BSD-3-Clause
// A worker between rings in one process, with sessions that are up and packets ready for it. What is timed
// is worker_poll() alone: the packets are made before and taken away after.
#pragma once

#include "crypto/driver.h"
#include "perf/bench.h"
#include "perf/openssl_mppe.h"

#include <stdbool.h>

enum {
	RIG_PACKETS = 1024, // of one run
	RIG_SESSIONS_MAX = 60000,
};

// What was last in the caches before a run.
enum rig_caches {
	RIG_WARM, // whatever the run before has left there
	RIG_NEAR, // L1 and L2 hold nothing of ours, but L3 does: what the packets need was read just before that was swept
	RIG_COLD, // L1 and L2 hold nothing of ours: sessions, maps and packets come from L3 as far as it still holds them
	RIG_MEMORY, // nor does L3 hold sessions or maps; packets, which are made after that, lie there as a NIC puts them
};

// How a session is found for the next packet.
enum rig_order {
	RIG_IN_ORDER,
	RIG_SCATTERED, // each once in a pseudo-random order, then again
};

enum rig_direction { RIG_UP, RIG_DOWN };

struct rig;

// Starts EAL, with hugepages where there are any, and says which.
struct rig *rig_new(void);
void rig_free(struct rig *rig);

// The i-th driver for production of those that `only` names (NULL: all), NULL behind the last. `ism` gets an engine
// on another CPU.
const struct crypto_driver *rig_driver(const char *only, unsigned int i);

// For all runs from now on. A new rig is warm and in order.
void rig_set_caches(struct rig *rig, enum rig_caches caches);
void rig_set_order(struct rig *rig, enum rig_order order);

// A new worker with this driver (NULL: in the clear) and so many sessions. Returns false when something
// could not be had.
bool rig_begin(struct rig *rig, const struct crypto_driver *driver, bool is_stateful,
	unsigned int n_sessions);
void rig_end(struct rig *rig);

// Send RIG_PACKETS inner packets of these lengths through. Returns cycles a packet, or a number below 0
// when not all came out as they must.
double rig_run(struct rig *rig, enum rig_direction direction, const struct bench_load *load);

// Packets down over the same rings without a worker: rx, the first line of each packet is looked at, tx. What
// the transport costs, and what is left when all else is taken away.
double rig_run_plain(struct rig *rig, const struct bench_load *load);

// The same, and each packet's place in the map of owners and the two lines of its session are brought in as a worker does
// it, in rows, and one word of each is written; but nothing is decided. Below that no worker can be that does one
// thing after the other.
double rig_run_lines(struct rig *rig, const struct bench_load *load);

// Of the cycles of the last rig_run(), those in which the driver itself transformed packets on this core; 0 in the
// clear, and where an engine does it.
double rig_crypto_cycles(const struct rig *rig);

// What somebody can send who knows addresses, Call ID and numbers, but no key.
enum rig_forgery {
	RIG_FAR_SEQ,	  // GRE number beyond the bound
	RIG_REPLAY,	  // GRE number that was there
	RIG_WRONG_SOURCE, // not of the client's address
	RIG_CLEAR_IP,	  // where encryption is required
	RIG_FAR_COUNT,	  // coherency count far ahead
	RIG_NEAR_COUNT,	  // so far ahead that the key is tried
	RIG_FLUSHED,	  // A set, a few counts ahead
	RIG_FAR_FLUSHED,  // A set, a far count
	RIG_FORGERIES
};

// The same up with forged packets, one a session in turn. Returns cycles a packet, or a number below 0 when one
// of them came out.
double rig_run_forged(struct rig *rig, enum rig_forgery kind, const struct bench_load *load);

// MPPE key changes since rig_begin().
uint64_t rig_key_changes(const struct rig *rig);
