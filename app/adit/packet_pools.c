// SPDX-License-Identifier: BSD-3-Clause
#include "adit/packet_pools.h"

#include "msg/pool_bytes.h"

#include <errno.h>
#include <rte_errno.h>
#include <stdio.h>

enum { PAGE_BYTES = 4096, HUGEPAGE_BYTES = 2 << 20 };

// Lanes that share CPUs are stopped in the middle of taking a packet, and DPDK's usual ring lets the others spin
// until that one runs again: a second of it was seen where two CPUs had fifteen programs.
static const char *ops_of(const struct config *config)
{
	return config->idle_sleep_us > 0 ? "ring_mt_rts" : NULL;
}

int packet_pools_open(struct packet_pools *p, const struct config *config, uint32_t nodes)
{
	char name[32];

	*p = (struct packet_pools){0};
	for (int node = 0; node < NUMA_NODES_MAX; node++) {
		if (!(nodes >> node & 1))
			continue;
		snprintf(name, sizeof(name), "packets-%d", node);
		p->of_node[node] =
			rte_pktmbuf_pool_create_by_ops(name, config->n_mbufs, PACKET_POOLS_CACHE, 0,
				packet_pools_mbuf_bytes(config), node, ops_of(config));
		if (!p->of_node[node])
			return -rte_errno;
		if (!p->first)
			p->first = p->of_node[node];
	}
	return p->first ? 0 : -EINVAL;
}

void packet_pools_close(struct packet_pools *p)
{
	for (int node = 0; node < NUMA_NODES_MAX; node++)
		rte_mempool_free(p->of_node[node]);
	*p = (struct packet_pools){0};
}

struct rte_mempool *packet_pools_on(const struct packet_pools *p, int node)
{
	if (node >= 0 && node < NUMA_NODES_MAX && p->of_node[node])
		return p->of_node[node];
	return p->first;
}

void packet_pools_report(const struct packet_pools *p, struct memory_report *r)
{
	for (int node = 0; node < NUMA_NODES_MAX; node++) {
		const struct rte_mempool *pool = p->of_node[node];
		if (pool)
			memory_report_add(r, MEMORY_DPDK, "packets", pool_bytes(pool), pool->size,
				rte_mempool_in_use_count(pool));
	}
}

uint64_t packet_pools_bytes(uint32_t n_mbufs, uint16_t mbuf_bytes, bool hugepages)
{
	uint64_t page = hugepages ? HUGEPAGE_BYTES : PAGE_BYTES;
	uint64_t element =
		rte_mempool_calc_obj_size((uint32_t)sizeof(struct rte_mbuf) + mbuf_bytes, 0, NULL);
	uint64_t bytes;

	if (element <= page) {
		uint64_t per_page = page / element;
		bytes = (n_mbufs + per_page - 1) / per_page * page;
	} else {
		bytes = n_mbufs * ((element + page - 1) / page * page);
	}
	// The ring of free ones, and a cache a lane.
	return bytes + (uint64_t)rte_ring_get_memsize(rte_align32pow2(n_mbufs + 1)) +
	       sizeof(struct rte_mempool) + RTE_MAX_LCORE * sizeof(struct rte_mempool_cache);
}

uint16_t packet_pools_mbuf_bytes(const struct config *config)
{
	for (unsigned int i = 0; i < config->n_ports; i++)
		if (config->ports[i].kind == CONFIG_DEVICE_INTERFACE)
			return PACKET_POOLS_FRAME_BYTES + RTE_PKTMBUF_HEADROOM;
	return RTE_MBUF_DEFAULT_BUF_SIZE;
}
