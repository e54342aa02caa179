// SPDX-License-Identifier: BSD-3-Clause
#include "control/pool_routes.h"

#include "shim/eal.h"
#include "shim/shim.h"
#include "shim/xorshift.h"

// For networks_test.c too.
void unit_eal(void);
void unit_eal(void)
{
	eal_start(64);
}

static enum route_kind kind_of(const struct route_table *t, uint32_t address)
{
	return route_table_lookup(t, 0, rte_cpu_to_be_32(address))->kind;
}

TEST(pool_routes, cover_the_range_and_nothing_else)
{
	static const struct {
		uint32_t first, last;
	} cases[] = {
		{0x0a1e000a, 0x0a1e00fa}, // 10.30.0.10-10.30.0.250
		{0x0a000000, 0x0a00ffff},
		{0x0a000001, 0x0a000001},
		{0x00000001, 0xfffffffe}, // the range that takes most prefixes
		{0x00000000, 0xffffffff},
		{0xffffff00, 0xffffffff},
	};

	unit_eal();
	for (uint32_t i = 0; i < RTE_DIM(cases); i++) {
		uint32_t first = cases[i].first, last = cases[i].last;
		struct route_table *t = route_table_new(POOL_ROUTES_MAX);

		SHIM_TRACE_CASE(i);
		ASSERT_TRUE(t != NULL);
		EXPECT_EQ(pool_routes_add(t, 0, first, last), 0);
		EXPECT_EQ(kind_of(t, first), ROUTE_BLACKHOLE);
		EXPECT_EQ(kind_of(t, last), ROUTE_BLACKHOLE);
		EXPECT_EQ(kind_of(t, first + (last - first) / 2), ROUTE_BLACKHOLE);
		if (first > 0)
			EXPECT_EQ(kind_of(t, first - 1), ROUTE_NONE);
		if (last < UINT32_MAX)
			EXPECT_EQ(kind_of(t, last + 1), ROUTE_NONE);
		route_table_free(t);
	}
}

TEST(pool_routes, random_ranges)
{
	struct xorshift random = xorshift_seed(11);

	unit_eal();
	for (uint32_t i = 0; i < 300; i++) {
		uint32_t first = 0x0a000000 + xorshift_below(&random, 4096);
		uint32_t last = first + xorshift_below(&random, 300);
		struct route_table *t = route_table_new(POOL_ROUTES_MAX);

		SHIM_TRACE_CASE(i);
		ASSERT_TRUE(t != NULL);
		ASSERT_EQ(pool_routes_add(t, 0, first, last), 0);
		for (uint32_t at = first - 3; at <= last + 3; at++)
			EXPECT_EQ(kind_of(t, at),
				at >= first && at <= last ? ROUTE_BLACKHOLE : ROUTE_NONE);
		route_table_free(t);
	}
}
