// SPDX-License-Identifier: BSD-3-Clause
#include "control/call_routes.h"

#include "control/call.h"
#include "control/call_record.h"
#include "control/control_state.h"

#include <errno.h>

_Static_assert((int)LIMIT_USER_ROUTES <= 8, "call.routes_on has a bit for each");

void call_routes_take(struct call *call, const struct aaa_reply *reply)
{
	call->n_routes = (uint8_t)RTE_MIN(reply->n_routes, LIMIT_USER_ROUTES);
	memcpy(call->routes, reply->routes, call->n_routes * sizeof(call->routes[0]));
}

static bool overlaps_pool(const struct call *call, const struct aaa_route *route)
{
	const struct config *config = call->control->config.config;
	uint32_t first = rte_be_to_cpu_32(route->prefix_be);
	uint32_t last = first | (uint32_t)(UINT64_C(0xffffffff) >> route->prefix_len);

	for (uint16_t i = 0; i < config->n_pools; i++) {
		const struct config_pool *pool = &config->pools[i];
		uint32_t server = rte_be_to_cpu_32(pool->server_inner_be);
		if (pool->tenant_number == call->tenant &&
			((first <= pool->last && pool->first <= last) ||
				(first <= server && server <= last)))
			return true;
	}
	return false;
}

static void refuse(struct call *call, const struct aaa_route *route, const char *why)
{
	counter_add(&call->control->counters.routes_refused, 1);
	call_record_route_refused(call, route->prefix_be, route->prefix_len, why);
}

void call_routes_add(struct call *call)
{
	struct owner_map *owners = call->control->config.owners;
	uint32_t owner = owner_make(session_id_worker(call->id), session_id_slot(call->id));

	for (uint8_t i = 0; i < call->n_routes; i++) {
		const struct aaa_route *route = &call->routes[i];
		if (call->routes_on & 1u << i)
			continue;
		if (overlaps_pool(call, route)) {
			refuse(call, route, "overlaps a pool");
			continue;
		}
		int rc = owner_map_add_route(
			owners, call->tenant, route->prefix_be, route->prefix_len, owner);
		if (rc == 0)
			call->routes_on |= (uint8_t)(1u << i);
		else
			refuse(call, route, rc == -EEXIST ? "another call has it" : strerror(-rc));
	}
}

void call_routes_remove(struct call *call)
{
	uint32_t owner = owner_make(session_id_worker(call->id), session_id_slot(call->id));

	for (uint8_t i = 0; i < call->n_routes; i++)
		if (call->routes_on & 1u << i)
			owner_map_remove_route(call->control->config.owners, call->tenant,
				call->routes[i].prefix_be, call->routes[i].prefix_len, owner);
	call->routes_on = 0;
}
