// SPDX-License-Identifier: BSD-3-Clause
// To control: each ring is bounded, each kind of packet has a rate, and what finds no room is counted.
// Anybody can send what goes to the kernel, so half of that ring is kept for ARP and the control connections
// that there are.
#include "dataplane/lane.h"

static bool put(struct worker *w, struct rte_ring *ring, const struct lane_event *e)
{
	struct lane_event own = *e;

	own.worker = w->config.index;
	if (!lane_ring_put_event(ring, &own))
		return false;
	w->has_news = true;
	counter_add(&lane_count(w)->events_sent, 1);
	return true;
}

// Control reads packets flat.
static uint8_t put_packet(struct worker *w, struct rte_ring *ring, const struct lane_event *e)
{
	if (!lane_flatten(e->packet))
		return DROP_TOO_BIG;
	return put(w, ring, e) ? PKT_TAKEN : DROP_CONTROL_FULL;
}

bool punt_event(struct worker *w, const struct lane_event *e)
{
	return put(w, w->config.links->events, e);
}

// One client that floods control frames must not take the ring from the others, nor from the answers to
// commands.
uint8_t punt_ppp(struct worker *w, struct pkt *p)
{
	const uint64_t cost_ns = UINT64_C(1000000000) / LANE_PPP_RATE_PPS;
	struct rte_ring *ring = w->config.links->events;
	struct session *s = p->s;

	if (p->flags & PKT_LATE) // PPP wants its frames in order (RFC 1661 1, RFC 2637 4.3)
		return DROP_GRE_LATE;
	if (!gate_pass_at(&s->ppp_gate_ns, cost_ns, LANE_PPP_BURST_PKTS * cost_ns, w->now_ns))
		return DROP_TRAFFIC_LIMIT;
	if (rte_ring_free_count(ring) <= w->event_reserve)
		return DROP_CONTROL_FULL;
	struct lane_event e = {
		.kind = LANE_PPP,
		.session_id = s->id,
		.protocol = p->protocol,
		.packet = p->m,
	};
	uint8_t verdict = put_packet(w, ring, &e);
	if (verdict != PKT_TAKEN)
		return verdict;
	counter_add(&s->counters.up_control_frames, 1);
	counter_add(&lane_count(w)->control_frames_in, 1);
	return PKT_TAKEN;
}

// DHCP of a client.
uint8_t punt_inner(struct worker *w, struct pkt *p)
{
	const uint64_t cost_ns = UINT64_C(1000000000) / LANE_DHCP_RATE_PPS;
	struct rte_ring *ring = w->config.links->events;
	struct session *s = p->s;

	if (!gate_pass_at(&s->dhcp_gate_ns, cost_ns, LANE_DHCP_BURST_PKTS * cost_ns, w->now_ns) ||
		!gate_pass(&w->dhcp_gate, w->now_ns))
		return DROP_TRAFFIC_LIMIT;
	if (rte_ring_free_count(ring) <= w->event_reserve)
		return DROP_CONTROL_FULL;
	struct lane_event e = {.kind = LANE_INNER, .session_id = s->id, .packet = p->m};
	return put_packet(w, ring, &e);
}

static bool is_half_full(const struct rte_ring *ring)
{
	return rte_ring_free_count(ring) <= rte_ring_get_capacity(ring) / 2;
}

// The share of one source first: what it sends beyond it takes nothing from the others.
static bool may_pass(struct worker *w, const struct pkt *p, enum exception_kind kind)
{
	struct source_gate *shares = kind == EXCEPTION_SYN    ? &w->syn_sources
				     : kind == EXCEPTION_PPTP ? &w->pptp_sources
							      : NULL;

	return (!shares || source_gate_pass(shares, p->ip.source_be, w->now_ns)) &&
	       gate_pass(&w->exception_gates[kind], w->now_ns);
}

uint8_t punt_exception(struct worker *w, struct pkt *p, enum exception_kind kind)
{
	if (!may_pass(w, p, kind))
		return DROP_EXCEPTION_RATE;
	if ((kind == EXCEPTION_OTHER || kind == EXCEPTION_SYN) &&
		is_half_full(w->config.links->exceptions))
		return DROP_CONTROL_FULL;
	struct lane_event e = {.kind = LANE_EXCEPTION, .port = p->port, .packet = p->m};
	uint8_t verdict = put_packet(w, w->config.links->exceptions, &e);
	if (verdict != PKT_TAKEN)
		return verdict;
	counter_add(&lane_count(w)->exceptions_in, 1);
	return PKT_TAKEN;
}

uint8_t punt_unresolved(struct worker *w, struct pkt *p, const struct route *route)
{
	uint32_t destination_be;

	if (!gate_pass(&w->unresolved_gate, w->now_ns))
		return DROP_NO_NEIGHBOR;
	if (is_half_full(w->config.links->exceptions))
		return DROP_CONTROL_FULL;
	memcpy(&destination_be, pkt_data(p) + 16, sizeof(destination_be));
	struct lane_event e = {
		.kind = LANE_UNRESOLVED,
		.port = route->port,
		.packet = p->m,
		.next_hop_be = route->gateway_be ? route->gateway_be : destination_be,
		.vlan = route->vlan,
	};
	return put_packet(w, w->config.links->exceptions, &e);
}
