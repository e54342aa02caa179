// SPDX-License-Identifier: BSD-3-Clause
#include "unit_eal.h"

#include "shim/eal.h"

#include <rte_mbuf.h>

struct rte_mempool *unit_eal_pool(void)
{
	static struct rte_mempool *pool;

	eal_start(64);
	if (!pool)
		pool = rte_pktmbuf_pool_create(
			"unit", 63, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!pool)
		abort();
	return pool;
}
