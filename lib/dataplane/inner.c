// SPDX-License-Identifier: BSD-3-Clause
// What a client sends to no single host: DHCP goes to control, broadcasts out of the inside ports where
// policy relays them.
//
// Only this way: broadcasts of the inside are never sent into tunnels. What helps a client is to be able to ask
// (NetBIOS names, browsing), and it is answered by unicast; the other way round each broadcast of a network
// would be encrypted once for every client.
#include "dataplane/lane.h"

#include "wire/dhcp.h"
#include "wire/udp.h"

struct network {
	uint8_t port;
	uint16_t vlan;
};

static const struct route all_hosts = {
	.kind = ROUTE_FORWARD,
	.mac = {.addr_bytes = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
};

// 0 for what is no whole UDP datagram.
static uint16_t udp_destination_port(const struct pkt *p)
{
	if (p->ip.protocol != INET_UDP || p->ip.is_fragment ||
		p->ip.total_len < p->ip.header_len + UDP_HEADER_BYTES)
		return 0;
	return bytes_get_u16(pkt_data(p) + p->ip.header_len + 2);
}

bool inner_is_dhcp(const struct pkt *p)
{
	return udp_destination_port(p) == DHCP_SERVER_PORT;
}

uint8_t inner_dhcp(struct worker *w, struct pkt *p)
{
	if (!(p->s->flags & SESSION_DHCP_INFORM))
		return DROP_DHCP_REFUSED;
	return punt_inner(w, p);
}

// Of UDP, because that is what asks; nothing of DHCP, for whose server a client is not one of the network.
static uint8_t may_relay(struct worker *w, struct pkt *p)
{
	const uint64_t cost_ns = UINT64_C(1000000000) / LANE_BROADCAST_RATE_PPS;
	uint16_t port = udp_destination_port(p);

	if (!(p->s->flags & SESSION_RELAY) || port == 0 || port == DHCP_SERVER_PORT ||
		port == DHCP_CLIENT_PORT)
		return DROP_INNER_BROADCAST;
	if (!gate_pass_at(&p->s->broadcast_gate_ns, cost_ns, LANE_BROADCAST_BURST_PKTS * cost_ns,
		    w->now_ns) ||
		!gate_pass(&w->broadcast_gate, w->now_ns))
		return DROP_TRAFFIC_LIMIT;
	return PKT_NEXT;
}

static uint8_t send_to(struct worker *w, struct pkt *p, struct network network)
{
	struct route route = all_hosts;

	route.port = network.port;
	route.vlan = network.vlan;
	counter_add(&lane_count(w)->broadcasts_relayed, 1);
	return stage_tx_ip(w, p, &route);
}

static void send_copy(struct worker *w, const struct pkt *p, struct network network)
{
	struct rte_mbuf *m = rte_pktmbuf_copy(p->m, w->config.pool, 0, UINT32_MAX);
	struct pkt *copy = m ? pkt_new(w, m) : NULL;

	if (!copy) {
		counter_add(&lane_count(w)->drops[DROP_NO_MBUF], 1);
		rte_pktmbuf_free(m);
		return;
	}
	copy->ip = p->ip;
	copy->verdict = send_to(w, copy, network);
	(void)pkt_settle(w, &copy, 1);
}

// The networks of a tenant, the first LANE_BROADCAST_NETWORKS of them.
static unsigned int find_networks(
	const struct worker *w, uint16_t tenant, struct network networks[LANE_BROADCAST_NETWORKS])
{
	unsigned int n = 0;

	for (uint8_t i = 0; i < w->config.n_ports; i++) {
		const struct worker_port *port = &w->config.ports[i];
		if (port->is_outside)
			continue;
		if (!port->tenants && tenant == 0 && n < LANE_BROADCAST_NETWORKS)
			networks[n++] = (struct network){.port = i};
		for (uint16_t vlan = 0; port->tenants && vlan < WORKER_VLANS; vlan++)
			if (port->tenants[vlan] == tenant && n < LANE_BROADCAST_NETWORKS)
				networks[n++] = (struct network){.port = i, .vlan = vlan};
	}
	return n;
}

uint8_t inner_broadcast(struct worker *w, struct pkt *p)
{
	struct network networks[LANE_BROADCAST_NETWORKS];

	if (inner_is_dhcp(p))
		return inner_dhcp(w, p);
	uint8_t verdict = may_relay(w, p);
	if (verdict != PKT_NEXT)
		return verdict;
	if (p->ip.ttl <= 1)
		return DROP_TTL_EXCEEDED;
	unsigned int n = find_networks(w, p->s->tenant, networks);
	if (n == 0)
		return DROP_INNER_BROADCAST;
	inet_ttl_decrement(pkt_data(p));
	for (unsigned int i = 1; i < n; i++)
		send_copy(w, p, networks[i]);
	counter_add(&p->s->counters.up_pkts, 1);
	counter_add(&p->s->counters.up_bytes, p->ip.total_len);
	counter_add(&lane_count(w)->upstream_pkts, 1);
	counter_add(&lane_count(w)->upstream_bytes, p->ip.total_len);
	return send_to(w, p, networks[0]);
}

uint8_t inner_directed_broadcast(struct worker *w, struct pkt *p, const struct route *route)
{
	struct network network = {.port = route->port, .vlan = route->vlan};

	if (!p->s || route->port >= w->config.n_ports || w->config.ports[route->port].is_outside)
		return DROP_INNER_BROADCAST;
	uint8_t verdict = may_relay(w, p);
	return verdict == PKT_NEXT ? send_to(w, p, network) : verdict;
}
