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
	if (p->ip.source_be != s->inner_be)
		return DROP_SPOOFED;
	// A client whose host route to us got lost sends its own tunnel into the tunnel.
	if (owner_map_listen(w->config.owners, p->ip.destination_be) >= 0)
		return DROP_ROUTING_LOOP;
	if (is_multicast(p->ip.destination_be))
		return to_many(w, p);
	pkt_trim(p, p->ip.total_len);
	if (p->flags & PKT_LATE)
		count_late(w, s);
	// What it may have been handed over for is done: as an inner packet it may go to its receiver's worker.
	p->flags &= (typeof(p->flags))~(PKT_HANDED | PKT_LATE);
	counter_add(&s->counters.up_pkts, 1);
	counter_add(&s->counters.up_bytes, p->ip.total_len);
	if (p->ip.destination_be == w->config.server_be)
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
