// SPDX-License-Identifier: BSD-3-Clause
// The client's receive window (RFC 2637 4.2, 4.4), where the operator wants it kept to. Data that finds it
// full waits, a few packets a session, and is dropped beyond that: to the TCP inside the tunnel is then
// a link with a short queue, which it fills and shares well. Without a queue each burst would lose
// all that the window does not take at once; a long one would only add delay. Packets wait before they are
// encrypted, so that a drop is no gap in the coherency count, and control frames never wait.
//
// A packet that was let through counts against the window until it has its number (PKT_ADMITTED, taken off
// in pkt_free()). Time-outs are looked at when a session has something to send, and for sessions
// whose packets wait by a sweep through them alone; nothing else can see one.
#include "dataplane/lane.h"

enum { SWEEP_NS = 10 * 1000 * 1000 }; // a sixtieth of the shortest time-out

static void expire(struct worker *w, struct session *s)
{
	if (gre_transmit_expire(&s->transmit, s->gre.next_seq, w->now_ns))
		counter_add(&s->counters.ack_timeouts, 1);
}

static void admit(struct pkt *p)
{
	p->flags |= PKT_ADMITTED;
	p->s->transmit.n_admitted++;
}

static void unhold(struct worker *w, struct session *s, struct pkt *p)
{
	TAILQ_REMOVE(&s->waiting, p, in_list);
	w->n_held--;
	if (--s->n_waiting == 0)
		TAILQ_REMOVE(&w->blocked, s, in_blocked);
}

static void hold(struct worker *w, struct session *s, struct pkt *p)
{
	if (s->n_waiting++ == 0) {
		TAILQ_INIT(&s->waiting);
		TAILQ_INSERT_TAIL(&w->blocked, s, in_blocked);
	}
	TAILQ_INSERT_TAIL(&s->waiting, p, in_list);
	w->n_held++;
}

// They come by again as if they had just come from the inside: meanwhile the session may encrypt no more.
static void release(struct worker *w, struct session *s)
{
	while (s->n_waiting > 0 && gre_transmit_has_credit(&s->transmit, s->gre.next_seq) &&
		w->down.n < LANE_LIST_PKTS) {
		struct pkt *p = TAILQ_FIRST(&s->waiting);

		unhold(w, s, p);
		admit(p);
		(void)pkt_list_put(&w->down, p);
	}
}

// Each session may have a share of the room that is left, so that there is always some: clients that
// acknowledge nothing have full windows all the time, and must not keep the others' packets from waiting
// or from being put in order.
static bool has_room(const struct worker *w, const struct session *s)
{
	unsigned int share = (LANE_HELD_PKTS - w->n_held) / LANE_WAITING_SHARE;

	return s->n_waiting < RTE_MIN(share, (unsigned int)LANE_WAITING_PKTS);
}

uint8_t stage_flow_admit(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;

	if (p->flags & PKT_ADMITTED)
		return PKT_NEXT;
	expire(w, s);
	if (s->n_waiting == 0 && gre_transmit_has_credit(&s->transmit, s->gre.next_seq)) {
		admit(p);
		return PKT_NEXT;
	}
	if (!has_room(w, s)) {
		counter_add(&s->counters.flow_off, 1);
		return DROP_GRE_FLOW_OFF;
	}
	hold(w, s, p);
	return PKT_HELD;
}

void stage_flow_acked(struct worker *w, struct session *s, uint32_t ack)
{
	expire(w, s);
	gre_transmit_acked(&s->transmit, ack, s->gre.next_seq, w->now_ns);
	release(w, s);
}

void stage_flow_run(struct worker *w)
{
	struct session *s, *next;

	if (TAILQ_EMPTY(&w->blocked) || w->now_ns - w->blocked_swept_ns < SWEEP_NS)
		return;
	w->blocked_swept_ns = w->now_ns;
	for (s = TAILQ_FIRST(&w->blocked); s; s = next) {
		next = TAILQ_NEXT(s, in_blocked);
		expire(w, s);
		release(w, s);
	}
}

void stage_flow_forget(struct worker *w, struct session *s)
{
	while (s->n_waiting > 0) {
		struct pkt *p = TAILQ_FIRST(&s->waiting);

		unhold(w, s, p);
		pkt_drop(w, p, DROP_PPP_NOT_OPEN);
	}
}
