// SPDX-License-Identifier: BSD-3-Clause
// What `show lanes` and `show memory` say, and where new calls go, by counters of lanes that the test plays.
#include "control/lane_watch.h"

#include "control/lab.h"
#include "control/show.h"
#include "shim/shim.h"

#include <rte_malloc.h>

static struct lab lab;
static char text[1 << 16];

static void wait_for_look(void)
{
	const struct samples *s = &lab.control->samples;
	uint32_t before = s->at;

	while (s->at == before)
		lab_turn(&lab);
}

// What a worker did in a second, of which it was busy `share` tenths of a percent. One billion cycles are a second.
static void work(unsigned int worker, uint64_t share, uint64_t pkts)
{
	struct lane_counters *n = &lab.counters[worker];

	n->busy_cycles += share * 1000000;
	n->loops_busy += pkts / 10;
	n->loops_idle += 5;
	n->rx_bursts += pkts / 8;
	n->ports[1].rx_pkts += pkts / 2;
	n->handoffs_in += pkts / 2;
	n->handoffs_out += pkts / 4;
	n->upstream_pkts += pkts;
	n->upstream_bytes += pkts * 1000;
	n->drops[DROP_HANDOFF_FULL] += pkts / 100;
}

TEST(lanes, load_is_shown)
{
	lab_open(&lab, NULL);
	wait_for_look();
	EXPECT_EQ(SAMPLES_UNKNOWN, lane_watch_busy(lab.control, 0, 1));
	ASSERT_EQ(0, lab_ask(&lab, "1 json show lanes\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "\"busy_percent\":null");
	wait_for_look();
	work(1, 500, 800);
	wait_for_look();
	const struct samples *s = &lab.control->samples;
	double second = (double)samples_span_ns(s, 1) / 1e9; // longer than one on a busy machine
	EXPECT_EQ(0, lane_watch_busy(lab.control, 0, 1));
	EXPECT_NEAR(500 / second, lane_watch_busy(lab.control, 1, 1), 1);
	EXPECT_LT(lane_watch_busy(lab.control, 1, 10), lane_watch_busy(lab.control, 1, 1));
	ASSERT_EQ(0, lab_ask(&lab, "1 json show lanes\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "\"pkts_per_burst\":8.0,\"cycles_per_pkt\":625000.0");
	EXPECT_STRCONTAINS(text, "\"handed_in_percent\":50.0,\"handed_out_percent\":25.0");
	EXPECT_STRCONTAINS(text, "\"handoff_full\":8");
	EXPECT_STRCONTAINS(text, "\"totals\":[{\"worker\":0,\"up_pkts\":0");
	EXPECT_STRCONTAINS(text, "{\"worker\":1,\"up_pkts\":800,\"up_bytes\":800000");
	EXPECT_STRCONTAINS(text, "\"engines\":[{\"engine\":0,\"cpu\":6");
	ASSERT_EQ(0, lab_ask(&lab, "1 text show lanes\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "HANDED-IN%");
	EXPECT_STRCONTAINS(text, "FOUND-FULL");
	EXPECT_STRCONTAINS(text, "longest_turn_us");
	lab_close(&lab);
}

// Control counts its own time: some, but not all of it, and no turn was longer than all of them.
TEST(lanes, control_is_watched_too)
{
	lab_open(&lab, NULL);
	for (int i = 0; i < 3; i++)
		wait_for_look();
	int busy = lane_watch_control_busy(lab.control, 10);
	EXPECT_GE(busy, 0);
	EXPECT_LT(busy, SAMPLES_WHOLE);
	uint64_t longest = lane_watch_longest_ns(lab.control, 10);
	EXPECT_GT(longest, 0);
	EXPECT_LE(longest, lab.control->loop.busy_ns);
	lab_close(&lab);
}

// The worker that is full gets none of ten new calls.
TEST(lanes, new_calls_go_where_there_is_room)
{
	static struct lab_client clients[10];

	lab_open(&lab, NULL);
	for (int i = 0; i < 12; i++) {
		work(0, 5000, 100); // whatever a look late makes of it, that is all of its time
		lab_skip(&lab, 1000);
	}
	EXPECT_TRUE(lab.control->placement.workers[0].is_full);
	ASSERT_EQ(0, lab_ask(&lab, "1 json show lanes\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "\"state\":\"full\"");
	for (unsigned int i = 0; i < RTE_DIM(clients); i++) {
		lab_client_open(&lab, &clients[i]);
		lab_client_dial(&clients[i], &lab_pppd, "alice", "secret", (uint16_t)(100 + i));
		ASSERT_TRUE(lab_until(&lab, lab_is_up, &clients[i], 5000));
		EXPECT_EQ(1, session_id_worker(clients[i].session_id));
	}
	lab_close(&lab);
}

static void steer(struct config *c)
{
	c->max_calls_per_connection = 8;
}

// A NIC with rules by the low bits: each call has an id that leads to its worker.
TEST(lanes, call_ids_lead_to_the_worker)
{
	static struct lab_client clients[12];

	lab_open(&lab, steer);
	lab.control->config.call_classes = 2;
	for (unsigned int i = 0; i < RTE_DIM(clients); i++) {
		lab_client_open(&lab, &clients[i]);
		lab_client_dial(&clients[i], &lab_pppd, "alice", "secret", (uint16_t)(200 + i));
		ASSERT_TRUE(lab_until(&lab, lab_is_up, &clients[i], 5000));
		EXPECT_EQ(session_id_worker(clients[i].session_id), clients[i].server_call_id % 2);
	}
	lab_close(&lab);
}

static uint64_t heap_in_use(void)
{
	struct rte_malloc_socket_stats s;

	return rte_malloc_get_socket_stats(0, &s) == 0 ? s.heap_allocsz_bytes : 0;
}

// The lines of DPDK's heap add up to what the heap says, within 2 % and 64 KiB: measured by what control and its tables
// add to a heap that has other users.
TEST(lanes, memory_adds_up)
{
	struct memory_report r;
	uint64_t before = heap_in_use();

	lab_open(&lab, NULL);
	// Before the lab there were the pool and what EAL took; after it its tables.
	uint64_t taken = heap_in_use() - before;
	show_memory_report(lab.control, &r);
	uint64_t told = memory_report_sum(&r, MEMORY_DPDK);
	if (before > 0) {
		EXPECT_GE(told + told / 50 + 65536, taken);
		EXPECT_LE(told, taken + taken / 50 + 65536);
	}
	const struct memory_line *sessions = memory_report_find(&r, MEMORY_DPDK, "sessions");
	ASSERT_TRUE(sessions != NULL);
	EXPECT_EQ(LAB_WORKERS * LAB_SLOTS, sessions->n);
	EXPECT_EQ(0, sessions->n_used);
	EXPECT_EQ(sizeof(struct session), sessions->bytes / sessions->n);
	EXPECT_TRUE(memory_report_find(&r, MEMORY_HEAP, "history of calls") != NULL);
	ASSERT_EQ(0, lab_ask(&lab, "1 text show memory\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "LARGEST-FREE");
	EXPECT_STRCONTAINS(text, "resident_peak");
	lab_close(&lab);
}
