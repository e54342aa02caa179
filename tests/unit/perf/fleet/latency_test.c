// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/latency.h"

#include "shim/shim.h"

static struct latency l;

static void clear(void)
{
	memset(&l, 0, sizeof(l));
}

TEST(fleet_latency, small_values_are_exact)
{
	clear();
	for (uint32_t v = 0; v < 2 * LATENCY_SUB; v++)
		latency_add(&l, v);
	EXPECT_NEAR(latency_quantile(&l, 0.5), LATENCY_SUB - 1, 0);
	EXPECT_NEAR(latency_quantile(&l, 1), 2 * LATENCY_SUB - 1, 0);
	EXPECT_NEAR(latency_quantile(&l, 0), 0, 0);
}

TEST(fleet_latency, every_value_comes_back_to_one_percent)
{
	for (uint64_t v = 1; v <= UINT32_MAX; v += 1 + v / 7) {
		clear();
		latency_add(&l, (uint32_t)v);
		latency_add(&l, UINT32_MAX); // or the greatest would hide the bucket
		EXPECT_NEAR(latency_quantile(&l, 0.5), (double)v, (double)v * 0.008);
	}
}

TEST(fleet_latency, buckets_follow_one_another)
{
	uint32_t last = 0;

	for (uint64_t v = 1; v <= UINT32_MAX; v += 1 + v / 1000) {
		uint32_t bucket = latency_bucket((uint32_t)v);

		EXPECT_TRUE(bucket >= last && bucket - last <= 1);
		last = bucket;
	}
	EXPECT_EQ(latency_bucket(UINT32_MAX), LATENCY_BUCKETS - 1);
}

TEST(fleet_latency, quantiles_of_a_known_row)
{
	clear();
	for (uint32_t v = 1; v <= 100000; v++)
		latency_add(&l, v);
	EXPECT_EQ(l.n, 100000);
	EXPECT_NEAR(latency_quantile(&l, 0.5), 50000, 500);
	EXPECT_NEAR(latency_quantile(&l, 0.9), 90000, 900);
	EXPECT_NEAR(latency_quantile(&l, 0.99), 99000, 990);
	EXPECT_NEAR(latency_quantile(&l, 0.999), 99900, 999);
	EXPECT_NEAR(latency_quantile(&l, 1), 100000, 0);
}

TEST(fleet_latency, one_slow_packet_is_the_greatest_and_not_the_median)
{
	clear();
	for (unsigned int i = 0; i < 1000; i++)
		latency_add(&l, 10);
	latency_add(&l, 4000000000u);
	EXPECT_NEAR(latency_quantile(&l, 0.5), 10, 0);
	EXPECT_NEAR(latency_quantile(&l, 0.999), 10, 0);
	EXPECT_NEAR(latency_quantile(&l, 1), 4000000000.0, 4000000000.0 * 0.008);
	EXPECT_EQ(l.max, 4000000000u);
}

TEST(fleet_latency, empty)
{
	clear();
	EXPECT_NEAR(latency_quantile(&l, 0.99), 0, 0);
}
