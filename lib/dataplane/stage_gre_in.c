// SPDX-License-Identifier: BSD-3-Clause
// GRE to a session, its window and its acks (RFC 2637 4). The data begins with the outer IPv4 header, and
// with the PPP frame when it goes on, by w->ready: a packet that was missing brings others with it.
#include "dataplane/lane.h"

#include "wire/gre.h"

#include <rte_prefetch.h>

enum { SEEN_BITS = 64 }; // of the window: what is farther behind is no matter of order

// Numbers that were jumped over count as lost, also if they come late.
static void count_gap(struct worker *w, struct session *s, bool is_first, uint32_t before)
{
	int32_t ahead = seq_distance(before, s->gre.highest);

	if (is_first || ahead <= 1)
		return;
	counter_add(&s->counters.lost, (uint64_t)ahead - 1);
	counter_add(&s->counters.jumps, 1);
	counter_add(&lane_count(w)->gre_lost, (uint64_t)ahead - 1);
}

static void count_out_of_order(struct session *s, uint32_t seq, uint8_t verdict)
{
	struct session_counters *c = &s->counters;
	bool is_near = seq_distance(s->gre.highest, seq) > -SEEN_BITS;

	if (verdict == DROP_GRE_DUPLICATE) {
		counter_add(&c->duplicates, 1);
	} else if (verdict == DROP_GRE_LATE) {
		counter_add(&c->late, 1);
		counter_add(is_near ? &c->out_of_sequence : &c->out_of_window, 1);
	} else {
		counter_add(&c->out_of_window, 1);
	}
}

// A late one is no sign of life, and no number that is owed an ack: only its data counts.
static uint8_t receive_late(struct pkt *p)
{
	if (!gre_window_take_late(&p->s->gre, p->held.seq))
		return DROP_GRE_LATE;
	p->flags |= PKT_LATE;
	return PKT_NEXT;
}

static inline uint8_t receive(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;
	uint32_t seq = p->held.seq;
	uint32_t before = s->gre.highest;
	bool is_first = !s->gre.has_received;
	uint8_t verdict = gre_window_receive(&s->gre, seq, w->now_ns);

	if (verdict != DROP_NONE) {
		count_out_of_order(s, seq, verdict);
		return verdict == DROP_GRE_LATE ? receive_late(p) : verdict;
	}
	count_gap(w, s, is_first, before);
	__atomic_store_n(&s->counters.last_up_ns, w->now_ns, __ATOMIC_RELAXED);
	stage_ack_owe(w, s);
	return PKT_NEXT;
}

uint8_t stage_gre_receive(struct worker *w, struct pkt *p)
{
	return receive(w, p);
}

static void take_ack(struct worker *w, struct session *s, uint32_t ack)
{
	uint32_t before = s->gre.peer_acked;
	bool had_ack = s->gre.has_peer_ack;
	bool is_known = gre_window_acked(&s->gre, ack);

	counter_add(&lane_count(w)->acks_in, 1);
	if (s->limits_transmit && is_known && (!had_ack || s->gre.peer_acked != before))
		stage_flow_acked(w, s, ack);
}

// Nothing is missing before it, or nobody would wait for what is.
static bool is_in_order(const struct session *s, uint32_t seq)
{
	return !s->reorders || (seq == s->gre.highest + 1 && s->n_held == 0);
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
	if (s->flags & SESSION_HAS_KEYS) {
		rte_prefetch0(&s->rx_sync);
		rte_prefetch0(&s->rx_key);
	}
	if (p->ip.source_be != s->outer_peer_be && !stage_follow(w, p, &gre))
		return DROP_WRONG_SOURCE;

	if (gre.has_ack)
		take_ack(w, s, gre.ack);
	if (!gre.has_seq) {
		counter_add(&s->counters.lone_acks_received, 1);
		return PKT_DONE;
	}
	pkt_pull(p, (uint16_t)(p->ip.header_len + gre.header_len));
	pkt_trim(p, gre.payload_len);
	p->held.seq = gre.seq;
	if (!is_in_order(s, gre.seq))
		return stage_reorder(w, p);
	uint8_t verdict = receive(w, p);
	if (verdict != PKT_NEXT)
		return verdict;
	return gre.payload_len > 0 ? PKT_NEXT : PKT_DONE;
}

void stage_gre_in(struct worker *w, struct pkt **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		uint8_t verdict = gre_in(w, p);

		if (verdict == PKT_NEXT) {
			w->ready[w->n_ready++] = p;
		} else if (verdict != PKT_HELD) { // held, it may be gone already
			p->verdict = verdict;
			(void)pkt_settle(w, &p, 1);
		}
	}
}
