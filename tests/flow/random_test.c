// SPDX-License-Identifier: BSD-3-Clause
// Packets that were right once, with bytes changed, cut, repeated: none may crash the worker or get lost
// in it. Every packet in is a packet out, an event, or one drop of one reason.
#include "flow.h"

#include "shim/shim.h"
#include "shim/xorshift.h"
#include "wire/inet.h"
#include "wire/ppp.h"

#include <stdlib.h>

enum { PACKETS = 50000, CLIENTS = 4 };

// What the worker has done so far with packets that came in.
struct fates {
	uint64_t drops, fragments, sent, events, made;
};

static struct fates count_fates(struct flow *f)
{
	// Fragments are dropped late, when others push them out.
	struct fates n = {.fragments = flow_drops(f, DROP_OUTER_FRAGMENT)};

	n.drops = flow_drops_all(f) - n.fragments;
	n.made = flow_count(f, icmp_sent);

	for (unsigned int port = 0; port < FLOW_PORTS; port++)
		n.sent += f->counters[0]->ports[port].tx_pkts;
	n.events = flow_count(f, control_frames_in) + flow_count(f, exceptions_in) +
		   flow_count(f, events_sent);
	return n;
}

static void mutate(struct xorshift *x, uint8_t *bytes, size_t len)
{
	unsigned int n = 1 + xorshift_below(x, 4);

	for (unsigned int i = 0; i < n && len > 0; i++) {
		// headers matter more than what follows
		size_t reach = xorshift_below(x, 4) && len > 64 ? 64 : len;
		uint8_t *at = &bytes[xorshift_below(x, (uint32_t)reach)];
		switch (xorshift_below(x, 3)) {
		case 0:
			*at = (uint8_t)xorshift_next(x);
			break;
		case 1:
			*at ^= (uint8_t)(1 << xorshift_below(x, 8));
			break;
		default:
			*at = xorshift_below(x, 2) ? 0xff : 0;
			break;
		}
	}
}

static void mend(uint8_t *ip, size_t len)
{
	size_t header_len = (size_t)(ip[0] & 15) * 4;

	if (len < 20 || header_len < 20 || header_len > len)
		return;
	bytes_put_u16(ip + 10, 0);
	bytes_put_u16(ip + 10, inet_checksum(ip, header_len));
}

static size_t make_inner(struct xorshift *x, uint8_t *ip, uint32_t from, uint32_t to)
{
	size_t len;

	switch (xorshift_below(x, 4)) {
	case 0:
		len = flow_tcp_syn(ip, from, to, (uint16_t)xorshift_next(x));
		break;
	case 1:
		len = flow_echo_request(ip, from, to, 28 + xorshift_below(x, 1400));
		break;
	default:
		len = flow_ip(ip, from, to, INET_UDP, 20 + xorshift_below(x, 1480));
		flow_ip_set(ip, (uint8_t)xorshift_below(x, 4), 0, xorshift_below(x, 2));
		break;
	}
	if (xorshift_below(x, 3) == 0) {
		mutate(x, ip, len);
		mend(ip, len);
	}
	return len;
}

// One that says priority alone, or one of a VLAN that there is not.
static size_t put_tag(struct xorshift *x, uint8_t *frame, size_t len)
{
	memmove(frame + 16, frame + 12, len - 12);
	bytes_put_u16(frame + 12, 0x8100);
	bytes_put_u16(frame + 14, xorshift_below(x, 2) ? 0x2000 : (uint16_t)xorshift_next(x));
	return len + 4;
}

// A frame for *port, right or nearly so.
static size_t make_frame(
	struct xorshift *x, struct flow_client *clients, uint8_t *frame, unsigned int *port)
{
	const uint32_t hosts[] = {FLOW_HOST, FLOW_UNKNOWN_HOST, FLOW_NOWHERE, FLOW_SERVER_INNER,
		FLOW_INSIDE_ADDRESS, FLOW_LISTEN, clients[0].inner, clients[1].inner};
	struct flow_client *c = &clients[xorshift_below(x, CLIENTS)];
	uint32_t host = hosts[xorshift_below(x, RTE_DIM(hosts))];
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES];
	size_t len;

	*port = FLOW_OUTSIDE;
	switch (xorshift_below(x, 8)) {
	case 0:
		*port = FLOW_INSIDE;
		len = make_inner(x, ip, host, c->inner);
		len = flow_frame(frame, FLOW_INSIDE, ip, len);
		return xorshift_below(x, 4) ? len : put_tag(x, frame, len);
	case 1:
		xorshift_fill(x, ppp, 40);
		ppp[0] = 0xff;
		ppp[1] = 3;
		return flow_gre_frame(c, frame, c->seq++, ppp, xorshift_below(x, 40));
	case 2:
		*port = xorshift_below(x, FLOW_PORTS);
		len = make_inner(x, ip, FLOW_CLIENT_OUTER + 9, host);
		return flow_frame(frame, *port, ip, len);
	default:
		len = make_inner(x, ip, c->inner, host);
		len = flow_ppp_data(c, ppp, PPP_IP, ip, len);
		return flow_gre_frame(c, frame, c->seq++, ppp, len);
	}
}

