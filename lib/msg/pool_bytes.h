// SPDX-License-Identifier: BSD-3-Clause
// How much memory DPDK's own objects take, for reports about memory.
#pragma once

#include <rte_mempool.h>
#include <rte_ring.h>

// A mempool with its elements, caches and ring. 0 for NULL.
uint64_t pool_bytes(const struct rte_mempool *p);
uint64_t pool_bytes_ring(const struct rte_ring *r);
// What rte_malloc() gave; 0 for NULL.
uint64_t pool_bytes_block(const void *block);
