// SPDX-License-Identifier: BSD-3-Clause
// Packets that another worker owns go to it in bursts, over a ring of mbufs for each pair of workers.
#include "dataplane/lane.h"

static void put(struct worker *w, unsigned int worker, struct rte_mbuf **mbufs, unsigned int n_all)
{
	struct rte_ring *ring = w->config.handoff_out[worker];
	unsigned int n = 0;

	if (ring)
		n = rte_ring_sp_enqueue_burst(ring, (void **)mbufs, n_all, NULL);
	if (n < n_all) {
		counter_add(&lane_count(w)->drops[DROP_HANDOFF_FULL], (uint64_t)(n_all - n));
		rte_pktmbuf_free_bulk(&mbufs[n], n_all - n);
	}
	counter_add(&lane_count(w)->handoffs_out, n);
}

static void flush(struct worker *w, unsigned int worker)
{
	struct lane_handoff *h = &w->handoff[worker];

	put(w, worker, h->mbufs, h->n);
	h->n = 0;
}

// Past the buffers above: a session's frames all come this way, so their order stays.
void handoff_frames(struct worker *w, uint8_t port, struct rte_mbuf **mbufs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		mbufs[i]->packet_type = PKT_HANDED_FRAME;
		mbufs[i]->port = port;
	}
	put(w, w->config.ports[port].tx_worker, mbufs, n);
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
	p->m->vlan_tci = p->tenant;
	h->mbufs[h->n++] = p->m;
	return PKT_TAKEN;
}

void handoff_flush(struct worker *w)
{
	for (unsigned int i = 0; i < w->config.n_workers; i++)
		if (w->handoff[i].n > 0)
			flush(w, i);
}