// True if nothing is to be seen of this packet although it was taken: an empty GRE packet, or a fragment
// that waits for the others.
static bool may_be_silent(const uint8_t *frame, size_t len)
{
	struct inet_ipv4 ip;

	if (len < FLOW_ETHER_BYTES ||
		inet_ipv4_get(frame + FLOW_ETHER_BYTES, len - FLOW_ETHER_BYTES, DROP_OUTER_IP_BAD,
			&ip) != DROP_NONE)
		return false;
	const uint8_t *gre = frame + FLOW_ETHER_BYTES + ip.header_len;
	return ip.protocol == 47 && (ip.is_fragment || bytes_get_u16(gre + 4) == 0);
}

static void drain(struct flow *f)
{
	struct lane_event e;

	while (flow_event(f, 0, FLOW_ANY_KIND, &e) || flow_exception(f, 0, FLOW_ANY_KIND, &e))
		rte_pktmbuf_free(e.packet);
	(void)flow_discard(f, FLOW_OUTSIDE);
	(void)flow_discard(f, FLOW_INSIDE);
}

static void check_one(struct flow *f, struct xorshift *x, struct flow_client *clients)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	unsigned int port;
	size_t len = make_frame(x, clients, frame, &port);

	if (xorshift_below(x, 2)) {
		mutate(x, frame, len);
		if (xorshift_below(x, 2))
			mend(frame + FLOW_ETHER_BYTES, len - FLOW_ETHER_BYTES);
	}
	if (xorshift_below(x, 16) == 0)
		len = xorshift_below(x, (uint32_t)len + 1);

	struct fates before = count_fates(f);
	ASSERT_TRUE(flow_put(f, port, 0, frame, len));
	struct fates after = count_fates(f);
	uint64_t n_drops = after.drops - before.drops;
	bool was_seen = after.sent > before.sent || after.events > before.events;
	// One drop a packet, and one more where the worker made an ICMP packet of its own.
	EXPECT_LE(n_drops, 1 + after.made - before.made);
	EXPECT_TRUE(n_drops > 0 || was_seen || after.fragments > before.fragments ||
		    may_be_silent(frame, len));
	drain(f);
}

TEST(random, changed_packets_are_all_accounted_for)
{
	static const bool is_clear[CLIENTS] = {false, true, false, false};
	const char *seed = getenv("ADIT_FLOW_SEED");
	struct xorshift x = xorshift_seed(seed ? strtoull(seed, NULL, 0) : 20261);
	struct flow f;
	struct flow_client clients[CLIENTS];

	flow_open(&f, &(struct flow_options){.inside_mtu = 1300, .exception_rate_pps = 10000000});
	for (unsigned int i = 0; i < CLIENTS; i++) {
		const struct flow_client_options options = {
			.number = i + 2,
			.clear = is_clear[i],
			.mss_max = 1360,
			.mtu = (uint16_t)(700 + 200 * i),
			.client_pfc = i & 1,
			.client_acfc = i & 2,
		};
		flow_client_up(&f, &clients[i], &options);
	}
	for (unsigned int i = 0; i < PACKETS; i++) {
		SHIM_TRACE_CASE(i);
		check_one(&f, &x, clients);
	}
	// Each kind of thing has happened, or the test is not worth its time.
	EXPECT_GT(flow_count(&f, upstream_pkts), PACKETS / 100);
	EXPECT_GT(flow_count(&f, downstream_pkts), PACKETS / 100);
	EXPECT_GT(flow_count(&f, control_frames_in), 100);
	EXPECT_GT(flow_count(&f, fragments_made), 100);
	EXPECT_GT(flow_count(&f, icmp_sent), 100);
	flow_close(&f);
}

// The same in bursts, where packets of one session meet, over two workers.
TEST(random, bursts_over_two_workers)
{
	struct xorshift x = xorshift_seed(7);
	struct flow f;
	struct flow_client clients[CLIENTS];

	flow_open(&f, &(struct flow_options){.n_workers = 2});
	for (unsigned int i = 0; i < CLIENTS; i++) {
		const struct flow_client_options options = {.number = i + 2, .worker = i & 1};
		flow_client_up(&f, &clients[i], &options);
	}
	for (unsigned int i = 0; i < 400; i++) {
		for (unsigned int k = 0; k < 64; k++) {
			uint8_t frame[FLOW_FRAME_BYTES];
			unsigned int port;
			size_t len = make_frame(&x, clients, frame, &port);
			if (xorshift_below(&x, 3) == 0)
				mutate(&x, frame, len);
			ASSERT_TRUE(flow_push(&f, port, xorshift_below(&x, 2), frame, len));
		}
		flow_poll(&f);
		drain(&f);
		struct lane_event e;
		while (flow_event(&f, 1, FLOW_ANY_KIND, &e) ||
			flow_exception(&f, 1, FLOW_ANY_KIND, &e))
			rte_pktmbuf_free(e.packet);
	}
	EXPECT_GT(flow_count(&f, handoffs_in), 1000);
	EXPECT_GT(flow_count(&f, upstream_pkts), 1000);
	flow_close(&f);
}
