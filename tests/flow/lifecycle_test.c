// SPDX-License-Identifier: BSD-3-Clause
// Sessions that come, go, change keys and close while their packets are everywhere: with the driver, waiting for a
// missing one, waiting for the client's window. Nothing may leak, arrive twice, out of order or at another's, and a
// slot that is free holds nothing.
#include "flow.h"
#include "late_driver.h"

#include "shim/shim.h"
#include "shim/xorshift.h"
#include "wire/inet.h"
#include "wire/ppp.h"

#include <stdlib.h>

enum { STEPS = 20000, CLIENTS = 12, MARK_AT = 28, PKT_BYTES = 100, BULK = 900, SEEDS = 3 };

struct life {
	struct flow f;
	struct xorshift random;
	struct {
		struct flow_client c;
		bool is_up;
		uint32_t n_sent, last; // marks of its packets
	} clients[CLIENTS];
	unsigned int n_deleted, n_gone, n_arrived;
};

static uint32_t below(struct life *l, uint32_t n)
{
	return xorshift_below(&l->random, n);
}

static void come(struct life *l, unsigned int i)
{
	const struct flow_client_options options = {
		.number = 2 + i,
		.clear = below(l, 6) == 0,
		.reorder_pkts = (uint16_t)(below(l, 2) * 8),
		.reorder_us = 1 + below(l, 2000),
		.peer_window = (uint16_t)(below(l, 2) * (1 + below(l, 16))),
		.ack_timeout_us = 1000000,
		.ack_delay_us = 1000,
		.nat_loose = below(l, 2),
		.stateful_up = below(l, 3) == 0,
		.stateful_down = below(l, 3) == 0,
		.not_linked = below(l, 4) == 0,
	};

	flow_client_up(&l->f, &l->clients[i].c, &options);
	l->clients[i].is_up = true;
}

static void go(struct life *l, unsigned int i)
{
	flow_client_delete(&l->clients[i].c);
	l->clients[i].is_up = false;
	l->n_deleted++;
}

// Some are lost, some come late, and some twice.
static void send_up(struct life *l, unsigned int i)
{
	struct flow_client *c = &l->clients[i].c;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES];
	uint8_t frames[6][FLOW_FRAME_BYTES];
	size_t lens[6];
	unsigned int n = 1 + below(l, RTE_DIM(lens)), first = below(l, n), lost = below(l, 20);
	uint32_t to = below(l, 3) ? FLOW_HOST : l->clients[below(l, CLIENTS)].c.inner;

	for (unsigned int k = 0; k < n; k++) {
		size_t len = flow_ip(ip, c->inner, to ? to : FLOW_HOST, INET_UDP, PKT_BYTES);
		bytes_put_u32(ip + MARK_AT, ++l->clients[i].n_sent);
		len = flow_ppp_data(c, ppp, PPP_IP, ip, len);
		lens[k] = flow_gre_frame(c, frames[k], c->seq++, ppp, len);
	}
	for (unsigned int k = 0; k < n; k++) {
		unsigned int at = (first + k) % n;
		if (at != lost)
			(void)flow_push(&l->f, FLOW_OUTSIDE, 0, frames[at], lens[at]);
		if (below(l, 10) == 0)
			(void)flow_push(&l->f, FLOW_OUTSIDE, 0, frames[at], lens[at]);
	}
}

static void send_down(struct life *l, unsigned int i)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	for (unsigned int k = below(l, 12); k > 0; k--) {
		size_t len = flow_ip(
			ip, FLOW_HOST, l->clients[i].c.inner, INET_UDP, 60 + below(l, 1440));
		len = flow_frame(frame, FLOW_INSIDE, ip, len);
		(void)flow_push(&l->f, FLOW_INSIDE, 0, frame, len);
	}
}

static void forge(struct life *l, unsigned int i)
{
	struct flow_client c = l->clients[i].c;
	uint8_t ppp[PKT_BYTES];

	xorshift_fill(&l->random, ppp, sizeof(ppp));
	ppp[0] = 0;
	ppp[1] = PPP_COMP;
	ppp[2] = (uint8_t)(0x90 | (c.up.last >> 8 & 15));
	ppp[3] = (uint8_t)(c.up.last + below(l, 40));
	if (below(l, 3) == 0)
		c.outer += 100;
	flow_send_gre(&c, c.seq + below(l, 2000), ppp, sizeof(ppp));
}

static void change(struct life *l, unsigned int i)
{
	struct flow_client *c = &l->clients[i].c;

	switch (below(l, 6)) {
	case 0:
		flow_client_open(c, false);
		break;
	case 1:
		flow_client_open(c, true);
		break;
	case 2:
		flow_client_encrypt(c, below(l, 2));
		break;
	case 3:
		flow_client_reset(c);
		break;
	case 4:
		flow_client_link(c);
		break;
	default:
		if (c->options.clear)
			break;
		flow_client_keys(c);
		flow_client_encrypt(c, true);
		break;
	}
}

