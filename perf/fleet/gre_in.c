// SPDX-License-Identifier: BSD-3-Clause
// GRE that comes down: numbers, MPPE, and what is inside.
#include "perf/fleet/gre_half.h"
#include "perf/fleet/traffic.h"
#include "wire/gre.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

#include <rte_cycles.h>

static void look_inside(struct gre_half *g, struct fleet *f, struct received *r)
{
	uint16_t protocol;
	uint8_t header_len;

	if (ppp_get(r->data, r->len, &protocol, &header_len) != DROP_NONE || protocol != PPP_IP) {
		traffic_take_garbage(f, r->client);
		return;
	}
	bool is_front = r->op.ctx && r->op.len < r->len;
	traffic_take(f, r->client, r->data + header_len,
		(is_front ? r->op.len : r->len) - (size_t)header_len, r->len - (size_t)header_len,
		is_front, g->arrived);
}

// Decrypt and check what has been gathered. Before anything else is done with a client, since keys may change then.
static void finish_received(struct fleet *f)
{
	struct gre_half *g = f->gre;
	struct crypto_op *ops[FLEET_BURST];
	unsigned int n_ops = 0;

	for (unsigned int i = 0; i < g->n_received; i++)
		if (g->received[i].op.ctx)
			ops[n_ops++] = &g->received[i].op;
	gre_run_crypto(g, ops, n_ops);
	for (unsigned int i = 0; i < g->n_received; i++) {
		look_inside(g, f, &g->received[i]);
		rte_pktmbuf_free(g->received[i].packet);
	}
	g->n_received = 0;
}

// How many counts of (last, last + ahead] end in FF.
static uint16_t flags_between(uint16_t last, uint16_t ahead)
{
	return (uint16_t)(((last + ahead + 1u) >> 8) - ((last + 1u) >> 8));
}

// What a packet with this count asks of the key. A gap is walked over where that can be: stateless, or with a
// flushed packet. False: it cannot be read.
static bool follow_count(struct fleet_flow *w, const struct mppe_packet *p, struct crypto_op *op)
{
	uint16_t ahead = (uint16_t)(p->count - w->down_count) & MPPE_COHERENCY_MASK;
	bool is_flushed = p->bits & MPPE_PACKET_FLUSHED;

	if (ahead == 0 || !(p->bits & MPPE_PACKET_ENCRYPTED))
		return false;
	if (w->down.is_stateless) {
		op->n_changes = ahead;
	} else if ((ahead == 1 && !w->is_lost) || is_flushed) {
		op->n_changes = flags_between(w->down_count, ahead);
		op->restart = is_flushed && op->n_changes == 0;
		w->is_lost = false;
	} else {
		w->is_lost = true;
		return false;
	}
	w->down_count = p->count;
	return true;
}

static bool receive_encrypted(struct fleet *f, struct received *r)
{
	struct gre_half *g = f->gre;
	struct fleet_client *c = r->client;
	struct mppe_packet packet;

	if (!c->is_encrypted || mppe_packet_get(r->data, r->len, &packet) != DROP_NONE) {
		g->counts.broken++;
		return false;
	}
	if (!follow_count(&c->flow, &packet, &r->op)) {
		g->counts.undecryptable++;
		if (c->flow.is_lost)
			dial_desync(f, c);
		return false;
	}
	r->data += MPPE_HEADER_BYTES;
	r->len -= MPPE_HEADER_BYTES;
	r->op.ctx = &c->flow.down;
	r->op.data = r->data;
	r->op.len = g->only_front && r->len > CHECK_FRONT_BYTES ? CHECK_FRONT_BYTES : r->len;
	r->op.direction = CRYPTO_DECRYPT;
	return true;
}

static void receive_ppp(
	struct fleet *f, struct fleet_client *c, struct rte_mbuf *m, uint8_t *data, uint16_t len)
{
	struct gre_half *g = f->gre;
	struct received *r = &g->received[g->n_received];
	uint16_t protocol;
	uint8_t header_len;

	if (ppp_get(data, len, &protocol, &header_len) != DROP_NONE) {
		g->counts.broken++;
		goto drop;
	}
	*r = (struct received){.client = c, .packet = m, .data = data, .len = len};
	if (protocol == PPP_COMP) {
		r->data += header_len;
		r->len -= header_len;
		if (!receive_encrypted(f, r))
			goto drop;
	} else if (protocol == PPP_IP) {
		if (c->is_encrypted) {
			g->counts.clear++;
			goto drop;
		}
	} else {
		finish_received(f);
		dial_receive_ppp(
			f, c, protocol, span_of(data + header_len, len - (size_t)header_len));
		goto drop;
	}
	g->n_received++;
	return;

drop:
	rte_pktmbuf_free(m);
}

// Is this the call's next packet, or one behind a gap? What comes late is not passed on (RFC 2637 4.3).
static bool follow_seq(struct gre_half *g, struct fleet_flow *w, uint32_t seq)
{
	uint32_t skipped;

	switch (order_take(&w->received, seq, &skipped)) {
	case ORDER_NEXT:
		g->counts.missing += skipped;
		return true;
	case ORDER_LATE:
		g->counts.late++;
		return false;
	case ORDER_TWICE:
		break;
	}
	g->counts.twice++;
	return false;
}

static void receive_one(struct fleet *f, struct rte_mbuf *m)
{
	struct gre_half *g = f->gre;
	uint8_t *packet = rte_pktmbuf_mtod(m, uint8_t *);
	struct inet_ipv4 ip;
	struct gre gre;
	uint32_t skipped;

	if (rte_pktmbuf_linearize(m) != 0 ||
		inet_ipv4_get(packet, m->data_len, DROP_OUTER_IP_BAD, &ip) != DROP_NONE ||
		gre_get(packet + ip.header_len, ip.total_len - (size_t)ip.header_len, &gre) !=
			DROP_NONE) {
		g->counts.broken++;
		goto drop;
	}
	struct fleet_client *c = fleet_client_find(f, ip.destination_be, gre.call_id);
	if (!c || !c->has_gre || c->server_be != ip.source_be) {
		g->counts.nobodys++;
		// Its call is on the way: what has come is not missing later.
		if (c && c->state == FLEET_DIALLING && gre.has_seq && gre.payload_len > 0)
			(void)order_take(&c->flow.received, gre.seq, &skipped);
		goto drop;
	}
	if (!gre.has_seq || gre.payload_len == 0)
		goto drop; // an ack; nothing here waits for one
	g->counts.received++;
	if (!follow_seq(g, &c->flow, gre.seq))
		goto drop;
	gre_owe_ack(f, c);
	receive_ppp(f, c, m, packet + ip.header_len + gre.header_len, gre.payload_len);
	return;

drop:
	rte_pktmbuf_free(m);
}

void gre_receive(struct fleet *f, struct rte_mbuf **packets, unsigned int n)
{
	f->gre->arrived = rte_rdtsc();
	for (unsigned int i = 0; i < n; i++) {
		if (i + 2 < n)
			rte_prefetch0(rte_pktmbuf_mtod(packets[i + 2], void *));
		receive_one(f, packets[i]);
		if (f->gre->n_received == FLEET_BURST)
			finish_received(f);
	}
	finish_received(f);
}
