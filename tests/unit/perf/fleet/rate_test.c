// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/rate.h"

#include "shim/shim.h"

static const double hz = 2.596e9;

TEST(fleet_rate, long_run_keeps_the_rate)
{
	static const double rates[] = {1, 1000, 333333, 2.5e6, 14.88e6};

	for (unsigned int i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct rate r = rate_make(rates[i], hz, 12345);
		uint64_t last = 0;
		unsigned int n = rates[i] < 2 ? 3 : 1000000;

		SHIM_TRACE_CASE(i);
		for (unsigned int k = 0; k < n; k++)
			last = rate_take(&r, 1);
		EXPECT_NEAR((double)(last - 12345), (n - 1) * hz / rates[i], 1);
	}
}

TEST(fleet_rate, nothing_before_it_is_due)
{
	struct rate r = rate_make(1e6, hz, 1000);

	EXPECT_TRUE(rate_is_due(&r, 1000));
	EXPECT_EQ(rate_take(&r, 1), 1000);
	EXPECT_FALSE(rate_is_due(&r, 1000 + 2595));
	EXPECT_TRUE(rate_is_due(&r, 1000 + 2596));
	EXPECT_EQ(rate_take(&r, 1), 1000 + 2596);
}

TEST(fleet_rate, what_was_held_up_stays_due_and_counts_from_then)
{
	struct rate r = rate_make(1e6, hz, 0);
	uint64_t now = (uint64_t)(hz / 100); // 10 ms late
	unsigned int n = 0;

	while (rate_is_due(&r, now)) {
		EXPECT_LE(rate_take(&r, 1), now);
		n++;
	}
	EXPECT_EQ(n, 10001);
}

TEST(fleet_rate, bits_cost_what_they_are)
{
	struct rate r = rate_make(1e9, hz, 0); // 1 Gbit/s

	(void)rate_take(&r, 1400 * 8);
	EXPECT_NEAR((double)rate_take(&r, 40 * 8), 11200 * 2.596, 1);
	EXPECT_NEAR((double)rate_take(&r, 1), (11200 + 320) * 2.596, 1);
}

TEST(fleet_rate, says_how_far_it_is_behind)
{
	struct rate r = rate_make(1000, hz, 5);

	EXPECT_EQ(rate_behind(&r, 5), 0);
	EXPECT_NEAR(rate_behind(&r, 5 + (uint64_t)hz), hz, 1);
	for (unsigned int i = 0; i < 600; i++)
		(void)rate_take(&r, 1);
	EXPECT_NEAR(rate_behind(&r, 5 + (uint64_t)hz), 0.4 * hz, 1);
	EXPECT_EQ(rate_behind(&r, 6), 0);
}
