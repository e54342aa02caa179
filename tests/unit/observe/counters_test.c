// SPDX-License-Identifier: BSD-3-Clause
#include "observe/counters.h"

#include "shim/shim.h"

#include <ctype.h>

// Sets that different lanes write must not share a cache line.
TEST(counters, sets_fill_whole_cache_lines)
{
	EXPECT_EQ(0, sizeof(struct lane_counters) % 64);
	EXPECT_EQ(0, sizeof(struct control_counters) % 64);
	EXPECT_EQ(64, __alignof__(struct lane_counters));
}

static void check_infos(const struct counter_info *infos, size_t n, size_t size)
{
	for (size_t i = 0; i < n; i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(i * sizeof(uint64_t), infos[i].offset);
		EXPECT_LE(infos[i].offset + sizeof(uint64_t), size);
		EXPECT_GT(strlen(infos[i].help), 0);
		ASSERT_GT(strlen(infos[i].name), 0);
		for (const char *c = infos[i].name; *c; c++)
			EXPECT_TRUE(islower((unsigned char)*c) || *c == '-');
		for (size_t k = 0; k < i; k++)
			EXPECT_NE(0, strcmp(infos[k].name, infos[i].name));
	}
}

TEST(counters, infos_describe_every_counter_once)
{
	check_infos(counter_lane_infos, COUNTER_LANE_COUNT, sizeof(struct lane_counters));
	check_infos(counter_control_infos, COUNTER_CONTROL_COUNT, sizeof(struct control_counters));
}

TEST(counters, add_and_read)
{
	struct lane_counters c = {0};
	counter_add(&c.upstream_pkts, 3);
	counter_add(&c.upstream_pkts, 4);
	counter_add(&c.drops[DROP_GRE_LATE], 1);
	EXPECT_EQ(7, counter_read(&c.upstream_pkts));
	EXPECT_EQ(7, counter_read_info(&c, &counter_lane_infos[COUNTER_LANE_upstream_pkts]));
	EXPECT_EQ(0, counter_read_info(&c, &counter_lane_infos[COUNTER_LANE_upstream_bytes]));
	EXPECT_EQ(1, counter_read(&c.drops[DROP_GRE_LATE]));
}

TEST(counters, sum_takes_every_counter)
{
	struct lane_counters sum = {0};
	struct lane_counters part = {0};
	uint64_t *fields = (uint64_t *)&part;
	size_t n = (offsetof(struct lane_counters, drops) + sizeof(part.drops)) / sizeof(uint64_t);
	for (size_t i = 0; i < n; i++)
		fields[i] = i + 1;
	counter_sum_lanes(&sum, &part);
	counter_sum_lanes(&sum, &part);
	for (size_t i = 0; i < n; i++)
		EXPECT_EQ(2 * (i + 1), ((const uint64_t *)&sum)[i]);
	EXPECT_EQ(2 * part.drops[DROP_REASON_COUNT - 1], sum.drops[DROP_REASON_COUNT - 1]);
	EXPECT_EQ(2 * part.ports[LIMIT_PORTS - 1].tx_bytes, sum.ports[LIMIT_PORTS - 1].tx_bytes);
}
