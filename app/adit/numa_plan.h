// SPDX-License-Identifier: BSD-3-Clause
// Which NUMA node what belongs to. Pure, but for the look at sysfs by which a CPU's node is found.
#pragma once

#include "config/limits.h"

#include <stdint.h>

enum { NUMA_NODES_MAX = 8, NUMA_NODE_UNKNOWN = -1 };

struct numa_topology {
	unsigned int n_workers, n_ports;
	int worker_nodes[LIMIT_WORKERS];
	int port_nodes[LIMIT_PORTS]; // NUMA_NODE_UNKNOWN: of no node, as virtual devices are
};

// A port some of whose packets cross from one node to another.
struct numa_mismatch {
	uint8_t port;
	uint32_t workers; // bit i: worker i is on another node
};

// The node of a CPU, 0 on a machine that knows of none.
int numa_plan_cpu_node(unsigned int cpu);

// Bit n: a worker is on node n. A node beyond NUMA_NODES_MAX counts as node 0.
uint32_t numa_plan_nodes(const struct numa_topology *t);

// out[LIMIT_PORTS]. Returns how many.
unsigned int numa_plan_mismatches(const struct numa_topology *t, struct numa_mismatch *out);

// Divide total_mb over the nodes by what each needs. Each gets its need in whole MiB at least, while the total
// lasts; the rest goes by the same shares. A node that needs nothing gets nothing.
void numa_plan_split(
	const uint64_t need_bytes[NUMA_NODES_MAX], uint32_t total_mb, uint32_t mb[NUMA_NODES_MAX]);
