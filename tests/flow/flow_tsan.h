// SPDX-License-Identifier: BSD-3-Clause
// DPDK's libraries are not compiled for ThreadSanitizer, which so does not see that their rings hand a packet from one
// thread to another. In a build for it the rings of ports and of the pool are therefore those of DPDK's headers,
// which are compiled with us, behind functions of our own. In any other build nothing of this is there.
#pragma once

#include <rte_mempool.h>
#include <rte_ring.h>

// Name of the pool's handler; NULL: the usual one.
const char *flow_tsan_pool_ops(void);

// The burst functions of a port of rings; rx[n] and tx[n] stay.
void flow_tsan_port(uint16_t port, struct rte_ring **rx, struct rte_ring **tx);
