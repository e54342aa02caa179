// SPDX-License-Identifier: BSD-3-Clause
// The PPP frame of a data packet, encrypted if the session encrypts (RFC 3078 3). The data begins with
// the inner IPv4 header, and with the PPP frame when it goes on.
#include "dataplane/lane.h"

#include "wire/mppe.h"
#include "wire/ppp.h"

static bool put_ppp_header(struct pkt *p, uint16_t protocol)
{
	bool pfc = p->s->flags & SESSION_SEND_PFC;
	bool acfc = p->s->flags & SESSION_SEND_ACFC;
	uint8_t *at = pkt_push(p, ppp_header_len(protocol, pfc, acfc));

	if (at)
		(void)ppp_put(at, protocol, pfc, acfc);
	return at;
}

static uint8_t mppe_out(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;

	p->protocol = PPP_IP;
	if (!(s->flags & SESSION_ENCRYPT))
		return put_ppp_header(p, PPP_IP) ? PKT_NEXT : DROP_NO_MBUF;

	if (s->flags & SESSION_QUIESCES)
		return DROP_CRYPTO_FULL;
	// Dropped before it has a count it is a loss like any other on the way, with no harm to the key.
	if (!stage_crypto_has_room(w, &s->tx_key))
		return DROP_CRYPTO_FULL;
	// Encrypted is the protocol field too, compressed if that was agreed, without FF 03.
	bool pfc = s->flags & SESSION_SEND_PFC;
	uint8_t *data = pkt_push(p, ppp_header_len(PPP_IP, pfc, true));
	if (!data)
		return DROP_NO_MBUF;
	(void)ppp_put(data, PPP_IP, pfc, true);
	struct mppe_packet packet;
	struct mppe_sync_verdict todo;
	uint8_t *at = pkt_push(p, MPPE_HEADER_BYTES);
	if (!at || !put_ppp_header(p, PPP_COMP))
		return DROP_NO_MBUF;
	p->before = s->tx_sync.at;
	mppe_sync_send(&s->tx_sync, (enum mppe_flush)s->rx_sync.flush, &packet, &todo);
	mppe_packet_put(at, packet.bits, packet.count);
	p->op = (struct crypto_op){
		.ctx = &s->tx_key,
		.n_changes = todo.n_changes,
		.direction = CRYPTO_ENCRYPT,
		.restart = todo.restart,
	};
	pkt_set_op(p, data);
	return stage_crypto_put(w, p);
}

unsigned int stage_mppe_out(struct worker *w, struct pkt **pkts, unsigned int n)
{
	unsigned int n_clear = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		uint8_t verdict = mppe_out(w, p);

		if (verdict == PKT_NEXT)
			pkts[n_clear++] = p;
		else if (verdict != PKT_HELD)
			pkt_drop(w, p, (enum drop_reason)verdict);
	}
	return n_clear;
}

// In stateful mode a client that misses a count reads nothing before a flushed packet (RFC 3078 8.2): the next that is
// sent is one, and what was in flight before that is not worth sending.
static uint8_t mppe_out_failed(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;

	if (p->op.status == CRYPTO_LOST) {
		mppe_sync_lose_sent(&s->tx_sync);
		if (!s->tx_key.is_stateless)
			s->flags |= SESSION_TX_LOST;
		return stage_crypto_lose(w, p);
	}
	if (p->op.status != CRYPTO_DONE)
		return DROP_CRYPTO_FAILED;
	if (!p->op.restart)
		return DROP_CRYPTO_LOST;
	s->flags &= ~(uint32_t)SESSION_TX_LOST;
	return PKT_NEXT;
}

static uint8_t mppe_out_done(struct worker *w, struct pkt *p)
{
	if (p->op.status == CRYPTO_DONE && !(p->s->flags & SESSION_TX_LOST))
		return PKT_NEXT;
	return mppe_out_failed(w, p);
}

unsigned int stage_mppe_out_done(struct worker *w, struct pkt **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		pkts[i]->verdict = mppe_out_done(w, pkts[i]);
	return pkt_settle(w, pkts, n);
}
