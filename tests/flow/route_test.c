// SPDX-License-Identifier: BSD-3-Clause
// Next hops, tables, and from one client to another.
#include "flow.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/ppp.h"

TEST(route, unresolved_inner_packet_goes_to_control_and_comes_back)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ip(ip, c.inner, FLOW_UNKNOWN_HOST, INET_UDP, 200);
	flow_send_up(&c, ip, len);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 0);
	ASSERT_TRUE(flow_exception(&f, 0, LANE_UNRESOLVED, &e));
	EXPECT_EQ(e.port, FLOW_INSIDE);
	EXPECT_EQ(e.next_hop_be, flow_be(FLOW_UNKNOWN_HOST));
	inet_ttl_decrement(ip);
	ASSERT_EQ(rte_pktmbuf_pkt_len(e.packet), len);
	EXPECT_MEMEQ(rte_pktmbuf_mtod(e.packet, uint8_t *), ip, len);

	// Injected too early it is lost, and not sent round and round.
	struct lane_command inject = {.kind = COMMAND_INJECT, .packet = e.packet};
	struct rte_mbuf *again = flow_mbuf(&f, ip, len);
	ASSERT_TRUE(flow_command(&f, 0, &inject));
	EXPECT_EQ(flow_drops(&f, DROP_NO_NEIGHBOR), 1);
	EXPECT_FALSE(flow_exception(&f, 0, FLOW_ANY_KIND, &e));

	struct route_table *old = f.routes;
	f.routes = flow_routes();
	flow_add_route(f.routes, FLOW_UNKNOWN_HOST, 32, ROUTE_FORWARD, FLOW_INSIDE, 0x33, 0);
	struct lane_command table = {.kind = COMMAND_TABLE, .routes = f.routes};
	ASSERT_TRUE(flow_command(&f, 0, &table));
	ASSERT_TRUE(flow_event(&f, 0, LANE_TABLE_RETIRED, &e));
	EXPECT_TRUE(e.routes == old);
	route_table_free(old);

	inject.packet = again;
	ASSERT_TRUE(flow_command(&f, 0, &inject));
	ASSERT_EQ(flow_take(&f, FLOW_INSIDE, frame), FLOW_ETHER_BYTES + len);
	EXPECT_EQ(frame[5], 0x33);
	EXPECT_MEMEQ(frame + FLOW_ETHER_BYTES, ip, len);
	flow_close(&f);
}

TEST(route, unresolved_outer_packet_goes_to_control)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	flow_add_route(f.routes, c.outer, 32, ROUTE_UNRESOLVED, FLOW_OUTSIDE, 0, 0xc0000205);
	flow_send_ppp(&c, PPP_LCP, "\x09\x01\x00\x04", 4);
	ASSERT_TRUE(flow_exception(&f, 0, LANE_UNRESOLVED, &e));
	EXPECT_EQ(e.port, FLOW_OUTSIDE);
	EXPECT_EQ(e.next_hop_be, flow_be(0xc0000205)); // the gateway of the route
	struct inet_ipv4 header;
	ASSERT_EQ(inet_ipv4_get(rte_pktmbuf_mtod(e.packet, uint8_t *),
			  rte_pktmbuf_pkt_len(e.packet), DROP_OUTER_IP_BAD, &header),
		DROP_NONE);
	EXPECT_EQ(header.destination_be, flow_be(c.outer));
	rte_pktmbuf_free(e.packet);
	flow_close(&f);
}

TEST(route, without_a_table_nothing_leaves)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, &(struct flow_options){.no_routes = true});
	flow_client_up(&f, &c, NULL);
	flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
	flow_send_ppp(&c, PPP_LCP, "\x09\x01\x00\x04", 4);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE) + flow_discard(&f, FLOW_OUTSIDE), 0);
	EXPECT_GE(flow_drops(&f, DROP_NO_ROUTE), 2);
	flow_close(&f);
}

