// SPDX-License-Identifier: BSD-3-Clause
#include "flow_tsan.h"

#ifdef __SANITIZE_THREAD__

#include <errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>

static uint16_t receive(void *queue, struct rte_mbuf **mbufs, uint16_t n)
{
	return (uint16_t)rte_ring_dequeue_burst(queue, (void **)mbufs, n, NULL);
}

static uint16_t transmit(void *queue, struct rte_mbuf **mbufs, uint16_t n)
{
	return (uint16_t)rte_ring_enqueue_burst(queue, (void **)mbufs, n, NULL);
}

void flow_tsan_port(uint16_t port, struct rte_ring **rx, struct rte_ring **tx)
{
	struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[port];

	ops->rx_pkt_burst = receive;
	ops->rxq.data = (void **)rx;
	ops->tx_pkt_burst = transmit;
	ops->txq.data = (void **)tx;
}

static int pool_alloc(struct rte_mempool *mp)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "pool-%.16s", mp->name);
	mp->pool_data = rte_ring_create(name, rte_align32pow2(mp->size + 1), mp->socket_id, 0);
	return mp->pool_data ? 0 : -ENOMEM;
}

static void pool_free(struct rte_mempool *mp)
{
	rte_ring_free(mp->pool_data);
}

static int pool_enqueue(struct rte_mempool *mp, void *const *objects, unsigned int n)
{
	return rte_ring_enqueue_bulk(mp->pool_data, objects, n, NULL) == n ? 0 : -ENOBUFS;
}

static int pool_dequeue(struct rte_mempool *mp, void **objects, unsigned int n)
{
	return rte_ring_dequeue_bulk(mp->pool_data, objects, n, NULL) == n ? 0 : -ENOBUFS;
}

static unsigned int pool_count(const struct rte_mempool *mp)
{
	return rte_ring_count(mp->pool_data);
}

static const struct rte_mempool_ops pool_ops = {
	.name = "flow-tsan",
	.alloc = pool_alloc,
	.free = pool_free,
	.enqueue = pool_enqueue,
	.dequeue = pool_dequeue,
	.get_count = pool_count,
};
RTE_MEMPOOL_REGISTER_OPS(pool_ops)

const char *flow_tsan_pool_ops(void)
{
	return pool_ops.name;
}

#else

const char *flow_tsan_pool_ops(void)
{
	return NULL;
}

void flow_tsan_port(uint16_t port, struct rte_ring **rx, struct rte_ring **tx)
{
}

#endif
