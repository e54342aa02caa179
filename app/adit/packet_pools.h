// SPDX-License-Identifier: BSD-3-Clause
// Packet buffers: a pool on each NUMA node that has workers.
#pragma once

#include "adit/numa_plan.h"
#include "conf/config.h"
#include "observe/memory_report.h"

#include <rte_mbuf.h>

enum {
	PACKET_POOLS_CACHE = 256,
	// The af_packet driver asks the kernel to reassemble fragments before it hands them over, and cuts off what is
	// longer than its frame: room for the datagrams of up to 4 KB that DNS and old file servers send.
	PACKET_POOLS_FRAME_BYTES = 4096, // of a port of kind `interface:`
};

struct packet_pools {
	struct rte_mempool *of_node[NUMA_NODES_MAX]; // NULL: no worker there
	struct rte_mempool *first;		     // control's
};

// `nodes` is a bit a node. Returns 0 or -errno; packet_pools_close() undoes it in both cases.
int packet_pools_open(struct packet_pools *p, const struct config *config, uint32_t nodes);
void packet_pools_close(struct packet_pools *p);

// That of a node, or another where it has none. Never NULL once open.
struct rte_mempool *packet_pools_on(const struct packet_pools *p, int node);

void packet_pools_report(const struct packet_pools *p, struct memory_report *r);

// Bytes of a packet buffer that the ports need, headroom included.
uint16_t packet_pools_mbuf_bytes(const struct config *config);

// What a pool takes. Without hugepages a buffer begins on a page of its own.
uint64_t packet_pools_bytes(uint32_t n_mbufs, uint16_t mbuf_bytes, bool hugepages);
