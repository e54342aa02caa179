// SPDX-License-Identifier: BSD-3-Clause
// Out by a port: Ethernet header, fragments where the port is too narrow, one buffer a port and poll.
#include "dataplane/lane.h"

enum { ETHER_TYPE_IPV4 = 0x0800, ETHER_TYPE_VLAN = 0x8100, ETHER_TYPE = 12, VLAN_TAG_BYTES = 4 };

static void flush_port(struct worker *w, unsigned int i)
{
	struct lane_tx *tx = &w->tx[i];
	const struct worker_port *port = &w->config.ports[i];
	struct port_counters *c = &lane_count(w)->ports[i];
	uint64_t n_bytes = 0, unsent_bytes = 0;

	if (port->lacks_tx) {
		handoff_frames(w, (uint8_t)i, tx->mbufs, tx->n);
		tx->n = 0;
		return;
	}
	for (uint16_t k = 0; k < tx->n; k++)
		n_bytes += rte_pktmbuf_pkt_len(tx->mbufs[k]);
	uint16_t n = rte_eth_tx_burst(port->dpdk_port, port->queue, tx->mbufs, tx->n);
	if (n < tx->n) {
		for (uint16_t k = n; k < tx->n; k++)
			unsent_bytes += rte_pktmbuf_pkt_len(tx->mbufs[k]);
		counter_add(&lane_count(w)->drops[DROP_TX_FULL], (uint64_t)(tx->n - n));
		rte_pktmbuf_free_bulk(&tx->mbufs[n], tx->n - n);
	}
	counter_add(&c->tx_pkts, n);
	counter_add(&c->tx_bytes, n_bytes - unsent_bytes);
	tx->n = 0;
}

void stage_tx_frame(struct worker *w, uint8_t port, struct rte_mbuf *m)
{
	struct lane_tx *tx = &w->tx[port];

	if (m->nb_segs > 1 && !w->config.ports[port].takes_chains && !lane_flatten(m)) {
		lane_drop_mbuf(w, m, DROP_TOO_BIG);
		return;
	}
	if (tx->n == LANE_TX_PKTS)
		flush_port(w, port);
	tx->mbufs[tx->n++] = m;
}

void stage_tx_flush(struct worker *w)
{
	for (unsigned int i = 0; i < w->config.n_ports; i++)
		if (w->tx[i].n > 0)
			flush_port(w, i);
}

static bool put_ether(struct worker *w, struct rte_mbuf *m, const struct route *route)
{
	uint16_t tag_bytes = route->vlan ? VLAN_TAG_BYTES : 0;
	uint8_t *at = (uint8_t *)rte_pktmbuf_prepend(m, RTE_ETHER_HDR_LEN + tag_bytes);

	if (!at)
		return false;
	memcpy(at, route->mac.addr_bytes, RTE_ETHER_ADDR_LEN);
	memcpy(at + RTE_ETHER_ADDR_LEN, w->config.ports[route->port].mac.addr_bytes,
		RTE_ETHER_ADDR_LEN);
	if (route->vlan) {
		bytes_put_u16(at + ETHER_TYPE, ETHER_TYPE_VLAN);
		bytes_put_u16(at + ETHER_TYPE + 2, route->vlan);
	}
	bytes_put_u16(at + ETHER_TYPE + tag_bytes, ETHER_TYPE_IPV4);
	return true;
}

static uint8_t send_parts(struct worker *w, struct pkt *p, const struct route *route, uint16_t mtu)
{
	struct rte_mbuf *parts[LANE_FRAGMENTS_MAX];
	unsigned int n = fragment_ipv4(w->config.pool, p->m, mtu, parts);

	if (n == 0)
		return DROP_NO_MBUF;
	for (unsigned int i = 0; i < n; i++) {
		if (put_ether(w, parts[i], route))
			stage_tx_frame(w, route->port, parts[i]);
		else
			lane_drop_mbuf(w, parts[i], DROP_NO_MBUF);
	}
	counter_add(&lane_count(w)->fragments_made, n);
	rte_pktmbuf_free(p->m);
	return PKT_TAKEN;
}

static uint8_t forward(struct worker *w, struct pkt *p, const struct route *route)
{
	if (route->port >= w->config.n_ports)
		return DROP_NO_ROUTE;
	uint16_t mtu = route->mtu ? route->mtu : w->config.ports[route->port].mtu;
	if (pkt_len(p) > mtu)
		return send_parts(w, p, route, mtu);
	if (!put_ether(w, p->m, route))
		return DROP_NO_MBUF;
	stage_tx_frame(w, route->port, p->m);
	return PKT_TAKEN;
}

// A client's route is looked up once a table, not once a packet.
uint8_t stage_tx_outer(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;

	if (!w->routes)
		return DROP_NO_ROUTE;
	if (s->routes_number != w->routes_number) {
		s->outer_route = route_table_lookup(w->routes, 0, s->outer_peer_be);
		s->routes_number = w->routes_number;
	}
	return stage_tx_ip(w, p, s->outer_route);
}

uint8_t stage_tx_ip(struct worker *w, struct pkt *p, const struct route *route)
{
	switch ((enum route_kind)route->kind) {
	case ROUTE_FORWARD:
		return forward(w, p, route);
	case ROUTE_UNRESOLVED:
		return p->flags & PKT_INJECTED ? DROP_NO_NEIGHBOR : punt_unresolved(w, p, route);
	case ROUTE_NONE:
	case ROUTE_LOCAL:
	case ROUTE_BLACKHOLE:
	case ROUTE_BROADCAST:
		break;
	}
	return DROP_NO_ROUTE;
}
