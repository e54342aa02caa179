// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/pkt.h"

#include "dataplane/lane.h"

struct pkt *pkt_new(struct worker *w, struct rte_mbuf *m)
{
	if (w->n_free == 0)
		return NULL;
	struct pkt *p = w->free_pkts[--w->n_free];
	p->m = m;
	p->s = NULL;
	p->flags = 0;
	p->port = 0;
	p->protocol = 0;
	return p;
}

void pkt_free(struct worker *w, struct pkt *p)
{
	// It has its number or will never have one.
	if (p->flags & PKT_ADMITTED)
		p->s->transmit.n_admitted--;
	w->free_pkts[w->n_free++] = p;
}

void lane_drop_mbuf(struct worker *w, struct rte_mbuf *m, enum drop_reason reason)
{
	counter_add(&lane_count(w)->drops[reason], 1);
	rte_pktmbuf_free(m);
}

void pkt_drop(struct worker *w, struct pkt *p, enum drop_reason reason)
{
	if (p->s)
		counter_add(&p->s->counters.drops, 1);
	lane_drop_mbuf(w, p->m, reason);
	pkt_free(w, p);
}

unsigned int pkt_settle(struct worker *w, struct pkt **pkts, unsigned int n)
{
	unsigned int n_next = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct pkt *p = pkts[i];

		switch (p->verdict) {
		case PKT_NEXT:
			pkts[n_next++] = p;
			break;
		case PKT_HELD:
			break;
		case PKT_DONE:
			rte_pktmbuf_free(p->m);
			pkt_free(w, p);
			break;
		case PKT_TAKEN:
			pkt_free(w, p);
			break;
		default:
			pkt_drop(w, p, (enum drop_reason)p->verdict);
			break;
		}
	}
	return n_next;
}

uint8_t pkt_list_put(struct pkt_list *list, struct pkt *p)
{
	if (list->n == LANE_LIST_PKTS)
		return DROP_TX_FULL;
	list->pkts[list->n++] = p;
	return PKT_HELD;
}

unsigned int pkt_list_take(struct pkt_list *list, struct pkt **pkts, unsigned int n)
{
	if (n > list->n)
		n = list->n;
	memcpy(pkts, list->pkts, n * sizeof(pkts[0]));
	list->n -= n;
	memmove(list->pkts, list->pkts + n, list->n * sizeof(list->pkts[0]));
	return n;
}
