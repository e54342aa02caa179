// SPDX-License-Identifier: BSD-3-Clause
// GRE packets ahead of one that is missing wait for it: a few a session and some milliseconds
// (RFC 2637 4.3). All of a worker stand in one list in the order of time, since the time is the same for
// all sessions; when it is over for one, all of its session before it go on too. A packet without a
// gap before it never comes here.
#include "dataplane/lane.h"

static struct pkt *pkt_of(struct gre_held *held)
{
	return container_of(held, struct pkt, held);
}

static void unhold(struct worker *w, struct pkt *p)
{
	TAILQ_REMOVE(&w->held, p, in_list);
	p->s->n_held--;
	w->n_held--;
}

static void hold(struct worker *w, struct pkt *p)
{
	p->held.due_ns = w->now_ns + UINT64_C(1000) * p->s->reorder_us;
	TAILQ_INSERT_TAIL(&w->held, p, in_list);
	p->s->n_held++;
	w->n_held++;
}

// Its number is the next one, or those before it are given up.
static void pass(struct worker *w, struct pkt *p)
{
	p->verdict = stage_gre_receive(w, p);
	if (p->verdict == PKT_NEXT && pkt_len(p) == 0)
		p->verdict = PKT_DONE;
	if (pkt_settle(w, &p, 1) == 1)
		w->ready[w->n_ready++] = p;
}

// Of a list of released ones `fresh` was not held.
static void pass_all(struct worker *w, struct gre_held *list, const struct pkt *fresh)
{
	while (list) {
		struct pkt *p = pkt_of(list);

		list = list->next;
		if (p != fresh)
			unhold(w, p);
		pass(w, p);
	}
}

// First of all, behind, or farther ahead than the window goes: there is nothing to wait for. Where such a
// number moves the window by force, what was held is on a track that has been left. A late one moves nothing.
static uint8_t judge(struct worker *w, struct pkt *p)
{
	uint8_t verdict = stage_gre_receive(w, p);

	if (verdict != PKT_NEXT)
		return verdict;
	if (!(p->flags & PKT_LATE))
		stage_reorder_forget(w, p->s);
	if (pkt_len(p) == 0)
		return PKT_DONE;
	w->ready[w->n_ready++] = p;
	return PKT_HELD;
}

uint8_t stage_reorder(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;
	int32_t ahead = seq_distance(s->gre.highest, p->held.seq);
	bool has_room = w->n_held < LANE_HELD_PKTS;

	if (!s->gre.has_received || ahead <= 0 || (uint32_t)ahead > s->gre.jump_max)
		return judge(w, p);

	struct gre_reorder_result result =
		gre_reorder_put(&s->reorder, &p->held, s->gre.highest, has_room);
	if (result.fate == GRE_REORDER_DUPLICATE) {
		counter_add(&s->counters.duplicates, 1);
		return DROP_GRE_DUPLICATE;
	}
	if (result.is_overtaken) {
		counter_add(&s->counters.out_of_sequence, 1);
		counter_add(&s->counters.reordered, 1);
		counter_add(&lane_count(w)->gre_reordered, 1);
	}
	if (result.fate == GRE_REORDER_HOLD)
		hold(w, p);
	else if (!has_room && ahead > 1)
		counter_add(&lane_count(w)->gre_reorder_full, 1);
	pass_all(w, result.out, p);
	return PKT_HELD;
}

void stage_reorder_expire(struct worker *w)
{
	struct pkt *p;

	while ((p = TAILQ_FIRST(&w->held)) && p->held.due_ns <= w->now_ns)
		pass_all(w, gre_reorder_release(&p->s->reorder, &p->held), NULL);
}

void stage_reorder_forget(struct worker *w, struct session *s)
{
	struct gre_held *list = s->n_held > 0 ? gre_reorder_release(&s->reorder, NULL) : NULL;

	while (list) {
		struct pkt *p = pkt_of(list);

		list = list->next;
		unhold(w, p);
		pkt_drop(w, p, DROP_GRE_LATE);
	}
}
