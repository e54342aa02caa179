// SPDX-License-Identifier: BSD-3-Clause
// The inner IPv4 packet of a client: is it one, is it his, may it go on.
#include "dataplane/lane.h"

enum { ICMP_TIME_EXCEEDED = 11 };

static bool is_multicast(uint32_t be)
{
	return rte_be_to_cpu_32(be) >= 0xe0000000; // 224/4, 240/4, 255.255.255.255
}

static void count_late(struct worker *w, struct session *s)
{
	counter_add(&s->counters.late_passed, 1);
	counter_add(&lane_count(w)->gre_late_passed, 1);
}

static uint8_t to_many(struct worker *w, struct pkt *p)
{
	if (p->ip.destination_be != UINT32_MAX)
		return DROP_INNER_MULTICAST;
	pkt_trim(p, p->ip.total_len);
	uint8_t verdict = inner_broadcast(w, p);
	if (verdict == PKT_TAKEN && p->flags & PKT_LATE)
		count_late(w, p->s);
	return verdict;
}

// A host of a network behind the client. Control takes a session's networks off the map before the session ends,
// so what it says of this slot is about this session.
static bool is_behind(struct worker *w, const struct pkt *p)
{
	uint32_t slot = (uint32_t)(p->s - w->config.sessions->slots);

	return p->s->flags & SESSION_HAS_ROUTES &&
	       lane_owner(w, p->s->tenant, p->ip.source_be) == owner_make(w->config.index, slot);
}

static uint8_t ip_in(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;

	if (!(s->flags & SESSION_OPEN))
		return DROP_PPP_NOT_OPEN;
	uint8_t bad = inet_ipv4_get(pkt_data(p), pkt_len(p), DROP_INNER_IP_BAD, &p->ip);
	if (bad)
		return bad;
	// A header that checksums is the proof of the key: four tenths of all garbage begin with a PPP protocol
	// that there is.
	s->failures_in_a_row = 0;
	p->tenant = s->tenant;
	if (p->ip.source_be != s->inner_be && !is_behind(w, p))
		return DROP_SPOOFED;
	// A client whose host route to us got lost sends its own tunnel into the tunnel.
	if (owner_map_listen(w->config.owners, p->ip.destination_be) >= 0)
		return DROP_ROUTING_LOOP;
	if (s->flags & SESSION_POLICY) {
		uint8_t verdict = stage_policy_up(w, p);
		if (verdict != PKT_NEXT)
			return verdict;
	}
	if (is_multicast(p->ip.destination_be))
		return to_many(w, p);
	pkt_trim(p, p->ip.total_len);
	if (p->flags & PKT_LATE)
		count_late(w, s);
	// What it may have been handed over for is done: as an inner packet it may go to its receiver's worker.
	p->flags &= (typeof(p->flags))~(PKT_HANDED | PKT_LATE);
	counter_add(&s->counters.up_pkts, 1);
	counter_add(&s->counters.up_bytes, p->ip.total_len);
	if (p->ip.destination_be == lane_server_be(w, s->tenant))
		return inner_is_dhcp(p) ? inner_dhcp(w, p) : icmp_answer(w, p);
	if (p->ip.ttl <= 1) {
		icmp_error(w, p, ICMP_TIME_EXCEEDED, 0, 0);
		return DROP_TTL_EXCEEDED;
	}
	if (s->mss_max && inet_mss_clamp(pkt_data(p), &p->ip, s->mss_max))
		counter_add(&lane_count(w)->mss_clamped, 1);
	inet_ttl_decrement(pkt_data(p));
	return PKT_NEXT;
}

unsigned int stage_ip_in(struct worker *w, struct pkt **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		pkts[i]->verdict = ip_in(w, pkts[i]);
	return pkt_settle(w, pkts, n);
}