// What a worker remembers of a table goes with the table, in both directions.
TEST(route, a_new_table_takes_effect_at_once)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (uint8_t i = 1; i <= 3; i++) {
		struct route_table *old = f.routes;

		SHIM_TRACE_CASE(i);
		f.routes = route_table_new(64);
		flow_add_route(f.routes, FLOW_CLIENT_OUTER, 24, ROUTE_FORWARD, FLOW_OUTSIDE,
			0x40 + i, 0xc00002fe);
		flow_add_route(f.routes, FLOW_HOST, 32, ROUTE_FORWARD, FLOW_INSIDE, 0x50 + i, 0);
		struct lane_command table = {.kind = COMMAND_TABLE, .routes = f.routes};
		ASSERT_TRUE(flow_command(&f, 0, &table));
		ASSERT_TRUE(flow_event(&f, 0, LANE_TABLE_RETIRED, &e));
		EXPECT_TRUE(e.routes == old);
		route_table_free(old);

		for (unsigned int k = 0; k < 3; k++) {
			flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
			ASSERT_GT(flow_take(&f, FLOW_INSIDE, frame), 0);
			EXPECT_EQ(frame[5], 0x50 + i);
			flow_send_ppp(&c, PPP_LCP, "\x09\x01\x00\x04", 4);
			ASSERT_GT(flow_take(&f, FLOW_OUTSIDE, frame), 0);
			EXPECT_EQ(frame[5], 0x40 + i);
		}
	}
	struct lane_command none = {.kind = COMMAND_TABLE};
	ASSERT_TRUE(flow_command(&f, 0, &none));
	flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
	flow_send_ppp(&c, PPP_LCP, "\x09\x01\x00\x04", 4);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE) + flow_discard(&f, FLOW_OUTSIDE), 0);
	flow_close(&f);
}

TEST(route, blackhole_and_bad_port)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	flow_add_route(f.routes, 0x0a150000, 16, ROUTE_BLACKHOLE, 0, 0, 0);
	flow_add_route(f.routes, 0x0a160000, 16, ROUTE_FORWARD, 7, 1, 0);
	flow_send_up(&c, ip, flow_ip(ip, c.inner, 0x0a150001, INET_UDP, 100));
	flow_send_up(&c, ip, flow_ip(ip, c.inner, 0x0a160001, INET_UDP, 100));
	EXPECT_EQ(flow_drops(&f, DROP_NO_ROUTE), 2);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE) + flow_discard(&f, FLOW_OUTSIDE), 0);
	flow_close(&f);
}

static void client_to_client(unsigned int n_workers)
{
	const struct flow_client_options second = {.number = 3, .worker = n_workers - 1};
	const struct flow_options options = {.n_workers = n_workers};
	struct flow f;
	struct flow_client a, b;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, &options);
	flow_client_up(&f, &a, NULL);
	flow_client_up(&f, &b, &second);
	for (unsigned int i = 0; i < 40; i++) {
		size_t len = flow_ip(ip, a.inner, b.inner, INET_UDP, 100 + i);
		flow_send_up(&a, ip, len);
		ASSERT_TRUE(flow_take_down(&b, &down));
		inet_ttl_decrement(ip);
		ASSERT_EQ(down.len, len);
		EXPECT_MEMEQ(down.bytes, ip, len);
	}
	flow_send_up(&b, ip, flow_ip(ip, b.inner, a.inner, INET_UDP, 100));
	ASSERT_TRUE(flow_take_down(&a, &down));
	EXPECT_EQ(flow_drops_all(&f), 0);
	EXPECT_EQ(flow_count(&f, handoffs_in), n_workers > 1 ? 41 : 0);
	EXPECT_EQ(flow_session(&a)->counters.up_pkts, 40);
	EXPECT_EQ(flow_session(&b)->counters.down_pkts, 40);
	// To oneself too.
	flow_send_up(&a, ip, flow_ip(ip, a.inner, a.inner, INET_UDP, 100));
	EXPECT_TRUE(flow_take_down(&a, &down));
	flow_close(&f);
}

// A worker remembers that no client has the address of a host, so it must hear when one gets it.
static void an_address_becomes_a_clients(const struct flow_client_options *options)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, options);
	for (unsigned int i = 0; i < 6; i++) {
		bool is_clients = i >= 2 && i < 4;

		if (i % 2 == 0)
			ASSERT_EQ(owner_map_set_inner(f.owners, 0, flow_be(FLOW_HOST),
					  is_clients ? owner_make(0, session_id_slot(c.id))
						     : OWNER_NONE),
				0);
		flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(flow_take(&f, FLOW_INSIDE, frame) == 0, is_clients);
	}
	flow_close(&f);
}

TEST(route, an_address_becomes_a_clients)
{
	const struct flow_client_options clear = {.number = 2, .clear = true};

	an_address_becomes_a_clients(NULL);
	an_address_becomes_a_clients(&clear);
}

TEST(route, client_to_client)
{
	client_to_client(1);
}

TEST(route, client_to_client_of_another_worker)
{
	client_to_client(2);
}

