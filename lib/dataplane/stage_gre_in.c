// SPDX-License-Identifier: BSD-3-Clause
// GRE to a session, its window and its acks (RFC 2637 4). The data begins with the outer IPv4 header, and
// with the PPP frame when it goes on.
#include "dataplane/lane.h"

#include "wire/gre.h"

// Numbers that were jumped over count as lost; one that comes after all is taken off again.
static void count_gap(struct worker *w, struct session *s, bool is_first, uint32_t before)
{
	int32_t ahead = seq_distance(before, s->gre.highest);

	if (is_first || ahead <= 1)
		return;
	counter_add(&s->counters.lost, (uint64_t)ahead - 1);
	counter_add(&s->counters.jumps, 1);
	counter_add(&lane_count(w)->gre_lost, (uint64_t)ahead - 1);
}

static uint8_t receive_seq(struct worker *w, struct session *s, uint32_t seq)
{
	uint32_t before = s->gre.highest;
	bool is_first = !s->gre.has_received;
	uint8_t verdict = gre_window_receive(&s->gre, seq, w->now_ns);

	if (verdict == DROP_GRE_DUPLICATE)
		counter_add(&s->counters.duplicates, 1);
	else if (verdict == DROP_GRE_LATE)
		counter_add(&s->counters.late, 1);
	if (verdict != DROP_NONE)
		return verdict;
	count_gap(w, s, is_first, before);
	stage_ack_owe(w, s);
	return PKT_NEXT;
}

static uint8_t gre_in(struct worker *w, struct pkt *p)
{
	struct gre gre;
	uint8_t bad = gre_get(
		pkt_data(p) + p->ip.header_len, (size_t)p->ip.total_len - p->ip.header_len, &gre);
	if (bad)
		return bad;

	uint32_t owner = owner_map_call(w->config.owners, p->listen, gre.call_id);
	if (owner == OWNER_NONE)
		return DROP_NO_SESSION;
	if (owner_worker(owner) != w->config.index)
		return handoff_put(w, p, owner_worker(owner), PKT_HANDED_OUTER);
	uint32_t slot = owner_slot(owner);
	if (slot >= w->config.sessions->n_slots)
		return DROP_NO_SESSION;
	struct session *s = &w->config.sessions->slots[slot];
	if (s->id == SESSION_ID_NONE || s->call_id != gre.call_id || s->listen != p->listen)
		return DROP_NO_SESSION;
	p->s = s;
	if (p->ip.source_be != s->outer_peer_be)
		return DROP_WRONG_SOURCE;

	if (gre.has_ack) {
		(void)gre_window_acked(&s->gre, gre.ack);
		counter_add(&lane_count(w)->acks_in, 1);
	}
	if (!gre.has_seq) {
		counter_add(&s->counters.lone_acks_received, 1);
		return PKT_DONE;
	}
	uint8_t verdict = receive_seq(w, s, gre.seq);
	if (verdict != PKT_NEXT)
		return verdict;
	__atomic_store_n(&s->counters.last_up_ns, w->now_ns, __ATOMIC_RELAXED);
	if (gre.payload_len == 0)
		return PKT_DONE;
	pkt_pull(p, (uint16_t)(p->ip.header_len + gre.header_len));
	pkt_trim(p, gre.payload_len);
	return PKT_NEXT;
}

unsigned int stage_gre_in(struct worker *w, struct pkt **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		pkts[i]->verdict = gre_in(w, pkts[i]);
	return pkt_settle(w, pkts, n);
}
