// SPDX-License-Identifier: BSD-3-Clause
// The Ethernet ports: found by the configuration's device, with a TAP each, and with a queue pair a worker as far as the
// device has them.
#pragma once

#include "adit/numa_plan.h"
#include "adit/packet_pools.h"
#include "adit/port_flow.h"
#include "adit/port_plan.h"
#include "adit/vlans.h"
#include "conf/config.h"
#include "control/control.h"
#include "dataplane/worker.h"

struct ports {
	unsigned int n;
	struct control_port control[LIMIT_PORTS];
	struct vlans vlans; // of the inside ports
	struct port_queues queues[LIMIT_PORTS];
	struct port_flow flows[LIMIT_PORTS];
	uint16_t call_classes; // of Call IDs by which a NIC finds the worker; 0: none does
};

// Configure and start all ports and open their TAPs. A failure is logged with the port's name.
// Returns 0 or -errno; ports_close() undoes it in both cases.
//
//   t  the workers' nodes; those of the ports are added
int ports_open(struct ports *p, const struct config *config, const struct packet_pools *pools,
	struct numa_topology *t, struct log *log);
void ports_close(struct ports *p);

// What worker `index` needs to know of them.
void ports_for_worker(const struct ports *p, const struct config *config, unsigned int index,
	struct worker_port out[LIMIT_PORTS]);
