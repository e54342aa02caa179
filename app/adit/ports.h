// SPDX-License-Identifier: BSD-3-Clause
// The Ethernet ports: found by the configuration's device, one queue pair a worker, with a TAP each.
#pragma once

#include "conf/config.h"
#include "control/control.h"
#include "dataplane/worker.h"

struct ports {
	unsigned int n;
	struct control_port control[LIMIT_PORTS];
};

// Configure and start all ports and open their TAPs. A failure is logged with the port's name.
// Returns 0 or -errno; ports_close() undoes it in both cases.
int ports_open(
	struct ports *p, const struct config *config, struct rte_mempool *pool, struct log *log);
void ports_close(struct ports *p);

// What worker `index` needs to know of them.
void ports_for_worker(const struct ports *p, const struct config *config, unsigned int index,
	struct worker_port out[LIMIT_PORTS]);
