// SPDX-License-Identifier: BSD-3-Clause
#include "msg/route_table.h"

#include <errno.h>
#include <rte_byteorder.h>
#include <rte_malloc.h>
#include <rte_rib.h>
#include <stdio.h>

struct route_table {
	struct rte_rib *rib;
	uint32_t n_routes;
	uint32_t n_routes_max;
	struct route routes[]; // routes[n_routes_max]
};

static const struct route none = {.kind = ROUTE_NONE};

struct route_table *route_table_new(uint32_t generation, uint32_t n_routes_max)
{
	char name[32];
	struct rte_rib_conf conf = {.ext_sz = 0, .max_nodes = 2 * (int)n_routes_max + 2};
	struct route_table *t = rte_zmalloc(
		"routes", sizeof(*t) + n_routes_max * sizeof(t->routes[0]), RTE_CACHE_LINE_SIZE);

	if (!t)
		return NULL;
	snprintf(name, sizeof(name), "routes-%u", generation);
	t->rib = rte_rib_create(name, SOCKET_ID_ANY, &conf);
	if (!t->rib) {
		rte_free(t);
		return NULL;
	}
	t->n_routes_max = n_routes_max;
	return t;
}

void route_table_free(struct route_table *t)
{
	if (!t)
		return;
	rte_rib_free(t->rib);
	rte_free(t);
}

int route_table_add(
	struct route_table *t, uint32_t prefix_be, uint8_t prefix_len, const struct route *route)
{
	uint32_t prefix = rte_be_to_cpu_32(prefix_be);
	uint64_t index;

	if (prefix_len > 32)
		return -EINVAL;
	if (prefix_len < 32)
		prefix &= ~(UINT32_MAX >> prefix_len);
	struct rte_rib_node *node = rte_rib_lookup_exact(t->rib, prefix, prefix_len);
	if (node) {
		rte_rib_get_nh(node, &index);
		t->routes[index] = *route;
		return 0;
	}
	if (t->n_routes == t->n_routes_max)
		return -ENOSPC;
	node = rte_rib_insert(t->rib, prefix, prefix_len);
	if (!node)
		return -ENOSPC;
	rte_rib_set_nh(node, t->n_routes);
	t->routes[t->n_routes++] = *route;
	return 0;
}

const struct route *route_table_lookup(const struct route_table *t, uint32_t destination_be)
{
	struct rte_rib_node *node = rte_rib_lookup(t->rib, rte_be_to_cpu_32(destination_be));
	uint64_t index;

	if (!node || rte_rib_get_nh(node, &index) < 0)
		return &none;
	return &t->routes[index];
}
