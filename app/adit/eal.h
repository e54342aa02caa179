// SPDX-License-Identifier: BSD-3-Clause
// DPDK's environment, started from the configuration alone: an operator never writes EAL arguments.
#pragma once

#include "adit/numa_plan.h"
#include "conf/config.h"
#include "observe/events.h"

// lcore 0 is control, then come the workers, then the engines. Returns 0, or -errno with an event that says why.
//
//   node_mb  how memory.size_mb is divided
int eal_start(const struct config *config, const uint32_t node_mb[NUMA_NODES_MAX], struct log *log);

// Name of the DPDK device of a port: "0000:01:00.0", "net_af_packet0", ...
void eal_device_name(const struct config *config, unsigned int port, char *out, size_t cap);
