// SPDX-License-Identifier: BSD-3-Clause
// Ports with one queue, which the first worker has: the sessions of the second get their packets from it, and send by it.
#include "flow.h"
#include "shim/shim.h"
#include "wire/ppp.h"

// Both ways at once, sixty packets at once: all come through, in order, by the first worker's queue.
TEST(queues, a_worker_without_queues)
{
	enum { PKTS = 60 };
	const struct flow_client_options owner = {.worker = 1};
	const struct flow_options options = {.n_workers = 2, .one_queue = true};
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, &options);
	flow_client_up(&f, &c, &owner);
	for (unsigned int i = 0; i < PKTS; i++) {
		size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100 + i);
		len = flow_ppp_data(&c, ppp, PPP_IP, ip, len);
		len = flow_gre_frame(&c, frame, c.seq++, ppp, len);
		ASSERT_TRUE(flow_push(&f, FLOW_OUTSIDE, 0, frame, len));
		len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 200 + i);
		len = flow_frame(frame, FLOW_INSIDE, ip, len);
		ASSERT_TRUE(flow_push(&f, FLOW_INSIDE, 0, frame, len));
	}
	flow_poll(&f);
	flow_poll(&f); // what the second has handed back
	for (unsigned int i = 0; i < PKTS; i++) {
		ASSERT_EQ(flow_take(&f, FLOW_INSIDE, frame), FLOW_ETHER_BYTES + 100 + i);
		ASSERT_TRUE(flow_take_down(&c, &down));
		EXPECT_EQ(down.len, 200 + i);
	}
	EXPECT_EQ(flow_drops_all(&f), 0);
	// There and back, each.
	EXPECT_EQ(f.counters[0]->handoffs_out, 2 * PKTS);
	EXPECT_GE(f.counters[1]->handoffs_out, 2 * PKTS);
	EXPECT_EQ(f.counters[1]->handoffs_out, f.counters[0]->handoffs_in);
	for (int port = 0; port < FLOW_PORTS; port++) {
		EXPECT_EQ(f.counters[1]->ports[port].tx_pkts, 0);
		EXPECT_EQ(f.counters[1]->ports[port].rx_pkts, 0);
	}
	EXPECT_EQ(f.counters[1]->upstream_pkts, PKTS);
	EXPECT_EQ(f.counters[1]->downstream_pkts, PKTS);
	flow_close(&f);
}

// Time in turns that found work is counted; time without work is not.
TEST(queues, busy_cycles)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	flow_poll(&f);
	flow_poll(&f);
	uint64_t before = f.counters[0]->busy_cycles;
	for (int i = 0; i < 100; i++)
		flow_poll(&f);
	EXPECT_EQ(before, f.counters[0]->busy_cycles);
	uint64_t bursts = f.counters[0]->rx_bursts;
	flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
	flow_poll(&f);
	EXPECT_GT(f.counters[0]->busy_cycles, before);
	EXPECT_EQ(f.counters[0]->rx_bursts, bursts + 1);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	flow_close(&f);
}
