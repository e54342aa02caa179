// SPDX-License-Identifier: BSD-3-Clause
// Acks that found nothing to ride on within their delay go alone (RFC 2637 4.4). The delay is the same
// for all sessions, so a list in the order of time is enough: each session stands in it at most once, and
// a poll looks at a bounded number from its head. A session whose ack rode on something stays in the
// list; if another is owed when its turn comes it goes to the end, so an ack waits twice its delay at
// most.
#include "dataplane/lane.h"

#include "wire/gre.h"

static struct session *at_slot(struct worker *w, uint32_t slot)
{
	return slot == lane_no_slot ? NULL : &w->config.sessions->slots[slot];
}

static void append(struct worker *w, struct session *s, uint64_t at_ns)
{
	uint32_t slot = session_id_slot(s->id);
	struct session *last = at_slot(w, w->ack_tail);

	s->ack_at_ns = at_ns;
	s->ack_prev = w->ack_tail;
	s->ack_next = lane_no_slot;
	if (last)
		last->ack_next = slot;
	else
		w->ack_head = slot;
	w->ack_tail = slot;
	s->flags |= SESSION_ACK_QUEUED;
}

void stage_ack_owe(struct worker *w, struct session *s)
{
	if (!(s->flags & SESSION_ACK_QUEUED))
		append(w, s, gre_window_ack_due(&s->gre));
}

void stage_ack_forget(struct worker *w, struct session *s)
{
	struct session *prev = at_slot(w, s->ack_prev), *next = at_slot(w, s->ack_next);

	if (!(s->flags & SESSION_ACK_QUEUED))
		return;
	if (prev)
		prev->ack_next = s->ack_next;
	else
		w->ack_head = s->ack_next;
	if (next)
		next->ack_prev = s->ack_prev;
	else
		w->ack_tail = s->ack_prev;
	s->flags &= ~(uint32_t)SESSION_ACK_QUEUED;
}

static void send_alone(struct worker *w, struct session *s)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->config.pool);
	struct pkt *p = m ? pkt_new(w, m) : NULL;
	struct gre gre = {.call_id = s->peer_call_id, .has_ack = true};
	const uint16_t len = INET_IPV4_HEADER_BYTES + gre_header_len(false, true);

	if (!p) {
		if (m)
			lane_drop_mbuf(w, m, DROP_NO_MBUF);
		else
			counter_add(&lane_count(w)->drops[DROP_NO_MBUF], 1);
		return;
	}
	uint8_t *at = (uint8_t *)rte_pktmbuf_append(m, len);
	(void)gre_window_take_ack(&s->gre, &gre.ack);
	(void)gre_put(at + INET_IPV4_HEADER_BYTES, &gre);
	inet_ipv4_put(at, s->outer_local_be, s->outer_peer_be, GRE_IP_PROTOCOL, len, s->ip_id++, 64,
		0, false);
	p->s = s;
	p->verdict = stage_tx_outer(w, p);
	if (p->verdict == PKT_TAKEN) {
		counter_add(&s->counters.lone_acks_sent, 1);
		counter_add(&lane_count(w)->lone_acks_sent, 1);
	}
	(void)pkt_settle(w, &p, 1);
}

unsigned int stage_ack_run(struct worker *w)
{
	unsigned int n_sent = 0;

	for (unsigned int i = 0; i < LANE_ACKS_PER_POLL; i++) {
		struct session *s = at_slot(w, w->ack_head);

		if (!s || s->ack_at_ns > w->now_ns)
			break;
		uint64_t due_ns = gre_window_ack_due(&s->gre);
		stage_ack_forget(w, s);
		if (s->is_move_untold)
			stage_follow_tell(w, s);
		if (due_ns == GRE_WINDOW_NEVER)
			continue; // it rode on something
		if (due_ns > w->now_ns) {
			append(w, s, due_ns); // that one did, and another is owed since
			continue;
		}
		send_alone(w, s);
		n_sent++;
	}
	return n_sent;
}
