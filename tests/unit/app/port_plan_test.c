// SPDX-License-Identifier: BSD-3-Clause
#include "adit/port_plan.h"

#include "shim/shim.h"

enum { PORTS = 2 };

TEST(port_plan, a_queue_a_worker_where_there_are_enough)
{
	const struct port_limits limits[PORTS] = {{16, 16, 0}, {64, 64, 0}};
	struct port_queues q[PORTS];

	port_plan_queues(limits, PORTS, 4, q);
	for (int i = 0; i < PORTS; i++) {
		EXPECT_EQ(4, q[i].n_rx);
		EXPECT_EQ(4, q[i].n_tx);
		for (unsigned int w = 0; w < 4; w++) {
			EXPECT_EQ(w, port_plan_queue(&q[i], w));
			EXPECT_TRUE(port_plan_has_rx(&q[i], w));
			EXPECT_TRUE(port_plan_has_tx(&q[i], w));
			EXPECT_EQ(w, port_plan_sender(&q[i], w));
		}
	}
}

// Two ports with one queue each: not the same worker polls both.
TEST(port_plan, single_queues_lie_apart)
{
	const struct port_limits limits[PORTS] = {{1, 1, 0}, {255, 255, 1}};
	struct port_queues q[PORTS];

	port_plan_queues(limits, PORTS, 2, q);
	EXPECT_TRUE(port_plan_has_rx(&q[0], 0));
	EXPECT_FALSE(port_plan_has_rx(&q[0], 1));
	EXPECT_FALSE(port_plan_has_rx(&q[1], 0));
	EXPECT_TRUE(port_plan_has_rx(&q[1], 1));
	EXPECT_EQ(0, port_plan_sender(&q[0], 1));
	EXPECT_EQ(1, port_plan_sender(&q[1], 0));
	EXPECT_EQ(1, port_plan_sender(&q[1], 1));
}

// A device that says nothing has a queue all the same: setting it up then says what is wrong.
TEST(port_plan, at_least_one)
{
	const struct port_limits limits = {0, 0, 0};
	struct port_queues q;

	port_plan_queues(&limits, 1, 3, &q);
	EXPECT_EQ(1, q.n_rx);
	EXPECT_EQ(1, q.n_tx);
}

// Whatever the numbers: each queue has exactly one worker, in both directions it has the same number with it, and who
// has no transmit queue is sent to one that has, evenly.
TEST(port_plan, every_queue_has_one_worker)
{
	for (unsigned int n = 1; n <= LIMIT_WORKERS; n++) {
		for (uint16_t max = 1; max <= LIMIT_WORKERS; max++) {
			const struct port_limits limits[3] = {
				{max, LIMIT_WORKERS, 0}, {LIMIT_WORKERS, max, 0}, {max, max, 5}};
			struct port_queues q[3];
			SHIM_TRACE_CASE(n * 100 + max);
			port_plan_queues(limits, 3, n, q);
			for (int i = 0; i < 3; i++) {
				unsigned int n_rx = 0, n_tx = 0, sends_for[LIMIT_WORKERS] = {0};
				uint32_t seen = 0;
				for (unsigned int w = 0; w < n; w++) {
					uint16_t sender = port_plan_sender(&q[i], w);
					n_rx += port_plan_has_rx(&q[i], w);
					n_tx += port_plan_has_tx(&q[i], w);
					seen |= UINT32_C(1) << port_plan_queue(&q[i], w);
					EXPECT_EQ(w,
						port_plan_worker(&q[i], port_plan_queue(&q[i], w)));
					EXPECT_TRUE(port_plan_has_tx(&q[i], sender));
					if (port_plan_has_tx(&q[i], w))
						EXPECT_EQ(w, sender);
					sends_for[sender]++;
				}
				EXPECT_EQ(q[i].n_rx, n_rx);
				EXPECT_EQ(q[i].n_tx, n_tx);
				EXPECT_EQ((UINT64_C(1) << n) - 1, seen);
				for (unsigned int w = 0; w < n; w++)
					EXPECT_LE(sends_for[w], (n + n_tx - 1) / n_tx);
			}
		}
	}
}
