// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/drivers.h"
#include "perf/fleet/gre_half.h"
#include "wire/gre.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OUTER_TTL = 64,
	// An ack leaves with the next packet, or alone after so long, or at once when so many packets wait for it: as the
	// clients do that send acks alone at all.
	ACK_PKTS = 32,
	COUNT_FLAG = 0x00ff, // stateful: the key changes where a coherency count ends in this
	COUNT_BEFORE_FIRST = MPPE_COHERENCY_MASK,
};

#define ACK_DELAY_NS (200 * FLEET_MS)

static void forget_client(struct fleet_client *c)
{
	uint16_t incarnation = c->flow.incarnation;

	rte_pktmbuf_free(c->flow.held);
	mppe_context_wipe(&c->flow.up); // and the RC4 that it has
	mppe_context_wipe(&c->flow.down);
	free(c->flow.rc4);
	c->flow = (struct fleet_flow){.incarnation = incarnation};
}

int gre_init(struct fleet *f)
{
	const struct crypto_setup setup = {.depth = 2 * FLEET_BURST};
	struct gre_half *g = calloc(1, sizeof(*g));
	int error = -ENOMEM;

	if (!g)
		goto say;
	g->driver = drivers_find_crypto(f->options.crypto == FLEET_CRYPTO_NULL ? "null" : "sw");
	g->only_front = f->options.check == FLEET_CHECK_HEADERS && !f->options.is_stateful;
	g->acks = calloc(f->n_clients, sizeof(*g->acks));
	if (!g->acks)
		goto free_half;
	error = g->driver->open(&setup, &g->driver_state);
	if (error)
		goto free_acks;
	f->gre = g;
	return 0;

free_acks:
	free(g->acks);
free_half:
	free(g);
say:
	fprintf(stderr, "fleet: crypto: %s\n", strerror(-error));
	return error;
}

void gre_fini(struct fleet *f)
{
	struct gre_half *g = f->gre;

	if (!g)
		return;
	for (uint32_t i = 0; i < f->n_clients; i++)
		forget_client(&f->clients[i]);
	g->driver->close(g->driver_state);
	free(g->acks);
	free(g);
	f->gre = NULL;
}

const struct gre_counts *gre_counts_of(const struct fleet *f)
{
	return &f->gre->counts;
}

// --- calls ------------------------------------------------------------------------------------------

void gre_client_begin(struct fleet *f, struct fleet_client *c)
{
	const struct order received = c->flow.received; // packets that have overtaken the reply
	bool in_acks = c->flow.in_acks;

	(void)f;
	forget_client(c);
	c->flow.received = received;
	c->flow.incarnation++;
	c->flow.in_acks = in_acks;
	c->is_encrypted = false;
	c->has_gre = true;
}

void gre_client_keys(struct fleet *f, struct fleet_client *c, const struct mppe_start_keys *keys,
	struct mppe_mode send, struct mppe_mode receive)
{
	struct fleet_flow *w = &c->flow;
	bool is_stateful = !send.is_stateless || !receive.is_stateless;

	(void)f;
	if (is_stateful && !w->rc4) {
		w->rc4 = calloc(2, sizeof(*w->rc4));
		if (!w->rc4)
			abort(); // a second half of the fleet would measure something else
	}
	c->is_encrypted = send.strength != MPPE_STRENGTH_NONE;
	if (c->is_encrypted)
		mppe_context_init(&w->up, send.strength, send.is_stateless, keys->send,
			send.is_stateless ? NULL : &w->rc4[0]);
	if (receive.strength != MPPE_STRENGTH_NONE)
		mppe_context_init(&w->down, receive.strength, receive.is_stateless, keys->receive,
			receive.is_stateless ? NULL : &w->rc4[1]);
	w->up_count = 0;
	w->down_count = COUNT_BEFORE_FIRST;
	w->flush_is_due = w->is_lost = false;
}

void gre_client_flush(struct fleet *f, struct fleet_client *c)
{
	(void)f;
	c->flow.flush_is_due = true;
}

void gre_client_end(struct fleet *f, struct fleet_client *c)
{
	(void)f;
	rte_pktmbuf_free(c->flow.held);
	c->flow.held = NULL;
	c->has_gre = false;
}

// --- crypto -----------------------------------------------------------------------------------------

void gre_run_crypto(struct gre_half *g, struct crypto_op **ops, unsigned int n)
{
	struct crypto_op *done[FLEET_BURST];
	unsigned int n_taken = 0, n_done = 0;

	while (n_done < n) {
		n_taken += g->driver->submit(g->driver_state, ops + n_taken, n - n_taken);
		n_done += g->driver->poll(g->driver_state, done, FLEET_BURST);
	}
}

// As Linux does it: a flushed packet has a changed key, and A is set where the key changed.
static uint16_t next_count(struct fleet_flow *w, struct crypto_op *op, uint16_t *bits)
{
	uint16_t count = w->up_count;
	bool changes = w->up.is_stateless || (count & COUNT_FLAG) == COUNT_FLAG || w->flush_is_due;

	w->up_count = (count + 1) & MPPE_COHERENCY_MASK;
	w->flush_is_due = false;
	op->n_changes = changes;
	*bits = MPPE_PACKET_ENCRYPTED | (changes ? MPPE_PACKET_FLUSHED : 0);
	return count;
}

