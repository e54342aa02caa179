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
	p->tenant = 0;
	return p;
}

// If it was let through by the transmit window it has its number now, or will never have one.
void pkt_leave_session(struct pkt *p)
{
	if (p->flags & PKT_ADMITTED)
		p->s->transmit.n_admitted--;
	p->flags &= (uint8_t)~PKT_ADMITTED;
	p->s = NULL;
}

void pkt_free(struct worker *w, struct pkt *p)
{
	if (p->flags & PKT_ADMITTED)
		pkt_leave_session(p);
	w->free_pkts[w->n_free++] = p;
}

// --- chains -----------------------------------------------------------------------------------------

// Bring bytes of the segments behind it forward, and free what is empty then.
static bool gather_front(struct rte_mbuf *m)
{
	uint32_t front = RTE_MIN(rte_pktmbuf_pkt_len(m), (uint32_t)PKT_FRONT_BYTES);

	if (rte_pktmbuf_data_len(m) + rte_pktmbuf_tailroom(m) < front)
		return false;
	while (rte_pktmbuf_data_len(m) < front) {
		struct rte_mbuf *from = m->next;
		uint16_t n = RTE_MIN((uint16_t)(front - m->data_len), from->data_len);

		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len),
			rte_pktmbuf_mtod(from, uint8_t *), n);
		m->data_len = (uint16_t)(m->data_len + n);
		from->data_off = (uint16_t)(from->data_off + n);
		from->data_len = (uint16_t)(from->data_len - n);
		if (from->data_len == 0) {
			m->next = from->next;
			m->nb_segs--;
			rte_pktmbuf_free_seg(from);
		}
	}
	return true;
}

bool pkt_mend_chain(struct rte_mbuf *m)
{
	if (rte_pktmbuf_pkt_len(m) > UINT16_MAX || !gather_front(m))
		return false;
	return m->nb_segs <= PKT_SEGMENTS_MAX || rte_pktmbuf_linearize(m) == 0;
}

bool lane_flatten(struct rte_mbuf *m)
{
	return m->nb_segs == 1 || rte_pktmbuf_linearize(m) == 0;
}

void pkt_trim_chain(struct rte_mbuf *m, uint16_t len)
{
	uint16_t left = len, n_segs = 0;
	struct rte_mbuf *last = m;

	for (struct rte_mbuf *at = m; at && (n_segs == 0 || left > 0); at = at->next) {
		at->data_len = RTE_MIN(at->data_len, left);
		left = (uint16_t)(left - at->data_len);
		last = at;
		n_segs++;
	}
	rte_pktmbuf_free(last->next);
	last->next = NULL;
	m->nb_segs = n_segs;
	m->pkt_len = len;
}

void pkt_set_pieces(struct pkt *p)
{
	uint8_t n = 0;

	for (struct rte_mbuf *at = p->m->next; at; at = at->next)
		p->more[n++] = (struct crypto_segment){
			rte_pktmbuf_mtod(at, uint8_t *), rte_pktmbuf_data_len(at)};
	p->op.more = p->more;
	p->op.n_more = n;
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
