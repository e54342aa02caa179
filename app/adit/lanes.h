// SPDX-License-Identifier: BSD-3-Clause
// The worker lanes with all that joins them to control and to each other.
#pragma once

#include "adit/ports.h"

struct lanes {
	unsigned int n_workers;
	bool is_running;
	struct lane_wake wake;
	struct owner_map *owners;
	struct lane_links links[LIMIT_WORKERS];
	struct session_table sessions[LIMIT_WORKERS];
	struct lane_counters *counters[LIMIT_WORKERS];
	struct rte_ring *handoff[LIMIT_WORKERS][LIMIT_WORKERS]; // [from][to]
	struct worker *workers[LIMIT_WORKERS];
};

// Make everything; no lane runs yet. A failure is logged. lanes_close() undoes it in both cases.
int lanes_open(struct lanes *l, const struct config *config, const struct ports *ports,
	struct rte_mempool *pool, const struct crypto_driver *crypto, struct log *log);

// Start each worker on its lcore. Returns 0 or -errno.
int lanes_start(struct lanes *l);

// Stop the workers and wait for them.
void lanes_stop(struct lanes *l);
void lanes_close(struct lanes *l);