static void vary_driver(struct life *l)
{
	late_driver_control.is_holding = below(l, 3) == 0;
	late_driver_control.submit_max = below(l, 3) ? LATE_DRIVER_DEPTH : below(l, 4);
	late_driver_control.fails = below(l, 20) == 0;
}

static void let_driver_go(void)
{
	late_driver_control = (struct late_driver_control){
		.submit_max = LATE_DRIVER_DEPTH, .room = LATE_DRIVER_DEPTH};
}

static void step(struct life *l)
{
	unsigned int i = below(l, CLIENTS), what = below(l, 40);

	if (!l->clients[i].is_up)
		come(l, i);
	else if (what == 0)
		go(l, i);
	else if (what < 3)
		change(l, i);
	else if (what < 6)
		forge(l, i);
	else if (what < 10)
		flow_send_ack(&l->clients[i].c, below(l, 64));
	else if (what < 24)
		send_up(l, i);
	else
		send_down(l, i);
}

// What left the inside port.
static void take_up(struct life *l)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	struct inet_ipv4 ip;

	for (size_t len; (len = flow_take(&l->f, FLOW_INSIDE, frame)) > 0;) {
		const uint8_t *at = frame + FLOW_ETHER_BYTES;
		if (inet_ipv4_get(at, len - FLOW_ETHER_BYTES, DROP_INNER_IP_BAD, &ip) ||
			ip.protocol != INET_UDP)
			continue;
		unsigned int i = rte_be_to_cpu_32(ip.source_be) - FLOW_CLIENT_INNER - 2;
		ASSERT_LT(i, CLIENTS);
		// In the clear GRE alone keeps the order, and goes back where a run of numbers says
		// that those before were forged (proto/gre_window.h).
		if (!l->clients[i].c.options.clear)
			EXPECT_GT(bytes_get_u32(at + MARK_AT), l->clients[i].last);
		l->clients[i].last = bytes_get_u32(at + MARK_AT);
		l->n_arrived++;
	}
}

static void settle(struct life *l)
{
	struct lane_event e;

	flow_poll(&l->f);
	while (flow_event(&l->f, 0, LANE_GONE, &e))
		l->n_gone++;
	take_up(l);
	(void)flow_discard(&l->f, FLOW_OUTSIDE);
}

static void expect_empty(const struct session_table *t)
{
	static const struct session free_slot;
	static const struct session_rc4 free_rc4;

	EXPECT_EQ(t->n_used, 0);
	for (uint32_t i = 0; i < t->n_slots; i++) {
		EXPECT_EQ(memcmp(&t->slots[i], &free_slot, sizeof(free_slot)), 0);
		EXPECT_EQ(memcmp(&t->rc4[i], &free_rc4, sizeof(free_rc4)), 0);
	}
}

// All entries are free again: as many packets are under way at once as ever.
static void expect_all_entries(struct life *l)
{
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_client_up(&l->f, &c, &(struct flow_client_options){.number = 40});
	late_driver_control.is_holding = true;
	for (unsigned int i = 0; i < BULK; i++)
		flow_push_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, PKT_BYTES));
	flow_poll(&l->f);
	EXPECT_EQ(flow_session(&c)->rx_in_flight, BULK);
	late_driver_control.is_holding = false;
	flow_poll(&l->f);
	EXPECT_EQ(flow_discard(&l->f, FLOW_INSIDE), BULK);
}

static void live(uint64_t seed, bool ends_in_full_flight)
{
	static struct life l;

	l = (struct life){.random = xorshift_seed(seed)};
	let_driver_go();
	flow_open(&l.f, &(struct flow_options){.crypto = &late_driver,
				.may_be_stateful = true,
				.failures_max = UINT16_MAX});
	for (unsigned int i = 0; i < STEPS; i++) {
		step(&l);
		if (below(&l, 8) == 0)
			vary_driver(&l);
		if (below(&l, 30) == 0)
			let_driver_go();
		if (below(&l, 4) == 0)
			settle(&l);
	}
	EXPECT_GT(l.n_arrived, STEPS / 10);
	EXPECT_GT(l.n_deleted, STEPS / 100);
	if (!ends_in_full_flight) {
		let_driver_go();
		settle(&l);
		for (unsigned int i = 0; i < CLIENTS; i++)
			if (l.clients[i].is_up)
				go(&l, i);
		settle(&l);
		EXPECT_EQ(l.n_gone, l.n_deleted);
		expect_empty(&l.f.sessions[0]);
		expect_all_entries(&l);
	}
	late_driver_control.is_holding = false;
	flow_close(&l.f);
}

TEST(lifecycle, nothing_is_left_of_what_came_and_went)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		SHIM_TRACE_CASE(seed);
		live(seed, false);
	}
}

TEST(lifecycle, a_worker_that_stops_in_full_flight_leaves_nothing)
{
	live(SEEDS + 1, true);
}