bool gre_data_begin(struct fleet *f, struct fleet_client *c, uint16_t inner_len, struct gre_data *d)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->pool);

	if (unlikely(!m))
		return false;
	uint8_t *start = rte_pktmbuf_mtod(m, uint8_t *), *at = start;
	*d = (struct gre_data){.client = c, .packet = m};
	if (c->is_encrypted) {
		uint16_t bits, count = next_count(&c->flow, &d->op, &bits);

		at += ppp_put(at, PPP_COMP, c->send_pfc, c->send_acfc);
		mppe_packet_put(at, bits, count);
		at += MPPE_HEADER_BYTES;
		d->op.ctx = &c->flow.up;
		d->op.data = at;
		at += ppp_put(at, PPP_IP, c->send_pfc, true);
		d->op.len = (uint16_t)(at - d->op.data + inner_len);
	} else {
		at += ppp_put(at, PPP_IP, c->send_pfc, c->send_acfc);
	}
	d->inner = at;
	m->data_len = (uint16_t)(at - start + inner_len);
	m->pkt_len = m->data_len;
	return true;
}

void gre_data_encrypt(struct fleet *f, struct gre_data *data, unsigned int n)
{
	struct crypto_op *ops[FLEET_BURST];
	unsigned int n_ops = 0;

	for (unsigned int i = 0; i < n; i++)
		if (data[i].op.ctx)
			ops[n_ops++] = &data[i].op;
	gre_run_crypto(f->gre, ops, n_ops);
}

// --- sending ----------------------------------------------------------------------------------------

static bool take_ack(struct fleet_flow *w, uint32_t *ack)
{
	bool owes = w->owes_ack;

	*ack = w->received.next - 1;
	w->owes_ack = false;
	w->n_unacked = 0;
	return owes;
}

static void put_headers(struct fleet_client *c, struct rte_mbuf *m, const struct gre *gre)
{
	uint8_t gre_len = gre_header_len(gre->has_seq, gre->has_ack);
	uint8_t *at =
		(uint8_t *)rte_pktmbuf_prepend(m, (uint16_t)(INET_IPV4_HEADER_BYTES + gre_len));

	inet_ipv4_put(at, c->source_be, c->server_be, GRE_IP_PROTOCOL, m->data_len,
		(uint16_t)gre->seq, OUTER_TTL, 0, false);
	(void)gre_put(at + INET_IPV4_HEADER_BYTES, gre);
}

void gre_data_wrap(struct fleet *f, struct fleet_client *c, struct rte_mbuf *m)
{
	struct gre gre = {
		.call_id = c->server_call_id,
		.payload_len = m->data_len,
		.has_seq = true,
		.seq = c->flow.send_seq++,
	};

	(void)f;
	gre.has_ack = take_ack(&c->flow, &gre.ack);
	put_headers(c, m, &gre);
}

void gre_send_ppp(struct fleet *f, struct fleet_client *c, uint16_t protocol, struct span info)
{
	bool is_lcp = protocol == PPP_LCP;
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->pool);

	if (!m)
		return; // as if it had been lost
	uint8_t *start = rte_pktmbuf_mtod(m, uint8_t *), *at = start;
	if (info.len + PPP_HEADER_BYTES_MAX > rte_pktmbuf_tailroom(m)) {
		rte_pktmbuf_free(m);
		return;
	}
	at += ppp_put(at, protocol, c->send_pfc && !is_lcp, c->send_acfc && !is_lcp);
	if (info.len)
		memcpy(at, info.bytes, info.len);
	m->data_len = (uint16_t)(at - start + (ptrdiff_t)info.len);
	m->pkt_len = m->data_len;
	gre_data_wrap(f, c, m);
	port_send_outside(f, m);
}

static void send_lone_ack(struct fleet *f, struct fleet_client *c)
{
	struct gre gre = {.call_id = c->server_call_id, .has_ack = true};
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->pool);

	if (!m)
		return;
	(void)take_ack(&c->flow, &gre.ack);
	put_headers(c, m, &gre);
	port_send_outside(f, m);
	f->gre->counts.lone_acks++;
}

// --- acks -------------------------------------------------------------------------------------------

static void add_ack(struct fleet *f, struct fleet_client *c, uint64_t due_ns)
{
	struct gre_half *g = f->gre;
	uint32_t at = g->ack_first + g->n_acks;

	g->acks[at < f->n_clients ? at : at - f->n_clients] =
		(struct lone_ack){fleet_client_index(f, c), due_ns};
	g->n_acks++;
	c->flow.in_acks = true;
}

void gre_owe_ack(struct fleet *f, struct fleet_client *c)
{
	struct fleet_flow *w = &c->flow;

	if (!w->owes_ack) {
		w->owes_ack = true;
		w->owes_since_ns = f->now_ns;
		if (!w->in_acks)
			add_ack(f, c, f->now_ns + ACK_DELAY_NS);
	}
	if (++w->n_unacked >= ACK_PKTS)
		send_lone_ack(f, c);
}

bool gre_send_acks(struct fleet *f, uint64_t now_ns)
{
	struct gre_half *g = f->gre;
	unsigned int n_sent = 0;

	while (g->n_acks && n_sent < FLEET_BURST && g->acks[g->ack_first].due_ns <= now_ns) {
		struct fleet_client *c = &f->clients[g->acks[g->ack_first].client];
		uint64_t due_ns = c->flow.owes_since_ns + ACK_DELAY_NS;

		g->ack_first = g->ack_first + 1 < f->n_clients ? g->ack_first + 1 : 0;
		g->n_acks--;
		c->flow.in_acks = false;
		if (!c->has_gre || !c->flow.owes_ack)
			continue;
		if (due_ns > now_ns) { // that one left with a packet, and a later one is owed
			add_ack(f, c, due_ns);
			continue;
		}
		send_lone_ack(f, c);
		n_sent++;
	}
	return n_sent > 0;
}
