// SPDX-License-Identifier: BSD-3-Clause
// The ICMP that the data path makes itself. Errors are limited in rate for the whole lane (RFC 1812 4.3.2.8), those
// about an MTU by themselves: who sends what an access list denies must not take the others' path MTU discovery away.
// Echo replies are not limited: who asks pays for the question.
#include "dataplane/lane.h"

// The address that the sender knows us by: the port's for a host of the inside, else the server's in the
// tunnels of its tenant.
static uint32_t own_address(const struct worker *w, const struct pkt *p)
{
	bool is_ours = p->flags & PKT_FROM_INSIDE && p->tenant == 0;
	uint32_t be = is_ours ? w->config.ports[p->port].address_be : 0;

	return be ? be : lane_server_be(w, p->tenant);
}

static void make(
	struct worker *w, struct rte_mbuf *m, uint16_t tenant, const uint8_t *bytes, uint16_t len)
{
	char *at = rte_pktmbuf_append(m, len);
	struct pkt *p = at ? pkt_new(w, m) : NULL;

	if (!p) {
		lane_drop_mbuf(w, m, DROP_NO_MBUF);
		return;
	}
	memcpy(at, bytes, len);
	p->tenant = tenant;
	p->flags = PKT_POLICED; // no list is asked about what is ours
	p->verdict = inet_ipv4_get(bytes, len, DROP_INNER_IP_BAD, &p->ip);
	if (p->verdict == PKT_NEXT)
		p->verdict = pkt_list_put(&w->made, p);
	if (p->verdict != PKT_HELD) {
		pkt_drop(w, p, (enum drop_reason)p->verdict);
		return;
	}
	counter_add(&lane_count(w)->icmp_sent, 1);
}

void icmp_error(struct worker *w, struct pkt *p, uint8_t type, uint8_t code, uint16_t mtu)
{
	uint8_t error[INET_ICMP_ERROR_BYTES_MAX];

	if (!gate_pass(mtu ? &w->icmp_mtu_gate : &w->icmp_gate, w->now_ns))
		return;
	size_t len = inet_icmp_error_put(
		error, type, code, mtu, own_address(w, p), pkt_data(p), pkt_len(p));
	if (len == 0)
		return;
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->config.pool);
	if (!m) {
		counter_add(&lane_count(w)->drops[DROP_NO_MBUF], 1);
		return;
	}
	make(w, m, p->tenant, error, (uint16_t)len);
}

uint8_t icmp_answer(struct worker *w, struct pkt *p)
{
	if (!lane_flatten(p->m)) // its checksum may have to be made anew
		return DROP_TOO_BIG;
	if (!inet_icmp_echo_reply(pkt_data(p), &p->ip))
		return DROP_INNER_LOCAL;
	p->verdict = inet_ipv4_get(pkt_data(p), pkt_len(p), DROP_INNER_IP_BAD, &p->ip);
	if (p->verdict != PKT_NEXT)
		return p->verdict;
	uint8_t verdict = pkt_list_put(&w->made, p);
	if (verdict == PKT_HELD) {
		p->s = NULL;
		p->flags = PKT_POLICED;
		counter_add(&lane_count(w)->icmp_sent, 1);
	}
	return verdict;
}
