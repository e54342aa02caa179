// SPDX-License-Identifier: BSD-3-Clause
#include "msg/route_table.h"

#include "shim/shim.h"
#include "shim/xorshift.h"
#include "unit_eal.h"

#include <errno.h>
#include <rte_byteorder.h>

static int add(struct route_table *t, uint32_t prefix, uint8_t len, uint8_t port)
{
	const struct route route = {.kind = ROUTE_FORWARD, .port = port};

	return route_table_add(t, 0, rte_cpu_to_be_32(prefix), len, &route);
}

static const struct route *look_up(const struct route_table *t, uint32_t address)
{
	return route_table_lookup(t, 0, rte_cpu_to_be_32(address));
}

TEST(route_table, longest_prefix_wins)
{
	(void)unit_eal_pool();
	struct route_table *t = route_table_new(16);
	ASSERT_TRUE(t != NULL);
	EXPECT_EQ(look_up(t, 0x0a000001)->kind, ROUTE_NONE);
	EXPECT_EQ(add(t, 0x0a000000, 8, 1), 0);
	EXPECT_EQ(add(t, 0x0a140000, 16, 2), 0);
	EXPECT_EQ(add(t, 0x0a140009, 32, 3), 0);
	EXPECT_EQ(look_up(t, 0x0a000001)->port, 1);
	EXPECT_EQ(look_up(t, 0x0a14ffff)->port, 2);
	EXPECT_EQ(look_up(t, 0x0a140009)->port, 3);
	EXPECT_EQ(look_up(t, 0x0a14000a)->port, 2);
	EXPECT_EQ(look_up(t, 0x0b000000)->kind, ROUTE_NONE);
	EXPECT_EQ(add(t, 0, 0, 4), 0);
	EXPECT_EQ(look_up(t, 0x0b000000)->port, 4);
	EXPECT_EQ(look_up(t, 0xffffffff)->port, 4);
	EXPECT_EQ(look_up(t, 0)->port, 4);
	route_table_free(t);
	route_table_free(NULL);
}

TEST(route_table, same_prefix_is_replaced_and_host_bits_do_not_count)
{
	(void)unit_eal_pool();
	struct route_table *t = route_table_new(2);
	ASSERT_TRUE(t != NULL);
	EXPECT_EQ(add(t, 0x0a140077, 16, 1), 0);
	EXPECT_EQ(add(t, 0x0a140000, 16, 2), 0);
	EXPECT_EQ(look_up(t, 0x0a140001)->port, 2);
	EXPECT_EQ(add(t, 0x0a150000, 16, 3), 0); // it took one place, not two
	EXPECT_EQ(add(t, 0x0a160000, 16, 4), -ENOSPC);
	EXPECT_EQ(add(t, 0x0a160000, 33, 4), -EINVAL);
	EXPECT_EQ(look_up(t, 0x0a160000)->kind, ROUTE_NONE);
	route_table_free(t);
}

// Against a list that is searched from end to end.
TEST(route_table, agrees_with_a_plain_search)
{
	enum { N = 300, LOOKUPS = 20000 };
	struct {
		uint32_t prefix, mask;
		uint8_t len, port;
	} list[N];
	struct xorshift x = xorshift_seed(42);

	(void)unit_eal_pool();
	struct route_table *t = route_table_new(N);
	ASSERT_TRUE(t != NULL);
	for (unsigned int i = 0; i < N; i++) {
		list[i].len = (uint8_t)(8 + xorshift_below(&x, 25));
		list[i].mask = UINT32_MAX << (32 - list[i].len);
		list[i].prefix =
			(0x0a000000 | (uint32_t)(xorshift_next(&x) & 0x0003ffff)) & list[i].mask;
		list[i].port = (uint8_t)i;
		ASSERT_EQ(add(t, list[i].prefix, list[i].len, list[i].port), 0);
	}
	for (unsigned int k = 0; k < LOOKUPS; k++) {
		uint32_t address = 0x0a000000 | (uint32_t)(xorshift_next(&x) & 0x0007ffff);
		int best = -1;
		for (int i = 0; i < N; i++) // of equal ones the last was taken
			if ((address & list[i].mask) == list[i].prefix &&
				(best < 0 || list[i].len >= list[best].len))
				best = i;
		const struct route *route = look_up(t, address);
		if (best < 0)
			ASSERT_EQ(route->kind, ROUTE_NONE);
		else
			ASSERT_EQ(route->port, list[best].port);
	}
	route_table_free(t);
}
