// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <rte_mempool.h>

// Starts EAL at the first call; one small pool of packets for all tests.
struct rte_mempool *unit_eal_pool(void);
