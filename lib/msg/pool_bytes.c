// SPDX-License-Identifier: BSD-3-Clause
#include "msg/pool_bytes.h"

#include <rte_malloc.h>
#include <rte_memzone.h>

uint64_t pool_bytes_ring(const struct rte_ring *r)
{
	return r && r->memzone ? r->memzone->len : 0;
}

uint64_t pool_bytes(const struct rte_mempool *p)
{
	const struct rte_mempool_memhdr *chunk;
	uint64_t n = 0;

	if (!p)
		return 0;
	STAILQ_FOREACH(chunk, &p->mem_list, next)
	n += chunk->len;
	n += p->mz ? p->mz->len : 0;
	return n + pool_bytes_ring(p->pool_data); // every handler in use here keeps a ring there
}

uint64_t pool_bytes_block(const void *block)
{
	size_t n = 0;

	return block && rte_malloc_validate(block, &n) == 0 ? n : 0;
}
