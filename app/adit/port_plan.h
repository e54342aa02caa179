// SPDX-License-Identifier: BSD-3-Clause
// Which worker has which queue of which port, where a port has fewer queues than there are workers. Pure.
//
// A worker without a receive queue gets its packets from the others, over the rings by which they hand over what is not
// theirs; one without a transmit queue hands over its frames to one that has a queue.
#pragma once

#include "config/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct port_queues {
	uint16_t n_rx, n_tx; // at least 1, at most one a worker
	uint16_t first;	     // worker that has queue 0; the next one has queue 1
	uint16_t n_workers;
};

// What a port can do.
struct port_limits {
	uint16_t max_rx, max_tx; // of the device
	uint16_t wanted;	 // by the configuration; 0: one a worker
};

// limits[n_ports], out[n_ports]. The queues of ports with few of them lie with different workers.
void port_plan_queues(const struct port_limits *limits, unsigned int n_ports,
	unsigned int n_workers, struct port_queues *out);

// The worker's queue number, for both directions; it may be one that does not exist.
uint16_t port_plan_queue(const struct port_queues *q, unsigned int worker);
bool port_plan_has_rx(const struct port_queues *q, unsigned int worker);
bool port_plan_has_tx(const struct port_queues *q, unsigned int worker);
// Who polls receive queue `queue`.
uint16_t port_plan_worker(const struct port_queues *q, unsigned int queue);
// Who sends for this worker: itself, or another.
uint16_t port_plan_sender(const struct port_queues *q, unsigned int worker);
