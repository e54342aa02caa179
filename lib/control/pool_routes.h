// SPDX-License-Identifier: BSD-3-Clause
// The addresses of a pool as prefixes of a route table that lead nowhere.
#pragma once

#include "msg/route_table.h"

enum { POOL_ROUTES_MAX = 62 }; // prefixes that any range of addresses can need

// Add ROUTE_BLACKHOLE for the tenant's first..last (host order, first <= last). Returns 0 or what route_table_add() returns.
int pool_routes_add(struct route_table *t, uint16_t tenant, uint32_t first, uint32_t last);
