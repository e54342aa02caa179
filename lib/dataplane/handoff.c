// SPDX-License-Identifier: BSD-3-Clause
// Packets that another worker owns go to it in bursts, over a ring of mbufs for each pair of workers.
#include "dataplane/lane.h"

static void flush(struct worker *w, unsigned int worker)
{
	struct lane_handoff *h = &w->handoff[worker];
	struct rte_ring *ring = w->config.handoff_out[worker];
	unsigned int n = 0;

	if (ring)
		n = rte_ring_sp_enqueue_burst(ring, (void **)h->mbufs, h->n, NULL);
	if (n < h->n) {
		counter_add(&lane_count(w)->drops[DROP_HANDOFF_FULL], (uint64_t)(h->n - n));
		rte_pktmbuf_free_bulk(&h->mbufs[n], h->n - n);
	}
	counter_add(&lane_count(w)->handoffs_out, n);
	h->n = 0;
}

uint8_t handoff_put(struct worker *w, struct pkt *p, uint8_t worker, enum pkt_handed kind)
{
	// The map of owners can change while a packet is under way, but no packet goes round.
	if (worker >= w->config.n_workers || p->flags & PKT_HANDED)
		return DROP_NO_SESSION;
	struct lane_handoff *h = &w->handoff[worker];
	if (h->n == LIMIT_BURST_PKTS)
		flush(w, worker);
	p->m->packet_type = kind;
	h->mbufs[h->n++] = p->m;
	return PKT_TAKEN;
}

void handoff_flush(struct worker *w)
{
	for (unsigned int i = 0; i < w->config.n_workers; i++)
		if (w->handoff[i].n > 0)
			flush(w, i);
}
