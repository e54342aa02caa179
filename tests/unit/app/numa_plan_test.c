// SPDX-License-Identifier: BSD-3-Clause
#include "adit/numa_plan.h"

#include "shim/shim.h"

enum { MIB = 1 << 20 };

TEST(numa_plan, one_node_has_nothing_to_tell)
{
	const struct numa_topology t = {.n_workers = 2, .n_ports = 2};
	struct numa_mismatch out[LIMIT_PORTS];

	EXPECT_EQ(0, numa_plan_mismatches(&t, out));
	EXPECT_EQ(1, numa_plan_nodes(&t));
}

// Two sockets, a NIC on each, two workers on each, and a virtual port.
TEST(numa_plan, each_port_with_the_workers_that_lie_apart)
{
	const struct numa_topology t = {
		.n_workers = 4,
		.worker_nodes = {0, 1, 0, 1},
		.n_ports = 3,
		.port_nodes = {1, NUMA_NODE_UNKNOWN, 0},
	};
	struct numa_mismatch out[LIMIT_PORTS];

	ASSERT_EQ(2, numa_plan_mismatches(&t, out));
	EXPECT_EQ(0, out[0].port);
	EXPECT_EQ(0x5, out[0].workers);
	EXPECT_EQ(2, out[1].port);
	EXPECT_EQ(0xa, out[1].workers);
	EXPECT_EQ(0x3, numa_plan_nodes(&t));
}

TEST(numa_plan, a_worker_of_no_known_node_is_not_apart)
{
	const struct numa_topology t = {.n_workers = 1,
		.worker_nodes = {NUMA_NODE_UNKNOWN},
		.n_ports = 1,
		.port_nodes = {1}};
	struct numa_mismatch out[LIMIT_PORTS];

	EXPECT_EQ(0, numa_plan_mismatches(&t, out));
	EXPECT_EQ(1, numa_plan_nodes(&t));
}

TEST(numa_plan, the_highest_worker_has_a_bit)
{
	struct numa_topology t = {.n_workers = LIMIT_WORKERS, .n_ports = 1};
	struct numa_mismatch out[LIMIT_PORTS];

	t.worker_nodes[LIMIT_WORKERS - 1] = 7;
	ASSERT_EQ(1, numa_plan_mismatches(&t, out));
	EXPECT_EQ(UINT32_C(1) << (LIMIT_WORKERS - 1), out[0].workers);
	EXPECT_EQ(0x81, numa_plan_nodes(&t));
}

static uint32_t sum(const uint32_t *mb)
{
	uint32_t n = 0;

	for (int i = 0; i < NUMA_NODES_MAX; i++)
		n += mb[i];
	return n;
}

TEST(numa_plan, memory_follows_the_need)
{
	static const struct {
		uint64_t need_mb[NUMA_NODES_MAX];
		uint32_t total;
		uint32_t wanted[NUMA_NODES_MAX];
	} cases[] = {
		{{100}, 512, {512}},
		{{100, 100}, 512, {256, 256}},
		{{0, 100, 300}, 800, {0, 200, 600}},
		{{1, 999}, 1000, {1, 999}},
		{{0, 0, 0, 0, 0, 0, 0, 9}, 64, {0, 0, 0, 0, 0, 0, 0, 64}},
		{{100, 100}, 100, {100, 0}}, // does not fit: memory_plan refuses it
		{{0}, 64, {0}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t need[NUMA_NODES_MAX], all = 0;
		uint32_t mb[NUMA_NODES_MAX];
		SHIM_TRACE_CASE(i);
		for (int k = 0; k < NUMA_NODES_MAX; k++)
			all += need[k] = cases[i].need_mb[k] * MIB;
		numa_plan_split(need, cases[i].total, mb);
		EXPECT_EQ(all ? cases[i].total : 0, sum(mb));
		if (i == 5)
			continue;
		for (int k = 0; k < NUMA_NODES_MAX; k++)
			EXPECT_EQ(cases[i].wanted[k], mb[k]);
	}
}

// This machine's own: whatever it is, it is a node.
TEST(numa_plan, a_cpu_has_a_node)
{
	EXPECT_GE(numa_plan_cpu_node(0), 0);
	EXPECT_LT(numa_plan_cpu_node(0), NUMA_NODES_MAX);
	EXPECT_EQ(0, numa_plan_cpu_node(100000));
}
