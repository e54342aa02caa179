// SPDX-License-Identifier: BSD-3-Clause
// The lanes that move packets, workers and engines, with all that joins them to control and to each other.
#pragma once

#include "adit/engines.h"
#include "adit/ports.h"
#include "observe/crypto_counters.h"

struct lanes {
	unsigned int n_workers;
	unsigned int n_running; // workers
	struct lane_wake wake;
	struct owner_map *owners;
	struct lane_links links[LIMIT_WORKERS];
	struct session_table sessions[LIMIT_WORKERS];
	struct lane_counters *counters[LIMIT_WORKERS];
	struct crypto_counters *crypto_counters[LIMIT_WORKERS];
	struct rte_ring *handoff[LIMIT_WORKERS][LIMIT_WORKERS]; // [from][to]
	struct worker *workers[LIMIT_WORKERS];
	struct engines engines;
};

// Make everything; no lane runs yet. A failure is logged. lanes_close() undoes it in both cases.
//
//   setup  what the crypto of every worker is opened with; depth and lane are the worker's own
int lanes_open(struct lanes *l, const struct config *config, const struct ports *ports,
	const struct packet_pools *pools, const struct crypto_driver *crypto,
	const struct crypto_setup *setup, struct log *log);

// Start each lane on its lcore. Returns 0 or -errno.
int lanes_start(struct lanes *l);

// Stop the lanes and wait for them. False: an engine is stuck, and what it can reach must not be freed, so no
// lanes_close() either.
bool lanes_stop(struct lanes *l);
void lanes_close(struct lanes *l);

// Where each lane counts what it encrypts.
void lanes_show_crypto(
	const struct lanes *l, const struct config *config, struct crypto_view *view);

// What control shows of them, and what memory they have.
void lanes_show(const struct lanes *l, const struct numa_topology *t, struct lane_view *view);
void lanes_report(const struct lanes *l, struct memory_report *r);
