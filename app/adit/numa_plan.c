// SPDX-License-Identifier: BSD-3-Clause
#include "adit/numa_plan.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

int numa_plan_cpu_node(unsigned int cpu)
{
	char path[64];

	for (int node = 0; node < NUMA_NODES_MAX; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/cpu%u", node, cpu);
		if (access(path, F_OK) == 0)
			return node;
	}
	return 0;
}

uint32_t numa_plan_nodes(const struct numa_topology *t)
{
	uint32_t nodes = 0;

	for (unsigned int i = 0; i < t->n_workers; i++) {
		int node = t->worker_nodes[i];
		nodes |= UINT32_C(1) << (node >= 0 && node < NUMA_NODES_MAX ? node : 0);
	}
	return nodes;
}

unsigned int numa_plan_mismatches(const struct numa_topology *t, struct numa_mismatch *out)
{
	unsigned int n = 0;

	for (unsigned int port = 0; port < t->n_ports; port++) {
		uint32_t workers = 0;
		if (t->port_nodes[port] == NUMA_NODE_UNKNOWN)
			continue;
		for (unsigned int i = 0; i < t->n_workers; i++)
			if (t->worker_nodes[i] != NUMA_NODE_UNKNOWN &&
				t->worker_nodes[i] != t->port_nodes[port])
				workers |= UINT32_C(1) << i;
		if (workers)
			out[n++] = (struct numa_mismatch){(uint8_t)port, workers};
	}
	return n;
}

void numa_plan_split(
	const uint64_t need_bytes[NUMA_NODES_MAX], uint32_t total_mb, uint32_t mb[NUMA_NODES_MAX])
{
	uint64_t need = 0;
	uint32_t given = 0;
	int most = -1;

	memset(mb, 0, NUMA_NODES_MAX * sizeof(mb[0]));
	for (int i = 0; i < NUMA_NODES_MAX; i++)
		need += need_bytes[i];
	for (int i = 0; i < NUMA_NODES_MAX && need > 0; i++) {
		uint64_t wanted = (need_bytes[i] + MIB - 1) / MIB;
		uint64_t share = (uint64_t)((double)need_bytes[i] / (double)need * total_mb);
		if (share < wanted)
			share = wanted;
		if (share > total_mb - given)
			share = total_mb - given;
		mb[i] = (uint32_t)share;
		given += mb[i];
		if (need_bytes[i] > 0 && (most < 0 || need_bytes[i] > need_bytes[most]))
			most = i;
	}
	if (most >= 0)
		mb[most] += total_mb - given;
}
