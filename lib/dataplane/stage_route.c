// SPDX-License-Identifier: BSD-3-Clause
// Where an inner packet goes: to another client, or by the route table to a port.
#include "dataplane/lane.h"

enum {
	ICMP_UNREACHABLE = 3,
	ICMP_NET_UNREACHABLE = 0,
	ICMP_FRAGMENTATION_NEEDED = 4,
};

static const struct route no_route = {.kind = ROUTE_NONE};

// A walk through a table of some thousand routes costs as much as all else that is done to a packet in the
// clear, and most packets go where others have just gone.
static const struct route *find_route(struct worker *w, uint32_t destination_be)
{
	uint32_t hash = rte_be_to_cpu_32(destination_be) * UINT32_C(2654435761);
	struct lane_route_memo *memo = &w->route_memos[hash >> 24];

	_Static_assert(LANE_ROUTE_MEMOS == 256, "the hash has 8 bits");
	if (!w->routes)
		return &no_route;
	if (memo->routes_number != w->routes_number || memo->destination_be != destination_be)
		*memo = (struct lane_route_memo){
			.destination_be = destination_be,
			.routes_number = w->routes_number,
			.route = route_table_lookup(w->routes, destination_be),
		};
	return memo->route;
}

static uint8_t route_to_port(struct worker *w, struct pkt *p)
{
	const struct route *route = find_route(w, p->ip.destination_be);

	if (route->kind == ROUTE_LOCAL)
		return icmp_answer(w, p);
	if (route->kind == ROUTE_BROADCAST)
		return inner_directed_broadcast(w, p, route->port);
	if (route->kind == ROUTE_NONE && p->s)
		icmp_error(w, p, ICMP_UNREACHABLE, ICMP_NET_UNREACHABLE, 0);
	if (route->kind == ROUTE_FORWARD && route->port < w->config.n_ports) {
		uint16_t mtu = w->config.ports[route->port].mtu;
		if (p->ip.total_len > mtu && p->ip.dont_fragment) {
			icmp_error(w, p, ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, mtu);
			return DROP_TOO_BIG;
		}
	}
	return stage_tx_ip(w, p, route);
}

static uint8_t route(struct worker *w, struct pkt *p)
{
	uint32_t owner = p->flags & PKT_INJECTED
				 ? OWNER_NONE
				 : owner_map_inner(w->config.owners, p->ip.destination_be);

	if (owner == OWNER_NONE)
		return route_to_port(w, p);
	if (owner_worker(owner) != w->config.index)
		return handoff_put(w, p, owner_worker(owner), PKT_HANDED_INNER);
	return pkt_list_put(&w->down, p);
}

void stage_route(struct worker *w, struct pkt **pkts, unsigned int n)
{
	uint64_t n_sent = 0, n_bytes = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct pkt *p = pkts[i];

		p->verdict = route(w, p);
		if (p->verdict == PKT_TAKEN && p->s) {
			n_sent++;
			n_bytes += p->ip.total_len;
		}
	}
	if (n_sent > 0) {
		counter_add(&lane_count(w)->upstream_pkts, n_sent);
		counter_add(&lane_count(w)->upstream_bytes, n_bytes);
	}
	(void)pkt_settle(w, pkts, n);
}
