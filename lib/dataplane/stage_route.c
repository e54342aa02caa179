// SPDX-License-Identifier: BSD-3-Clause
// Where an inner packet goes: to another client, or by the route table to a port.
#include "dataplane/lane.h"

enum {
	ICMP_UNREACHABLE = 3,
	ICMP_NET_UNREACHABLE = 0,
	ICMP_FRAGMENTATION_NEEDED = 4,
};

static const struct route no_route = {.kind = ROUTE_NONE};

static void remember(struct worker *w, struct lane_route_memo *memo, uint16_t tenant,
	uint32_t destination_be, const struct route *route)
{
	*memo = (struct lane_route_memo){
		.destination_be = destination_be,
		.tenant = tenant,
		.routes_number = w->routes_number,
		.route = route,
	};
	if (route->kind != ROUTE_FORWARD || route->vlan != 0 || route->port >= w->config.n_ports)
		return;
	// What is ours or for many stays to the stages, whatever the table says.
	if ((uint8_t)destination_be >= 0xe0 || destination_be == lane_server_be(w, tenant) ||
		owner_map_listen(w->config.owners, destination_be) >= 0)
		return;
	const struct worker_port *port = &w->config.ports[route->port];
	memo->port = route->port;
	memo->mtu = route->mtu ? route->mtu : port->mtu;
	memcpy(memo->ether, route->mac.addr_bytes, RTE_ETHER_ADDR_LEN);
	memcpy(memo->ether + RTE_ETHER_ADDR_LEN, port->mac.addr_bytes, RTE_ETHER_ADDR_LEN);
	bytes_put_u16(memo->ether + 2 * RTE_ETHER_ADDR_LEN, RTE_ETHER_TYPE_IPV4);
}

// A walk through a table of some thousand routes costs as much as all else that is done to a packet in the
// clear, and most packets go where others have just gone.
const struct route *route_find(struct worker *w, uint16_t tenant, uint32_t destination_be)
{
	struct lane_route_memo *memo = &w->route_memos[lane_route_place(tenant, destination_be)];

	if (!w->routes)
		return &no_route;
	if (!lane_route_is_known(w, memo, tenant, destination_be))
		remember(w, memo, tenant, destination_be,
			route_table_lookup(w->routes, tenant, destination_be));
	return memo->route;
}

uint32_t route_find_behind(struct worker *w, uint16_t tenant, uint32_t destination_be)
{
	uint8_t length;
	uint32_t owner = owner_map_route(w->config.owners, tenant, destination_be, &length);

	if (owner != OWNER_NONE && route_find(w, tenant, destination_be)->prefix_len >= length)
		return OWNER_NONE;
	return owner;
}

static uint8_t route_to_port(struct worker *w, struct pkt *p)
{
	const struct route *route = route_find(w, p->tenant, p->ip.destination_be);

	if (route->kind == ROUTE_LOCAL)
		return icmp_answer(w, p);
	if (route->kind == ROUTE_BROADCAST)
		return inner_directed_broadcast(w, p, route);
	if (route->kind == ROUTE_NONE && p->s)
		icmp_error(w, p, ICMP_UNREACHABLE, ICMP_NET_UNREACHABLE, 0);
	if (route->kind == ROUTE_FORWARD && route->port < w->config.n_ports) {
		uint16_t mtu = route->mtu ? route->mtu : w->config.ports[route->port].mtu;
		if (p->ip.total_len > mtu && p->ip.dont_fragment) {
			icmp_error(w, p, ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, mtu);
			return DROP_TOO_BIG;
		}
	}
	return stage_tx_ip(w, p, route);
}

static uint8_t route(struct worker *w, struct pkt *p)
{
	uint32_t owner = p->flags & PKT_INJECTED ? OWNER_NONE
						 : lane_owner(w, p->tenant, p->ip.destination_be);

	if (owner == OWNER_NONE)
		return route_to_port(w, p);
	if (owner_worker(owner) != w->config.index)
		return handoff_put(w, p, owner_worker(owner),
			p->flags & PKT_POLICED ? PKT_HANDED_OURS : PKT_HANDED_INNER);
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
