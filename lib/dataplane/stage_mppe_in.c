// SPDX-License-Identifier: BSD-3-Clause
// MPPE, received: the coherency count before the driver, the proof of the pudding after it
// (RFC 3078 3, 7).
//
// A jump of the count moves the key and cannot be undone, and RC4 tells nobody that a packet was
// forged. So a jump is tried alone on a checkpoint of the key, and stands only if the packet is a
// whole IPv4 packet with a right checksum: a weaker proof would let every third forged packet pass.
#include "dataplane/lane.h"

#include "wire/mppe.h"
#include "wire/ppp.h"

static bool is_next(const struct session *s, uint16_t count)
{
	return seq_coherency_ahead(s->rx_sync.last, count) == 1;
}

static uint8_t mppe_in(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;
	struct mppe_packet packet;
	struct mppe_sync_verdict sync;
	uint8_t bad = mppe_packet_get(pkt_data(p), pkt_len(p), &packet);

	if (bad)
		return bad;
	if (s->flags & SESSION_QUIESCES)
		return DROP_CRYPTO_FULL;
	// With a driver that answers later a jump waits for nobody: it is refused, and the client's next
	// packet asks for it again.
	if (!is_next(s, packet.count))
		stage_crypto_run(w);
	if (s->flags & SESSION_HAS_CHECKPOINT)
		return DROP_CRYPTO_FULL;
	if (!is_next(s, packet.count) && s->rx_in_flight > 0)
		return DROP_CRYPTO_FULL;

	p->count = s->rx_sync.last;
	bad = mppe_sync_receive(&s->rx_sync, &packet, &sync);
	if (bad)
		return bad;
	pkt_pull(p, MPPE_HEADER_BYTES);
	if (sync.is_jump) {
		s->checkpoint_key = s->rx_key;
		s->checkpoint_count = p->count;
		s->flags |= SESSION_HAS_CHECKPOINT;
	}
	uint8_t verdict =
		stage_crypto_put(w, p, CRYPTO_DECRYPT, pkt_data(p), pkt_len(p), sync.n_changes);
	if (sync.is_jump)
		stage_crypto_run(w);
	return verdict;
}

// What is in the clear passes by.
unsigned int stage_mppe_in(struct worker *w, struct pkt **pkts, unsigned int n)
{
	unsigned int n_clear = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		if (p->protocol != PPP_COMP) {
			pkts[n_clear++] = p;
			continue;
		}
		// A packet that the driver has taken may be gone already: its verdict must not be
		// written any more.
		uint8_t verdict = mppe_in(w, p);
		if (verdict != PKT_HELD)
			pkt_drop(w, p, (enum drop_reason)verdict);
	}
	return n_clear;
}

static bool proves_jump(const struct pkt *p)
{
	const uint8_t *data = pkt_data(p);
	uint16_t len = pkt_len(p);
	uint16_t protocol_len = data[0] == 0 ? 2 : 1;
	struct inet_ipv4 ip;

	return data[protocol_len - 1] == PPP_IP &&
	       inet_ipv4_get(data + protocol_len, (size_t)len - protocol_len, DROP_INNER_IP_BAD,
		       &ip) == DROP_NONE;
}

static uint8_t refuse(struct worker *w, struct session *s)
{
	counter_add(&s->counters.decrypt_failures, 1);
	s->failures_in_a_row++;
	if (s->failures_in_a_row >= w->config.failures_max && !(s->flags & SESSION_FAILURES_TOLD)) {
		struct lane_event e = {.kind = LANE_DECRYPT_FAILURES, .session_id = s->id};
		if (punt_event(w, &e))
			s->flags |= SESSION_FAILURES_TOLD;
	}
	return DROP_MPPE_GARBAGE;
}

static uint8_t mppe_in_done(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;
	bool is_jump = s->flags & SESSION_HAS_CHECKPOINT;

	s->flags &= (uint16_t)~SESSION_HAS_CHECKPOINT;
	if (p->op.status != CRYPTO_DONE)
		return DROP_CRYPTO_FAILED;
	if (!mppe_sync_is_plausible(pkt_data(p), pkt_len(p)) || (is_jump && !proves_jump(p))) {
		if (is_jump) {
			s->rx_key = s->checkpoint_key;
			mppe_sync_undo(&s->rx_sync, s->checkpoint_count);
		}
		return refuse(w, s);
	}
	s->failures_in_a_row = 0;
	uint8_t header_len = 0;
	uint8_t bad = ppp_get(pkt_data(p), pkt_len(p), &p->protocol, &header_len);
	if (bad)
		return bad;
	pkt_pull(p, header_len);
	if (p->protocol == PPP_IP)
		return PKT_NEXT;
	// A network protocol that we do not know. Control hears of it without what was in it: it speaks in
	// the clear, and MPPE has no integrity, so an answer that quotes the packet (RFC 1661 5.7) would
	// decrypt for whoever turns IP into another protocol by one bit on the way.
	pkt_trim(p, 0);
	return punt_ppp(w, p);
}

unsigned int stage_mppe_in_done(struct worker *w, struct pkt **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		pkts[i]->verdict = mppe_in_done(w, pkts[i]);
	return pkt_settle(w, pkts, n);
}
