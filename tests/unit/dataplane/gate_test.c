// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/gate.h"

#include "shim/shim.h"

static const uint64_t second_ns = 1000000000;

TEST(gate, burst_at_once_then_the_rate)
{
	struct gate g = gate_make(1000, 10);
	uint64_t now_ns = 5 * second_ns;
	unsigned int n = 0;

	while (gate_pass(&g, now_ns))
		n++;
	EXPECT_EQ(n, 10);
	EXPECT_FALSE(gate_pass(&g, now_ns + second_ns / 1000 - 1));
	EXPECT_TRUE(gate_pass(&g, now_ns + second_ns / 1000));
	EXPECT_FALSE(gate_pass(&g, now_ns + second_ns / 1000));
}

TEST(gate, long_run_keeps_the_rate)
{
	struct gate g = gate_make(1000, 10);
	unsigned int n = 0;

	for (uint64_t now_ns = second_ns; now_ns < 11 * second_ns; now_ns += 100000)
		n += gate_pass(&g, now_ns);
	EXPECT_GE(n, 10 * 1000);
	EXPECT_LE(n, 10 * 1000 + 10);
}

TEST(gate, silence_saves_no_more_than_the_burst)
{
	struct gate g = gate_make(1000, 10);
	unsigned int n = 0;

	(void)gate_pass(&g, second_ns);
	while (gate_pass(&g, 1000 * second_ns))
		n++;
	EXPECT_EQ(n, 10);
}

TEST(gate, edges)
{
	struct gate closed = gate_make(0, 10), one = gate_make(1, 1),
		    fast = gate_make(UINT32_MAX, 2);

	EXPECT_FALSE(gate_pass(&closed, 0));
	EXPECT_FALSE(gate_pass(&closed, 1000 * second_ns));
	EXPECT_TRUE(gate_pass(&one, second_ns));
	EXPECT_FALSE(gate_pass(&one, second_ns));
	EXPECT_TRUE(gate_pass(&one, 2 * second_ns));
	EXPECT_TRUE(gate_pass(&fast, second_ns)); // more than the clock can tell apart: all pass
}
