// SPDX-License-Identifier: BSD-3-Clause
// Rings that are full, workers that do not answer, packets that nobody can take.
#include "control/workers.h"

#include "control/call.h"
#include "control/lab.h"
#include "shim/shim.h"

static struct lab lab;
static struct lab_client client;

enum { N_CALLS = 600 };

static void many_calls(struct config *c)
{
	c->max_calls_per_connection = N_CALLS;
	c->max_calls_per_source = N_CALLS;
	c->setups_per_second_per_source = 0;
}

static bool all_are_added(struct lab *l, void *unused)
{
	unsigned int n = 0;

	for (unsigned int w = 0; w < LAB_WORKERS; w++)
		for (unsigned int i = 0; i < LAB_SLOTS; i++)
			n += l->sessions[w][i].id != SESSION_ID_NONE;
	return n == N_CALLS;
}

// More commands than the rings take: what changes state waits and keeps its order, frames are
// dropped and counted, and the worker that does not move is named.
TEST(workers, full_rings_lose_nothing_but_frames)
{
	lab_open(&lab, many_calls);
	lab_client_open(&lab, &client);
	lab_client_start(&client);
	lab_run(&lab, 20);
	lab.workers_sleep = true;
	for (uint16_t i = 0; i < N_CALLS; i++) {
		lab_client_call(&client, i);
		if (i % 8 == 7)
			lab_turn(&lab);
	}
	lab_run(&lab, 50);
	EXPECT_EQ(N_CALLS, lab_count_calls(&lab));
	EXPECT_GT(lab.control->workers.backlogs[0].n, 0);
	EXPECT_GT(lab.control->workers.backlogs[1].n, 0);
	EXPECT_GT(lab.control->counters.command_ring_full, 0);
	lab_skip(&lab, 4500);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_LANE_STALLED, "worker=0"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_LANE_STALLED, "worker=1"));
	lab.workers_sleep = false;
	EXPECT_TRUE(lab_until(&lab, all_are_added, NULL, 3000));
	lab_client_close(&client);
	EXPECT_TRUE(lab_until(&lab, lab_is_empty, NULL, 3000));
	EXPECT_EQ(N_CALLS, lab.n_gone);
	EXPECT_EQ(0, lab.control->workers.backlogs[0].n);
	lab_close(&lab);
}

// It ends with commands, keys among them, in rings and backlogs: nothing leaks.
TEST(workers, what_waits_at_the_end_is_freed)
{
	lab_open(&lab, many_calls);
	lab_client_open(&lab, &client);
	lab_client_start(&client);
	lab_run(&lab, 20);
	lab.workers_sleep = true;
	for (uint16_t i = 0; i < N_CALLS; i++) {
		lab_client_call(&client, i);
		if (i % 8 == 7)
			lab_turn(&lab);
	}
	lab_close(&lab);
}

TEST(workers, packets_for_a_kernel_that_is_not_there)
{
	const struct lane_event events[] = {
		{.kind = LANE_EXCEPTION, .port = 0},
		{.kind = LANE_EXCEPTION, .port = 200},
		{.kind = LANE_UNRESOLVED, .port = 1, .next_hop_be = 1},
	};

	lab_open(&lab, NULL);
	for (size_t i = 0; i < RTE_DIM(events); i++) {
		struct lane_event e = events[i];
		e.packet = rte_pktmbuf_alloc(lab.pool);
		ASSERT_TRUE(lane_ring_put_event(lab.links[0].exceptions, &e));
	}
	lab_run(&lab, 20);
	EXPECT_EQ(2, lab.control->counters.drops[DROP_TAP_FAILED]);
	EXPECT_EQ(1, lab.control->counters.drops[DROP_NO_NEIGHBOR]);
	lab_close(&lab);
}

// A frame in several buffers, and one that is longer than PPP allows.
TEST(workers, frames_of_any_shape)
{
	lab_open(&lab, NULL);
	lab_client_open(&lab, &client);
	lab_client_dial(&client, &lab_pppd, "alice", "secret", 1);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
	const struct call *call = placement_find(&lab.control->placement, client.session_id);
	uint64_t before = call->n_ppp_in;
	for (uint16_t len = 700; len <= 1400; len += 700) {
		struct lane_event e = {.kind = LANE_PPP,
			.worker = session_id_worker(client.session_id),
			.protocol = 0xc021,
			.session_id = client.session_id,
			.packet = rte_pktmbuf_alloc(lab.pool)};
		struct rte_mbuf *tail = rte_pktmbuf_alloc(lab.pool);
		memset(rte_pktmbuf_append(e.packet, len), 0, len);
		memset(rte_pktmbuf_append(tail, len), 0, len);
		ASSERT_EQ(0, rte_pktmbuf_chain(e.packet, tail));
		lab_put_event(&lab, &e);
	}
	lab_run(&lab, 20);
	EXPECT_EQ(before + 1, call->n_ppp_in);
	EXPECT_EQ(1, lab.control->counters.drops[DROP_TOO_BIG]);
	EXPECT_TRUE(lab_is_up(&lab, &client));
	lab_close(&lab);
}

// The pool of packets runs dry and comes back.
TEST(workers, no_packet_buffers)
{
	static struct rte_mbuf *all[LAB_MBUFS];
	unsigned int n = 0;

	lab_open(&lab, NULL);
	while (n < LAB_MBUFS && (all[n] = rte_pktmbuf_alloc(lab.pool)))
		n++;
	lab_client_open(&lab, &client);
	lab_client_dial(&client, &lab_pppd, "alice", "secret", 1);
	// The call is there, but its first frames have no buffer.
	for (int i = 0; i < 100 && lab_count_calls(&lab) == 0; i++)
		(void)control_turn(lab.control, 1), lab_client_turn(&client);
	EXPECT_EQ(1, lab_count_calls(&lab));
	EXPECT_GT(lab.control->counters.drops[DROP_NO_MBUF], 0);
	while (n > 0)
		rte_pktmbuf_free(all[--n]);
	EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 5000));
	lab_close(&lab);
}