// The packet lands on the worker of the receiver, goes to the sender's to be decrypted, and comes back: two hops, each for a
// reason of its own.
TEST(route, client_to_client_when_the_packet_lands_on_the_receivers_worker)
{
	const struct flow_client_options second = {.number = 3, .worker = 1};
	const struct flow_options options = {.n_workers = 2};
	struct flow f;
	struct flow_client a, b;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, &options);
	flow_client_up(&f, &a, NULL);
	flow_client_up(&f, &b, &second);
	size_t len = flow_ip(ip, a.inner, b.inner, INET_UDP, 200);
	size_t ppp_len = flow_ppp_data(&a, ppp, PPP_IP, ip, len);
	size_t frame_len = flow_gre_frame(&a, frame, a.seq++, ppp, ppp_len);
	EXPECT_TRUE(flow_put(&f, FLOW_OUTSIDE, 1, frame, frame_len));
	EXPECT_TRUE(flow_take_down(&b, &down));
	EXPECT_EQ(down.len, len);
	EXPECT_EQ(flow_drops_all(&f), 0);
	EXPECT_EQ(flow_count(&f, handoffs_in), 2);
	flow_close(&f);
}

// Both workers poll the ports; packets land on the wrong one.
TEST(route, packets_go_to_the_worker_that_owns_the_session)
{
	const struct flow_client_options owner = {.worker = 1};
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, &(struct flow_options){.n_workers = 2});
	flow_client_up(&f, &c, &owner);
	for (unsigned int i = 0; i < 50; i++) {
		size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100 + i);
		len = flow_ppp_data(&c, ppp, PPP_IP, ip, len);
		len = flow_gre_frame(&c, frame, c.seq++, ppp, len);
		ASSERT_TRUE(flow_push(&f, FLOW_OUTSIDE, 0, frame, len));
		len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 200 + i);
		len = flow_frame(frame, FLOW_INSIDE, ip, len);
		ASSERT_TRUE(flow_push(&f, FLOW_INSIDE, 0, frame, len));
	}
	flow_poll(&f);
	for (unsigned int i = 0; i < 50; i++) {
		ASSERT_EQ(flow_take(&f, FLOW_INSIDE, frame), FLOW_ETHER_BYTES + 100 + i);
		ASSERT_TRUE(flow_take_down(&c, &down));
		EXPECT_EQ(down.len, 200 + i);
		EXPECT_EQ(down.bytes[8], 63); // the hand-over costs no TTL
	}
	EXPECT_EQ(f.counters[0]->handoffs_out, 100);
	EXPECT_EQ(f.counters[1]->handoffs_in, 100);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// A map that points both ways must not make a packet go round.
TEST(route, a_packet_is_handed_over_once)
{
	const struct flow_client_options owner = {.worker = 1};
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, &(struct flow_options){.n_workers = 2});
	flow_client_up(&f, &c, &owner);
	size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 200);
	len = flow_frame(frame, FLOW_INSIDE, ip, len);
	ASSERT_TRUE(flow_push(&f, FLOW_INSIDE, 0, frame, len));
	(void)worker_poll(f.workers[0]);
	owner_map_set_inner(f.owners, 0, flow_be(c.inner), owner_make(0, 2));
	flow_poll(&f);
	EXPECT_EQ(flow_drops(&f, DROP_NO_SESSION), 1);

	owner_map_set_call(f.owners, 0, c.call_id, owner_make(1, 2));
	const uint8_t lcp[] = {0xff, 3, 0xc0, 0x21, 1, 1, 0, 4};
	len = flow_gre_frame(&c, frame, 1, lcp, sizeof(lcp));
	ASSERT_TRUE(flow_push(&f, FLOW_OUTSIDE, 0, frame, len));
	(void)worker_poll(f.workers[0]);
	owner_map_set_call(f.owners, 0, c.call_id, owner_make(0, 2));
	flow_poll(&f);
	EXPECT_EQ(flow_drops(&f, DROP_NO_SESSION), 2);
	EXPECT_EQ(flow_count(&f, handoffs_out), 2);

	owner_map_set_call(f.owners, 0, c.call_id, owner_make(30, 2)); // no such worker
	ASSERT_TRUE(flow_put(&f, FLOW_OUTSIDE, 0, frame, len));
	EXPECT_EQ(flow_drops(&f, DROP_NO_SESSION), 3);
	flow_close(&f);
}

TEST(route, handoff_ring_full_and_recovery)
{
	const struct flow_client_options owner = {.worker = 1, .clear = true};
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, &(struct flow_options){.n_workers = 2});
	flow_client_up(&f, &c, &owner);
	size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 200);
	len = flow_frame(frame, FLOW_INSIDE, ip, len);
	for (unsigned int i = 0; i < 300; i++)
		ASSERT_TRUE(flow_push(&f, FLOW_INSIDE, 0, frame, len));
	while (worker_poll(f.workers[0]) > 0)
		;
	EXPECT_EQ(flow_drops(&f, DROP_HANDOFF_FULL), 300 - 255);
	flow_poll(&f);
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 255);
	ASSERT_TRUE(flow_put(&f, FLOW_INSIDE, 0, frame, len));
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 1);
	flow_close(&f);
}
