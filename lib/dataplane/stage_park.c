// SPDX-License-Identifier: BSD-3-Clause
// With a crypto driver that answers later, encrypted packets of a session wait here as long as they cannot go
// to its key: behind a gap in the coherency count, which has to be judged with nothing else under way, while
// a trial is out, or when the driver has no room. To drop them instead would be worse than the loss that
// it begins with: each is a gap of its own, and a session under load would not get out of that.
//
// They go on in their order, and what comes meanwhile goes behind them. Sessions stand in a list, and a poll looks
// at some of them, each in its turn.
#include "dataplane/lane.h"

static void hold(struct worker *w, struct session *s, struct pkt *p)
{
	if (s->n_parked++ == 0) {
		TAILQ_INIT(&s->parked);
		TAILQ_INSERT_TAIL(&w->parking, s, in_parking);
		s->flags |= SESSION_PARKS;
	}
	TAILQ_INSERT_TAIL(&s->parked, p, in_list);
	w->n_held++;
}

static struct pkt *unhold(struct worker *w, struct session *s)
{
	struct pkt *p = TAILQ_FIRST(&s->parked);

	TAILQ_REMOVE(&s->parked, p, in_list);
	w->n_held--;
	if (--s->n_parked == 0) {
		TAILQ_REMOVE(&w->parking, s, in_parking);
		s->flags &= ~(uint32_t)SESSION_PARKS;
	}
	return p;
}

uint8_t stage_park(struct worker *w, struct pkt *p)
{
	unsigned int share = (LANE_HELD_PKTS - w->n_held) / LANE_PARKED_SHARE;

	if (p->s->n_parked >= RTE_MIN(share, (unsigned int)LANE_PARKED_PKTS))
		return DROP_CRYPTO_FULL;
	counter_add(&lane_count(w)->crypto_parked, 1);
	hold(w, p->s, p);
	return PKT_HELD;
}

static void release(struct worker *w, struct session *s)
{
	while (s->n_parked > 0 && stage_mppe_in_may_go(w, TAILQ_FIRST(&s->parked)))
		stage_mppe_in_go(w, unhold(w, s));
}

void stage_park_run(struct worker *w)
{
	struct session *s, *first = TAILQ_FIRST(&w->parking);

	for (unsigned int i = 0; i < LANE_PARKED_PER_POLL; i++) {
		s = TAILQ_FIRST(&w->parking);
		if (!s || (i > 0 && s == first))
			break;
		TAILQ_REMOVE(&w->parking, s, in_parking);
		TAILQ_INSERT_TAIL(&w->parking, s, in_parking);
		release(w, s);
	}
	(void)stage_crypto_run(w);
}

void stage_park_forget(struct worker *w, struct session *s)
{
	while (s->n_parked > 0)
		pkt_drop(w, unhold(w, s), DROP_MPPE_NO_KEY);
}
