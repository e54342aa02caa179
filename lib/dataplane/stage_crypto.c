// SPDX-License-Identifier: BSD-3-Clause
// Between the stages and the crypto driver. Whether the driver works in submit or elsewhere cannot be
// seen from the stages: they put ops, and what comes back by poll goes on from here.
#include "dataplane/lane.h"

static void count_in_flight(struct pkt *p, int change)
{
	struct session *s = p->s;

	if (p->op.direction == CRYPTO_DECRYPT)
		s->rx_in_flight = (uint16_t)(s->rx_in_flight + change);
	else
		s->tx_in_flight = (uint16_t)(s->tx_in_flight + change);
}

// From mppe_in_done the array is never full: what comes out of the driver is a burst at most, and it is empty
// before.
uint8_t stage_crypto_put(struct worker *w, struct pkt *p)
{
	if (w->crypto.n == LIMIT_BURST_PKTS)
		stage_crypto_run(w);
	p->op.packet = p;
	count_in_flight(p, 1);
	w->crypto.ops[w->crypto.n++] = &p->op;
	return PKT_HELD;
}

// The driver did not take p: its count was never used. Called from the last op back to the first, so
// that the count of a session ends up where it was before the first of them.
static void take_back(struct worker *w, struct pkt *p)
{
	count_in_flight(p, -1);
	if (p->op.direction == CRYPTO_DECRYPT)
		stage_mppe_in_undo(w, p);
	else
		mppe_sync_undo(&p->s->tx_sync, p->before);
	pkt_drop(w, p, DROP_CRYPTO_FULL);
}

static void submit(struct worker *w)
{
	struct lane_crypto *c = &w->crypto;
	unsigned int taken = w->config.crypto->submit(c->state, c->ops, c->n);
	uint64_t n_changes = 0;

	for (unsigned int i = c->n; i-- > taken;)
		take_back(w, c->ops[i]->packet);
	for (unsigned int i = 0; i < taken; i++) {
		struct pkt *p = c->ops[i]->packet;
		n_changes += c->ops[i]->n_changes;
		counter_add(&p->s->counters.key_changes, c->ops[i]->n_changes);
	}
	counter_add(&lane_count(w)->crypto_ops, taken);
	counter_add(&lane_count(w)->mppe_rekeys, n_changes);
	c->in_flight += taken;
	c->n = 0;
}

bool stage_crypto_has_room(struct worker *w, const struct mppe_context *key)
{
	const struct crypto_driver *driver = w->config.crypto;

	return !driver->has_room || driver->has_room(w->crypto.state, key);
}

// What a stuck engine keeps is nobody's any more but its memory: the session may go, and its slot may be
// another's, before the engine lets go (crypto/op.h: it no longer looks at the context). It does not
// count as under way, so that a worker goes on receiving.
uint8_t stage_crypto_lose(struct worker *w, struct pkt *p)
{
	counter_add(&p->s->counters.drops, 1);
	counter_add(&lane_count(w)->drops[DROP_CRYPTO_LOST], 1);
	pkt_leave_session(p);
	w->crypto.in_flight++;
	w->crypto.n_lost++;
	return PKT_HELD;
}

static void bury(struct worker *w, struct pkt *p)
{
	rte_pktmbuf_free(p->m);
	pkt_free(w, p);
	w->crypto.n_lost--;
}

// The driver has used the first cache up: what the stages after it touch comes back meanwhile.
static void prefetch_on(const struct pkt *p)
{
	rte_prefetch0(p->m);
	session_prefetch(p->s);
}

static void go_on(struct worker *w, struct crypto_op **ops, unsigned int n)
{
	struct pkt *up[LIMIT_BURST_PKTS], *down[LIMIT_BURST_PKTS];
	unsigned int n_up = 0, n_down = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct pkt *p = ops[i]->packet;

		if (p->op.status == CRYPTO_RETURNED) {
			bury(w, p);
			continue;
		}
		prefetch_on(p);
		count_in_flight(p, -1);
		if (p->op.direction == CRYPTO_DECRYPT)
			up[n_up++] = p;
		else
			down[n_down++] = p;
	}
	n_up = stage_mppe_in_done(w, up, n_up);
	n_up = short_up_decrypted(w, up, n_up);
	n_up = stage_ip_in(w, up, n_up);
	stage_route(w, up, n_up);
	n_down = stage_mppe_out_done(w, down, n_down);
	stage_gre_out(w, down, n_down);
}

// Of what is decrypted all may be for clients, and w->down takes only so much: the rest stays in the driver until
// that has been worked off, in the same poll.
static unsigned int poll_driver(struct worker *w, struct crypto_op **done)
{
	struct lane_crypto *c = &w->crypto;

	// Also with nothing under way: a driver looks after its engines when it is asked.
	if (w->down.n > LANE_DOWN_MANY)
		return 0;
	unsigned int n = w->config.crypto->poll(c->state, done, LIMIT_BURST_PKTS);
	c->in_flight -= n;
	return n;
}

unsigned int stage_crypto_run(struct worker *w)
{
	struct lane_crypto *c = &w->crypto;
	unsigned int n, n_all = 0;

	// A trial that has come out puts its next op, so there may be something to submit again.
	do {
		struct crypto_op *done[LIMIT_BURST_PKTS];

		if (c->n > 0)
			submit(w);
		n = poll_driver(w, done);
		go_on(w, done, n);
		n_all += n;
	} while (n > 0);
	return n_all;
}
