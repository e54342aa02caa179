// SPDX-License-Identifier: BSD-3-Clause
// A path-compressed binary tree for each tenant (Knuth, TAOCP 3, 6.3), all in one allocation. rte_rib would be the
// same tree, but each is a mempool of its own, of three memzones; DPDK has 2,560 of these for everything.
#include "msg/route_table.h"

#include "config/limits.h"

#include <errno.h>
#include <rte_byteorder.h>
#include <rte_malloc.h>
#include <stddef.h>

enum { NODE_NONE = 0 }; // nodes[0] is not used

struct node {
	uint32_t prefix; // host order, bits behind `len` are zero
	uint8_t len;
	uint32_t child[2]; // by the bit behind `len`
	uint32_t route;	   // index + 1, 0: it only joins two
};

struct route_table {
	uint32_t n_routes;
	uint32_t n_routes_max;
	uint32_t n_nodes;
	struct node *nodes;
	uint32_t roots[LIMIT_TENANTS];
	struct route routes[]; // routes[n_routes_max]
};

static const struct route none = {.kind = ROUTE_NONE};

struct route_table *route_table_new(uint32_t n_routes_max)
{
	struct route_table *t = rte_zmalloc(
		"routes", sizeof(*t) + n_routes_max * sizeof(t->routes[0]), RTE_CACHE_LINE_SIZE);

	if (!t)
		return NULL;
	// A prefix needs a node, and at most one more that joins it to the others.
	t->nodes = rte_malloc("route-nodes", (2 * (size_t)n_routes_max + 1) * sizeof(t->nodes[0]),
		RTE_CACHE_LINE_SIZE);
	if (!t->nodes) {
		rte_free(t);
		return NULL;
	}
	t->n_nodes = 1;
	t->n_routes_max = n_routes_max;
	return t;
}

void route_table_free(struct route_table *t)
{
	if (!t)
		return;
	rte_free(t->nodes);
	rte_free(t);
}

static uint32_t mask_of(uint8_t len)
{
	return len ? UINT32_MAX << (32 - len) : 0;
}

static unsigned int bit_at(uint32_t address, uint8_t position)
{
	return address >> (31 - position) & 1;
}

static uint32_t new_node(struct route_table *t, uint32_t prefix, uint8_t len)
{
	uint32_t at = t->n_nodes++;

	t->nodes[at] = (struct node){.prefix = prefix & mask_of(len), .len = len};
	return at;
}

// How many leading bits, of at most `max`, the two have in common.
static uint8_t common_bits(uint32_t a, uint32_t b, uint8_t max)
{
	uint8_t n = a == b ? 32 : (uint8_t)__builtin_clz(a ^ b);

	return RTE_MIN(n, max);
}

// The node of this prefix, made if need be.
static struct node *node_for(struct route_table *t, uint16_t tenant, uint32_t prefix, uint8_t len)
{
	uint32_t *link = &t->roots[tenant];

	for (;;) {
		struct node *n = &t->nodes[*link];
		if (*link == NODE_NONE) {
			*link = new_node(t, prefix, len);
			return &t->nodes[*link];
		}
		uint8_t n_common = common_bits(prefix, n->prefix, RTE_MIN(len, n->len));
		if (n_common == n->len && n_common == len)
			return n;
		if (n_common == n->len) { // below n
			link = &n->child[bit_at(prefix, n->len)];
			continue;
		}
		// Above n, or beside it below a node that joins the two.
		uint32_t joint = new_node(t, prefix, n_common);
		t->nodes[joint].child[bit_at(n->prefix, n_common)] = *link;
		*link = joint;
		if (n_common == len)
			return &t->nodes[joint];
		link = &t->nodes[joint].child[bit_at(prefix, n_common)];
	}
}

static bool has_prefix(const struct route_table *t, uint16_t tenant, uint32_t prefix, uint8_t len)
{
	uint32_t at = t->roots[tenant];

	while (at != NODE_NONE && t->nodes[at].len < len)
		at = t->nodes[at].child[bit_at(prefix, t->nodes[at].len)];
	return at != NODE_NONE && t->nodes[at].len == len && t->nodes[at].prefix == prefix &&
	       t->nodes[at].route != 0;
}

int route_table_add(struct route_table *t, uint16_t tenant, uint32_t prefix_be, uint8_t prefix_len,
	const struct route *route)
{
	if (prefix_len > 32 || tenant >= LIMIT_TENANTS)
		return -EINVAL;
	uint32_t prefix = rte_be_to_cpu_32(prefix_be) & mask_of(prefix_len);
	if (t->n_routes == t->n_routes_max && !has_prefix(t, tenant, prefix, prefix_len))
		return -ENOSPC;
	struct node *n = node_for(t, tenant, prefix, prefix_len);
	if (n->route == 0)
		n->route = ++t->n_routes;
	t->routes[n->route - 1] = *route;
	t->routes[n->route - 1].prefix_len = prefix_len;
	return 0;
}

const struct route *route_table_lookup(
	const struct route_table *t, uint16_t tenant, uint32_t destination_be)
{
	uint32_t address = rte_be_to_cpu_32(destination_be);
	uint32_t best = 0;

	for (uint32_t at = t->roots[tenant]; at != NODE_NONE;) {
		const struct node *n = &t->nodes[at];
		if (((address ^ n->prefix) & mask_of(n->len)) != 0)
			break;
		if (n->route != 0)
			best = n->route;
		if (n->len == 32)
			break;
		at = n->child[bit_at(address, n->len)];
	}
	return best ? &t->routes[best - 1] : &none;
}

uint64_t route_table_bytes_for(uint32_t n_routes_max)
{
	return sizeof(struct route_table) + n_routes_max * sizeof(struct route) +
	       (2 * (uint64_t)n_routes_max + 1) * sizeof(struct node);
}

uint64_t route_table_bytes(const struct route_table *t)
{
	return route_table_bytes_for(t->n_routes_max);
}
