// SPDX-License-Identifier: BSD-3-Clause
// GRE and the outer IPv4 header around a PPP frame, and out (RFC 2637 4.1). An ack that is owed rides
// along.
#include "dataplane/lane.h"

#include "wire/gre.h"
#include "wire/ppp.h"

enum {
	OUTER_TTL = 64,
	// RFC 6040 4.2: a decapsulator that ignores ECN (every PPTP client) must never see it, so only
	// the code point of RFC 2983 is copied.
	DSCP_MASK = 0xfc,
};

static uint8_t gre_out(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;
	struct gre gre = {.call_id = s->peer_call_id, .payload_len = pkt_len(p), .has_seq = true};
	uint8_t tos = p->protocol == PPP_IP ? p->ip.tos & DSCP_MASK : 0;

	gre.has_ack = s->gre.owes_ack;
	uint8_t *at = pkt_push(
		p, (uint16_t)(INET_IPV4_HEADER_BYTES + gre_header_len(gre.has_seq, gre.has_ack)));
	if (!at)
		return DROP_NO_MBUF;
	gre.seq = gre_window_next_seq(&s->gre);
	if (s->limits_transmit)
		gre_transmit_sent(&s->transmit, gre.seq, w->now_ns);
	(void)gre_window_take_ack(&s->gre, &gre.ack);
	(void)gre_put(at + INET_IPV4_HEADER_BYTES, &gre);
	inet_ipv4_put(at, s->outer_local_be, s->outer_peer_be, GRE_IP_PROTOCOL, pkt_len(p),
		s->ip_id++, OUTER_TTL, tos, false);
	return stage_tx_outer(w, p);
}

struct sums {
	uint64_t n, bytes, n_control;
};

static void count(struct sums *sums, const struct pkt *p)
{
	struct session_counters *c = &p->s->counters;

	if (p->protocol != PPP_IP) {
		counter_add(&c->down_control_frames, 1);
		sums->n_control++;
		return;
	}
	counter_add(&c->down_pkts, 1);
	counter_add(&c->down_bytes, p->ip.total_len);
	sums->n++;
	sums->bytes += p->ip.total_len;
}

void stage_gre_out(struct worker *w, struct pkt **pkts, unsigned int n)
{
	struct sums sums = {0};

	if (n == 0)
		return;
	for (unsigned int i = 0; i < n; i++) {
		struct pkt *p = pkts[i];

		p->verdict = short_down_encrypted(w, p) ? PKT_TAKEN : gre_out(w, p);
		if (p->verdict == PKT_TAKEN)
			count(&sums, p);
	}
	counter_add(&lane_count(w)->downstream_pkts, sums.n);
	counter_add(&lane_count(w)->downstream_bytes, sums.bytes);
	counter_add(&lane_count(w)->control_frames_out, sums.n_control);
	(void)pkt_settle(w, pkts, n);
}
