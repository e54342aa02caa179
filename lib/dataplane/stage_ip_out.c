// SPDX-License-Identifier: BSD-3-Clause
// An inner packet to a client: its session, whether data may pass, its size.
#include "dataplane/lane.h"

#include <rte_prefetch.h>

enum {
	ICMP_UNREACHABLE = 3,
	ICMP_FRAGMENTATION_NEEDED = 4,
};

static uint8_t find_session(struct worker *w, struct pkt *p)
{
	uint32_t owner = lane_owner(w, p->tenant, p->ip.destination_be);

	if (owner == OWNER_NONE || owner_worker(owner) != w->config.index ||
		owner_slot(owner) >= w->config.sessions->n_slots)
		return DROP_NO_SESSION;
	struct session *s = &w->config.sessions->slots[owner_slot(owner)];
	if (s->id == SESSION_ID_NONE)
		return DROP_NO_SESSION;
	if (!(s->flags & SESSION_OPEN))
		return DROP_PPP_NOT_OPEN;
	if (s->tenant != p->tenant ||
		(s->inner_be != p->ip.destination_be && !(s->flags & SESSION_HAS_ROUTES)))
		return DROP_NO_SESSION;
	p->s = s;
	if (s->flags & SESSION_ENCRYPT) {
		rte_prefetch0(&s->tx_sync);
		rte_prefetch0(&s->tx_key);
	}
	return PKT_NEXT;
}

// Fragments come through this stage again, and pass.
static uint8_t fit(struct worker *w, struct pkt *p, uint16_t mtu)
{
	struct rte_mbuf *parts[LANE_FRAGMENTS_MAX];

	if (p->ip.dont_fragment) {
		icmp_error(w, p, ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, mtu);
		return DROP_TOO_BIG;
	}
	unsigned int n = fragment_ipv4(w->config.pool, p->m, mtu, parts);
	if (n == 0)
		return DROP_NO_MBUF;
	for (unsigned int i = 0; i < n; i++) {
		struct pkt *part = pkt_new(w, parts[i]);
		if (!part) {
			lane_drop_mbuf(w, parts[i], DROP_NO_MBUF);
			continue;
		}
		part->flags = p->flags & (uint8_t)~PKT_ADMITTED;
		part->port = p->port;
		part->tenant = p->tenant;
		part->verdict =
			inet_ipv4_get(pkt_data(part), pkt_len(part), DROP_INNER_IP_BAD, &part->ip);
		if (part->verdict == PKT_NEXT)
			part->verdict = pkt_list_put(&w->down, part);
		(void)pkt_settle(w, &part, 1);
	}
	counter_add(&lane_count(w)->fragments_made, n);
	return PKT_DONE;
}

static uint8_t ip_out(struct worker *w, struct pkt *p)
{
	if (!(p->flags & PKT_ADMITTED)) { // else it has waited for the client's window
		p->s = NULL;
		uint8_t verdict = find_session(w, p);
		if (verdict != PKT_NEXT)
			return verdict;
	}
	struct session *s = p->s;
	if (s->flags & SESSION_REQUIRE_ENCRYPTION && !(s->flags & SESSION_ENCRYPT))
		return DROP_CLEAR_REFUSED;
	if (s->flags & SESSION_POLICY && !(p->flags & PKT_POLICED)) {
		uint8_t verdict = stage_policy_down(w, p);
		if (verdict != PKT_NEXT)
			return verdict;
	}
	if (p->ip.total_len > s->mtu)
		return fit(w, p, s->mtu);
	if (s->mss_max && inet_mss_clamp(pkt_data(p), &p->ip, s->mss_max))
		counter_add(&lane_count(w)->mss_clamped, 1);
	return s->limits_transmit ? stage_flow_admit(w, p) : PKT_NEXT;
}

unsigned int stage_ip_out(struct worker *w, struct pkt **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		pkts[i]->verdict = ip_out(w, pkts[i]);
	return pkt_settle(w, pkts, n);
}
